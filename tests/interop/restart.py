"""A server is replaced while clients load it: nothing that it accepted is lost, and nobody is turned away."""

import collections
import json
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse
import urllib.request

from browser import chromium
from curl import curl
from harness import *

REQUESTS = 10_000


class Replaced:
    """A server that can be replaced by another one on the same port."""

    def __init__(self, work, *options, metrics=f"{LOOPBACK}:0"):
        self.work = work
        self.metrics = metrics
        self.path = work / "handover.sock"
        self.options = options
        self.old = self.start("old", f"{LOOPBACK}:0")
        self.origin, self.port = self.old.origin, self.old.port

    def start(self, name, listen):
        return Server(self.work, "--handover", self.path, "--metrics", self.metrics, "--threads", 2, "--drain-timeout", 60, *self.options, name=name, listen=listen,
                      root=self.work / "site")

    def replace(self, name="new"):
        self.new = self.start(name, f"{LOOPBACK}:{self.port}")
        check(self.new.port == self.port, f"the new server listens on {self.new.port}, the old one on {self.port}")

    def served(self, server, pattern="GET /"):
        return server.process.output().count(pattern)

    def wait_until_served(self, server, count, seconds=30):
        deadline = time.monotonic() + seconds
        while self.served(server) < count:
            check(time.monotonic() < deadline, f"{server.process.name} served only {self.served(server)} requests")
            time.sleep(0.01)


class Scraper:
    """Scrapes a server until it is gone; keeps the last numbers."""

    def __init__(self, server):
        self.where = server.process.wait_for_line("metrics ")
        self.last, self.scrapes = {}, 0
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while True:
                self.last = self.once()
                self.scrapes += 1
                time.sleep(0.005)
        except OSError:
            return

    def once(self):
        with urllib.request.urlopen(f"http://{self.where}/metrics", timeout=10) as answer:
            return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", answer.read().decode(), re.M)}


class HttpsClient:
    """Asks over TCP, a connection each time, until it is told to stop."""

    def __init__(self, server):
        self.server, self.asked, self.failed, self.going = server, 0, [], True
        self.context = ssl.create_default_context(cafile=PKI / "ca.pem")
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while self.going:
            try:
                with urllib.request.urlopen(f"{self.server.origin}/small.txt".replace("localhost", LOOPBACK), timeout=10, context=self.context) as answer:
                    if answer.read() != b"small\n":
                        self.failed.append("another body")
            except OSError as error:
                self.failed.append(str(error))
            self.asked += 1
            time.sleep(0.02)

    def stop(self):
        self.going = False
        self.thread.join(20)
        check(not self.failed, f"{len(self.failed)} of {self.asked} requests over TCP failed: {self.failed[:3]}")
        return self.asked


def make_small_site(work):
    (work / "site").mkdir()
    (work / "site/small.txt").write_text("small\n")
    (work / "site/page.html").write_text('<!doctype html><meta charset="utf-8"><script src="/report.js"></script><script src="/restart.js"></script>\n')
    for name in ("pages/report.js", "scene_pages/restart.js"):
        shutil.copy(SOURCE / "tests/interop" / name, work / "site")
    with open(work / "site/big.bin", "wb") as file:
        file.truncate(100 << 20)


def check_all_well(client, count):
    code = client.wait(90)
    check(code == 0, f"{client.name} ended with code {code}; it said:\n{client.tail()}")


def load(work, server, number, count, *options):
    name = f"client-{number}"
    out = open(work / f"{name}.json", "wb")
    return Process(name, [need_program("quasio-client"), *trusting(server.port), "-v", "--json", "--fail", "--parallel", 20, "--repeat", count, *options,
                          "-o", "/dev/null", f"{server.origin}/small.txt"], work.folder, stdout=out)


@case
def under_load(work):
    """10,000 requests on four connections; SIGTERM to the old server in their midst, when the new one has the port already.
    All succeed, each is processed once, downloads that were under way come whole, and HTTPS over TCP does not notice."""
    make_small_site(work)
    servers = Replaced(work)
    # A download that the old server has accepted, and that takes until after its SIGTERM.
    download = Process("download", [need_program("quasio-client"), *trusting(servers.port), "-s", f"{servers.origin}/big.bin"], work.folder,
                       stdout=subprocess.PIPE)
    check(download.popen.stdout.read(1), "nothing came")
    tcp = HttpsClient(servers.old)
    scraper = Scraper(servers.old)
    clients = [load(work, servers, number, REQUESTS // 4) for number in range(4)]
    servers.wait_until_served(servers.old, REQUESTS // 5)
    servers.replace()
    say(f"  the old server has served {servers.served(servers.old)} requests when the new one has the port")
    time.sleep(0.1)
    before = servers.served(servers.old)
    servers.old.process.signal(signal.SIGTERM)
    check(before < REQUESTS * 0.9, f"the load was over too soon: {before} requests")
    got = 1
    while chunk := download.popen.stdout.read(1 << 20):
        got += len(chunk)
    check(download.wait(20) == 0 and got == 100 << 20, f"of the download {got} bytes came: {download.output()}")
    for each in clients:
        check_all_well(each, REQUESTS // 4)
    check(servers.old.process.wait(20) == 0, f"the old server ended with code {servers.old.process.popen.returncode}")
    asked = tcp.stop()

    statuses, retries, connections = {}, 0, []
    for number, each in enumerate(clients):
        summary = json.loads((work / f"client-{number}.json").read_text())
        for transfer in summary["transfers"]:
            statuses[transfer["status"]] = statuses.get(transfer["status"], 0) + 1
            check(transfer["bytes"] == 6, f"{transfer['bytes']} bytes came: {transfer}")
        retries += each.output().count("; trying again")
        connections.append(each.output().count("* connected to "))
    check(statuses == {200: REQUESTS}, f"statuses: {statuses}")
    lines = [servers.served(each, "GET /small.txt 200 6 ") for each in (servers.old, servers.new)]
    over_h3 = [len(re.findall(r"GET /small\.txt 200 6 .* h3 ", each.process.output())) for each in (servers.old, servers.new)]
    say(f"  served by the old one: {over_h3[0]}, by the new one: {over_h3[1]}; over TCP: {asked}, answered: {sum(lines) - sum(over_h3)}")
    goaways = scraper.last.get("quasio_h3_goaways_sent_total", 0)
    rejected = scraper.last.get('quasio_h3_resets_sent_total{code="H3_REQUEST_REJECTED"}', 0)
    say(f"  GOAWAY sent on {goaways:.0f} connections (as of the last of {scraper.scrapes} scrapes), {rejected:.0f} requests rejected; {retries} tries again;"
        f" connections of each client: {connections}")
    check(goaways == 5, f"GOAWAY was sent on {goaways} connections, which are five")
    check(all(count >= 2 for count in connections), f"clients did not go to a new connection: {connections}")
    check(sum(over_h3) == REQUESTS, f"{sum(over_h3)} requests were processed for {REQUESTS} that were asked")
    check(over_h3[0] > REQUESTS // 5 and over_h3[1] > 0, f"one of the servers did nothing: {over_h3}")
    new = Scraper(servers.new)
    new.thread.join(0.2)
    say(f"  passed on by the new server: {new.last['quasio_handover_questions_total']:.0f} packets")
    servers.new.stop()


class LateRelay(Relay):
    """Passes on what the client says as late as `late` seconds; what the server says at once."""

    late = 0

    def inward(self):
        datagram, self.client = self.front.recvfrom(65536)
        if self.late > 0:
            threading.Timer(self.late, self.back.sendto, (datagram, self.server)).start()
        else:
            self.back.sendto(datagram, self.server)


@case
def refused_requests(work):
    """Requests that reach the old server after its last GOAWAY, which it sent by a path that had been fast: it refuses them, and
    the client sends them to the new one, through the same NAT and so from the same address."""
    make_small_site(work)
    servers = Replaced(work)
    relay = LateRelay(servers.port)
    scraper = Scraper(servers.old)
    out = open(work / "client.json", "wb")
    client = Process("client", [need_program("quasio-client"), *trusting(servers.port, to_port=relay.port), "-v", "--json", "--fail", "--parallel", 20,
                                "--repeat", 3000, "-o", "/dev/null", f"{servers.origin}/small.txt"], work.folder, stdout=out)
    servers.wait_until_served(servers.old, 500)
    servers.replace()
    relay.late = 1
    time.sleep(0.02)
    servers.old.process.signal(signal.SIGTERM)
    check(servers.old.process.wait(20) == 0, f"the old server ended with code {servers.old.process.popen.returncode}")
    relay.late = 0
    check_all_well(client, 3000)
    transfers = json.loads((work / "client.json").read_text())["transfers"]
    check(all(each["status"] == 200 and each["bytes"] == 6 for each in transfers) and len(transfers) == 3000, "not all succeeded")
    retries = client.output().count("; trying again")
    rejected = scraper.last.get('quasio_h3_resets_sent_total{code="H3_REQUEST_REJECTED"}', 0)
    served = [servers.served(each) for each in (servers.old, servers.new)]
    say(f"  {rejected:.0f} requests rejected (as of the last scrape), {retries} tries again; served by the old one: {served[0]}, by the new one: {served[1]}")
    check(retries > 0, "no request was refused")
    check(sum(served) == 3000, f"{sum(served)} requests were processed for 3000 that were asked")
    relay.close()
    servers.new.stop()


@case
def curl_under_load(work):
    """curl, whose requests are refused by the old server or lost with it, tries again by --retry and goes to the new one."""
    need_peers("curl")
    make_small_site(work)
    servers = Replaced(work)
    client = Process("curl", in_peers(*curl("--http3-only", "--parallel", "--parallel-max", 20, "--retry", 5, "--retry-delay", 1, "--retry-all-errors",
                                            "--output", "/dev/null", "--write-out", "%{http_code} %{size_download}\n",
                                            f"{servers.origin}/small.txt?[1-3000]")), work.folder)
    servers.wait_until_served(servers.old, 500)
    servers.replace()
    servers.old.process.signal(signal.SIGTERM)
    check_all_well(client, 3000)
    check(servers.old.process.wait(20) == 0, f"the old server ended with code {servers.old.process.popen.returncode}")
    well = client.output().count("200 6\n")
    say(f"  old: {servers.served(servers.old)}, new: {servers.served(servers.new)}, {well} went well")
    check(well == 3000, f"{well} of 3000 went well:\n{client.tail()}")
    check(servers.served(servers.old) > 500 and servers.served(servers.new) > 0, "one of the servers did nothing")
    servers.new.stop()


@case
def chromium_under_load(work):
    """A page of Chromium's fetches 3000 times while its server is replaced."""
    need_peers("chromium")
    make_small_site(work)
    servers = Replaced(work)
    sink = Sink()
    browser = chromium(work, servers.port, f"{servers.origin}/page.html?{urllib.parse.urlencode({'sink': sink.url, 'requests': 3000})}")
    servers.wait_until_served(servers.old, 500)
    servers.replace()
    servers.old.process.signal(signal.SIGTERM)
    report = sink.wait(60, browser)
    sink.close()
    check(servers.old.process.wait(20) == 0, f"the old server ended with code {servers.old.process.popen.returncode}")
    say(f"  old: {servers.served(servers.old)}, new: {servers.served(servers.new)}; the page: {report}")
    check(report["ok"] == 3000 and not report["failed"], f"not all went well: {report}")
    # What the browser tried again had reached neither server: nothing that was accepted is lost, and nothing is processed twice.
    check(len(report["again"]) <= 20, f"the browser had to try more again than it asks for at once: {report}")
    said = servers.old.process.output() + servers.new.process.output()
    times = collections.Counter(int(number) for number in re.findall(r"GET /small\.txt\?n=(\d+) ", said))
    amiss = {number: times[number] for number in range(3000) if times[number] != 1}
    check(not amiss, f"requests that were not processed once, but so often: {amiss}; tried again were {report['again']}")
    check(servers.served(servers.old) > 500 and servers.served(servers.new) > 0, "one of the servers did nothing")
    browser.end()
    servers.new.stop()


@case
def again_and_again(work):
    """Five servers in a row under load, each ended when the next has the port."""
    make_small_site(work)
    servers = Replaced(work)
    clients = [load(work, servers, number, 5000) for number in range(2)]
    for generation in range(4):
        servers.wait_until_served(servers.old, 500)
        servers.replace(f"generation-{generation}")
        servers.old.process.signal(signal.SIGTERM)
        check(servers.old.process.wait(20) == 0, f"a server ended with code {servers.old.process.popen.returncode}")
        servers.old = servers.new
    for each in clients:
        check_all_well(each, 5000)
    servers.old.stop()


@case
def what_can_go_wrong(work):
    """A new server that cannot start, or that is killed, leaves the old one as it was."""
    make_small_site(work)
    servers = Replaced(work)

    def ask(name, *options):
        code, said = run_client(work, *trusting(servers.port), "--fail", *options, "-o", "/dev/null", f"{servers.origin}/small.txt", name=name, seconds=20)
        check(code == 0, f"{name}: the server is not there (code {code}): {said}")

    def refused(name, *options, words):
        command = [need_program("quasio-server"), "--root", work / "site", "--handover", servers.path, *options]
        process = Process(name, command, work.folder)
        code = process.wait(20)
        check(code == 1, f"{name}: the server ended with code {code}, 1 was expected: {process.output()}")
        check(re.search(words, process.output()), f"{name}: it says nothing of {words!r}: {process.output()}")
        ask(f"client-after-{name}")

    leaf = ["--cert", PKI / "leaf.chain.pem", "--key", PKI / "leaf.key"]
    refused("no-certificate", "--cert", work / "none", "--key", work / "none", words="certificate|none")
    refused("another-port", *leaf, "--listen", f"{LOOPBACK}:{free_port()}", words="--listen does not say")
    servers.replace("killed")
    ask("client-of-the-new-one")
    count = servers.served(servers.new)
    check(count == 1, f"the new server served {count} requests")
    servers.new.process.signal(signal.SIGKILL)
    servers.new.process.wait(5)
    ask("client-of-the-old-one")
    servers.replace("second-try")
    ask("client-of-the-third-one")
    check(servers.served(servers.new) == 1, "the third server does not have the port")
    servers.old.stop()
    ask("client-at-the-end")
    servers.new.stop()
    check(not servers.path.exists(), "the socket was left behind")
    silence = Process("alone", [need_program("quasio-server"), "--root", work / "site", "--handover", servers.path, "--listen", f"{LOOPBACK}:0", *leaf], work.folder)
    silence.wait_for_line("ready ")
    silence.signal(signal.SIGTERM)
    check(silence.wait(20) == 0, "a server that nobody was before does not end well")


@case
def metrics_follow(work):
    """At a fixed address the old server answers for its metrics until it ends, and then the new one for its own."""
    make_small_site(work)
    servers = Replaced(work, metrics=f"{LOOPBACK}:{free_port()}")
    scraper = Scraper(servers.old)
    code, said = run_client(work, *trusting(servers.port), "-o", "/dev/null", f"{servers.origin}/small.txt")
    check(code == 0, said)
    servers.replace()
    check(scraper.once()['quasio_h3_requests_total{method="GET"}'] == 1, "the old server does not answer for its metrics any more")
    servers.old.stop()
    where = servers.new.process.wait_for_line("metrics ")
    check(where == servers.metrics, f"the new server's metrics are at {where}, not at {servers.metrics}")
    check(scraper.once()['quasio_h3_requests_total{method="GET"}'] == 0, "these are not the new server's metrics")
    servers.new.stop()


@case
def service_manager(work):
    """A service manager that asks for it is told when the server has its sockets, and when it goes (sd_notify)."""
    make_small_site(work)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(work / "notify.sock"))
        manager.settimeout(20)
        server = Process("server", [need_program("quasio-server"), "--root", work / "site", "--listen", f"{LOOPBACK}:0"], work.folder,
                         env={"NOTIFY_SOCKET": str(work / "notify.sock")})
        check(manager.recv(100) == b"READY=1", "the manager heard something else than READY=1")
        server.wait_for_line("ready ")
        server.signal(signal.SIGTERM)
        check(manager.recv(100) == b"STOPPING=1", "the manager heard something else than STOPPING=1")
        check(server.wait(20) == 0, "the server did not end well")


if __name__ == "__main__":
    main()
