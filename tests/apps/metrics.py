"""The metrics of quasio-server: their format, their names, and that they say what clients counted."""

import collections
import json
import re

from exposition import Malformed, parse, samples, scrape
from processes import *

DOCS = pathlib.Path(__file__).parents[2] / "docs"

# Every metric of tokio-quiche's trait, and the two counters beside it.
TOKIO_QUICHE = """connections_in_memory maximum_writable_streams handshake_time_seconds write_errors send_to_wouldblock_duration_s
skipped_mid_handshake_flush_count invalid_cid_packet_count accepted_initial_packet_count expensive_accepted_initial_packet_count
rejected_initial_packet_count expensive_rejected_initial_packet_count utilized_bandwidth max_bandwidth_mbps max_loss_pct udp_drop_count failed_handshakes
local_h3_conn_close_error_count peer_h3_conn_close_error_count local_quic_conn_close_error_count peer_quic_conn_close_error_count
tokio_runtime_task_schedule_delay_histogram tokio_runtime_task_poll_duration_histogram tokio_runtime_task_total_poll_time_micros
send_buffer_pool_allocated send_buffer_pool_discarded""".split()


def start(work, *options):
    server = Server(work, "--metrics", "127.0.0.1:0", *options)
    return server, re.search(r"^metrics (\S+)$", server.out.decode(), re.M).group(1)


def parity():
    """The table of docs/parity.md: our names by theirs."""
    text = (DOCS / "parity.md").read_text()
    rows = re.findall(r"^\| ([^|]*) \| ([^|]*) \| ([^|]*)\|$", text[text.index("\n## Metrics"):], re.M)
    table = {}
    for theirs, ours, _ in rows[1:]:
        for name in re.findall(r"`(\w+)`", theirs):
            table[name] = re.findall(r"`(quasio_\w+)`", ours)
    return table


@case
def names(work):
    """Each metric of the inventory has one of ours, which exists; the kinds and labels are those that the documentation says."""
    make_site(work)
    server, where = start(work)
    _, families = scrape(where)
    table = parity()
    check(sorted(table) == sorted(TOKIO_QUICHE), f"only in the table: {set(table) - set(TOKIO_QUICHE)}; missing there: {set(TOKIO_QUICHE) - set(table)}")
    for theirs, ours in table.items():
        check(ours, f"{theirs} has none of ours")
        for name in ours:
            check(name in families, f"{theirs} should be {name}, which does not exist")
    rows = re.findall(r"^\| `(quasio_\w+)` \| (\w+) \| (?:`(\w+)`)? ?\| (.+) \|$", (DOCS / "metrics.md").read_text(), re.M)
    check({row[0] for row in rows} == set(families), f"documented and served differ: {({row[0] for row in rows}) ^ set(families)}")
    for name, kind, label, meaning in rows:
        family = families[name]
        check(family.kind == kind, f"{name} is a {family.kind}, documented as {kind}")
        check(family.help == meaning, f"{name} says of itself: {family.help}; documented: {meaning}")
        labels = {key for _, pairs in family.samples for key, _ in pairs} - {"le"}
        check(labels <= ({label} if label else set()), f"{name} has the labels {labels}, documented is {label!r}")
    server.stop()


@case
def reader(work):
    """The reader that these tests trust finds what is wrong."""
    good = '# HELP a_total A.\n# TYPE a_total counter\na_total{x="1"} 2\n'
    check(samples(parse(good)) == {'a_total{x="1"}': 2}, "a good text is misread")
    bad = [good[:-1], good + 'a_total{x="1"} 3\n', good.replace("counter", "countess"), good.replace(' 2\n', ' two\n'), good.replace('"1"', '1'),
           good.replace("a_total{", "b_total{"), good + good, "a_total 1\n", good.replace("a_total", "a"), good.replace(" 2\n", " -2\n"),
           "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
           "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n"]
    for text in bad:
        try:
            parse(text)
        except Malformed:
            continue
        raise Failure(f"this is taken for good:\n{text}")


def load(work, server, number):
    """A client's work and what it counted: files of several sizes, some that are missing, and a resource that is refused."""
    files = ["file04.bin", "a/file01.bin", "a/b/file02.bin", "no-such-file", ".hidden"]
    urls = [f"{server.origin}/{name}" for name in files]
    outputs = [option for _ in urls for option in ("-o", "/dev/null")]
    return start_client(work, "--json", "--parallel", 20, "--repeat", 200, *outputs, *urls, server=server)


def count(summaries):
    """What the clients counted of all their transfers."""
    all_of_them = [transfer for summary in summaries for transfer in summary["transfers"]]
    return {"requests": len(all_of_them), "bytes": sum(transfer["bytes"] for transfer in all_of_them),
            "statuses": collections.Counter(f"{transfer['status'] // 100}xx" for transfer in all_of_them),
            "connections": len(summaries)}


def check_never_falls(last, now, families):
    rising = {name for family in families.values() if family.kind != "gauge" for name in samples({family.name: family})}
    for name in rising & last.keys():
        check(now[name] >= last[name], f"{name} fell from {last[name]} to {now[name]}")


@case
def agreement(work):
    """Scraped all the time while three clients load the server; then requests, bytes, statuses, connections and handshakes agree."""
    make_site(work)
    server, where = start(work, "--threads", "2", "--log-level", "warning")
    last, _ = scrape(where)
    clients = [load(work, server, number) for number in range(3)]
    scrapes = busy = 0
    while any(each.alive() for each in clients):
        now, families = scrape(where)
        check_never_falls(last, now, families)
        last = now
        scrapes += 1
        busy += now["quasio_h3_connections_open"] > 0
        time.sleep(0.01)
    check(busy > 0, f"none of {scrapes} scrapes saw the load")
    for each in clients:
        check(each.wait() == 0, each.err)
    counted = count([json.loads(each.out) for each in clients])
    eventually(lambda: scrape(where)[0]["quasio_h3_connections_open"] == 0, "all connections have ended")
    end, _ = scrape(where)
    statuses = {name: end[f'quasio_h3_responses_total{{status="{name}"}}'] for name in ("2xx", "4xx")}
    check(statuses == counted["statuses"], f"statuses: {statuses}, the clients counted {counted['statuses']}")
    for name, value in {'quasio_h3_requests_total{method="GET"}': counted["requests"],
                        "quasio_h3_exchange_seconds_count": counted["requests"],
                        "quasio_h3_response_seconds_count": counted["requests"],
                        "quasio_h3_body_bytes_sent_total": counted["bytes"],
                        "quasio_connections_accepted_total": counted["connections"],
                        "quasio_connections_established_total": counted["connections"],
                        "quasio_accepted_initial_packets_total": counted["connections"],
                        'quasio_handshake_time_seconds_count{stage="queue"}': counted["connections"],
                        'quasio_handshake_time_seconds_count{stage="protocol"}': counted["connections"],
                        'quasio_handshake_time_seconds_count{stage="response"}': counted["connections"],
                        'quasio_connections_ended_total{how="closed_by_peer"}': counted["connections"],
                        'quasio_peer_h3_connection_close_errors_total{code="H3_NO_ERROR"}': counted["connections"],
                        "quasio_h3_exchanges_open": 0, "quasio_handshakes_under_way": 0}.items():
        check(end.get(name) == value, f"{name} is {end.get(name)}, the clients counted {value}")
    for name, value in end.items():
        if name.startswith(("quasio_failed_handshakes_total", "quasio_h3_resets", "quasio_local_h3_connection")):
            check(value == 0, f"{name} is {value}")
    check(end["quasio_bytes_sent_total"] > counted["bytes"], f"{end['quasio_bytes_sent_total']} bytes of UDP carried {counted['bytes']} of bodies")
    say = f"  {scrapes} scrapes, {busy} under load; {counted['requests']} requests, {counted['bytes']} bytes agree"
    print(say)
    server.stop()


if __name__ == "__main__":
    main()
