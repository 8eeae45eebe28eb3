#!/usr/bin/env python3
"""Checks that the floors of the house hold, by reading the includes.

    check_layout.py SOURCE_FOLDER      checks a tree; prints what is wrong; exit code 1 if anything is
    check_layout.py --self-test        checks the checker on small trees with known faults

A room (a folder below src/ and include/quasio/) includes only rooms on floors below its own. A public header includes no
private one. The core (floors 0 to 2) knows no Asio. Boost.Asio is named by include/quasio/asio.hpp (and asio_posix.hpp) alone. No C++ file is
longer than LINES_AT_MOST lines. Each header says #pragma once.
"""

import pathlib
import re
import sys
import tempfile

LINES_AT_MOST = 600

# Room -> the rooms it may include. Whoever adds a room adds it here: an unknown room is an error.
CORE_FOUNDATION = {"base"}
FLOOR_0 = {"base", "wire", "crypto", "recovery"}
ROOMS = {
    "base": set(),
    "wire": CORE_FOUNDATION,
    "crypto": CORE_FOUNDATION,
    "recovery": CORE_FOUNDATION,
    "quic": FLOOR_0,
    "http3": FLOOR_0 | {"quic"},
    # It watches those it writes about; they know an abstract observer only.
    "qlog": FLOOR_0 | {"quic", "http3"},
    "net": {"base"},
    "runtime": FLOOR_0 | {"quic", "http3", "qlog", "net"},
    "driver": FLOOR_0 | {"quic", "http3", "qlog", "net", "runtime"},
    "masque": FLOOR_0 | {"quic", "http3", "qlog", "net", "runtime", "driver"},
    "dns": FLOOR_0 | {"quic", "http3", "qlog", "net", "runtime", "driver"},
}
CORE = FLOOR_0 | {"quic", "http3", "qlog"}

ASIO_HEADERS = {"include/quasio/asio.hpp", "include/quasio/asio_posix.hpp"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')
SUFFIXES = {".cpp", ".hpp"}


def cpp_files(root, *folders):
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SUFFIXES and path.is_file():
                yield path


def includes(text):
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1) == "<", match.group(2)


class Checker:
    def __init__(self, root):
        self.root = root
        self.faults = []

    def fault(self, path, line, text):
        self.faults.append(f"{path.relative_to(self.root)}:{line}: {text}")

    def run(self):
        for path in cpp_files(self.root, "src", "include", "apps", "tests", "examples", "bench"):
            text = path.read_text(encoding="utf-8")
            self.check_length(path, text)
            if path.suffix == ".hpp" and "#pragma once" not in text:
                self.fault(path, 1, "a header without #pragma once")
        for path in cpp_files(self.root, "src", "include"):
            self.check_includes(path, path.read_text(encoding="utf-8"))
        for path in cpp_files(self.root, "apps", "examples"):
            self.check_outsider(path, path.read_text(encoding="utf-8"))
        return self.faults

    def check_length(self, path, text):
        lines = text.count("\n")
        if lines > LINES_AT_MOST:
            self.fault(path, lines, f"{lines} lines, where {LINES_AT_MOST} is the most: find the second idea in it")

    def place(self, path):
        """(room or None for the headers above all rooms, public?)"""
        parts = path.relative_to(self.root).parts
        public = parts[0] == "include"
        inner = parts[2:] if public else parts[1:]
        return (inner[0] if len(inner) > 1 else None), public

    def target_of(self, name):
        """What an include of ours names: (room or None, public?), or nothing if it is not ours."""
        public = name.startswith("quasio/")
        inner = name.split("/")[1:] if public else name.split("/")
        if public:
            return (inner[0] if len(inner) > 1 else None), True
        if len(inner) > 1 and (inner[0] in ROOMS or (self.root / "src" / name).exists()):
            return inner[0], False
        return None

    def check_includes(self, path, text):
        room, public = self.place(path)
        here = path.relative_to(self.root).as_posix()
        if room is not None and room not in ROOMS:
            self.fault(path, 1, f"room {room} has no place in the table of floors (tests/layout/check_layout.py)")
            return
        for line, angled, name in includes(text):
            if name.startswith("boost/asio") and here not in ASIO_HEADERS and not name.startswith("boost/asio/ssl"):
                self.fault(path, line, f"<{name}>: Boost.Asio is named by quasio/asio.hpp alone")
            if room in CORE and name.startswith("boost/"):
                self.fault(path, line, f"<{name}>: the core knows no Boost")
            if not angled and not name.startswith("quasio/") and "/" not in name:
                self.fault(path, line, f'"{name}": name a header of ours by its room')
            target = self.target_of(name)
            if target is not None:
                self.check_step(path, line, room, public, name, *target)

    def check_step(self, path, line, room, public, name, to_room, to_public):
        if public and not to_public:
            self.fault(path, line, f'"{name}": a public header includes a private one')
        if to_room is None:
            if f"include/{name}" in ASIO_HEADERS:
                if room in CORE:
                    self.fault(path, line, f'"{name}": the core knows no Asio')
            elif room is not None:
                self.fault(path, line, f'"{name}": a room includes what stands above all rooms')
            return
        if room is None or to_room == room:
            return
        if to_room not in ROOMS:
            self.fault(path, line, f'"{name}": no such room in the table of floors')
        elif to_room not in ROOMS[room]:
            self.fault(path, line, f'"{name}": {room} may not include {to_room}')

    def check_outsider(self, path, text):
        """Programs and examples use what is installed, and nothing else of the library."""
        for line, _, name in includes(text):
            target = self.target_of(name)
            if target is not None and not target[1]:
                self.fault(path, line, f'"{name}": programs and examples include public headers only')


# Each sample: the files of a small tree, and what must be said about it (one part of the only fault; None: no fault).
SAMPLES = {
    "a clean tree": (
        {
            "src/quic/a.hpp": '#pragma once\n#include "quasio/base/bytes.hpp"\n#include "wire/frame.hpp"\n',
            "src/wire/frame.hpp": "#pragma once\n#include <vector>\n",
            "include/quasio/driver/d.hpp": '#pragma once\n#include "quasio/asio.hpp"\n#include "quasio/quic/c.hpp"\n',
            "include/quasio/asio.hpp": "#pragma once\n#include <boost/asio/post.hpp>\n",
            "include/quasio/quasio.hpp": '#pragma once\n#include "quasio/driver/d.hpp"\n',
            "apps/p.cpp": '#include "quasio/driver/d.hpp"\n',
        },
        None,
    ),
    "up a floor": ({"src/wire/a.cpp": '#include "quic/connection.hpp"\n'}, "wire may not include quic"),
    "up a floor, public": ({"src/quic/a.cpp": '#include "quasio/driver/x.hpp"\n'}, "quic may not include driver"),
    "up a floor, in angle brackets": ({"src/wire/a.cpp": "#include <quasio/quic/x.hpp>\n"}, "wire may not include quic"),
    "sideways": ({"src/crypto/a.cpp": '#include "wire/frame.hpp"\n'}, "crypto may not include wire"),
    "sideways from net": ({"src/net/a.cpp": '#include "quasio/quic/connection.hpp"\n'}, "net may not include quic"),
    "base looks up": ({"include/quasio/base/a.hpp": '#pragma once\n#include "quasio/wire/version.hpp"\n'}, "base may not include wire"),
    "a public header with a private one": (
        {"include/quasio/quic/a.hpp": '#pragma once\n#include "quic/b.hpp"\n'},
        "a public header includes a private one",
    ),
    "Asio in the core": ({"src/http3/a.cpp": '#include "quasio/asio.hpp"\n'}, "the core knows no Asio"),
    "Asio for descriptors in the core": ({"src/http3/a.cpp": '#include "quasio/asio_posix.hpp"\n'}, "the core knows no Asio"),
    "Boost in the core": ({"src/quic/a.cpp": "#include <boost/container/flat_map.hpp>\n"}, "the core knows no Boost"),
    "Asio by its own name": ({"src/net/a.cpp": "#include <boost/asio/post.hpp>\n"}, "named by quasio/asio.hpp alone"),
    "a file too long": ({"src/wire/a.cpp": "\n" * 601}, "601 lines"),
    "a test too long": ({"tests/wire/a.cpp": "\n" * 601}, "601 lines"),
    "an unknown room": ({"src/attic/a.cpp": "\n"}, "room attic has no place"),
    "a step into an unknown room": ({"src/driver/a.cpp": '#include "quasio/attic/x.hpp"\n'}, "no such room"),
    "a room includes the roof": ({"src/driver/a.cpp": '#include "quasio/quasio.hpp"\n'}, "above all rooms"),
    "a program with a private header": ({"apps/a.cpp": '#include "quic/b.hpp"\n'}, "public headers only"),
    "a bare name": ({"src/wire/a.cpp": '#include "frame.hpp"\n'}, "by its room"),
    "no pragma": ({"src/wire/a.hpp": "\n"}, "without #pragma once"),
}


def self_test():
    wrong = 0
    for name, (files, expected) in SAMPLES.items():
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for relative, text in files.items():
                path = root / relative
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            faults = Checker(root).run()
        good = not faults if expected is None else len(faults) == 1 and expected in faults[0]
        if not good:
            wrong += 1
            print(f"self-test: {name}: expected {expected!r}, got {faults}")
    print(f"self-test: {len(SAMPLES)} samples, {wrong} wrong")
    return 1 if wrong else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    root = pathlib.Path(arguments[0]).resolve()
    if not (root / "src").is_dir():
        print(f"{root} has no src", file=sys.stderr)
        return 2
    faults = Checker(root).run()
    for fault in faults:
        print(fault)
    print(f"layout: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
