"""The peers among themselves: when a case here fails, the fault is in the lab and not in quasio."""

import subprocess

from harness import *
import browser
import peer_servers


def fetch_with_curl(work, server, name="10m.bin"):
    need_peers("curl")
    target = work.in_chroot(name)
    command = ["curl", "-sS", "--fail", "--http3-only", "--cacert", "/share/pki/ca.pem", "-o", target, f"{server.origin}/{name}"]
    code, said = run_in_peers(work, "curl", command, 60)
    check(code == 0, f"curl ended with code {code}: {said}\nthe server said: {server.process.tail()}")
    check_same(work / name, name)


@case
def nginx(work):
    """curl fetches from nginx."""
    fetch_with_curl(work, peer_servers.nginx(work))


@case
def caddy(work):
    """curl fetches from Caddy."""
    fetch_with_curl(work, peer_servers.caddy(work))


@case
def aioquic(work):
    """curl fetches from aioquic."""
    fetch_with_curl(work, peer_servers.aioquic(work), "1m.bin")


@case
def chromium(work):
    """Chromium fetches a page and a file from nginx."""
    server = peer_servers.nginx(work)
    browser.see_thirty_assets(work, server)


@case
def nothing_is_left(work):
    """What a case starts is ended, and no mount outlives it."""
    server = peer_servers.nginx(work)
    session = server.process.pid
    end_all()
    left = subprocess.run(["ps", "-o", "pid=,args=", "-g", str(session)], capture_output=True, text=True, check=False).stdout.strip()
    check(not left, f"these processes are left:\n{left}")
    mounts = [line for line in open("/proc/self/mounts", encoding="utf-8") if str(PEERS / "chroot") in line]
    check(not mounts, f"these mounts are left: {mounts}")


if __name__ == "__main__":
    main()
