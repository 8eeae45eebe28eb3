"""Runs the examples as processes: the server with the client, the echo over QUIC streams, and HTTP/3 in memory."""

import os
import signal
import subprocess
import sys
import tempfile

programs = sys.argv[1]


def program(name):
    return os.path.join(programs, name)


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{command} ended with {done.returncode}: {done.stderr}"
    return done.stdout


with tempfile.TemporaryDirectory() as folder:
    certificate = os.path.join(folder, "certificate.pem")
    key = os.path.join(folder, "key.pem")
    output_of(program("example_test_identity"), certificate, key)

    answer = output_of(program("quic_echo"), certificate, key)
    assert answer == "hello, stream\n", answer

    answer = output_of(program("http3_in_memory"), certificate, key)
    assert answer == "You asked for /some/page\n", answer

    server = subprocess.Popen([program("http3_hello_server"), certificate, key, "0"], stdout=subprocess.PIPE, text=True)
    try:
        ready = server.stdout.readline().split()
        assert ready[0] == "ready", ready
        port = ready[1].rsplit(":", 1)[1]
        page = output_of(program("http3_get"), f"https://localhost:{port}/some/page", certificate)
        assert page == "You asked for /some/page\n", page
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) == 0
    finally:
        server.kill()
        server.wait()
