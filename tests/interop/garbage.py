"""A million bad datagrams at the server's port change nothing for a transfer that runs beside them."""

import random
import socket

from harness import *

DATAGRAMS = 1_000_000
WARM_UP = 200_000
GROWTH_AT_MOST = 24 << 20
BATCH = 64


def record_real_datagrams(work, server):
    """What a real client sends, from its first Initial to its last ACK."""
    relay = Relay(server.port)
    code, said = run_client(work, *trusting(server.port, to_port=relay.port), "-o", work / "1m.bin", f"{server.origin}/1m.bin", name="recorded")
    relay.close()
    check_fetched(work, code, said, "1m.bin")
    check(len(relay.from_client) > 5, f"only {len(relay.from_client)} datagrams were recorded")
    return relay.from_client


def truncated(chance, real):
    datagram = chance.choice(real)
    return datagram[: chance.randrange(len(datagram))]


def bit_flipped(chance, real):
    datagram = bytearray(chance.choice(real))
    for _ in range(chance.randrange(1, 9)):
        datagram[chance.randrange(len(datagram))] ^= 1 << chance.randrange(8)
    return bytes(datagram)


def noise(chance, _):
    return chance.randbytes(chance.randrange(1, 1500))


def long_header_noise(chance, _):
    """Noise that looks like an Initial or another long header of version 1, 2, or of one that nobody knows."""
    version = chance.choice((b"\x00\x00\x00\x01", b"\x6b\x33\x43\xcf", b"\x00\x00\x00\x00", chance.randbytes(4)))
    first = bytes([0xC0 | chance.randrange(64)])
    return first + version + bytes([chance.randrange(24)]) + chance.randbytes(chance.randrange(1, 1400))


def make_garbage(chance, real, count):
    makers = (noise, long_header_noise, truncated, bit_flipped, bit_flipped)
    return [makers[number % len(makers)](chance, real) for number in range(count)]


class Thrower:
    """Throws garbage as fast as the server reads it: what the kernel drops before the server sees it would prove nothing."""

    def __init__(self, port, garbage):
        self.port = port
        self.garbage = garbage
        self.thrown = 0
        self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(16)]
        for sock in self.sockets:
            sock.connect((LOOPBACK, port))
            sock.setblocking(False)

    def throw(self, count, chance):
        end = self.thrown + count
        while self.thrown < end:
            waiting = max(queued for queued, _ in udp_sockets(self.port))
            if waiting > 128 << 10:
                time.sleep(0.0005)
                continue
            sock = chance.choice(self.sockets)
            at = chance.randrange(len(self.garbage))
            for datagram in self.garbage[at : at + BATCH]:
                try:
                    sock.send(datagram)
                except OSError:  # nobody listens (the check on the transfer will say so), or the queue is full
                    continue
                self.thrown += 1

    def close(self):
        for sock in self.sockets:
            sock.close()


@case
def beside_a_transfer(work):
    server = Server(work)
    chance = random.Random(9000)
    pool = make_garbage(chance, record_real_datagrams(work, server), 40_000)
    thrower = Thrower(server.port, pool)
    fetches = 0
    client = None
    warm = None
    dropped_before = sum(dropped for _, dropped in udp_sockets(server.port))

    def begin():
        return start_client(work, *trusting(server.port), "-o", work / "10m.bin", f"{server.origin}/10m.bin", name=f"beside-{fetches}")

    client = begin()
    while thrower.thrown < DATAGRAMS:
        thrower.throw(20_000, chance)
        check(server.process.alive(), f"the server died:\n{server.process.tail()}")
        if not client.alive():
            check_fetched(work, client.wait(1), client.output(), "10m.bin")
            (work / "10m.bin").unlink()
            fetches += 1
            client = begin()
        if warm is None and thrower.thrown >= WARM_UP:
            warm = server.process.resident()
    check_fetched(work, client.wait(60), client.output(), "10m.bin")
    fetches += 1
    thrower.close()

    dropped = sum(dropped for _, dropped in udp_sockets(server.port)) - dropped_before
    after = server.process.resident()
    say(f"  {thrower.thrown} datagrams thrown, {dropped} dropped by the kernel; {fetches} fetches beside them;"
        f" resident {warm >> 20} MB after {WARM_UP}, {after >> 20} MB at the end")
    check(dropped < thrower.thrown // 10, f"the kernel dropped {dropped} of {thrower.thrown}: the server hardly saw the garbage")
    check(fetches >= 2, "hardly a transfer ran beside the garbage")
    check(after - warm < GROWTH_AT_MOST, f"memory grew by {(after - warm) >> 20} MB")
    server.stop()


if __name__ == "__main__":
    main()
