"""Connections that change their path in the middle of a transfer, with other people's programs at the other end."""

import re

from harness import *
import peer_servers


def move_during(work, server, name, after, seconds=120):
    """quasio-client moves to a new port after some bytes; the file must be whole, and the new path in use."""
    need_program("quasio-client")
    code, said = run_client(work, *trusting(server.port), "-v", "--migrate-after", after, "-o", work / name,
                            f"{server.origin}/{name}", seconds=seconds)
    check_fetched(work, code, said, name)
    moved = re.search(r"moved to (\S+) after", said)
    check(moved, f"it did not move:\n{said}")
    used = re.search(r"path from (\S+), in use, validated: (\d+) bytes received", said)
    check(used and used.group(1) == moved.group(1), f"the new path is not in use:\n{said}")
    check(int(used.group(2)) > 0, f"nothing came by the new path:\n{said}")


@case
def to_aioquic(work):
    """quasio-client moves away during a transfer from aioquic."""
    move_during(work, peer_servers.aioquic(work), "10m.bin", 2_000_000)


@case
def to_ngtcp2(work):
    """quasio-client moves away during a transfer from ngtcp2's server."""
    move_during(work, peer_servers.ngtcp2(work), "10m.bin", 2_000_000)


@case
def to_caddy(work):
    """Caddy (quic-go) forbids clients to migrate: quasio-client says so once, and stays."""
    server = peer_servers.caddy(work)
    code, said = run_client(work, *trusting(server.port), "-v", "--migrate-after", 2_000_000, "-o", work / "10m.bin",
                            f"{server.origin}/10m.bin", seconds=120)
    check_fetched(work, code, said, "10m.bin")
    check(said.count("cannot move: the server does not want its clients to migrate") == 1, f"it does not say so once:\n{said}")


@case
def to_nginx(work):
    """quasio-client moves away during a transfer from nginx."""
    move_during(work, peer_servers.nginx(work), "10m.bin", 2_000_000)


@case
def to_quasio(work):
    """quasio-client moves away during a transfer from quasio-server."""
    server = Server(work)
    move_during(work, server, "10m.bin", 2_000_000)
    server.stop()


# As often as quasio-server lets clients change their address at once, the first time when the handshake is through: before
# that nobody's address may change (RFC 9000, section 9).
REBIND_AT = range(30, 190, 20)


def rebind_during(work, run, name):
    server = Server(work)
    nat = Relay(server.port, rebind_at=REBIND_AT)
    target = work.in_chroot("down")
    (work / "down").mkdir()
    code, said = run(nat.port, f"https://localhost:{nat.port}/{name}", target)
    nat.close()
    check(code == 0, f"the client ended with code {code}: {said[-2000:]}")
    check_same(work / "down" / name, name)
    check(nat.times_rebound >= 3,
          f"the client needed {nat.count_from_client} datagrams, and the NAT rebound {nat.times_rebound} times only")
    server.stop()


@case
def ngtcp2_behind_a_nat(work):
    """ngtcp2's client fetches from quasio-server behind a NAT that rebinds."""
    need_peers("gtlsclient")

    def run(port, url, target):
        command = ["gtlsclient", "-q", "--exit-on-all-streams-close", f"--download={target}", LOOPBACK, port, url]
        return run_in_peers(work, "gtlsclient", command, 120)

    rebind_during(work, run, "10m.bin")


@case
def aioquic_behind_a_nat(work):
    """aioquic's client fetches from quasio-server behind a NAT that rebinds."""
    need_peers("python3")
    check((SHARE / "aioquic-examples/http3_client.py").exists(), "aioquic's example client is not in the share")

    def run(port, url, target):
        command = ["sh", "-c", "cd /share/aioquic-examples && exec python3 http3_client.py --ca-certs /share/pki/ca.pem"
                   f" --output-dir {target} {url}"]
        return run_in_peers(work, "aioquic-client", command, 120)

    rebind_during(work, run, "10m.bin")


if __name__ == "__main__":
    main()
