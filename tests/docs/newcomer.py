#!/usr/bin/env python3
"""Does what the tutorial says, as a newcomer would: in a folder of one's own, against an installed quasio.

    newcomer.py SOURCE BUILD CXX_COMPILER

The pages of docs/tutorial are gone through in order. Comments before their blocks say what to do with them:

    <!-- save as NAME -->          <!-- append to NAME -->
    <!-- run -->                   <!-- run in the background -->   until the pages end, then SIGTERM
    <!-- prints -->                the last command's output, or the first lines of the one in the background

The ports of the pages are replaced by free ones.
"""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys

STEP = re.compile(r"^<!-- (save as|append to|run in the background|run|prints)(?: ([\w./-]+))? -->\n(?:<!-- (?:from )?examples/\S+ -->\n)?"
                  r"```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


class newcomer:
    def __init__(self, folder, environment):
        self.folder = folder
        self.environment = environment
        self.ports = {}
        self.servers = []
        self.printed = ""

    def with_free_ports(self, text):
        """The page's ports 4433 and 4434 are other programs' too."""
        return re.sub(r"\b443[34]\b", lambda found: self.ports.setdefault(found[0], free_port()), text)

    def save(self, name, text, mode):
        with open(self.folder / name, mode, encoding="utf-8") as file:
            file.write(text if mode == "w" else "\n" + text)

    def run(self, commands):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", self.with_free_ports(commands)], cwd=self.folder, text=True,
                              env=self.environment, capture_output=True, timeout=800, check=False)
        assert done.returncode == 0, f"{commands}\nended with {done.returncode}:\n{done.stdout}{done.stderr}"
        self.printed = done.stdout

    def run_in_the_background(self, command):
        server = subprocess.Popen(["bash", "-c", "exec " + self.with_free_ports(command.strip())], cwd=self.folder, text=True,
                                  env=self.environment, stdout=subprocess.PIPE)
        self.servers.append(server)
        self.printed = server.stdout.readline()

    def expect(self, text):
        wanted = self.with_free_ports(text)
        assert self.printed.endswith(wanted), f"the page says\n{wanted}\nand the program printed\n{self.printed}"

    def follow(self, page):
        text = page.read_text()
        steps = STEP.findall(text)
        assert len(steps) == len(re.findall(r"^<!-- (?:save|append|run|prints)\b", text, re.MULTILINE)), f"{page}: a step without a block"
        for verb, name, block in steps:
            if verb == "save as":
                self.save(name, block, "w")
            elif verb == "append to":
                self.save(name, block, "a")
            elif verb == "run":
                self.run(block)
            elif verb == "run in the background":
                self.run_in_the_background(block)
            else:
                self.expect(block)
        print(f"newcomer: {page.name}: {len(steps)} steps done")
        return len(steps)

    def end(self):
        for server in self.servers:
            server.send_signal(signal.SIGTERM)
            assert server.wait(timeout=30) == 0, "a server did not end well"

    def end_at_once(self):
        for server in self.servers:
            if server.poll() is None:
                server.kill()
                server.wait()


def main(source, build, compiler):
    work = pathlib.Path(build) / "newcomer-test"
    shutil.rmtree(work, ignore_errors=True)
    prefix = work / "installed"
    folder = work / "hello"
    folder.mkdir(parents=True)
    subprocess.run(["cmake", "--install", build, "--prefix", str(prefix)], stdout=subprocess.DEVNULL, check=True)
    environment = dict(os.environ, CXX=compiler, CMAKE_PREFIX_PATH=str(prefix))
    if shutil.which("ccache"):
        environment.update(CMAKE_CXX_COMPILER_LAUNCHER="ccache", CCACHE_NOHASHDIR="1", CCACHE_BASEDIR=str(work))
    person = newcomer(folder, environment)
    try:
        steps = sum(person.follow(page) for page in sorted((pathlib.Path(source) / "docs/tutorial").glob("*.md")))
        assert steps >= 15, "the tutorial has lost its steps"
        person.end()
    finally:
        person.end_at_once()
    shutil.rmtree(work)
    print(f"newcomer: {steps} steps work as the pages say")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
