"""Runs the examples as processes: servers with clients, and those that are both."""

import contextlib
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


@contextlib.contextmanager
def serving(*command):
    """The port of a server that runs meanwhile, and ends well when it is told to."""
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        ready = server.stdout.readline().split()
        assert ready[0] == "ready", ready
        yield ready[1].rsplit(":", 1)[1]
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) == 0
    finally:
        server.kill()
        server.wait()


with tempfile.TemporaryDirectory() as folder:
    certificate = os.path.join(folder, "certificate.pem")
    key = os.path.join(folder, "key.pem")
    output_of(program("example_test_identity"), certificate, key)

    answer = output_of(program("quic_echo"), certificate, key)
    assert answer == "hello, stream\n", answer

    # Before and after: the same service over TCP, and over QUIC with two requests at once.
    assert output_of(program("tls_sort"), certificate, key) == "apple\npear\nquince\n"
    assert output_of(program("quic_sort"), certificate, key) == "apple\npear\nquince\none\ntwo\n"

    given_up = output_of(program("http3_cancellation"), certificate, key)
    assert given_up == "timeout: took too long\noperator: took too long\nslot: stopped\ndropping: status 200\n", given_up

    fetched = output_of(program("own_congestion_controller"), certificate, key)
    assert fetched == "4194304 bytes by halving\n", fetched

    answer = output_of(program("http3_in_memory"), certificate, key)
    assert answer == "You asked for /some/page\n", answer

    answers = output_of(program("http3_beast"), certificate, key)
    assert answers == "200 inner answer to /one\n200 inner answer to /two\n", answers

    said = output_of(program("http3_tunnel"), certificate, key)
    assert said == "capsule: hello, reliably\ndatagram: hello, at once\n", said

    events = output_of(program("http3_events"), certificate, key)
    assert events == "".join(f"id: {n}\ndata: tick\n" for n in (1, 2, 3)), events

    with serving(program("http3_hello_server"), certificate, key, "0") as port:
        url = f"https://localhost:{port}"
        page = output_of(program("http3_get"), f"{url}/some/page", certificate)
        assert page == "You asked for /some/page\n", page
        page = output_of(program("http3_callbacks"), f"{url}/called", certificate)
        assert page == "200 You asked for /called\n", page
        pages = output_of(program("http3_futures"), certificate, f"{url}/a", f"{url}/b")
        assert pages == f"{url}/a You asked for /a\n{url}/b You asked for /b\n", pages

    with serving(program("key_value_server"), certificate, key, "0") as port:
        client = (program("key_value_client"), certificate, port)
        assert output_of(*client, "put fruit quince", "get fruit") == "quince\n"
        # Several times what a stream's send buffer holds: both sides are held back, and go on.
        large = os.path.join(folder, "large")
        with open(large, "w", encoding="utf-8") as file:
            file.write("0123456789" * 100_000)
        assert output_of(*client, f"put large @{large}", "get large") == "0123456789" * 100_000 + "\n"
        with open(large, "a", encoding="utf-8") as file:
            file.write("0123456789" * 100_000)
        # One connection watches, another stores: the watcher's worker has to be woken.
        with subprocess.Popen([*client, "watch fruit 2"], stdout=subprocess.PIPE, text=True) as watcher:
            assert watcher.stdout.readline() == "6\n"
            assert output_of(*client, "put fruit fig") == ""
            assert watcher.stdout.readline() == "3\n"
            assert watcher.wait(timeout=30) == 0
        # What the protocol refuses: each with its code, and the connection goes on.
        refused = subprocess.run([*client, "get nothing", "take fruit", f"put huge @{large}", "get fruit"],
                                 capture_output=True, text=True, timeout=60, check=False)
        assert refused.returncode == 1 and refused.stdout == "fig\n", refused
        codes = [line.rsplit(" ", 1)[1] for line in refused.stderr.splitlines()]
        assert codes == ["1", "2", "3"], refused

    with serving(program("http3_router_server"), certificate, key, "0") as port:
        api = f"https://localhost:{port}/api/v1"
        note = os.path.join(folder, "note")
        with open(note, "w", encoding="utf-8") as file:
            file.write("remember the milk\n" * 1000)
        created = output_of(program("http3_upload"), note, f"{api}/notes/a%20note", certificate)
        assert created == "201\n", created
        assert output_of(program("http3_get"), f"{api}/notes", certificate) == "a note\n"
        assert output_of(program("http3_get"), f"{api}/notes/a%20note", certificate) == "remember the milk\n" * 1000
        with open(note, "w", encoding="utf-8") as file:
            file.write("x" * 100_000)
        refused = output_of(program("http3_upload"), note, f"{api}/notes/large", certificate)
        assert refused == "413\n", refused
        missing = output_of(program("http3_get"), f"{api}/notes/large", certificate)
        assert missing == "no such note\n", missing
