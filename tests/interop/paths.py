"""What the programs and other people's find out about the path between them: ECN and the largest datagrams."""

import json

from harness import *
import peer_servers


def fetch_with_summary(work, port, name, *options):
    """Fetches a file and returns the connection's statistics, as quasio-client saw them at the end."""
    url = f"https://localhost:{port}/{name}"
    code, said = run_client(work, *trusting(port), *options, "--json", "-s", "-o", work / name, url, seconds=60)
    check_fetched(work, code, said, name)
    (work / name).unlink()
    counts = json.loads(said)["transfers"][0]["statistics"]
    say(f"{name}: mtu {counts['mtu_state']} {counts['max_datagram_size']}, ecn {counts['ecn_state']}, "
        f"{counts['ecn_ect0_acked']} of {counts['ecn_ect0_sent']} marked packets acknowledged, "
        f"{counts['ecn_ect0_received']} received")
    return counts


def check_ecn(counts):
    check(counts["ecn_state"] == "capable", f"the peer's ECN counts were not validated: {counts}")
    check(counts["ecn_ect0_acked"] > 0, f"no marked packet was acknowledged: {counts}")


@case
def ngtcp2(work):
    """ngtcp2's server counts our marks, marks its own packets, and takes larger datagrams."""
    need_program("quasio-client")
    counts = fetch_with_summary(work, peer_servers.ngtcp2(work).port, "10m.bin")
    check_ecn(counts)
    check(counts["ecn_ect0_received"] > 0, f"none of its packets was marked: {counts}")
    check(counts["max_datagram_size"] == 1472, f"datagrams did not grow: {counts}")


@case
def caddy(work):
    """Caddy (quic-go) takes larger datagrams, up to the 1452 bytes that it announces; this one counts no marks."""
    need_program("quasio-client")
    counts = fetch_with_summary(work, peer_servers.caddy(work).port, "10m.bin")
    check(counts["max_datagram_size"] == 1452, f"datagrams did not grow: {counts}")


@case
def peers_that_count_nothing(work):
    """nginx and aioquic read no marks: ECN ends, and nothing else suffers."""
    need_program("quasio-client")
    for server in (peer_servers.nginx(work), peer_servers.aioquic(work)):
        counts = fetch_with_summary(work, server.port, "1m.bin")
        check(counts["ecn_state"] in ("failed", "unknown"), f"who counted there? {counts}")


@case
def ngtcp2_client(work):
    """ngtcp2's client validates its marks by the counts that our server reports."""
    need_peers("gtlsclient")
    server = Server(work)
    code, said = run_in_peers(work, "gtlsclient", ["gtlsclient", "--exit-on-all-streams-close", "--no-quic-dump", LOOPBACK, server.port,
                                                   f"https://localhost:{server.port}/1m.bin"], 60)
    check(code == 0, f"gtlsclient ended with code {code}: {said[-2000:]}")
    said_of_ecn = [line for line in said.splitlines() if "ecn" in line.lower()]
    check(any("path is ECN capable" in line for line in said_of_ecn), "ngtcp2 did not find us capable:\n" + "\n".join(said_of_ecn[-20:]))
    server.stop()


@case
def quasio(work):
    """Our own pair finds out what loopback carries, and does as it is told."""
    server = Server(work, "--max-datagram-size", 65507)
    counts = fetch_with_summary(work, server.port, "10m.bin", "--max-datagram-size", 65507)
    check_ecn(counts)
    check(counts["packets_received"] < 1000, f"loopback carries larger datagrams: {counts}")
    counts = fetch_with_summary(work, server.port, "1m.bin", "--no-mtu-discovery", "--ecn", "off")
    check(counts["max_datagram_size"] == 1200 and counts["ecn_ect0_sent"] == 0, f"told otherwise: {counts}")
    server.stop()


if __name__ == "__main__":
    main()
