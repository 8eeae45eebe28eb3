"""What the interop tests share: processes that are always ended, peers in their chroot, certificates, a site, sinks.

A test file holds cases (functions marked @case) and ends with harness.main(). Run as `python3 FILE CASE`, a case ends with
exit code 0, 1 (failed) or 77 (skipped, for want of a peer; the reason is printed). Only Python's standard library is used.
"""

import argparse
import base64
import fcntl
import hashlib
import http.server
import json
import os
import pathlib
import random
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback

SKIPPED = 77
GIGABYTE = 1 << 30
BLOCK = 1 << 20
ASSETS = 30

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("QUASIO_BIN", SOURCE / "build/release/bin"))
PEERS = SOURCE / "build/peers"
SHARE = PEERS / "share"  # /share in the peers' chroot
SITE = SHARE / "www"
PKI = SHARE / "pki"
LOOPBACK = "127.0.0.1"


class Skip(Exception):
    """The case cannot be run here; says why."""


class Failure(Exception):
    """The case found something wrong; says what."""


def check(condition, text):
    if not condition:
        raise Failure(text)


def say(text):
    print(text, flush=True)


# ---- Processes -------------------------------------------------------------------------------------------------------


class Process:
    """A process in a session of its own, its output in a file; ended, with its children, when the case ends."""

    running = []

    def __init__(self, name, command, log_folder, stdout=None, cwd=None, env=None):
        self.name = name
        self.log = pathlib.Path(log_folder) / f"{name}.log"
        self.log_file = open(self.log, "wb")
        say(f"  start {name}: {shlex.join(str(part) for part in command)}")
        self.popen = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=stdout if stdout is not None else self.log_file,
            stderr=self.log_file,
            start_new_session=True,
            cwd=cwd,
            env={**os.environ, **(env or {})},
        )
        Process.running.append(self)

    @property
    def pid(self):
        return self.popen.pid

    def output(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def tail(self, lines=15):
        return "\n".join(self.output().splitlines()[-lines:])

    def alive(self):
        return self.popen.poll() is None

    def wait(self, seconds):
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end within {seconds} s; it said:\n{self.tail()}") from None

    def wait_for_line(self, prefix, seconds=20):
        """The first line of output that begins with `prefix`, without it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ended = not self.alive()
            for line in self.output().splitlines():
                if line.startswith(prefix):
                    return line[len(prefix) :].strip()
            if ended:
                raise Failure(f"{self.name} ended with code {self.popen.returncode}; it said:\n{self.tail()}")
            time.sleep(0.02)
        raise Failure(f"{self.name} printed no line '{prefix}...' within {seconds} s; it said:\n{self.tail()}")

    def signal(self, number):
        if self.alive():
            os.kill(self.pid, number)

    def end(self):
        """Ends the whole session, politely and then not."""
        for number, patience in ((signal.SIGTERM, 3), (signal.SIGKILL, 5)):
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:
                break
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline:
                self.popen.poll()
                try:
                    os.killpg(self.pid, 0)
                except ProcessLookupError:
                    break
                time.sleep(0.02)
            else:
                continue
            break
        self.popen.poll()
        self.log_file.close()
        if self in Process.running:
            Process.running.remove(self)

    def resident(self):
        """Resident memory of the process in bytes."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise Failure(f"{self.name} has no VmRSS: it is gone")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def end_all():
    for process in list(reversed(Process.running)):
        process.end()


def free_port():
    """A port that is free for UDP and TCP on the loopback addresses."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind((LOOPBACK, 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise Failure("no port is free")


def udp_sockets(port):
    """What the kernel says of the UDP sockets on a port: (bytes waiting to be read, datagrams dropped) of each."""
    found = []
    for table in ("udp", "udp6"):
        for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(f":{port:04X}"):
                found.append((int(fields[4].split(":")[1], 16), int(fields[-1])))
    return found


def wait_for_udp_port(port, process, seconds=20):
    """Waits until somebody has bound the UDP port (peers do not say when they are ready)."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if udp_sockets(port):
            return
        if not process.alive():
            raise Failure(f"{process.name} ended at once; it said:\n{process.tail()}")
        time.sleep(0.02)
    raise Failure(f"{process.name} did not open UDP port {port} within {seconds} s; it said:\n{process.tail()}")


# ---- Peers and our own programs --------------------------------------------------------------------------------------


def need_peers(program=None):
    """Skips the case where the chroot, or a program in it, is not there."""
    if os.environ.get("QUASIO_SKIP_PEERS"):
        raise Skip("peers are switched off (QUASIO_SKIP_PEERS)")
    unavailable = PEERS / "unavailable"
    if unavailable.exists():
        raise Skip(f"peers are not installed: {unavailable.read_text().strip()}")
    if os.geteuid() != 0:
        raise Skip("peers cannot be run: their chroot wants root")
    if not (PEERS / "stamp").exists():
        raise Skip("peers are not installed: run tools/setup --peers")
    if program and not any((PEERS / "chroot" / folder / program).exists() for folder in ("usr/bin", "usr/sbin", "bin", "sbin")):
        raise Skip(f"{program} is not among the peers (tools/peers-setup --force builds them anew)")


def in_peers(*command):
    return [SOURCE / "tools/in-peers", *command]


def need_program(name):
    path = BIN / name
    check(path.exists(), f"{name} is not built ({path})")
    return path


class Work:
    """The folder of one case: logs and downloads. Below /share, so that peers see it too."""

    def __init__(self, name):
        self.folder = SHARE / "work" / f"{BIN.parent.name}-{name}"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def __truediv__(self, name):
        return self.folder / name

    def in_chroot(self, name):
        return f"/share/work/{self.folder.name}/{name}"

    def done(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Server:
    """quasio-server on a port of its own; `port` and `spki` are what it printed."""

    def __init__(self, work, *options, root=None, certificate="leaf", name="quasio-server", listen=f"{LOOPBACK}:0", seconds=20):
        command = [need_program("quasio-server"), "--listen", listen, "--root", root or SITE]
        if certificate:
            command += ["--cert", PKI / f"{certificate}.chain.pem", "--key", PKI / f"{certificate}.key"]
        self.process = Process(name, [*command, *options], work.folder)
        ready = self.process.wait_for_line("ready ", seconds)
        self.port = int(ready.rsplit(":", 1)[1])
        self.origin = f"https://localhost:{self.port}"

    @property
    def spki(self):
        return self.process.wait_for_line("certificate SPKI sha256 ", 5)

    def stop(self, seconds=20):
        """The polite stop: SIGTERM must end it with code 0."""
        self.process.signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        check(code == 0, f"{self.process.name} ended with code {code} on SIGTERM; it said:\n{self.process.tail()}")


def start_client(work, *arguments, name="quasio-client", cwd=None):
    return Process(name, [need_program("quasio-client"), *arguments], work.folder, cwd=cwd or work.folder)


def run_client(work, *arguments, seconds=60, name="quasio-client", cwd=None):
    """Runs quasio-client to its end; returns (exit code, all that it said)."""
    process = start_client(work, *arguments, name=name, cwd=cwd)
    code = process.wait(seconds)
    return code, process.output()


def trusting(port, address=LOOPBACK, to_port=None):
    """What makes quasio-client trust the test CA, and go to one address whatever localhost resolves to."""
    return ["--cacert", PKI / "ca.pem", "--connect-to", f"localhost:{port}:{address}:{to_port or port}"]


def run_in_peers(work, name, command, seconds):
    process = Process(name, in_peers(*command), work.folder)
    code = process.wait(seconds)
    return code, process.output()


# ---- Certificates ----------------------------------------------------------------------------------------------------


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"openssl {arguments[0]} failed: {done.stderr}")


def make_leaf(name, subject_alt_name, days=10, authority="ca"):
    key, request, extensions = PKI / f"{name}.key", PKI / f"{name}.csr", PKI / f"{name}.ext"
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    openssl("req", "-new", "-key", key, "-subj", f"/CN={name}", "-out", request)
    extensions.write_text(
        f"subjectAltName={subject_alt_name}\nbasicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n"
    )
    openssl(
        *("x509", "-req", "-in", request, "-CA", PKI / f"{authority}.pem", "-CAkey", PKI / f"{authority}.key", "-CAcreateserial"),
        *("-days", days, "-sha256", "-extfile", extensions, "-out", PKI / f"{name}.pem"),
    )
    (PKI / f"{name}.chain.pem").write_text((PKI / f"{name}.pem").read_text() + (PKI / f"{authority}.pem").read_text())


def make_authority(name):
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", PKI / f"{name}.key")
    openssl(
        *("req", "-x509", "-new", "-key", PKI / f"{name}.key", "-sha256", "-days", 30, "-subj", f"/CN=quasio interop {name}"),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", PKI / f"{name}.pem"),
    )


def make_certificates():
    """A CA and its leaf for localhost; a leaf for another name; a CA nobody trusts. Made anew when a week old."""
    stamp = PKI / "stamp"
    if stamp.exists() and time.time() - stamp.stat().st_mtime < 7 * 86400:
        return
    shutil.rmtree(PKI, ignore_errors=True)
    PKI.mkdir(parents=True)
    make_authority("ca")
    make_leaf("leaf", "DNS:localhost,IP:127.0.0.1,IP:::1")
    make_leaf("elsewhere", "DNS:elsewhere.example")
    make_authority("stranger")
    make_leaf("strange", "DNS:localhost,IP:127.0.0.1,IP:::1", authority="stranger")
    stamp.touch()


def spki_hash(name):
    """The hash Chromium's --ignore-certificate-errors-spki-list wants."""
    public = subprocess.run(["openssl", "x509", "-in", PKI / f"{name}.pem", "-pubkey", "-noout"], capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=public, capture_output=True, check=True).stdout
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


# ---- The site --------------------------------------------------------------------------------------------------------


def big_blocks(size):
    """The bytes of the big files: every block differs from every other, and making them is quick."""
    noise = random.Random(2718).randbytes(BLOCK)
    for number in range(size // BLOCK):
        turn = number * 7919 % BLOCK
        yield number.to_bytes(8, "big") + noise[turn + 8 :] + noise[:turn]


def asset_names():
    return [f"assets/{kind}{number:02}.{kind}" for kind in ("css", "js", "svg") for number in range(ASSETS // 3)]


def make_assets():
    noise = random.Random(31)
    links = []
    for name in asset_names():
        padding = "x" * noise.randrange(100, 60_000)
        if name.endswith(".css"):
            text = f"/* {padding} */ .{name[7:-4]} {{ color: rgb(1, 2, 3); }}\n"
            links.append(f'<link rel="stylesheet" href="/{name}">')
        elif name.endswith(".js"):
            text = f"// {padding}\nwindow.loaded = (window.loaded || 0) + 1;\n"
            links.append(f'<script src="/{name}"></script>')
        else:
            text = f'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><!-- {padding} --><rect width="8" height="8"/></svg>\n'
            links.append(f'<img src="/{name}" alt="">')
        (SITE / name).write_text(text)
    page = '<!doctype html><meta charset="utf-8"><title>thirty assets</title>\n' + "\n".join(links) + "\n"
    (SITE / "index.html").write_text(page)
    (SITE / "thirty.html").write_text(page + '<script src="/report.js"></script><script src="/thirty.js"></script>\n')


def make_site():
    """A page with thirty assets, files of many sizes, one of a gigabyte. Made once."""
    stamp = SITE / ".stamp"
    recipe = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()
    for page in (SOURCE / "tests/interop/pages").glob("*"):
        recipe = hashlib.sha256((recipe + page.read_text()).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == recipe:
        return
    shutil.rmtree(SITE, ignore_errors=True)
    (SITE / "assets").mkdir(parents=True)
    (SITE / "many").mkdir()
    make_assets()
    noise = random.Random(1)
    for number in range(200):
        (SITE / f"many/{number:03}.bin").write_bytes(noise.randbytes(noise.randrange(0, 20_000)))
    (SITE / "empty.bin").touch()
    (SITE / "1k.bin").write_bytes(noise.randbytes(1024))
    (SITE / "1m.bin").write_bytes(noise.randbytes(1 << 20))
    for name, size in (("10m.bin", 10 << 20), ("1g.bin", GIGABYTE)):
        with open(SITE / name, "wb") as out:
            for block in big_blocks(size):
                out.write(block)
    for page in (SOURCE / "tests/interop/pages").glob("*"):
        shutil.copy(page, SITE)
    stamp.write_text(recipe)


def hash_file(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(BLOCK):
            digest.update(chunk)
    return digest.hexdigest()


def site_hash(name):
    """The hash of a file of the site; that of the big one is remembered."""
    path = SITE / name
    if path.stat().st_size < BLOCK:
        return hash_file(path)
    memory = SITE / f".{name}.sha256"
    if not memory.exists():
        memory.write_text(hash_file(path))
    return memory.read_text()


def check_fetched(work, code, said, name, target=None):
    """That quasio-client ended well and wrote the file of that name."""
    check(code == 0, f"quasio-client ended with code {code} for {name}; it said:\n{said}")
    check_same(work / (target or name), name)


def check_same(path, name):
    check(path.exists(), f"{path.name} was not written")
    wanted = (SITE / name).stat().st_size
    check(path.stat().st_size == wanted, f"{name}: {path.stat().st_size} bytes arrived, where {wanted} were sent")
    check(hash_file(path) == site_hash(name), f"{name}: the bytes that arrived differ from those sent")


# ---- A sink for what a browser finds out -----------------------------------------------------------------------------


class Sink:
    """A small HTTP server on loopback to which a page posts one JSON report."""

    def __init__(self):
        self.report = None
        self.arrived = threading.Event()
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                self.send_response(204)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Access-Control-Allow-Headers", "*")
                self.send_header("Access-Control-Allow-Private-Network", "true")
                self.end_headers()

            do_OPTIONS = answer

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                self.answer()
                sink.report = json.loads(body)
                sink.arrived.set()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.url = f"http://{LOOPBACK}:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, seconds, process):
        deadline = time.monotonic() + seconds
        while not self.arrived.wait(0.1):
            check(process.alive(), f"{process.name} ended before it reported; it said:\n{process.tail()}")
            check(time.monotonic() < deadline, f"{process.name} did not report within {seconds} s; it said:\n{process.tail()}")
        return self.report

    def close(self):
        self.server.shutdown()
        self.server.server_close()


# ---- A relay that listens in -----------------------------------------------------------------------------------------


class Relay:
    """Passes datagrams between a client and a server on loopback, and keeps copies of what the client sent.

    With `rebind_at` it is a NAT that rebinds: each of these datagrams of the client's reaches the server from a new port,
    and the old port is deaf. It counts datagrams instead of time, so that the speed of the transfer does not matter; and
    they are the client's, because a server whose client says nothing cannot learn where it went."""

    def __init__(self, server_port, keep=2000, rebind_at=()):
        self.server = (LOOPBACK, server_port)
        self.keep = keep
        self.rebind_at = frozenset(rebind_at)
        self.from_client = []
        self.count_from_client = 0
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind((LOOPBACK, 0))
        self.port = self.front.getsockname()[1]
        self.back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.back.bind((LOOPBACK, 0))
        self.client = None
        self.open = True
        self.times_rebound = 0
        for sock in (self.front, self.back):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            sock.settimeout(0.2)
        self.threads = [threading.Thread(target=self.run, args=(way,), daemon=True) for way in (self.inward, self.outward)]
        for thread in self.threads:
            thread.start()

    def run(self, way):
        while self.open:
            try:
                way()
            except OSError:  # a timeout, or a port that nobody listens on
                continue

    def inward(self):
        datagram, self.client = self.front.recvfrom(65536)
        if len(self.from_client) < self.keep:
            self.from_client.append(datagram)
        self.count_from_client += 1
        if self.count_from_client in self.rebind_at:
            self.take_new_port(datagram)
        else:
            self.back.sendto(datagram, self.server)

    def outward(self):
        datagram, _ = self.back.recvfrom(65536)
        if self.client:
            self.front.sendto(datagram, self.client)

    def take_new_port(self, datagram):
        old = self.back
        new = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        new.bind((LOOPBACK, 0))
        new.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        new.settimeout(0.2)
        new.sendto(datagram, self.server)
        self.back = new
        self.times_rebound += 1
        old.close()

    def close(self):
        self.open = False
        for thread in self.threads:
            thread.join(2)
        self.front.close()
        self.back.close()


# ---- Running the cases -----------------------------------------------------------------------------------------------

CASES = {}


def case(function):
    """Marks a case of the test file that is being run (and not of one that it imports)."""
    if function.__module__ == "__main__":
        CASES[function.__name__] = function
    return function


def give_up(name, seconds):
    say(f"FAILED {name}: not finished after {seconds} s")
    end_all()
    os._exit(1)


def run_case(name):
    started = time.monotonic()
    limit = float(os.environ.get("QUASIO_CASE_SECONDS", "300"))
    watch = threading.Timer(limit, give_up, (name, limit))
    watch.daemon = True
    watch.start()
    work = Work(f"{pathlib.Path(sys.argv[0]).stem}-{name}")
    outcome = 1
    try:
        # One case makes what all share; others that start meanwhile wait for it.
        with open(SHARE / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            make_certificates()
            make_site()
        CASES[name](work)
        say(f"{name}: passed in {time.monotonic() - started:.1f} s")
        outcome = 0
    except Skip as reason:
        say(f"SKIP {name}: {reason}")
        outcome = SKIPPED
    except Failure as reason:
        say(f"FAILED {name}: {reason}")
    except Exception:
        traceback.print_exc()
        say(f"FAILED {name}")
    finally:
        watch.cancel()
        end_all()
    if outcome != 1:
        work.done()
    else:
        say(f"logs are in {work.folder}")
    return outcome


def main():
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("case", nargs="*", help=f"one of: {', '.join(CASES)}; none: all")
    arguments = parser.parse_args()
    # A test that is ended from outside (a time limit) still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(end_all() or 1))
    names = arguments.case or list(CASES)
    for name in names:
        if name not in CASES:
            parser.error(f"no case {name}")
    outcomes = [run_case(name) for name in names]
    sys.exit(1 if 1 in outcomes else (SKIPPED if all(outcome == SKIPPED for outcome in outcomes) else 0))
