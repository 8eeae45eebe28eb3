"""Connections that are resumed, and requests that go with early data (0-RTT), with other people's servers and clients."""

from harness import *
import peer_servers


def fetch_with_sessions(work, server, name, target, *options):
    return run_client(work, *trusting(server.port), "-v", "--session-file", work / "sessions", *options, "-o", work / target,
                      f"{server.origin}/{name}", seconds=60, name=f"client-{target}")


def resume(work, server, early, name="1k.bin"):
    """Fetches twice: the second connection resumes the first, and its request goes early where the server takes that."""
    code, said = fetch_with_sessions(work, server, name, "first")
    check_fetched(work, code, said, name, work / "first")
    code, said = fetch_with_sessions(work, server, name, "second", "--early-data")
    check_fetched(work, code, said, name, work / "second")
    check("resumed" in said, f"the connection was not resumed:\n{said}")
    wanted = f"early data {early}"
    check(not early or wanted in said, f"no \"{wanted}\" in:\n{said}")


def check_served_early(server):
    check("in early data" in server.process.output(), f"no request came as early data:\n{server.process.tail()}")


@case
def quasio(work):
    """quasio-client and quasio-server, with and without early data."""
    for options, early in ((["--early-data"], "accepted"), ([], None)):
        server = Server(work, *options)
        resume(work, server, early)
        server.stop()
        (work / "sessions").unlink()


@case
def quasio_with_retry(work):
    """Early data is sent again after a Retry."""
    server = Server(work, "--early-data", "--retry", "always")
    resume(work, server, "accepted")
    server.stop()


@case
def restarted(work):
    """A server that has lost its keys rejects early data, and answers all the same."""
    server = Server(work, "--early-data")
    code, said = fetch_with_sessions(work, server, "1k.bin", "first")
    check_fetched(work, code, said, "1k.bin", work / "first")
    port = server.port
    server.stop()
    server = Server(work, "--early-data", listen=f"{LOOPBACK}:{port}")
    code, said = fetch_with_sessions(work, server, "1k.bin", "second", "--early-data")
    check_fetched(work, code, said, "1k.bin", work / "second")
    check("early data rejected" in said, f"early data was not rejected:\n{said}")
    server.stop()


@case
def ngtcp2_server(work):
    """quasio-client resumes at ngtcp2's server, with early data."""
    need_program("quasio-client")
    resume(work, peer_servers.ngtcp2(work), "accepted")


@case
def aioquic_server(work):
    """quasio-client resumes at aioquic's server, with early data."""
    need_program("quasio-client")
    resume(work, peer_servers.aioquic(work), "accepted")


@case
def caddy_server(work):
    """quasio-client resumes at Caddy (quic-go), with early data."""
    need_program("quasio-client")
    resume(work, peer_servers.caddy(work), "accepted")


@case
def nginx_server(work):
    """quasio-client resumes at nginx, which takes no early data by default."""
    need_program("quasio-client")
    resume(work, peer_servers.nginx(work), None)


@case
def ngtcp2_client(work):
    """ngtcp2's client resumes at quasio-server, with early data."""
    need_peers("gtlsclient")
    server = Server(work, "--early-data")
    keep = [f"--session-file={work.in_chroot('tickets')}", f"--tp-file={work.in_chroot('parameters')}"]
    common = ["gtlsclient", "--exit-on-all-streams-close", "--no-http-dump", *keep]
    where = [LOOPBACK, server.port, f"{server.origin}/1k.bin"]
    run_in_peers(work, "gtlsclient-1", [*common, "--wait-for-ticket", *where], 30)
    code, said = run_in_peers(work, "gtlsclient-2", [*common, *where], 30)
    check(code == 0, f"gtlsclient ended with code {code}; it said:\n{said[-2000:]}")
    check_served_early(server)
    server.stop()


@case
def aioquic_client(work):
    """aioquic's client resumes at quasio-server, with early data."""
    need_peers("python3")
    server = Server(work, "--early-data")
    command = ["sh", "-c", f"cd /share/aioquic-examples && exec python3 http3_client.py --ca-certs /share/pki/ca.pem -v"
               f" --session-ticket {work.in_chroot('ticket')} --zero-rtt https://localhost:{server.port}/1k.bin"]
    plain = [part.replace(" --zero-rtt", "") for part in command]
    code, said = run_in_peers(work, "aioquic-1", plain, 30)
    check(code == 0, f"aioquic ended with code {code}; it said:\n{said[-2000:]}")
    code, said = run_in_peers(work, "aioquic-2", command, 30)
    check(code == 0, f"aioquic ended with code {code}; it said:\n{said[-2000:]}")
    check_served_early(server)
    server.stop()


if __name__ == "__main__":
    main()
