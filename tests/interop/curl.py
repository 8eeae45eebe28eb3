"""curl (its HTTP/3 by OpenSSL's own QUIC) fetches from quasio-server."""

import hashlib
import subprocess

from harness import *  # the one vocabulary of these tests


def curl(*options):
    return ["curl", "--silent", "--show-error", "--fail", "--cacert", "/share/pki/ca.pem", *options]


@case
def page(work):
    """A page and its thirty assets, in parallel on one connection."""
    need_peers("curl")
    server = Server(work)
    (work / "got").mkdir()
    names = ["index.html", *asset_names()]
    options = ["--http3-only", "--parallel", "--parallel-max", "40", "--create-dirs", "--write-out", "%{http_version} %{http_code} %{filename_effective}\n"]
    for name in names:
        options += ["-o", work.in_chroot(f"got/{name}"), f"{server.origin}/{name}"]
    code, said = run_in_peers(work, "curl", curl(*options), 60)
    check(code == 0, f"curl ended with code {code}: {said}")
    check(said.count("3 200 ") == len(names), f"not all of {len(names)} came by HTTP/3 with status 200:\n{said}")
    for name in names:
        check_same(work / f"got/{name}", name)
    server.stop()


@case
def gigabyte(work):
    """A file of a gigabyte, hashed as it comes."""
    need_peers("curl")
    server = Server(work)
    process = Process("curl", in_peers(*curl("--http3-only", "--max-time", "200", f"{server.origin}/1g.bin")), work.folder, stdout=subprocess.PIPE)
    digest = hashlib.sha256()
    while chunk := process.popen.stdout.read(BLOCK):
        digest.update(chunk)
    check(process.wait(10) == 0, f"curl ended with code {process.popen.returncode}: {process.output()}")
    check(digest.hexdigest() == site_hash("1g.bin"), "the bytes that arrived differ from those sent")
    say(f"  the server used {server.process.cpu_seconds():.2f} s of CPU")
    server.stop()


@case
def discovery(work):
    """By TCP, the same port answers HTTPS/1.1 and names HTTP/3 in Alt-Svc; curl then goes there by itself."""
    need_peers("curl")
    server = Server(work)
    cache = work.in_chroot("alt-svc.txt")
    told = ["--write-out", "\n%{http_version}", "-o", "/dev/null", "--dump-header", "-", "--alt-svc", cache, f"{server.origin}/1k.bin"]
    code, said = run_in_peers(work, "curl-1", curl("--http1.1", *told), 20)
    check(code == 0, f"curl over TCP ended with code {code}: {said}")
    lowered = said.lower()
    check("alt-svc:" in lowered and f'h3=":{server.port}"' in lowered, f"no Alt-Svc for h3 over TCP:\n{said}")
    check(said.rstrip().endswith("1.1"), f"TCP did not answer HTTP/1.1:\n{said}")
    code, said = run_in_peers(work, "curl-2", curl(*told), 20)
    check(code == 0, f"curl ended with code {code}: {said}")
    check(said.rstrip().endswith("3"), f"curl did not follow Alt-Svc to HTTP/3:\n{said}")
    server.stop()


@case
def retry(work):
    """A server that always asks for a Retry token is reached all the same."""
    need_peers("curl")
    server = Server(work, "--retry", "always")
    code, said = run_in_peers(work, "curl", curl("--http3-only", "-o", work.in_chroot("1m.bin"), f"{server.origin}/1m.bin"), 30)
    check(code == 0, f"curl ended with code {code}: {said}")
    check_same(work / "1m.bin", "1m.bin")
    server.stop()


@case
def files(work):
    """HEAD, ranges, conditional requests, missing files, and no way out of the root."""
    need_peers("curl")
    server = Server(work)

    def ask(name, *options, path="/1m.bin"):
        target = work.in_chroot(name)
        command = ["curl", "--silent", "--show-error", "--http3-only", "--path-as-is", "--cacert", "/share/pki/ca.pem"]
        command += ["-o", target, "--dump-header", f"{target}.head", "--write-out", "%{http_code}", *options, f"{server.origin}{path}"]
        code, said = run_in_peers(work, f"curl-{name}", command, 20)
        check(code == 0, f"curl {' '.join(options)} {path} ended with code {code}: {said}")
        head = {}
        for line in (work / f"{name}.head").read_text().splitlines()[1:]:
            key, _, value = line.partition(":")
            head[key.strip().lower()] = value.strip()
        body = (work / name).read_bytes() if (work / name).exists() else b""
        return said[-3:], head, body

    whole = (SITE / "1m.bin").read_bytes()
    status, head, body = ask("head", "--head")
    check(status == "200" and head.get("content-length") == str(len(whole)), f"HEAD: {status} {head}")
    etag = head.get("etag")
    check(etag, f"no ETag: {head}")

    for number, (wanted, expected) in enumerate((("0-9", whole[:10]), ("1000-", whole[1000:]), ("-7", whole[-7:]))):
        status, head, body = ask(f"range{number}", "--range", wanted)
        check(status == "206" and body == expected and "content-range" in head, f"range {wanted}: {status} {head}, {len(body)} bytes")
    status, head, _ = ask("beyond", "--range", f"{len(whole) + 5}-")
    check(status == "416", f"a range beyond the end: {status} {head}")

    status, head, body = ask("same", "--header", f"If-None-Match: {etag}")
    check(status == "304" and not body, f"If-None-Match with the ETag: {status}, {len(body)} bytes")
    status, head, body = ask("other", "--header", 'If-None-Match: "another"')
    check(status == "200" and body == whole, f"If-None-Match with another ETag: {status}")

    status, _, _ = ask("missing", path="/no/such/file")
    check(status == "404", f"a missing file: {status}")
    status, _, body = ask("listing", path="/assets/")
    check(status in ("403", "404") and b"css00" not in body, f"a folder without index.html: {status}")
    for number, path in enumerate(("/../../../../etc/passwd", "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2f..%2f..%2f..%2fetc/passwd", "/..%5c..%5cetc/passwd")):
        status, _, body = ask(f"out{number}", path=path)
        check(status in ("400", "403", "404") and b"root:" not in body, f"{path} leads out of the root: {status}")
    server.stop()


if __name__ == "__main__":
    main()
