"""Version 2 and key updates with other people's stacks, both ways round."""

import json

from harness import *
import peer_servers

V1, V2 = "QUIC version 1", "QUIC version 2"


def ask(work, server, name, *options, seconds=60):
    """Fetches a file with quasio-client; returns what --json says of its connection and of what that counted."""
    target = work / name
    process = start_client(work, *trusting(server.port), "--json", "-o", target, *options, f"{server.origin}/{name}")
    code = process.wait(seconds)
    said = process.output()
    check_fetched(work, code, said, name)
    target.unlink()
    begin = said.index("{")
    fetched = json.JSONDecoder().raw_decode(said[begin:])[0]["transfers"][0]
    return fetched["connection"], fetched["statistics"]


def check_versions(connection, original, spoken):
    check(connection["original_quic_version"] == original, f"it began with {connection['original_quic_version']}")
    check(connection["quic_version"] == spoken, f"it speaks {connection['quic_version']} instead of {spoken}")


def check_version_2(work, server):
    check_versions(ask(work, server, "1m.bin", "--quic-version", "2")[0], V2, V2)


def check_change_to_version_2(work, server):
    check_versions(ask(work, server, "1m.bin", "--versions", "2,1")[0], V1, V2)


def check_key_updates(work, server, name="1g.bin"):
    """An update waits for three probe timeouts after the one before: with all but slow peers several take a long file."""
    _, counts = ask(work, server, name, "--update-keys-after", "300000", seconds=240)
    check(counts["key_updates"] >= 3, f"keys were updated {counts['key_updates']} times only")


@case
def ngtcp2_server(work):
    """ngtcp2's server: version 2 at once and by compatible negotiation; key updates that we begin."""
    server = peer_servers.ngtcp2(work, "--preferred-versions=v2,v1")
    check_version_2(work, server)
    check_change_to_version_2(work, server)
    check_key_updates(work, server)


@case
def quic_go_server(work):
    """Caddy, which is quic-go: version 2 at once; key updates that we begin, and within a gigabyte its own."""
    server = peer_servers.caddy(work)
    # A small file only: this quic-go updates its keys after 100 packets with the label of version 1 ("quic ku"), where
    # RFC 9369, section 3.3.2, has "quicv2 ku".
    check_versions(ask(work, server, "1k.bin", "--quic-version", "2")[0], V2, V2)
    check_key_updates(work, server)
    _, counts = ask(work, server, "1g.bin", seconds=240)
    check(counts["key_updates"] >= 1, "quic-go updates keys every 100000 packets, but nothing was seen of it")


@case
def aioquic_server(work):
    """aioquic's server: version 2 at once; key updates that we begin."""
    server = peer_servers.aioquic(work)
    check_version_2(work, server)
    check_key_updates(work, server, "10m.bin")


@case
def nginx_server(work):
    """nginx, which knows version 1 alone: version 2 falls back to it by a Version Negotiation packet; key updates."""
    server = peer_servers.nginx(work)
    check_versions(ask(work, server, "1m.bin", "--quic-version", "2")[0], V2, V1)
    check_key_updates(work, server)


@case
def quasio_server(work):
    """quasio-server: every way of coming to a version, and a server that speaks only version 2."""
    server = Server(work)
    check_versions(ask(work, server, "1m.bin")[0], V1, V1)
    check_version_2(work, server)
    check_change_to_version_2(work, server)
    check_key_updates(work, server)
    server.stop()
    modern = Server(work, "--versions", "2", name="quasio-server-2")
    check_versions(ask(work, modern, "1m.bin")[0], V1, V2)
    modern.stop()
    eager = Server(work, "--versions", "2,1", name="quasio-server-21")
    check_versions(ask(work, eager, "1m.bin")[0], V1, V2)
    eager.stop()


def gtlsclient(work, server, name, *options, seconds=60):
    """Fetches with ngtcp2's client; returns all that it said."""
    need_peers("gtlsclient")
    command = ["gtlsclient", "--exit-on-all-streams-close", "--no-http-dump", f"--download={work.in_chroot('')}", *options,
               LOOPBACK, server.port, f"{server.origin}/{name}"]
    code, said = run_in_peers(work, f"gtlsclient-{name}", command, seconds)
    check(code == 0, f"gtlsclient ended with code {code}: {said[-2000:]}\nthe server said: {server.process.tail()}")
    check_same(work / name, name)
    (work / name).unlink()
    return said


def check_spoken(said, version):
    check(f"version=0x{version:08x}" in said, f"gtlsclient never spoke version 0x{version:08x}: {said[-2000:]}")


@case
def ngtcp2_client(work):
    """ngtcp2's client at quasio-server: version 2 at once, by compatible and by incompatible negotiation; its key updates."""
    v2 = 0x6b3343cf
    server = Server(work)
    both = ["--available-versions=v2,v1", "--preferred-versions=v2,v1"]
    check_spoken(gtlsclient(work, server, "1m.bin", "-v", "v2", *both), v2)
    check_spoken(gtlsclient(work, server, "1m.bin", "-v", "v1", *both), v2)
    said = gtlsclient(work, server, "10m.bin", "--key-update=1ms", "--delay-stream=30ms")
    check("ey update" in said, f"gtlsclient tells of no key update: {said[-2000:]}")
    server.stop()
    modern = Server(work, "--versions", "2", name="quasio-server-2")
    check_spoken(gtlsclient(work, modern, "1m.bin", "-v", "v1", *both), v2)
    modern.stop()


@case
def aioquic_client(work):
    """aioquic's client at quasio-server: begins with version 1 and asks for version 2 (compatible negotiation)."""
    need_peers("python3")
    examples = SHARE / "aioquic-examples"
    check((examples / "http3_client.py").exists(), "aioquic's example client is not in the share")
    server = Server(work)
    command = ["sh", "-c", "cd /share/aioquic-examples && exec python3 http3_client.py --ca-certs /share/pki/ca.pem --negotiate-v2 -v"
               f" --output-dir {work.in_chroot('')} https://{LOOPBACK}:{server.port}/1m.bin"]
    code, said = run_in_peers(work, "aioquic-client", command, 60)
    check(code == 0, f"aioquic's client ended with code {code}: {said[-2000:]}")
    check_same(work / "1m.bin", "1m.bin")
    check("Negotiated protocol version 0x6b3343cf" in said or "VERSION_2" in said, f"aioquic's client tells of no version 2: {said[-3000:]}")
    server.stop()


if __name__ == "__main__":
    main()
