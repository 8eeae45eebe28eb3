"""What the tests of the programs share: processes that are always ended, sites, requests over TLS, and the running of cases.

Only Python's standard library is used, and the system's openssl where it is installed.
"""

import argparse
import contextlib
import hashlib
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

BIN = pathlib.Path(os.environ.get("QUASIO_BIN", pathlib.Path(__file__).resolve().parents[2] / "build/release/bin"))
GIGABYTE = 1 << 30
CASE_SECONDS = 120
running = []


class Failure(Exception):
    """Something is wrong; says what."""


def check(condition, text):
    if not condition:
        raise Failure(text)


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


class Program:
    """A process with its output in files."""

    count = 0

    def __init__(self, work, name, *arguments, cwd=None, stdin=subprocess.DEVNULL, env=None):
        self.name = name
        Program.count += 1
        number = Program.count
        self.out_path, self.err_path = work / f"{name}-{number}.out", work / f"{name}-{number}.err"
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.popen = subprocess.Popen([str(BIN / name), *map(str, arguments)], stdin=stdin, stdout=out, stderr=err, cwd=cwd or work,
                                          env={**os.environ, **(env or {})})
        running.append(self)

    @property
    def out(self):
        return self.out_path.read_bytes()

    @property
    def err(self):
        return self.err_path.read_text(errors="replace")

    def wait(self, seconds=30):
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end within {seconds} s; it said:\n{self.err[-2000:]}") from None

    def alive(self):
        return self.popen.poll() is None

    def send(self, number):
        self.popen.send_signal(number)

    def end(self):
        if self.alive():
            self.popen.kill()
        self.popen.wait()


def eventually(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < deadline, f"{what}: not within {seconds} s")
        time.sleep(0.01)


class Server(Program):
    def __init__(self, work, *arguments, root=None, listen="127.0.0.1:0"):
        super().__init__(work, "quasio-server", "--listen", listen, "--root", root or work / "site", *arguments)
        eventually(lambda: b"ready " in self.out or not self.alive(), "the server becomes ready")
        check(self.alive(), f"the server ended at once; it said:\n{self.err}")
        self.ready = re.findall(r"^ready (\S+)$", self.out.decode(), re.M)
        self.port = int(self.ready[0].rsplit(":", 1)[1])
        self.origin = f"https://localhost:{self.port}"

    def stop(self, seconds=30):
        self.send(signal.SIGTERM)
        code = self.wait(seconds)
        check(code == 0, f"the server ended with code {code}; it said:\n{self.err[-2000:]}")


def client(work, *arguments, code=0, seconds=60, words=(), server=None, **more):
    """Runs quasio-client to its end and checks the code; --insecure, and to the server whatever localhost resolves to."""
    program = start_client(work, *arguments, server=server, **more)
    got = program.wait(seconds)
    check(got == code, f"quasio-client {arguments} ended with code {got}, expected {code}; it said:\n{program.err[-2000:]}")
    for word in words:
        check(re.search(word, program.err, re.I), f"the message does not speak of '{word}':\n{program.err}")
    if code != 0:
        check(len(program.err.splitlines()) <= 4, f"the message is long:\n{program.err}")
    return program


def start_client(work, *arguments, server=None, **more):
    to = ["--insecure", "--connect-to", f":{server.port}:127.0.0.1:{server.port}"] if server else []
    return Program(work, "quasio-client", *to, *arguments, **more)


def make_site(work):
    """Thirty files of many sizes in three folders."""
    site = work / "site"
    noise = random.Random(30)
    for number in range(30):
        path = site / ("", "a", "a/b")[number % 3] / f"file{number:02}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(noise.randbytes((0, 1, 1000, 16383, 70_000, 1_000_003)[number % 6] + number))
    (site / "index.html").write_text("<p>hello</p>\n")
    return sorted(path.relative_to(site) for path in site.rglob("*") if path.is_file())


def header(head, name):
    found = re.search(rf"^{name}: (.*?)\r?$", head, re.I | re.M)
    return found.group(1) if found else None


def head_of(work, server, path, *arguments):
    return client(work, "-I", *arguments, f"{server.origin}/{path}", server=server).out.decode()


def sanitized():
    return "asan" in str(BIN) or "tsan" in str(BIN)


def https_get(server, text, expect_close=False):
    """Sends a request by HTTPS/1.1 and returns head and body; the socket is read until `Content-Length` or the end."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    with socket.create_connection(("127.0.0.1", server.port), 10) as raw, context.wrap_socket(raw, server_hostname="localhost") as tls:
        check(tls.selected_alpn_protocol() == "http/1.1", f"ALPN: {tls.selected_alpn_protocol()}")
        tls.sendall(text.replace("\n", "\r\n").encode())
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = tls.recv(65536)
            check(chunk, f"the connection ended early: {data}")
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(header(head.decode() + "\r\n", "content-length") or 0)
        while len(body) < length and not text.startswith("HEAD"):
            body += tls.recv(65536)
        if expect_close:
            tls.settimeout(5)
            with contextlib.suppress(ssl.SSLError, ConnectionResetError):
                check(tls.recv(1) == b"", "the connection was kept")
        return head.decode() + "\r\n", body


@contextlib.contextmanager
def authority(work, names):
    """A certificate authority and a leaf that it issued: (ca.pem, chain.pem, key.pem)."""
    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=True, cwd=work)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
            "-subj", "/CN=test authority", "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem", "-out", "leaf.csr", "-subj", "/CN=leaf")
    (work / "leaf.ext").write_text(f"subjectAltName={names}\n")
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "leaf.ext",
            "-out", "leaf.pem")
    (work / "chain.pem").write_text((work / "leaf.pem").read_text() + (work / "ca.pem").read_text())
    yield work / "ca.pem", work / "chain.pem", work / "key.pem"


def need_openssl():
    if shutil.which("openssl"):
        return True
    print("  left out: the system has no openssl program")
    return False


def unused_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def slow_site(work, size):
    (work / "site").mkdir(exist_ok=True)
    with open(work / "site/big", "wb") as file:
        file.truncate(size)


class Fetching:
    """A client that fetches /big into a pipe which is read as the case wants it."""

    def __init__(self, server, *options):
        command = [BIN / "quasio-client", "--insecure", "--connect-to", f"::127.0.0.1:{server.port}", *options, f"{server.origin}/big"]
        self.popen = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        running.append(self)
        self.got = 0
        self.read(1)

    def read(self, count):
        while count > 0:
            chunk = self.popen.stdout.read(min(count, 1 << 20))
            if not chunk:
                return
            self.got += len(chunk)
            count -= len(chunk)

    def finish(self):
        self.read(1 << 62)
        said = self.popen.stderr.read().decode()
        return self.popen.wait(30), said

    def end(self):
        self.popen.kill()
        self.popen.wait()
        self.popen.stdout.close()
        self.popen.stderr.close()


# ---- Running cases -----------------------------------------------------------------------------------------------------

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function

def run(name):
    work = pathlib.Path(tempfile.mkdtemp(prefix=f"apps-{name}-", dir=BIN.parent))
    started = time.monotonic()
    watch = threading.Timer(CASE_SECONDS, lambda: (print(f"FAILED {name}: not finished after {CASE_SECONDS} s", flush=True), end_all(), os._exit(1)))
    watch.daemon = True
    watch.start()
    try:
        CASES[name](work)
        print(f"{name}: passed in {time.monotonic() - started:.1f} s")
        return True
    except Failure as reason:
        print(f"FAILED {name}: {reason}")
        return False
    finally:
        watch.cancel()
        end_all()
        shutil.rmtree(work, ignore_errors=True)


def end_all():
    while running:
        running.pop().end()


def main():
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__.splitlines()[0])
    parser.add_argument("case", nargs="*", help="none: all")
    names = parser.parse_args().case or list(CASES)
    for name in names:
        if name not in CASES:
            parser.error(f"no case {name}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(end_all() or 1))
    sys.exit(0 if all([run(name) for name in names]) else 1)
