"""What goes wrong for users: each ends soon, with the right exit code and a message that says what it was."""

import os
import re
import signal
import socket
import shutil
import subprocess
import time

from harness import *
import peer_servers

# The exit codes that `quasio-client --help` and `quasio-server --help` document.
CANNOT_START = 1
USAGE = 2
RESOLVE = 6
CONNECT = 7
STATUS = 22
OUTPUT = 23
TOO_LONG = 28
HANDSHAKE = 35
TRANSFER = 56
CERTIFICATE = 60
INTERRUPTED = 130


def expect(outcome, wanted, *words):
    code, said = outcome
    check(code == wanted, f"code {code}, where {wanted} was expected; it said:\n{said}")
    for word in words:
        check(re.search(word, said, re.IGNORECASE), f"the message does not speak of '{word}':\n{said}")
    check(len(said.splitlines()) <= 12, f"the message is long:\n{said}")


def run_server(work, *options, seconds=15, name="quasio-server", prefix=()):
    """A quasio-server that is expected to end by itself."""
    process = Process(name, [*prefix, need_program("quasio-server"), *options], work.folder)
    code = process.wait(seconds)
    return code, process.output()


def certificate(name="leaf"):
    return ["--cert", PKI / f"{name}.chain.pem", "--key", PKI / f"{name}.key"]


def wait_for_bytes(path, count, process, seconds=20):
    """Until a download has got that far."""
    deadline = time.monotonic() + seconds
    while not (path.exists() and path.stat().st_size >= count):
        check(process.alive(), f"{process.name} ended too early:\n{process.tail()}")
        check(time.monotonic() < deadline, f"{path.name} did not reach {count} bytes in {seconds} s")
        time.sleep(0.005)


def check_still_serves(work, server, name="after"):
    code, said = run_client(work, *trusting(server.port), "-o", work / f"{name}.bin", f"{server.origin}/1m.bin", seconds=30, name=name)
    check_fetched(work, code, said, "1m.bin", f"{name}.bin")


# ---- The client's users ----------------------------------------------------------------------------------------------


@case
def nobody_listens(work):
    port = free_port()
    started = time.monotonic()
    expect(run_client(work, *trusting(port), "-o", work / "x", f"https://localhost:{port}/", seconds=40), CONNECT, "localhost|127.0.0.1")
    say(f"  it took {time.monotonic() - started:.1f} s")
    check(not (work / "x").exists(), "an output file was left")


@case
def silence(work):
    """Somebody has the port and never answers: the client gives up by itself."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind((LOOPBACK, 0))
        port = deaf.getsockname()[1]
        expect(run_client(work, *trusting(port), "-o", work / "x", f"https://localhost:{port}/", seconds=60), TOO_LONG, "time|answer|long")


@case
def unknown_name(work):
    expect(run_client(work, "-o", work / "x", "https://no-such-name.invalid/", seconds=30), RESOLVE, "no-such-name.invalid")


@case
def stranger(work):
    """A certificate of an authority that we do not trust."""
    server = Server(work, certificate="strange")
    expect(run_client(work, *trusting(server.port), "-o", work / "x", f"{server.origin}/1k.bin", seconds=20), CERTIFICATE, "certificate|verif|trust")
    server.stop()


@case
def wrong_name(work):
    """A good certificate for somebody else."""
    server = Server(work, certificate="elsewhere")
    expect(run_client(work, *trusting(server.port), "-o", work / "x", f"{server.origin}/1k.bin", seconds=20), CERTIFICATE, "certificate|name")
    server.stop()


@case
def not_http3(work):
    """A server that speaks QUIC but not HTTP/3 (DNS over QUIC)."""
    need_program("quasio-client")
    need_peers("python3")
    port = free_port()
    command = ["sh", "-c", f"cd /share/aioquic-examples && exec python3 doq_server.py --host {LOOPBACK} --port {port}"
               f" -c /share/pki/leaf.chain.pem -k /share/pki/leaf.key --resolver {LOOPBACK}"]
    peer_servers.PeerServer("doq-server", work, command, port)
    expect(run_client(work, *trusting(port), "-o", work / "x", f"https://localhost:{port}/", seconds=20), HANDSHAKE, "alpn|h3|http/3|protocol")


@case
def urls(work):
    """URLs that are none."""
    for number, url in enumerate(("https:///path", "https://", "http://localhost/", "localhost", "https://local host/", "https://localhost:99999/", "")):
        code, said = run_client(work, "-o", work / "x", url, seconds=10, name=f"url-{number}")
        expect((code, said), USAGE)
        check(said.strip(), f"nothing was said about '{url}'")
    expect(run_client(work, seconds=10, name="none"), USAGE)
    expect(run_client(work, "--no-such-option", "https://localhost/", seconds=10, name="option"), USAGE, "no-such-option")


@case
def missing_ca_file(work):
    expect(run_client(work, "--cacert", "/no/such/file", "https://localhost:1/", seconds=10), USAGE, "/no/such/file")


@case
def unwritable_output(work):
    server = Server(work)
    expect(run_client(work, *trusting(server.port), "-o", "/no/such/folder/x", f"{server.origin}/1k.bin", seconds=20), OUTPUT, "/no/such/folder")
    if os.path.exists("/dev/full"):
        expect(run_client(work, *trusting(server.port), "-o", "/dev/full", f"{server.origin}/1m.bin", seconds=20, name="full"), OUTPUT, "space|full")
    check_still_serves(work, server)
    server.stop()


@case
def interrupted(work):
    """Ctrl-C ends the client at once."""
    server = Server(work)
    client = start_client(work, *trusting(server.port), "-o", work / "x", f"{server.origin}/1g.bin")
    wait_for_bytes(work / "x", 4 << 20, client)
    client.signal(signal.SIGINT)
    code = client.wait(5)
    check(code == INTERRUPTED, f"code {code} after SIGINT:\n{client.tail()}")
    check_still_serves(work, server)
    server.stop()


# ---- The server's users ----------------------------------------------------------------------------------------------


@case
def roots(work):
    """A root that is missing, that is a file, that may not be read."""
    expect(run_server(work, "--listen", f"{LOOPBACK}:0", "--root", "/no/such/folder", *certificate()), CANNOT_START, "/no/such/folder")
    expect(run_server(work, "--listen", f"{LOOPBACK}:0", "--root", SITE / "1k.bin", *certificate(), name="file"), CANNOT_START, "1k.bin")
    locked = work / "locked"
    locked.mkdir(mode=0)
    if os.geteuid() == 0:
        prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        locked.parent.chmod(0o755)
        readable = subprocess.run([*prefix, "test", "-x", BIN / "quasio-server"], check=False).returncode == 0
        if not readable:
            say("  a root that may not be read was left out: this build lies where only root may go")
            return
    else:
        prefix = []
    expect(run_server(work, "--listen", f"{LOOPBACK}:0", "--root", locked, name="locked", prefix=prefix), CANNOT_START, "locked")
    locked.chmod(0o700)


@case
def no_files(work):
    """Names in the root that are no files, or lead out of it: those requests fail, the others do not."""
    root = work / "root"
    root.mkdir()
    shutil.copy(SITE / "1m.bin", root)
    os.mkfifo(root / "pipe")  # the superuser may read every file; but to open a pipe would wait for ever
    (root / "dangling").symlink_to("nowhere")
    (root / "out").symlink_to("/etc")
    server = Server(work, root=root)
    for path in ("pipe", "dangling", "out/passwd"):
        target = work / "got"
        code, said = run_client(work, *trusting(server.port), "--fail", "-o", target, f"{server.origin}/{path}", seconds=20, name=path.replace("/", "-"))
        check(code == STATUS, f"{path}: code {code}, where {STATUS} was expected; it said:\n{said}")
        check(not target.exists() or b"root:" not in target.read_bytes(), f"{path} leads out of the root")
    check_still_serves(work, server)
    server.stop()


@case
def port_taken(work):
    server = Server(work)
    where = f"{LOOPBACK}:{server.port}"
    expect(run_server(work, "--listen", where, "--root", SITE, *certificate(), name="second"), CANNOT_START, "in use|taken", str(server.port))
    server.stop()


@case
def certificates(work):
    """A certificate that is missing, that is none, and a key that belongs to another."""
    base = ["--listen", f"{LOOPBACK}:0", "--root", SITE]
    expect(run_server(work, *base, "--cert", "/no/such.pem", "--key", PKI / "leaf.key", name="missing"), CANNOT_START, "/no/such.pem")
    expect(run_server(work, *base, "--cert", SITE / "1k.bin", "--key", PKI / "leaf.key", name="none"), CANNOT_START, "1k.bin")
    expect(run_server(work, *base, "--cert", PKI / "leaf.chain.pem", "--key", PKI / "strange.key", name="another"), CANNOT_START, "key")


@case
def options(work):
    expect(run_server(work, "--no-such-option", name="option"), USAGE, "no-such-option")
    expect(run_server(work, "--listen", "nonsense", "--root", SITE, name="listen"), USAGE, "nonsense")


@case
def idle_server_stops_at_once(work):
    server = Server(work)
    started = time.monotonic()
    server.stop()
    took = time.monotonic() - started
    check(took < 2, f"a server with nothing to do took {took:.1f} s to end")


@case
def wrong_alpn(work):
    """A client that speaks QUIC but not HTTP/3 is refused in the handshake, and nobody else notices."""
    need_peers("openssl")
    server = Server(work)
    command = ["sh", "-c", f"echo | timeout 10 openssl s_client -quic -alpn doq -connect {LOOPBACK}:{server.port} -servername localhost"]
    code, said = run_in_peers(work, "openssl", command, 20)
    check(code != 0 and "alert" in said.lower() or "error" in said.lower(), f"the handshake was not refused (code {code}):\n{said[-2000:]}")
    check_still_serves(work, server)
    server.stop()


# ---- Ends in the middle ----------------------------------------------------------------------------------------------


@case
def server_killed(work):
    """The server is gone in the middle of a transfer: the client notices and says so."""
    server = Server(work)
    client = start_client(work, *trusting(server.port), "-o", work / "x", f"{server.origin}/1g.bin")
    wait_for_bytes(work / "x", 4 << 20, client)
    server.process.signal(signal.SIGKILL)
    started = time.monotonic()
    code = client.wait(90)
    check(code in (TRANSFER, TOO_LONG, CONNECT), f"code {code}; it said:\n{client.tail()}")
    check(client.output().strip(), "nothing was said about it")
    say(f"  the client noticed after {time.monotonic() - started:.1f} s")


@case
def server_stopped(work):
    """SIGTERM in the middle of a transfer: what is under way is finished, or ended with a clear code; the server ends with 0."""
    server = Server(work)
    client = start_client(work, *trusting(server.port), "-o", work / "1g.bin", f"{server.origin}/1g.bin")
    wait_for_bytes(work / "1g.bin", 4 << 20, client)
    server.stop(seconds=60)
    code = client.wait(60)
    if code == 0:
        check_same(work / "1g.bin", "1g.bin")
        say("  the transfer was finished")
    else:
        expect((code, client.output()), TRANSFER)
        say("  the transfer was ended, and the client said so")


@case
def client_vanishes(work):
    """Clients that are gone in the middle: the server forgets them, serves others, and its memory comes back."""
    server = Server(work)
    check_still_serves(work, server, "before")
    before = server.process.resident()
    files = server.process.open_files()
    for number in range(20):
        client = start_client(work, *trusting(server.port), "-o", work / "x", f"{server.origin}/1g.bin", name=f"victim-{number}")
        wait_for_bytes(work / "x", 1 << 20, client)
        client.signal(signal.SIGKILL)
        client.wait(5)
        (work / "x").unlink()
    check_still_serves(work, server)
    # The dead are forgotten when their idle timeout has passed.
    deadline = time.monotonic() + 60
    while server.process.open_files() > files and time.monotonic() < deadline:
        time.sleep(0.2)
    check(server.process.open_files() <= files, f"open files: {files} before, {server.process.open_files()} after 60 s")
    grown = server.process.resident() - before
    say(f"  resident memory: {before >> 20} MB before, {server.process.resident() >> 20} MB after")
    if os.environ.get("QUASIO_SANITIZED") != "1":
        check(grown < 64 << 20, f"memory grew by {grown >> 20} MB")
    check_still_serves(work, server, "again")
    server.stop()


if __name__ == "__main__":
    main()
