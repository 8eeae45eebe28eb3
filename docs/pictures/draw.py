#!/usr/bin/env python3
"""Draws the pictures of the documentation: house.svg, walk_in.svg and walk_out.svg, beside this file.

    docs/pictures/draw.py            writes them
    docs/pictures/draw.py --check    fails where a file is not what would be written
"""
import html
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
ASIO, CORE, USER, INK = "#dcebf7", "#e6f2dc", "#f7ecd6", "#222"


class picture:
    def __init__(self, width, height):
        self.size = (width, height)
        self.parts = []

    def box(self, x, y, width, height, lines, fill):
        self.parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="5" fill="{fill}" stroke="#8a8a8a"/>')
        top = y + height / 2 - (len(lines) - 1) * 9 + 5
        for number, line in enumerate(lines):
            bold = ' font-weight="bold"' if number == 0 else ""
            self.text(x + width / 2, top + number * 18, line, f'text-anchor="middle"{bold}')

    def text(self, x, y, words, style=""):
        self.parts.append(f'<text x="{x:g}" y="{y:g}" fill="{INK}" {style}>{html.escape(words)}</text>')

    def arrow(self, x1, y1, x2, y2, label="", dashed=False):
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self.parts.append(f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{INK}"{dash} marker-end="url(#tip)"/>')
        if label:
            self.text(max(x1, x2) + 10, (y1 + y2) / 2 + 5, label, 'font-size="12"')

    def svg(self):
        width, height = self.size
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            'font-family="sans-serif" font-size="14">',
            '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
            f'<path d="M0 0L10 5L0 10z" fill="{INK}"/></marker></defs>',
            '<rect width="100%" height="100%" fill="white"/>', *self.parts, "</svg>", ""])


def house():
    made = picture(860, 560)
    made.text(20, 28, "floor", 'font-size="12"')
    floors = [
        (7, [("apps", "quasio-server, quasio-client")], USER),
        (6, [("your protocol, your handlers", "MASQUE and others to come")], USER),
        (5, [("driver", "h3_driver and controllers; http3::server, router, http3::client, pool")], ASIO),
        (4, [("runtime", "listen, connect, io_worker, application_over_quic, streams, metrics")], ASIO),
        (3, [("net", "udp_socket: batches, GSO, GRO, ECN")], ASIO),
        (2, [("http3", "messages, QPACK, priorities, datagrams, capsules"), ("qlog", "event logs")], CORE),
        (1, [("quic", "quic::connection and its parts, quic::acceptor")], CORE),
        (0, [("wire", "packets, frames"), ("crypto", "keys, TLS, tickets"), ("recovery", "loss, congestion, pacing")], CORE),
    ]
    y = 42
    for number, rooms, fill in floors:
        made.text(28, y + 29, str(number))
        widths = [500, 190] if len(rooms) == 2 else [700 / len(rooms) - 10 * (len(rooms) - 1) / len(rooms)] * len(rooms)
        x = 60
        for (name, what), width in zip(rooms, widths):
            made.box(round(x), y, round(width), 48, [name, what], fill)
            x += width + 10
        y += 56
    made.text(28, y + 29, "0")
    made.box(60, y, 700, 48, ["base", "bytes, varints, ranges, result, time, addresses"], CORE)
    for top, bottom, words in ((42 + 2 * 56, 42 + 5 * 56 - 8, "quasio::quasio"), (42 + 5 * 56, y + 48, "quasio::core")):
        made.parts.append(f'<path d="M772 {top}h10V{bottom}h-10" fill="none" stroke="{INK}"/>')
        middle = (top + bottom) / 2
        made.text(800, middle, words, f'text-anchor="middle" transform="rotate(90 800 {middle:g})" font-weight="bold"')
    return made.svg()


def walk(steps, feet):
    """Steps from the first to the last, each a box with what leads on to the next; `feet` stand beside the step they belong to."""
    made = picture(760, 20 + len(steps) * 78)
    y = 10
    for number, (lines, fill, onward) in enumerate(steps):
        made.box(120, y, 340, 50, lines, fill)
        if number in feet:
            made.box(540, y, 200, 50, feet[number][1], CORE)
            made.arrow(460, y + 25, 538, y + 25)
            made.text(499, y + 18, feet[number][0], 'font-size="12" text-anchor="middle"')
        if number + 1 < len(steps):
            made.arrow(290, y + 50, 290, y + 76, onward.lstrip("~"), onward.startswith("~"))
        y += 78
    return made.svg()


def walk_in():
    return walk([
        (["kernel"], USER, "one recvmmsg, GRO batches"),
        (["net::udp_socket", "pooled buffers"], ASIO, "datagrams with path and ECN"),
        (["runtime::inbound_packet_router", "destination connection ID: whose is it?"], ASIO, "into the inbox, which is bounded"),
        (["runtime::io_worker", "drains the inbox in its turn"], ASIO, "datagram, path, ECN, time"),
        (["quic::connection::receive", "packet_receiver, frame_receiver, parts"], CORE, "events"),
        (["application_over_quic::process_reads", "driver::h3_driver, or your own"], ASIO, "stream bytes"),
        (["http3::connection", "frames, QPACK, validation"], CORE, "heads, bodies, events"),
        (["your coroutine, callback or future"], USER, ""),
    ], {2: ("new", ["quic::acceptor", "Retry, accept, refuse"])})


def walk_out():
    return walk([
        (["your coroutine, callback or future"], USER, "body streams, controller"),
        (["driver::h3_driver", "in application_over_quic::process_writes"], ASIO, ""),
        (["http3::connection", "frames, QPACK"], CORE, ""),
        (["quic::connection::stream_write", "copied once, kept until acknowledged"], CORE, "~the worker's turn"),
        (["quic::connection::transmit", "transmitter, packet_builder: sealed in place"], CORE, "a whole GSO batch for one path"),
        (["net::udp_socket::send", "one sendmsg"], ASIO, ""),
        (["kernel"], USER, ""),
    ], {})


def main(arguments):
    pictures = {"house.svg": house(), "walk_in.svg": walk_in(), "walk_out.svg": walk_out()}
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    stale = [name for name, text in pictures.items() if not (FOLDER / name).is_file() or (FOLDER / name).read_text() != text]
    if arguments:
        for name in stale:
            print(f"docs/pictures/{name} is not what draw.py draws")
        return 1 if stale else 0
    for name in stale:
        (FOLDER / name).write_text(pictures[name])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
