"""Chromium, headless, fetches from quasio-server, and says itself by which protocol."""

import hashlib
import urllib.parse

from harness import *


def chromium(work, port, url, force_quic=True):
    need_peers("chromium")
    (work / "profile").mkdir()
    command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
               "--disable-extensions", "--disable-background-networking", "--disable-component-update", "--disable-sync",
               "--disable-features=LocalNetworkAccessChecks,PrivateNetworkAccessSendPreflights",
               f"--user-data-dir={work.in_chroot('profile')}", "--remote-debugging-port=0", "--enable-quic",
               f"--ignore-certificate-errors-spki-list={spki_hash('leaf')}",
               f"--host-resolver-rules=MAP localhost {LOOPBACK}"]
    if force_quic:
        command.append(f"--origin-to-force-quic-on=localhost:{port}")
    return Process("chromium", in_peers(*command, url), work.folder, env={"HOME": "/root"})


def visit(work, server, page, seconds, force_quic=True, **parameters):
    """Opens a page of the site and returns what it reported."""
    sink = Sink()
    query = urllib.parse.urlencode({"sink": sink.url, **parameters})
    browser = chromium(work, server.port, f"{server.origin}/{page}?{query}", force_quic)
    report = sink.wait(seconds, browser)
    sink.close()
    check("error" not in report, f"the page failed: {report.get('error')}\n{browser.tail()}")
    browser.end()
    return report


def see_thirty_assets(work, server):
    report = visit(work, server, "thirty.html", 60)
    check([entry["protocol"] for entry in report["page"]] == ["h3"], f"the page did not come by h3: {report['page']}")
    by_path = {urllib.parse.urlsplit(entry["url"]).path: entry for entry in report["resources"]}
    for name in asset_names():
        check(f"/{name}" in by_path, f"{name} was not loaded")
        check(by_path[f"/{name}"]["protocol"] == "h3", f"{name} came by {by_path[f'/{name}']['protocol']!r}")
        got = report["hashes"][f"/{name}"]
        check(got["status"] == 200 and got["sha256"] == site_hash(name), f"{name}: {got}")
    third = ASSETS // 3
    counts = (report["scripts"], report["styles"], report["images"])
    check(counts == (third, third, third), f"scripts, styles and images that took effect: {counts}, expected {third} each")


def stream_a_file(work, server, name, seconds):
    size = (SITE / name).stat().st_size
    block = 16 * BLOCK
    report = visit(work, server, "big.html", seconds, file=name, block=block)
    check([entry["protocol"] for entry in report["page"]] == ["h3"], f"the page did not come by h3: {report['page']}")
    came = [entry["protocol"] for entry in report["resources"] if entry["url"].endswith(f"/{name}")]
    check(came == ["h3"], f"{name} came by {came}")
    file = report["file"]
    check(file["status"] == 200 and file["length"] == size, f"{name}: status {file['status']}, {file['length']} of {size} bytes")
    with open(SITE / name, "rb") as source:
        expected = [hashlib.sha256(chunk).hexdigest() for chunk in iter(lambda: source.read(block), b"")]
    check(file["blocks"] == expected, f"{name}: the hashes of its blocks differ")


@case
def page(work):
    """A page with thirty assets, each by h3, each with the right hash."""
    server = Server(work)
    see_thirty_assets(work, server)
    server.stop()


@case
def gigabyte(work):
    """A gigabyte, streamed in the page and hashed there."""
    server = Server(work)
    stream_a_file(work, server, "1g.bin", 240)
    server.stop()


if __name__ == "__main__":
    main()
