"""Tokens that spare a client the Retry when it comes back: ours at other people's servers, and theirs at ours."""

from harness import *
import peer_servers


def asked_for_proof(work, server, run):
    """Fetches a file, and says whether the server sent a Retry first."""
    code, said = run_client(work, *trusting(server.port), "-v", "--token-file", work / "tokens", "-o", work / "1k.bin",
                            f"{server.origin}/1k.bin", seconds=30, name=f"client-{run}")
    check_fetched(work, code, said, "1k.bin")
    (work / "1k.bin").unlink()
    return "after a Retry" in said


def is_known_when_it_returns(work, server):
    check(asked_for_proof(work, server, 1), "the first time there was no Retry")
    check((work / "tokens").read_text(), "the server gave no token")
    check(not asked_for_proof(work, server, 2), "the second time there was a Retry all the same")


@case
def nginx(work):
    """nginx knows us by its token."""
    is_known_when_it_returns(work, peer_servers.nginx(work, retry=True))


@case
def ngtcp2(work):
    """ngtcp2's server knows us by its token."""
    is_known_when_it_returns(work, peer_servers.ngtcp2(work, "--validate-addr"))


@case
def quasio(work):
    """quasio-server knows us by its token."""
    server = Server(work, "--retry", "always")
    is_known_when_it_returns(work, server)
    server.stop()


def retries_of_gtlsclient(work, server, run):
    command = ["gtlsclient", "--exit-on-all-streams-close", "--no-quic-dump", "--no-http-dump", f"--token-file={work.in_chroot('token')}",
               LOOPBACK, server.port, f"https://localhost:{server.port}/1k.bin"]
    code, said = run_in_peers(work, f"gtlsclient-{run}", command, 30)
    check(code == 0, f"gtlsclient ended with code {code}: {said}")
    return said.count("type=Retry")


@case
def ngtcp2_client(work):
    """ngtcp2's client brings our token back."""
    need_peers("gtlsclient")
    server = Server(work, "--retry", "always")
    check(retries_of_gtlsclient(work, server, 1) == 1, "the first time there was no Retry")
    check((work / "token").exists(), "gtlsclient has kept no token")
    check(retries_of_gtlsclient(work, server, 2) == 0, "the second time there was a Retry all the same")
    server.stop()


AIOQUIC = """
import asyncio, sys
from aioquic.asyncio import connect
from aioquic.quic.configuration import QuicConfiguration

async def visit(token):
    kept = []
    configuration = QuicConfiguration(is_client=True, alpn_protocols=["h3"], server_name="localhost", token=token)
    configuration.load_verify_locations(sys.argv[2])
    async with connect("127.0.0.1", int(sys.argv[1]), configuration=configuration, token_handler=kept.append) as client:
        await client.ping()
        asked = client._quic._retry_source_connection_id is not None
    return asked, kept

async def main():
    asked, kept = await visit(b"")
    print("first:", asked, "tokens:", len(kept))
    asked, _ = await visit(kept[0])
    print("second:", asked)

asyncio.run(main())
"""


@case
def aioquic_client(work):
    """aioquic brings our token back."""
    need_peers("python3")
    server = Server(work, "--retry", "always")
    (work / "visit.py").write_text(AIOQUIC)
    code, said = run_in_peers(work, "aioquic", ["python3", work.in_chroot("visit.py"), server.port, "/share/pki/ca.pem"], 30)
    check(code == 0, f"aioquic ended with code {code}: {said}")
    check("first: True tokens: 2" in said and "second: False" in said, said)
    server.stop()


if __name__ == "__main__":
    main()
