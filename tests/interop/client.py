"""quasio-client fetches from other people's servers and from quasio-server."""

from harness import *
import peer_servers


def fetch(work, server, name, seconds):
    code, said = run_client(work, *trusting(server.port), "-o", work / name, f"{server.origin}/{name}", seconds=seconds, name=f"client-{name}")
    check_fetched(work, code, said, name)


def fetch_all(work, server, *names, seconds=120):
    for name in names:
        fetch(work, server, name, seconds)


@case
def nginx(work):
    """Files of many sizes, up to a gigabyte, from nginx."""
    need_program("quasio-client")
    fetch_all(work, peer_servers.nginx(work), "empty.bin", "1k.bin", "1m.bin", "1g.bin")


@case
def nginx_with_retry(work):
    """nginx that asks for a Retry token."""
    need_program("quasio-client")
    fetch_all(work, peer_servers.nginx(work, retry=True), "1m.bin")


@case
def caddy(work):
    """Files of many sizes, up to a gigabyte, from Caddy."""
    need_program("quasio-client")
    fetch_all(work, peer_servers.caddy(work), "1k.bin", "1m.bin", "1g.bin", seconds=240)


@case
def aioquic(work):
    """Files from aioquic; ten megabytes at most, because it sends only some megabytes a second."""
    need_program("quasio-client")
    fetch_all(work, peer_servers.aioquic(work), "1k.bin", "1m.bin", "10m.bin")


@case
def ngtcp2(work):
    """Files from ngtcp2's server."""
    need_program("quasio-client")
    fetch_all(work, peer_servers.ngtcp2(work), "1k.bin", "10m.bin", "1g.bin")


@case
def quasio(work):
    """Files of many sizes, up to a gigabyte, from quasio-server."""
    server = Server(work)
    fetch_all(work, server, "empty.bin", "1k.bin", "1m.bin", "1g.bin")
    server.stop()


@case
def localhost(work):
    """The name localhost, which resolves to ::1 first: a server on IPv4 alone, and one on both families, are both reached."""
    for listen in (f"{LOOPBACK}:0", "[::]:0"):
        server = Server(work, listen=listen)
        code, said = run_client(work, "--cacert", PKI / "ca.pem", "-o", work / "1m.bin", f"{server.origin}/1m.bin", seconds=30)
        check_fetched(work, code, said, "1m.bin")
        server.stop()
        (work / "1m.bin").unlink()


@case
def self_signed(work):
    """A server with no certificate makes one: refused by default, accepted with --insecure."""
    server = Server(work, certificate=None)
    check(server.spki, "no SPKI hash was printed")
    where = ["--connect-to", f"localhost:{server.port}:{LOOPBACK}:{server.port}", "-o", work / "1k.bin", f"{server.origin}/1k.bin"]
    code, said = run_client(work, *where, seconds=20)
    check(code == 60, f"a self-signed certificate was accepted: code {code}\n{said}")
    code, said = run_client(work, "--insecure", *where, seconds=20)
    check_fetched(work, code, said, "1k.bin")
    server.stop()


@case
def retry(work):
    """quasio-server that always asks for a Retry token."""
    server = Server(work, "--retry", "always")
    fetch(work, server, "1m.bin", 30)
    server.stop()


@case
def many_parallel(work):
    """Two hundred requests in parallel on one connection."""
    server = Server(work)
    (work / "got").mkdir()
    names = [f"{number:03}.bin" for number in range(200)]
    urls = [f"{server.origin}/many/{name}" for name in names]
    code, said = run_client(work, *trusting(server.port), "--parallel", 200, "-O", *urls, seconds=60, cwd=work / "got")
    check(code == 0, f"quasio-client ended with code {code}; it said:\n{said}")
    for name in names:
        path = work / "got" / name
        check(path.exists() and path.read_bytes() == (SITE / "many" / name).read_bytes(), f"{name} is missing or differs")
    server.stop()


@case
def many_connections(work):
    """Two hundred connections at once, each with a client process of its own."""
    server = Server(work)
    clients = []
    for number in range(200):
        name = f"{number:03}.bin"
        clients.append(start_client(work, *trusting(server.port), "-o", work / name, f"{server.origin}/many/{name}", name=f"client-{number}"))
    for number, client in enumerate(clients):
        code = client.wait(90)
        check(code == 0, f"client {number} ended with code {code}; it said:\n{client.tail()}")
        name = f"{number:03}.bin"
        check((work / name).read_bytes() == (SITE / "many" / name).read_bytes(), f"{name} differs")
    server.stop()


if __name__ == "__main__":
    main()
