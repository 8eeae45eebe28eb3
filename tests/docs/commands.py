#!/usr/bin/env python3
"""Runs the commands that README.md shows, and checks that every option that the programs' pages name exists.

    commands.py SOURCE BIN_FOLDER
"""
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import sys

OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]+")
PROGRAMS = ("quasio-server", "quasio-client")


def options_of(program):
    done = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=30, check=True)
    return set(OPTION.findall(done.stdout)) | {"--help"}


def check_options(source, programs):
    """The options on lines that call a program, and all those in backticks on the program's own page."""
    known = {name: options_of(programs / name) for name in PROGRAMS}
    faults = []
    named = 0
    for page in [source / "README.md", *sorted((source / "docs").glob("**/*.md"))]:
        text = page.read_text()
        found = [(match[1], option) for match in re.finditer(rf"^(?:\S*/)?({'|'.join(PROGRAMS)}) (.*)$", text, re.MULTILINE)
                 for option in OPTION.findall(match[2])]
        if page.stem in PROGRAMS:
            found += [(page.stem, option) for code in re.findall(r"`([^`\n]+)`", text) for option in OPTION.findall(code)[:1]
                      if code.startswith("--")]
        named += len(found)
        faults += [f"{page.relative_to(source)}: {program} has no {option}" for program, option in found if option not in known[program]]
    assert named > 20, f"only {named} options were found: have the pages changed their form?"
    for fault in faults:
        print(fault)
    assert not faults
    print(f"{named} options exist")


def run_readme(source, programs):
    """A server in the background, and a client that fetches from it."""
    text = (source / "README.md").read_text()
    server_line = re.search(r"^build/release/bin/(quasio-server .*)$", text, re.MULTILINE)[1]
    client_line = re.search(r"^build/release/bin/(quasio-client .*)$", text, re.MULTILINE)[1]
    # The server takes the port for TCP, too.
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        probe.bind(("::", 0))
        port = str(probe.getsockname()[1])
    server_command = shlex.split(server_line.replace("4433", port))
    client_command = shlex.split(client_line.replace("4433", port))
    server = subprocess.Popen([programs / server_command[0], *server_command[1:]], cwd=source, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
    try:
        for line in server.stdout:
            if line.startswith("ready "):
                break
        else:
            raise AssertionError("the server of README.md did not start")
        fetched = subprocess.run([programs / client_command[0], *client_command[1:]], cwd=source, capture_output=True, text=True,
                                 timeout=60, check=False)
        assert fetched.returncode == 0, fetched.stderr
        page = source / "docs" / client_command[-1].rsplit("/", 1)[1]
        assert fetched.stdout == page.read_text(), "the page that came is another"
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) == 0
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()
    print("the commands of README.md work")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    check_options(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
    run_readme(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
