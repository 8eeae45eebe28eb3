"""quasio-server and quasio-client as processes on loopback: what they print, write, log, and with which code they end.

    python3 programs.py [CASE...]

QUASIO_BIN names the folder of the programs. Each case works in a folder of its own, which goes away with it, on ports that
are free, and ends what it started. Only Python's standard library is used, and the system's curl where it is installed.
"""

import contextlib
import gzip
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

from processes import *


@case
def folder(work):
    """A folder of thirty files, one client each, and all on one connection; each file with its hash."""
    names = make_site(work)
    server = Server(work)
    target = work / "got"
    urls, outputs = [], []
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        urls.append(f"{server.origin}/{name}")
        outputs += ["-o", target / name]
    client(work, *outputs, *urls, server=server)
    for name in names:
        check(sha256(target / name) == sha256(work / "site" / name), f"{name} differs")
    body = client(work, f"{server.origin}/", server=server).out
    check(body == b"<p>hello</p>\n", f"the index is {body}")
    server.stop()
    lines = re.findall(r" info GET /\S* 200 \d+ [\d.]+ m?s h3 ", server.err)
    check(len(lines) == len(names) + 1, f"{len(lines)} lines in the access log for {len(names) + 1} requests:\n{server.err}")


@case
def gigabyte(work):
    """A gigabyte, hashed as it comes, in constant memory on both sides."""
    (work / "site").mkdir()
    big = work / "site/big"
    with open(big, "wb") as file:
        file.truncate(GIGABYTE)  # Sparse; some blocks of noise tell one place from another.
        for number in range(64):
            file.seek(number * (GIGABYTE // 64))
            file.write(random.Random(number).randbytes(4096))
    server = Server(work, "--log-level", "warning")
    reader, writer = os.pipe()
    popen = subprocess.Popen([BIN / "quasio-client", "--insecure", "--connect-to", f"::127.0.0.1:{server.port}", f"{server.origin}/big"],
                             stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    peak = {"server": 0, "client": 0}
    digest, size = hashlib.sha256(), 0
    try:
        with open(reader, "rb", buffering=0) as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
                for name, pid in (("server", server.popen.pid), ("client", popen.pid)):
                    with contextlib.suppress(OSError, StopIteration, ValueError):
                        line = next(line for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS:"))
                        peak[name] = max(peak[name], int(line.split()[1]) >> 10)
        code = popen.wait(30)
    finally:
        popen.kill()
    check(code == 0 and size == GIGABYTE, f"code {code}, {size} bytes: {popen.stderr.read()}")
    popen.stderr.close()
    check(digest.hexdigest() == sha256(big), "the bytes differ")
    print(f"  resident at most: server {peak['server']} MB, client {peak['client']} MB")
    check(max(peak.values()) < (800 if sanitized() else 200), f"memory: {peak}")
    server.stop()


@case
def head_and_ranges(work):
    make_site(work)
    (work / "site/ten.txt").write_text("0123456789")
    server = Server(work)
    head = head_of(work, server, "ten.txt")
    check(head.startswith("HTTP/3 200\r\n") and header(head, "content-length") == "10", head)
    check(header(head, "content-type") == "text/plain; charset=utf-8" and header(head, "accept-ranges") == "bytes", head)
    for wanted, expected in (("0-3", b"0123"), ("7-", b"789"), ("-2", b"89"), ("8-99", b"89")):
        got = client(work, "-H", f"range: bytes={wanted}", f"{server.origin}/ten.txt", server=server).out
        check(got == expected, f"range {wanted}: {got}")
    verbose = client(work, "-v", "-H", "range: bytes=2-3", f"{server.origin}/ten.txt", server=server).err
    check("< HTTP/3 206" in verbose and "< content-range: bytes 2-3/10" in verbose, verbose)
    client(work, "-f", "-H", "range: bytes=10-", f"{server.origin}/ten.txt", server=server, code=22, words=["416"])
    server.stop()


@case
def conditional_requests(work):
    make_site(work)
    server = Server(work)
    etag = header(head_of(work, server, "file00.bin"), "etag")
    date = header(head_of(work, server, "file00.bin"), "last-modified")
    check(etag and date, "no validators")
    for line in (f"if-none-match: {etag}", "if-none-match: *", f"if-modified-since: {date}"):
        head = head_of(work, server, "file00.bin", "-H", line)
        check(head.startswith("HTTP/3 304"), f"{line}: {head}")
    body = client(work, "-H", f"if-none-match: {etag}", f"{server.origin}/file00.bin", server=server).out
    check(body == b"", f"a body of {len(body)} bytes came with 304")
    check(head_of(work, server, "file00.bin", "-H", 'if-match: "x"').startswith("HTTP/3 412"), "if-match did not fail")
    (work / "site/file00.bin").write_bytes(b"changed")
    check(head_of(work, server, "file00.bin", "-H", f"if-none-match: {etag}").startswith("HTTP/3 200"), "the change went unnoticed")
    server.stop()


@case
def no_way_out(work):
    make_site(work)
    (work / "outside").write_text("secret")
    (work / "site/link").symlink_to(work / "outside")
    (work / "site/up").symlink_to("..")
    (work / "site/.hidden").write_text("secret")
    (work / "site/locked").write_text("secret")
    server = Server(work)
    for path in ("../outside", "%2e%2e/outside", "a/..%2f..%2foutside", "link", "up/outside", ".hidden", "%2ehidden", "a/", "file00.bin%00"):
        shown = client(work, "-f", f"{server.origin}/{path}", server=server, code=22).out
        check(b"secret" not in shown, f"{path} shows what it must not")
    server.stop()


@case
def one_connection(work):
    """Two hundred requests in parallel share a connection."""
    make_site(work)
    server = Server(work, "--log-level", "debug")
    client(work, "--parallel", 200, "--repeat", 200, "-o", "/dev/null", f"{server.origin}/a/file04.bin", server=server)
    server.stop()
    check(server.err.count("is connected: h3") == 1, f"connections: {server.err.count('is connected: h3')}")
    check(server.err.count("GET /a/file04.bin 200 ") == 200, "not all requests were served")


@case
def https(work):
    """The same port answers HTTPS/1.1, and says that there is HTTP/3."""
    make_site(work)
    server = Server(work)
    alt_svc = f'h3=":{server.port}"; ma=86400'
    head, body = https_get(server, "GET /a/file04.bin HTTP/1.1\nHost: localhost\n\n")
    check(head.startswith("HTTP/1.1 200") and header(head, "alt-svc") == alt_svc, head)
    check(body == (work / "site/a/file04.bin").read_bytes(), "the body differs")
    etag = header(head, "etag")
    check(etag == header(head_of(work, server, "a/file04.bin"), "etag"), "the tags of the two protocols differ")
    head, body = https_get(server, "HEAD /a/file04.bin HTTP/1.1\nHost: localhost\n\n")
    check(head.startswith("HTTP/1.1 200") and header(head, "content-length") == str((work / "site/a/file04.bin").stat().st_size), head)
    head, body = https_get(server, "GET /a/file04.bin HTTP/1.1\nHost: localhost\nRange: bytes=10-19\n\n")
    check(head.startswith("HTTP/1.1 206") and body == (work / "site/a/file04.bin").read_bytes()[10:20], head)
    head, body = https_get(server, f"GET /a/file04.bin HTTP/1.1\nHost: localhost\nIf-None-Match: {etag}\n\n")
    check(head.startswith("HTTP/1.1 304") and not body, head)
    head, _ = https_get(server, f"GET https://localhost:{server.port}/a/file01.bin HTTP/1.1\nHost: localhost\n\n")
    check(head.startswith("HTTP/1.1 200"), f"the absolute form: {head}")
    head, _ = https_get(server, "GET /%2e%2e/outside HTTP/1.1\nHost: localhost\n\n")
    check(head.startswith("HTTP/1.1 400"), head)
    head, _ = https_get(server, "GET / HTTP/1.1\n\n")
    check(head.startswith("HTTP/1.1 400"), f"a request without Host: {head}")
    head, _ = https_get(server, "POST / HTTP/1.1\nHost: localhost\nContent-Length: 3\n\nabc", expect_close=True)
    check(head.startswith("HTTP/1.1 405") and header(head, "allow") == "GET, HEAD", head)
    head, _ = https_get(server, "GET / HTTP/1.1\nHost: localhost\nX: " + "x" * 20_000 + "\n\n", expect_close=True)
    check(head.startswith("HTTP/1.1 431"), head)
    head, _ = https_get(server, "nonsense\n\n", expect_close=True)
    check(head.startswith("HTTP/1.1 400"), head)
    server.stop()


@case
def side_by_side(work):
    """The system's curl, over TCP."""
    curl = shutil.which("curl")
    if not curl:
        print("  left out: the system has no curl")
        return
    make_site(work)
    server = Server(work)
    command = [curl, "--silent", "--show-error", "--insecure", "--http1.1", "--connect-to", f"::127.0.0.1:{server.port}", "--dump-header", "-"]
    said = subprocess.run([*command, f"{server.origin}/", f"{server.origin}/a/b/file05.bin", "-o", work / "1", "-o", work / "2"],
                          capture_output=True, text=True, timeout=30, check=True).stdout
    check(said.count("HTTP/1.1 200") == 2 and said.count(f'h3=":{server.port}"') == 2, said)
    check(sha256(work / "2") == sha256(work / "site/a/b/file05.bin"), "the file differs")
    server.stop()


@case
def self_signed(work):
    """The certificate that the server makes is for localhost, and its printed hash is that of its key."""
    make_site(work)
    server = Server(work)
    printed = re.search(r"^certificate SPKI sha256 (\S{44})$", server.out.decode(), re.M)
    check(printed, f"no hash was printed: {server.out}")
    check(server.out.decode().index("certificate") < server.out.decode().index("ready"), "the hash comes after ready")
    pem = ssl.get_server_certificate(("127.0.0.1", server.port))
    (work / "made.pem").write_text(pem)
    client(work, "--cacert", work / "made.pem", "--connect-to", f"::127.0.0.1:{server.port}", f"{server.origin}/")
    if shutil.which("openssl"):
        public = subprocess.run(["openssl", "x509", "-in", work / "made.pem", "-pubkey", "-noout"], capture_output=True, check=True).stdout
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=public, capture_output=True, check=True).stdout
        digest = subprocess.run(["base64"], input=hashlib.sha256(der).digest(), capture_output=True, check=True).stdout.decode().strip()
        check(digest == printed.group(1), f"{printed.group(1)} was printed, {digest} is true")
    server.stop()


@case
def trusted(work):
    if not need_openssl():
        return
    make_site(work)
    with authority(work, "DNS:localhost,IP:127.0.0.1") as (ca, chain, key):
        server = Server(work, "--cert", chain, "--key", key)
        check(b"SPKI" not in server.out, "a hash was printed for the user's own certificate")
        to = ["--connect-to", f"localhost::127.0.0.1:{server.port}"]
        client(work, "--cacert", ca, *to, f"{server.origin}/")
        client(work, "--cacert", ca, f"https://127.0.0.1:{server.port}/")
        client(work, *to, f"{server.origin}/", code=60, words=["not trusted", "--cacert", "--insecure"])
        server.stop()


@case
def untrusted(work):
    """A self-signed certificate, and one for another name."""
    make_site(work)
    server = Server(work)
    to = ["--connect-to", f"::127.0.0.1:{server.port}"]
    client(work, *to, f"{server.origin}/", "-o", "x", code=60, words=["certificate is not trusted", "self-signed", "--cacert FILE", "--insecure"])
    check(not (work / "x").exists(), "an output file was left")
    pem = work / "made.pem"
    pem.write_text(ssl.get_server_certificate(("127.0.0.1", server.port)))
    client(work, *to, "--cacert", pem, f"https://elsewhere.example:{server.port}/", code=60, words=["not trusted", "host ?name"])
    server.stop()


@case
def nobody_listens(work):
    port = unused_port()
    started = time.monotonic()
    client(work, "-o", "x", f"https://127.0.0.1:{port}/", code=7, words=[f"127.0.0.1:{port}", "nobody listens"])
    check(time.monotonic() - started < 10, f"it took {time.monotonic() - started:.1f} s")
    check(not (work / "x").exists(), "an output file was left")
    client(work, "https://no-such-name.invalid/", code=6, words=["no-such-name.invalid"])


@case
def bad_urls(work):
    for url in ("https:///path", "https://", "", "localhost", "http://localhost/", "https://a b/", "https://localhost:99999/", "https://u:p@h/"):
        program = client(work, url, code=2)
        check(program.err.startswith("quasio-client: "), f"nothing was said about '{url}'")
    client(work, code=2, words=["URL"])
    client(work, "--no-such-option", "https://localhost/", code=2, words=["no-such-option"])
    client(work, "--cacert", "/no/such/file", "https://localhost:1/", code=2, words=["/no/such/file"])


@case
def bad_outputs(work):
    make_site(work)
    server = Server(work)
    client(work, "-o", "/no/such/folder/x", f"{server.origin}/", server=server, code=23, words=["/no/such/folder/x"])
    if os.path.exists("/dev/full"):
        client(work, "-o", "/dev/full", f"{server.origin}/a/b/file05.bin", server=server, code=23, words=["space"])
    reader, writer = os.pipe()  # a reader of standard output that has gone
    os.close(reader)
    popen = subprocess.Popen([BIN / "quasio-client", "--insecure", "--connect-to", f"::127.0.0.1:{server.port}", f"{server.origin}/a/b/file05.bin"],
                             stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    said = popen.communicate(timeout=20)[1]
    check(popen.returncode == 23 and "standard output" in said, f"code {popen.returncode}: {said}")
    server.stop()


@case
def failing_status(work):
    make_site(work)
    server = Server(work)
    check(b"404" in client(work, f"{server.origin}/none", server=server).out, "without -f the body is shown")
    client(work, "-f", "-o", "x", f"{server.origin}/none", server=server, code=22, words=["404"])
    check(not (work / "x").exists(), "an output file was left")
    program = client(work, "-s", "-f", f"{server.origin}/none", server=server, code=22)
    check(program.err == "", f"-s is not silent: {program.err}")
    names = ["-o", "a", "-o", "b", "-o", "c"]
    urls = [f"{server.origin}/none", f"https://127.0.0.1:{unused_port()}/", f"{server.origin}/a/b/file05.bin"]
    client(work, "-f", "--insecure", "--connect-to", f"localhost::127.0.0.1:{server.port}", *names, *urls, code=22)
    check(sha256(work / "c") == sha256(work / "site/a/b/file05.bin"), "a failure kept the next URL from being fetched")
    server.stop()


@case
def time_limits(work):
    """Somebody has the port and never answers; and a transfer that takes too long."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{deaf.getsockname()[1]}/"
        started = time.monotonic()
        client(work, "--connect-timeout", "0.5", url, code=28, words=["no answer|time"])
        client(work, "--max-time", "0.5", url, code=28, words=["--max-time"])
        check(time.monotonic() - started < 8, f"it took {time.monotonic() - started:.1f} s")
    (work / "site").mkdir()
    with open(work / "site/big", "wb") as file:
        file.truncate(64 * GIGABYTE)
    server = Server(work)
    client(work, "--max-time", "1", "-o", "/dev/null", f"{server.origin}/big", server=server, code=28, words=["--max-time", "B of the body"])
    eventually(lambda: "GET /big 200" in server.err, "the server sees the end of the request")
    check("cut off" in server.err, server.err)
    server.stop()


@case
def server_cannot_start(work):
    make_site(work)

    def refused(code, *arguments, words=()):
        program = Program(work, "quasio-server", *arguments)
        got = program.wait(15)
        check(got == code, f"quasio-server {arguments} ended with code {got}, expected {code}: {program.err}")
        for word in words:
            check(re.search(word, program.err, re.I), f"the message does not speak of '{word}':\n{program.err}")
        check(b"ready" not in program.out and len(program.err.splitlines()) <= 4, f"{program.out}{program.err}")

    here = ["--listen", "127.0.0.1:0"]
    refused(1, *here, "--root", work / "missing", words=["missing", "No such file"])
    refused(1, *here, "--root", work / "site/index.html", words=["index.html", "Not a directory"])
    refused(1, *here, "--root", work / "site", "--cert", "/no/such.pem", "--key", "/no/such.key", words=["/no/such"])
    refused(2, "--listen", "nonsense", "--root", work / "site", words=["nonsense"])
    refused(2, "--root", work / "site", "--cert", "x.pem", words=["--key"])
    refused(2, "--no-such-option", words=["no-such-option"])
    refused(1, "--listen", "no-such-name.invalid:0", "--root", work / "site", words=["no-such-name.invalid"])
    server = Server(work)
    for extra in ([], ["--no-tcp"], ["--no-tcp", "--threads", "2"]):
        refused(1, "--listen", f"127.0.0.1:{server.port}", "--root", work / "site", *extra, words=["in use", str(server.port)])
    server.stop()


@case
def any_port_of_a_name(work):
    """localhost:0 is one port on all addresses of localhost, for UDP and TCP; two --listen are two."""
    make_site(work)
    server = Server(work, "--listen", "127.0.0.1:0", listen="localhost:0")
    ports = [int(where.rsplit(":", 1)[1]) for where in server.ready]
    check(len(ports) >= 2 and 0 not in ports and len(set(ports)) == 2 and len(set(ports[:-1])) == 1, f"ready: {server.ready}")
    for where in server.ready:
        client(work, "--insecure", f"https://{where}/")
        host, port = where.rsplit(":", 1)
        with socket.create_connection((host.strip("[]"), int(port)), 5):
            pass
    server.stop()
    without = Server(work, "--no-tcp")
    with contextlib.suppress(ConnectionRefusedError):
        with socket.create_connection(("127.0.0.1", without.port), 5):
            raise Failure("--no-tcp listens on TCP")
    without.stop()


@case
def drain(work):
    """SIGTERM amid a transfer: the transfer is finished, nobody new is served, the server ends with 0."""
    slow_site(work, 64 << 20)
    server = Server(work, "--drain-timeout", "60")
    fetching = Fetching(server)
    server.send(signal.SIGTERM)
    eventually(lambda: "SIGTERM" in server.err, "the server hears the signal")
    time.sleep(0.2)
    check(server.alive(), "the server did not wait for the transfer")
    late = start_client(work, "--insecure", "--connect-timeout", "1", f"https://127.0.0.1:{server.port}/")
    check(late.wait(10) in (7, 28), f"a new client was served, or not told: code {late.popen.returncode}: {late.err}")
    code, said = fetching.finish()
    check(code == 0 and fetching.got == 64 << 20, f"code {code}, {fetching.got} bytes: {said}")
    check(server.wait(20) == 0, f"the server's code: {server.popen.returncode}")


@case
def cut_off(work):
    """A client that reads nothing does not keep the server alive beyond its drain timeout."""
    slow_site(work, 256 << 20)
    server = Server(work, "--drain-timeout", "1")
    fetching = Fetching(server)
    started = time.monotonic()
    server.stop(20)
    check(time.monotonic() - started < 10, f"it took {time.monotonic() - started:.1f} s")
    check("cut off" in server.err, server.err)
    code, said = fetching.finish()
    check(code == 56 and "broke off" in said, f"the client's code {code}: {said}")


@case
def at_once(work):
    """A second signal ends the server at once."""
    slow_site(work, 256 << 20)
    server = Server(work, "--drain-timeout", "60")
    fetching = Fetching(server)
    server.send(signal.SIGTERM)
    eventually(lambda: "SIGTERM" in server.err, "the server hears the signal")
    server.send(signal.SIGINT)
    check(server.wait(10) == 130, f"the server's code: {server.popen.returncode}")
    code, _ = fetching.finish()
    check(code == 56, f"the client's code: {code}")


@case
def shrinking_file(work):
    """A file that becomes shorter while it is served: no client takes the rest for the whole."""
    for way in ("h3", "http/1.1"):
        slow_site(work, 256 << 20)
        server = Server(work)
        if way == "h3":
            fetching = Fetching(server)
            os.truncate(work / "site/big", 1 << 20)
            code, said = fetching.finish()
            check(code == 56 and fetching.got < 256 << 20, f"code {code}, {fetching.got} bytes: {said}")
        else:
            context = ssl._create_unverified_context()
            with socket.create_connection(("127.0.0.1", server.port), 10) as raw, context.wrap_socket(raw) as tls:
                tls.sendall(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
                got = len(tls.recv(65536))
                os.truncate(work / "site/big", 1 << 20)
                with contextlib.suppress(ssl.SSLError, ConnectionResetError):
                    while chunk := tls.recv(1 << 20):
                        got += len(chunk)
                check(got < 256 << 20, f"{got} bytes came")
        eventually(lambda: "cannot read the file" in server.err, "the log says why")
        server.stop()


@case
def posting(work):
    """A body of any size, from the command line, a file and standard input, is carried; a server of files refuses it."""
    make_site(work)
    server = Server(work)
    (work / "data").write_bytes(b"x" * 3_000_000)
    for data in ("a=1", f"@{work / 'data'}", "@-"):
        with open(work / "data", "rb") as source:
            program = client(work, "-v", "-d", data, f"{server.origin}/", server=server, stdin=source)
        check("< HTTP/3 405" in program.err and "< allow: GET, HEAD" in program.err, f"{data}: {program.err[-1500:]}")
    server.stop()


@case
def json_summary(work):
    names = make_site(work)[:5]
    server = Server(work)
    urls = [f"{server.origin}/{name}" for name in names] + [f"{server.origin}/none"]
    outputs = [part for number in range(len(urls)) for part in ("-o", f"out{number}")]
    program = client(work, "--json", "-f", "--parallel", 3, *outputs, *urls, server=server, code=22)
    summary = json.loads(program.out)
    check(summary["exit_code"] == 22 and len(summary["transfers"]) == len(urls), summary)
    for name, entry in zip(names, summary["transfers"]):
        size = (work / "site" / name).stat().st_size
        check(entry["status"] == 200 and entry["bytes"] == size == entry["content_length"], entry)
        check(entry["protocol"] == "h3" and entry["error"] is None, entry)
        times = entry["times"]
        check(0 < times["connect"] and 0 < times["first_byte"] <= times["total"], entry)
        check(entry["connection"]["quic_version"] == "QUIC version 1" and entry["headers"]["content-length"] == [str(size)], entry)
    check(summary["transfers"][-1]["exit_code"] == 22 and "404" in summary["transfers"][-1]["error"], summary["transfers"][-1])
    check(summary["bytes"] == sum(entry["bytes"] for entry in summary["transfers"]), summary)
    server.stop()


@case
def verbose(work):
    make_site(work)
    server = Server(work)
    said = client(work, "-v", "-H", "x-test: a", f"{server.origin}/", server=server).err
    for wanted in (r"^\* connecting to 127\.0\.0\.1:", r"^\* .*h3.*TLS_", r"^\* .*QUIC version 1", r"^\* certificate: subject CN = localhost; names .*localhost",
                   r"^> GET / HTTP/3$", rf"^> host: localhost:{server.port}$", r"^> x-test: a$", r"^< HTTP/3 200$", r"^< content-type: text/html",
                   r"^\* 13 B in .* rtt "):
        check(re.search(wanted, said, re.M), f"no line {wanted} in:\n{said}")
    server.stop()


@case
def interrupted(work):
    """Ctrl-C ends the client at once, and the server learns of it."""
    slow_site(work, 256 << 20)
    server = Server(work, "--log-level", "debug")
    fetching = Fetching(server)  # its pipe is full: even then
    fetching.popen.send_signal(signal.SIGINT)
    code = fetching.popen.wait(5)
    check(code == 130, f"code {code}")
    eventually(lambda: "is gone: the peer closed the connection" in server.err, "the server learns of it", 5)
    server.stop()


@case
def key_log(work):
    make_site(work)
    server = Server(work, "--keylog", work / "server.keys")
    client(work, f"{server.origin}/", server=server, env={"SSLKEYLOGFILE": str(work / "client.keys")})
    https_get(server, "GET / HTTP/1.1\nHost: localhost\n\n")
    secrets = [set(line for line in (work / f"{side}.keys").read_text().splitlines()) for side in ("client", "server")]
    check(len(secrets[0]) >= 4 and secrets[0] <= secrets[1], f"the two logs differ: {secrets}")
    check(len(secrets[1]) > len(secrets[0]), "the TLS over TCP is not in the log")
    check((work / "server.keys").stat().st_mode & 0o77 == 0, "others may read the secrets")
    server.stop()


def asked_for_proof(work, server, *options):
    """Fetches the index, and says whether the server demanded proof of the address."""
    said = client(work, "-v", "--token-file", work / "tokens", *options, f"{server.origin}/", server=server).err
    check("connected to" in said, f"-v says nothing of the connection:\n{said}")
    return "after a Retry" in said


@case
def tokens(work):
    """A client that comes back is known, also by a server that was started again with its key file."""
    make_site(work)
    doubtful = ("--retry", "always", "--token-key-file", work / "token.key")
    server = Server(work, *doubtful)
    check(asked_for_proof(work, server), "no Retry from --retry always")
    check((work / "token.key").stat().st_mode & 0o777 == 0o600, "others may read the server's key")
    check((work / "tokens").stat().st_mode & 0o777 == 0o600, "others may read the client's tokens")
    check(len((work / "tokens").read_text().splitlines()) == 2, "the server gives two tokens")
    check(not asked_for_proof(work, server), "the client that came back was not known")
    server.stop()
    server = Server(work, *doubtful, listen=f"127.0.0.1:{server.port}")
    check(not asked_for_proof(work, server), "the server that came back did not know the client")
    server.stop()
    server = Server(work, "--retry", "always", listen=f"127.0.0.1:{server.port}")
    check(asked_for_proof(work, server), "a server without the keys honoured a token")
    server.stop()


@case
def token_key_files(work):
    """Key files that are no good are refused with a sentence; one with the secret of before is good."""
    make_site(work)
    path = work / "token.key"
    for content, mode, complaint in (("", 0o600, "is no token key file"), ("zz" * 32, 0o600, "is no token key file"),
                                     ("00" * 32 + "\n11\n", 0o600, "is no token key file"), ("00" * 32 + "\n", 0o644, "chmod 600")):
        path.write_text(content)
        path.chmod(mode)
        refused = Program(work, "quasio-server", "--listen", "127.0.0.1:0", "--root", work / "site", "--token-key-file", path)
        check(refused.wait() == 1 and complaint in refused.err, f"{content!r}: {refused.err}")
    path.write_text("00" * 32 + "\n" + "11" * 32 + "\n")
    path.chmod(0o600)
    server = Server(work, "--token-key-file", path)
    client(work, f"{server.origin}/", server=server)
    server.stop()


@case
def restarted(work):
    """A client in the middle of a transfer learns at once that its server was killed and started again."""
    slow_site(work, 256 << 20)
    options = ("--token-key-file", work / "token.key")
    server = Server(work, *options)
    # Who only receives says nothing that a reset could answer.
    fetching = Fetching(server, "--keep-alive", "0.5")
    server.end()
    again = Server(work, *options, listen=f"127.0.0.1:{server.port}")
    begun = time.monotonic()
    code, said = fetching.finish()
    took = time.monotonic() - begun
    check(code == 56 and "reset" in said, f"code {code}: {said}")
    check(took < 5, f"it took {took:.1f} s to notice")
    again.stop()


def records(path, opener=open):
    """The records of a qlog file, each read by a JSON parser."""
    with opener(path, "rb") as file:
        return [json.loads(text) for text in file.read().decode().split("\x1e")[1:]]


@case
def qlog(work):
    """Both ends log a transfer: what one has sent the other has received."""
    make_site(work)
    server = Server(work, "--qlog-dir", work / "logs")
    for compression in ("none", "gzip"):
        client(work, "--qlog-dir", work / "logs", "--qlog-compression", compression, f"{server.origin}/", server=server)
    server.stop()
    servers = sorted((work / "logs").glob("*_server.sqlog"))
    check(len(servers) == 2, f"the server's logs: {servers}")
    for path in servers:
        plain = path.with_name(path.name.replace("_server", "_client"))
        packed = plain.with_name(plain.name + ".gz")
        check(plain.exists() != packed.exists(), f"no client's log belongs to {path.name}")
        there = records(plain) if plain.exists() else records(packed, gzip.open)
        here = records(path)
        group = [log[0]["trace"]["common_fields"]["group_id"] for log in (here, there)]
        check(group[0] == group[1], f"the groups differ: {group}")

        def numbers(log, name):
            return {(event["data"]["header"]["packet_type"], event["data"]["header"]["packet_number"])
                    for event in log[1:] if event["name"] == name}

        check(numbers(here, "quic:packet_received") <= numbers(there, "quic:packet_sent"), "the server got more than was sent")
        check(len(numbers(here, "quic:packet_sent")) >= 3, "the server's log has no packets")
        check(any(event["name"] == "quic:connection_closed" for event in here[1:]), "the end is missing")
    refused = client(work, "--qlog-dir", work / "no/such/folder", "https://127.0.0.1:1/", code=2)
    check("--qlog-dir" in refused.err, refused.err)


def scrape(where, target="/metrics"):
    """The samples by name and labels, as one text each, and the whole answer."""
    with urllib.request.urlopen(f"http://{where}{target}", timeout=10) as answer:
        text = answer.read().decode()
        check(answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"), answer.headers["Content-Type"])
    return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", text, re.M)}, text


@case
def metrics(work):
    """Prometheus text, scraped under load; at the end the numbers are those that the clients counted."""
    make_site(work)
    server = Server(work, "--metrics", "127.0.0.1:0", "--threads", "2")
    where = re.search(r"^metrics (\S+)$", server.out.decode(), re.M).group(1)
    before, text = scrape(where)
    check(all(value == 0 for name, value in before.items() if name.startswith("quasio_h3_")), text)
    documented = set(re.findall(r"^\| `(quasio_\w+)`", (pathlib.Path(__file__).parents[2] / "docs/metrics.md").read_text(), re.M))
    typed = set(re.findall(r"^# TYPE (\w+) ", text, re.M))
    check(typed == documented, f"only documented: {documented - typed}; only scraped: {typed - documented}")

    size = (work / "site/a/file04.bin").stat().st_size
    clients = [start_client(work, "--parallel", 20, "--repeat", 400, "-o", "/dev/null", f"{server.origin}/a/file04.bin", server=server)
               for _ in range(3)]
    last = before
    while any(each.alive() for each in clients):
        now, _ = scrape(where)
        for name, value in now.items():
            if name.partition("{")[0].endswith(("_total", "_count", "_bucket")):
                check(value >= last.get(name, 0), f"{name} fell from {last.get(name)} to {value}")
        last = now
        time.sleep(0.02)
    for each in clients:
        check(each.wait() == 0, each.err)
    for _ in range(2):
        client(work, f"{server.origin}/no-such-file", server=server, code=0)
    client(work, "-I", f"{server.origin}/", server=server)

    def settled():
        now, _ = scrape(where)
        return now["quasio_h3_exchanges_open"] == 0 and now["quasio_h3_connections_open"] == 0
    eventually(settled, "all connections have ended")
    end, text = scrape(where)
    expected = {'quasio_h3_requests_total{method="GET"}': 1202, 'quasio_h3_requests_total{method="HEAD"}': 1,
                'quasio_h3_responses_total{status="2xx"}': 1201, 'quasio_h3_responses_total{status="4xx"}': 2,
                "quasio_h3_exchange_seconds_count": 1203, "quasio_h3_response_seconds_count": 1203,
                "quasio_connections_accepted_total": 6, "quasio_connections_established_total": 6,
                "quasio_accepted_initial_packets_total": 6,
                'quasio_handshake_time_seconds_count{stage="protocol"}': 6,
                'quasio_connections_ended_total{how="closed_by_peer"}': 6,
                'quasio_peer_h3_connection_close_errors_total{code="H3_NO_ERROR"}': 6}
    for name, value in expected.items():
        check(end.get(name) == value, f"{name} is {end.get(name)}, expected {value}")
    sent = end["quasio_h3_body_bytes_sent_total"]
    check(1200 * size <= sent < 1200 * size + 4096, f"{sent} bytes of bodies, expected {1200 * size} and two short texts")
    check(sum(value for name, value in end.items() if name.startswith("quasio_failed_handshakes_total")) == 0, text)

    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(f"http://{where}/", timeout=10)
        raise Failure("something else than metrics is answered with 200")
    idle = [socket.create_connection(where.rsplit(":", 1), 5) for _ in range(40)]
    for each in idle:
        each.close()

    def answers():
        with contextlib.suppress(OSError):
            return scrape(where)[1]
    eventually(answers, "idle scrapers are let go")
    server.stop()


if __name__ == "__main__":
    main()
