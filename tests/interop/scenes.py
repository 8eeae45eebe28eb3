"""Scenes from a web server's life, with curl, Chromium and quasio-client: many assets, uploads of 2 GB, server-sent
events, ten thousand requests on a connection, slow readers and writers, downloads that are cancelled.

Each scene is played with each client. Where one cannot play it as written, this is the nearest:

curl          300 assets       ninety at a time, because curl makes another connection beyond the hundred streams of the beginning
              cancelled        it cannot go on with the connection: once it ends by a time limit, once it is killed
              slow reader      its own memory is not measured, since its window is not ours to know; the server's is
Chromium      slow reader      likewise; its own buffers take some megabytes before the page's slowness is felt
              uploads          a ReadableStream, because a page cannot hold a file of 2 GB
quasio-client cancelled        by a time limit for each transfer, after which the same connection serves the next one
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import threading
import time
import urllib.parse
import urllib.request

from browser import chromium
from curl import curl
from harness import *

PAGES = SOURCE / "tests/interop/scene_pages"
MIB = 1 << 20
# The defaults of quic::settings: what a reader that does not keep up is sent, and what one that does is at the most.
FIRST_WINDOW = 1536 * 1024
LARGEST_WINDOW = 24 * MIB

# Threads, idle timeout in milliseconds, and windows that do not grow, as they would for a slow reader too if round trips were long enough.
FIXED_WINDOWS = (1, 30_000, "fixed")
UPLOAD_BLOCKS = 2048  # of 1 MiB


class Scenario:
    """scenario_server on a port of its own."""

    def __init__(self, work, *options):
        (work / "files").mkdir(exist_ok=True)
        for page in (PAGES / "scenes.html", PAGES / "scenes.js", SOURCE / "tests/interop/pages/report.js"):
            shutil.copy(page, work / "files")
        self.process = Process("scenario_server", [need_program("scenario_server"), PKI / "leaf.chain.pem", PKI / "leaf.key", work / "files", *options],
                               work.folder)
        self.port = int(self.process.wait_for_line("ready ").rsplit(":", 1)[1])
        self.origin = f"https://localhost:{self.port}"
        self.work = work
        self.count = 0

    def state(self):
        self.count += 1
        path = self.work / f"state-{self.count}.json"
        code, said = run_client(self.work, *trusting(self.port), "-s", "-o", path, f"{self.origin}/state", seconds=20, name=f"state-{self.count}")
        check(code == 0, f"the server does not tell its state: {said}")
        return json.loads(path.read_text())

    def settled(self, what, condition, seconds=20):
        deadline = time.monotonic() + seconds
        while not condition(state := self.state()):
            check(time.monotonic() < deadline, f"{what}: not within {seconds} s: {state}")
            time.sleep(0.1)
        return state

    def stop(self):
        self.process.signal(signal.SIGTERM)
        code = self.process.wait(20)
        check(code == 0, f"scenario_server ended with code {code}; it said:\n{self.process.tail()}")


class Memory:
    """Watches the resident memory of a process: its peak above what it was at the beginning."""

    def __init__(self, process):
        self.process = process
        self.before = self.peak = process.resident()
        self.watching = True
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        while self.watching:
            with contextlib.suppress(Failure, OSError):
                self.peak = max(self.peak, self.process.resident())
            time.sleep(0.02)

    def growth(self):
        self.watching = False
        self.thread.join()
        return self.peak - self.before

    def check_below(self, limit, what):
        growth = self.growth()
        say(f"  {what}: {self.process.name} grew by {growth / MIB:.2f} MiB from {self.before / MIB:.1f} MiB; the limit is {limit / MIB:.0f} MiB")
        check(growth < limit, f"{what}: {self.process.name} grew by {growth / MIB:.2f} MiB, {limit / MIB:.0f} MiB at the most were expected")


def play(work, server, scenes, seconds, **parameters):
    """Has Chromium play scenes of scenes.js; what it reported."""
    sink = Sink()
    query = urllib.parse.urlencode({"sink": sink.url, "play": ",".join(scenes), **parameters})
    browser = chromium(work, server.port, f"{server.origin}/files/scenes.html?{query}")
    report = sink.wait(seconds, browser)
    sink.close()
    check("error" not in report, f"the page failed: {report.get('error')}\n{browser.tail()}")
    check([entry["protocol"] for entry in report["page"]] == ["h3"], f"the page did not come by h3: {report['page']}")
    browser.end()
    return report


def in_curl(*options):
    need_peers("curl")
    return in_peers(*curl("--http3-only", *options))


def in_client(server, *options):
    return [need_program("quasio-client"), *trusting(server.port), "-s", *options]


def scraped(where):
    """The samples of a server's metrics, by name and labels."""
    with urllib.request.urlopen(f"http://{where}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", text, re.M)}


# ---- A page with three hundred assets ----------------------------------------------------------------------------------


def make_three_hundred(work):
    """A site of its own, since other tests share the common one; returns the names."""
    site = work / "site"
    (site / "assets").mkdir(parents=True)
    noise = random.Random(300)
    links, names = [], []
    for number in range(100):
        for kind in ("css", "js", "svg"):
            padding = "x" * noise.randrange(10, 5000)
            text = {"css": f"/* {padding} */ .c{number} {{ color: rgb(1, 2, 3); }}\n",
                    "js": f"// {padding}\nwindow.loaded = (window.loaded || 0) + 1;\n",
                    "svg": f'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><!-- {padding} --><rect width="8" height="8"/></svg>\n'}[kind]
            name = f"assets/{number:03}.{kind}"
            names.append(name)
            (site / name).write_text(text)
            links.append({"css": f'<link rel="stylesheet" href="/{name}">', "js": f'<script src="/{name}"></script>',
                          "svg": f'<img src="/{name}" alt="">'}[kind])
    links += [f'<script src="/{name}"></script>' for name in ("report.js", "assets.js")]
    (site / "index.html").write_text('<!doctype html><meta charset="utf-8"><title>three hundred</title>\n'
        # By default a browser remembers how 250 of them came.
        "<script>performance.setResourceTimingBufferSize(1000)</script>\n" + "\n".join(links) + "\n")
    shutil.copy(PAGES / "assets.js", site)
    shutil.copy(SOURCE / "tests/interop/pages/report.js", site)
    return names


def serve_three_hundred(work):
    names = make_three_hundred(work)
    server = Server(work, "--metrics", f"{LOOPBACK}:0", root=work / "site")
    return server, names, server.process.wait_for_line("metrics ")


def check_one_connection(server, where, requests):
    # A browser makes others just in case, on which nothing comes.
    peers = set(re.findall(r"^.* info GET .* h3 (\S+)$", server.process.output(), re.M))
    check(len(peers) == 1, f"requests came on {len(peers)} connections")
    now = scraped(where)
    got = now['quasio_h3_requests_total{method="GET"}']
    check(got >= requests, f"the server counted {got} requests, {requests} were expected")


def check_three_hundred(work, names):
    for name in names:
        check((work / "got" / name).read_bytes() == (work / "site" / name).read_bytes(), f"{name} differs")


@case
def assets_by_quasio_client(work):
    """Three hundred assets at once on one connection."""
    server, names, where = serve_three_hundred(work)
    options = []
    (work / "got/assets").mkdir(parents=True)
    for name in names:
        options += ["-o", work / "got" / name]
    code, said = run_client(work, *trusting(server.port), "--parallel", 300, *options, *(f"{server.origin}/{name}" for name in names))
    check(code == 0, f"quasio-client ended with code {code}: {said}")
    check_three_hundred(work, names)
    check_one_connection(server, where, 300)
    server.stop()


@case
def assets_by_curl(work):
    """Three hundred assets, ninety at a time: beyond the hundred streams that a client may open at first curl takes another connection."""
    need_peers("curl")
    server, names, where = serve_three_hundred(work)
    (work / "got").mkdir()
    lines = ["parallel", "parallel-max = 90", "create-dirs"]
    for name in names:
        lines += [f'url = "{server.origin}/{name}"', f'output = "{work.in_chroot("got/" + name)}"']
    (work / "config").write_text("\n".join(lines) + "\n")
    code, said = run_in_peers(work, "curl", curl("--http3-only", "--config", work.in_chroot("config")), 60)
    check(code == 0, f"curl ended with code {code}: {said}")
    check_three_hundred(work, names)
    check_one_connection(server, where, 300)
    server.stop()


@case
def assets_by_chromium(work):
    """A page that loads three hundred assets, by h3 on one connection, all of which take effect."""
    need_peers("chromium")
    server, names, where = serve_three_hundred(work)
    sink = Sink()
    browser = chromium(work, server.port, f"{server.origin}/?{urllib.parse.urlencode({'sink': sink.url})}")
    report = sink.wait(60, browser)
    sink.close()
    check("error" not in report, f"the page failed: {report.get('error')}")
    by_path = {urllib.parse.urlsplit(entry["url"]).path: entry for entry in report["resources"] + report["page"]}
    for path in ["/", *(f"/{name}" for name in names)]:
        check(by_path.get(path, {}).get("protocol") == "h3", f"{path} came as {by_path.get(path)}")
    for name in names:
        size = (work / "site" / name).stat().st_size
        check(by_path[f"/{name}"]["size"] == size, f"{name}: {by_path['/' + name]['size']} bytes of {size}")
    counts = (report["scripts"], report["styles"], report["images"])
    check(counts == (100, 100, 100), f"scripts, styles and images that took effect: {counts}")
    check_one_connection(server, where, 301)
    browser.end()
    server.stop()


# ---- Two gigabytes up ----------------------------------------------------------------------------------------------------


def pattern(number, size=MIB):
    """The blocks of which uploads are made; the same as in scenes.js."""
    return struct.pack("<I", number) + bytes(size - 4)


def hash_of_blocks(count, size=MIB):
    digest = hashlib.sha256()
    for number in range(count):
        digest.update(pattern(number, size))
    return digest.hexdigest()


def make_sparse(path, count):
    """A file of the blocks, that takes a page of the disk for each."""
    with open(path, "wb") as file:
        file.truncate(count * MIB)
        for number in range(count):
            file.seek(number * MIB)
            file.write(struct.pack("<I", number))


def check_upload(answer, count, size=MIB):
    check(answer["bytes"] == count * size, f"{answer['bytes']} bytes arrived, {count * size} were sent")
    check(answer["sha256"] == hash_of_blocks(count, size), "the bytes that arrived differ from those sent")


def upload_by(work, command, seconds, client_limit=None):
    server = Scenario(work)
    make_sparse(work / "2g.bin", UPLOAD_BLOCKS)
    server.state()
    memory = Memory(server.process)
    started = time.monotonic()
    client = Process("client", command(server), work.folder, stdout=open(work / "answer", "wb"))
    time.sleep(0.3)
    of_client = Memory(client) if client_limit else None
    code = client.wait(seconds)
    check(code == 0, f"the client ended with code {code}: {client.output()}")
    say(f"  2 GiB in {time.monotonic() - started:.1f} s")
    memory.check_below(2 * LARGEST_WINDOW, "an upload")
    if of_client:
        of_client.check_below(client_limit, "an upload")
    check_upload(json.loads((work / "answer").read_text()), UPLOAD_BLOCKS)
    server.stop()


@case
def upload_by_quasio_client(work):
    """2 GiB, hashed by the server while they come; neither side keeps them."""
    upload_by(work, lambda server: in_client(server, "-T", work / "2g.bin", f"{server.origin}/upload"), 100, client_limit=2 * LARGEST_WINDOW)


@case
def upload_by_curl(work):
    """2 GiB, hashed by the server while they come."""
    upload_by(work, lambda server: in_curl("-T", work.in_chroot("2g.bin"), f"{server.origin}/upload"), 150)


@case
def upload_by_chromium(work):
    """2 GiB, made by the page while they leave (a ReadableStream as the body of fetch)."""
    need_peers("chromium")
    server = Scenario(work)
    server.state()
    memory = Memory(server.process)
    started = time.monotonic()
    report = play(work, server, ["upload"], 150, blocks=UPLOAD_BLOCKS)
    say(f"  2 GiB in {time.monotonic() - started:.1f} s, with the start of the browser")
    memory.check_below(2 * LARGEST_WINDOW, "an upload")
    check(report["upload"]["status"] == 200, f"the upload was answered with {report['upload']}")
    check_upload(report["upload"], UPLOAD_BLOCKS)
    server.stop()


# ---- Events --------------------------------------------------------------------------------------------------------------


def events_by(work, command):
    server = Scenario(work)
    client = Process("client", command(server), work.folder, stdout=subprocess.PIPE)
    lines, times = [], []
    for line in client.popen.stdout:
        if line.startswith(b"data: "):
            lines.append(line.decode().strip())
            times.append(time.monotonic())
    check(client.wait(20) == 0, f"the client ended with code {client.popen.returncode}: {client.output()}")
    check(lines == [f"data: event {number}" for number in range(1, 21)], f"these events came: {lines}")
    check_spread(times[-1] - times[0])
    server.stop()


def check_spread(seconds):
    # Twenty events with 50 ms between them; ones that are held back come together.
    check(seconds > 0.7, f"all events came within {seconds:.2f} s: they were held back")


@case
def events_by_quasio_client(work):
    """Server-sent events come when they happen."""
    events_by(work, lambda server: in_client(server, f"{server.origin}/events?count=20&pause=50"))


@case
def events_by_curl(work):
    """Server-sent events come when they happen."""
    events_by(work, lambda server: in_curl("--no-buffer", f"{server.origin}/events?count=20&pause=50"))


# ---- Ten thousand requests on one connection -----------------------------------------------------------------------------


def ten_thousand_by(work, command, seconds):
    """The server's memory does not grow with the number of requests: after the first two thousand it is what it will be."""
    server, names, where = serve_three_hundred(work)
    rounds = []
    for count in (2000, 10_000):
        accepted = scraped(where)["quasio_connections_accepted_total"]
        requests = scraped(where)['quasio_h3_requests_total{method="GET"}']
        started = time.monotonic()
        client = Process(f"client-{count}", command(server, names[0], count), work.folder)
        code = client.wait(seconds)
        check(code == 0, f"the client ended with code {code}: {client.tail()}")
        now = scraped(where)
        made = now["quasio_connections_accepted_total"] - accepted
        check(made == 1, f"{count} requests took {made} connections")
        got = now['quasio_h3_requests_total{method="GET"}'] - requests
        check(got == count, f"the server counted {got} requests of {count}")
        check(now['quasio_h3_responses_total{status="2xx"}'] == requests + count, f"not all were answered with 200: {now}")
        rounds.append(server.process.resident())
        say(f"  {count} requests in {time.monotonic() - started:.1f} s; the server has {rounds[-1] / MIB:.1f} MiB")
    check(rounds[1] - rounds[0] < 4 * MIB, f"the server grew from {rounds[0]} to {rounds[1]} bytes by 8000 requests more")
    server.stop()


@case
def ten_thousand_by_quasio_client(work):
    """10,000 requests on one connection."""
    ten_thousand_by(work, lambda server, name, count: in_client(server, "--fail", "--parallel", 50, "--repeat", count, "-o", "/dev/null",
                                                                f"{server.origin}/{name}"), 60)


@case
def ten_thousand_by_curl(work):
    """10,000 requests on one connection."""
    def command(server, name, count):
        return in_curl("--parallel", "--parallel-max", 50, "--output", "/dev/null", f"{server.origin}/{name}?[1-{count}]")
    ten_thousand_by(work, command, 120)


# ---- Slow readers --------------------------------------------------------------------------------------------------------


def read_slowly(client, seconds):
    """Reads from a client's output some ten kilobytes a tick."""
    got = 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        piece = os.read(client.popen.stdout.fileno(), 16 * 1024)
        check(piece, f"the client ended early: {client.output()}")
        got += len(piece)
        time.sleep(0.1)
    return got


@case
def slow_reader_quasio_client(work):
    """A client whose output is read slowly: neither it nor the server keeps more than twice its window."""
    server = Scenario(work, *FIXED_WINDOWS)
    # What a client needs anyhow, one sees from one that gets next to nothing.
    idle = Process("idle-client", in_client(server, f"{server.origin}/dribble?size=1000&piece=10&pause=100"), work.folder, stdout=subprocess.PIPE)
    check(idle.popen.stdout.read(20), "nothing came")
    memory = Memory(server.process)
    client = Process("client", in_client(server, f"{server.origin}/endless"), work.folder, stdout=subprocess.PIPE)
    check(client.popen.stdout.read(1), "nothing came")
    of_client = Memory(client)
    of_client.before = idle.resident()
    got = read_slowly(client, 3)
    say(f"  {got} bytes were read")
    of_client.check_below(2 * FIRST_WINDOW, "a slow reader")
    memory.check_below(2 * FIRST_WINDOW, "a slow reader")
    client.end()
    idle.end()
    server.stop()


@case
def fast_reader_that_stops(work):
    """A client that kept up until its window had grown, and then stops: twice the largest window is the bound."""
    server = Scenario(work)
    idle = Process("idle-client", in_client(server, f"{server.origin}/dribble?size=1000&piece=10&pause=100"), work.folder, stdout=subprocess.PIPE)
    check(idle.popen.stdout.read(20), "nothing came")
    memory = Memory(server.process)
    client = Process("client", in_client(server, f"{server.origin}/endless"), work.folder, stdout=subprocess.PIPE)
    for _ in range(300):
        check(client.popen.stdout.read(MIB), "the client ended early")
    of_client = Memory(client)
    of_client.before = idle.resident()
    read_slowly(client, 2)
    of_client.check_below(2 * LARGEST_WINDOW, "a reader that stopped")
    memory.check_below(2 * LARGEST_WINDOW, "a reader that stopped")
    client.end()
    idle.end()
    server.stop()


@case
def slow_reader_curl(work):
    """curl that reads a hundred kilobytes a second: the server keeps no more than twice a window."""
    need_peers("curl")
    server = Scenario(work, *FIXED_WINDOWS)
    server.state()
    memory = Memory(server.process)
    client = Process("client", in_curl("--limit-rate", "100K", "--max-time", "4", "-o", "/dev/null", f"{server.origin}/endless"), work.folder)
    check(client.wait(20) == 28, f"curl did not end by its time limit: {client.output()}")
    memory.check_below(2 * FIRST_WINDOW, "a slow reader")
    server.stop()


def check_heap(server, before, what):
    """While an upload is read slowly the server holds no more than twice a window: it says so itself, ten times in two seconds."""
    grown = []
    for _ in range(10):
        state = server.state()
        check(state["uploads_running"] == 1, f"{what}: the upload does not run: {state}")
        grown.append(state["heap"] - before)
        time.sleep(0.2)
    say(f"  {what}: the server holds up to {max(grown) / MIB:.2f} MiB more; the limit is {2 * FIRST_WINDOW / MIB:.0f} MiB")
    check(max(grown) > FIRST_WINDOW / 2, f"{what}: the server holds only {max(grown)} bytes more: nothing waited to be read")
    check(max(grown) < 2 * FIRST_WINDOW, f"{what}: the server holds {max(grown)} bytes more, {2 * FIRST_WINDOW} at the most were expected")


@case
def slow_server(work):
    """The server as the slow reader, of uploads by quasio-client and curl: it and quasio-client keep no more than twice its window."""
    server = Scenario(work, *FIXED_WINDOWS)
    make_sparse(work / "64m.bin", 64)
    server.state()
    before = server.state()["heap"]
    client = Process("client", in_client(server, "-T", work / "64m.bin", f"{server.origin}/upload?pause=200"), work.folder)
    time.sleep(0.5)
    of_client = Memory(client)
    check_heap(server, before, "reading slowly from quasio-client")
    of_client.check_below(2 * FIRST_WINDOW, "writing to a slow server")
    client.end()
    server.stop()
    if (PEERS / "stamp").exists():
        server = Scenario(work, *FIXED_WINDOWS)
        server.state()
        before = server.state()["heap"]
        client = Process("curl", in_curl("-T", work.in_chroot("64m.bin"), "--max-time", "60", f"{server.origin}/upload?pause=200"), work.folder)
        time.sleep(0.5)
        check_heap(server, before, "reading slowly from curl")
        client.end()
        server.stop()


# ---- Slow writers --------------------------------------------------------------------------------------------------------


def dribbled(size, piece):
    return "".join(chr(ord("a") + sent % 26) * min(piece, size - sent) for sent in range(0, size, piece))


def dribble_to(process, count=20, size=1000):
    """Writes the blocks slowly to a client's standard input."""
    for number in range(count):
        process.stdin.write(pattern(number, size))
        process.stdin.flush()
        time.sleep(0.03)
    process.stdin.close()


def slow_writers_with(work, download, upload):
    """A server that writes slowly, and a client that does; what is written arrives before all is."""
    server = Scenario(work)
    client = Process("download", download(server), work.folder, stdout=subprocess.PIPE)
    first = client.popen.stdout.read(1)
    started = time.monotonic()
    text = (first + client.popen.stdout.read()).decode()
    check(client.wait(20) == 0, f"the client ended with code {client.popen.returncode}: {client.output()}")
    check(text == dribbled(2000, 100), f"the text differs: {text}")
    check(time.monotonic() - started > 0.2, "the first byte came with the last")

    before = server.state()["uploaded"]
    with subprocess.Popen([str(part) for part in upload(server)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        writing = threading.Thread(target=dribble_to, args=(process,))
        writing.start()
        arriving = server.state()
        answer = process.stdout.read()
        writing.join()
        check(process.wait(20) == 0, f"the client ended with code {process.returncode}: {process.stderr.read().decode()}")
    check(before <= arriving["uploaded"] < before + 20_000, f"{arriving['uploaded']} bytes were there before they were written")
    check_upload(json.loads(answer), 20, 1000)
    server.stop()


@case
def slow_writers_quasio_client(work):
    """Slow downloads, and uploads of what is written slowly to standard input."""
    slow_writers_with(work, lambda server: in_client(server, f"{server.origin}/dribble?size=2000&piece=100&pause=20"),
                      lambda server: in_client(server, "-T", "-", f"{server.origin}/upload"))


@case
def slow_writers_curl(work):
    """Slow downloads, and uploads of what is written slowly to standard input."""
    slow_writers_with(work, lambda server: in_curl("--no-buffer", f"{server.origin}/dribble?size=2000&piece=100&pause=20"),
                      lambda server: in_curl("-T", ".", f"{server.origin}/upload"))


# ---- Cancelled downloads -------------------------------------------------------------------------------------------------


def check_all_is_over(server, cancelled, memory):
    server.settled("the handler ends", lambda state: state["endless_running"] == 0 and state["endless_cancelled"] == cancelled)
    memory.check_below(2 * LARGEST_WINDOW, "a cancelled download")


@case
def cancelled_by_quasio_client(work):
    """Three downloads given up in the middle; then the same connection serves another request."""
    server = Scenario(work)
    memory = Memory(server.process)
    outputs = [option for number in range(3) for option in ("-o", "/dev/null")] + ["-o", work / "answer"]
    urls = [f"{server.origin}/endless"] * 3 + [f"{server.origin}/state"]
    code, said = run_client(work, *trusting(server.port), "--max-time", "0.5", *outputs, *urls)
    check(code == 28, f"quasio-client ended with code {code}: {said}")
    state = json.loads((work / "answer").read_text())
    check(state["connections"] == 1, f"it took {state['connections']} connections")
    check_all_is_over(server, 3, memory)
    before = server.process.resident()
    # Again and again: nothing is left behind by any.
    code, said = run_client(work, *trusting(server.port), "--max-time", "0.1", "--repeat", 20, "-o", "/dev/null", f"{server.origin}/endless")
    check(code == 28, f"quasio-client ended with code {code}: {said}")
    server.settled("the handlers end", lambda state: state["endless_running"] == 0 and state["endless_cancelled"] == 23)
    grown = server.process.resident() - before
    say(f"  the server grew by {grown / MIB:.2f} MiB in twenty cancelled downloads more")
    check(grown < 4 * MIB, f"the server grew by {grown} bytes in twenty cancelled downloads")
    server.stop()


@case
def cancelled_by_curl(work):
    """curl that ends by its time limit, and curl that is killed: the one says so, the other is found out by the idle timeout."""
    need_peers("curl")
    server = Scenario(work, 1, 1500)
    memory = Memory(server.process)
    limited = Process("limited", in_curl("--limit-rate", "1M", "--max-time", "1", "-o", "/dev/null", f"{server.origin}/endless"), work.folder)
    check(limited.wait(20) == 28, f"curl did not end by its time limit: {limited.output()}")
    server.settled("the handler ends", lambda state: state["endless_running"] == 0 and state["endless_cancelled"] == 1, seconds=1.4)
    killed = Process("killed", in_curl("--limit-rate", "1M", "-o", "/dev/null", f"{server.origin}/endless"), work.folder)
    server.settled("the second one runs", lambda state: state["endless_running"] == 1)
    os.killpg(killed.pid, signal.SIGKILL)
    check_all_is_over(server, 2, memory)
    server.stop()


# ---- Chromium ------------------------------------------------------------------------------------------------------------


@case
def scenes_by_chromium(work):
    """Events, slow writers both ways, a slow reader, a cancelled download and 10,000 requests, on one connection."""
    need_peers("chromium")
    server = Scenario(work)
    before = server.state()["connections"]
    memory = Memory(server.process)
    report = play(work, server, ["events", "slow_writer", "slow_upload", "cancelled", "slow_reader"], 60)
    events = report["events"]
    check([event["data"] for event in events] == [f"event {number}" for number in range(1, 21)], f"these events came: {events}")
    check_spread((events[-1]["at"] - events[0]["at"]) / 1000)
    check(report["slow_writer"] == {"status": 200, "text": dribbled(2000, 100)}, f"the slow text differs: {report['slow_writer']}")
    check_upload(report["slow_upload"], 20, 1000)
    cancelled = report["cancelled"]
    check(cancelled["rejected"], "the reader was not told of its end")
    check(cancelled["after"]["endless_running"] == 0 and cancelled["after"]["endless_cancelled"] == 1, f"the handler did not end: {cancelled}")
    check(cancelled["after"]["connections"] == before + 1, f"it took more than one connection: {cancelled}")
    memory.check_below(2 * LARGEST_WINDOW, "slow and cancelled readers")
    server.stop()


@case
def ten_thousand_by_chromium(work):
    """10,000 requests on one connection."""
    need_peers("chromium")
    server = Scenario(work)
    server.state()
    started = time.monotonic()
    memory = Memory(server.process)
    report = play(work, server, ["many"], 90, requests=10_000)
    memory.check_below(8 * MIB, "ten thousand requests")
    say(f"  10000 requests in {time.monotonic() - started:.1f} s, with the start of the browser")
    check(report["many"] == {"ok": 10_000, "bytes": 1_000_000}, f"not all came: {report['many']}")
    connections = server.state()["connections"]
    check(connections == 3, f"the browser took {connections - 2} connections")
    server.stop()


if __name__ == "__main__":
    main()
