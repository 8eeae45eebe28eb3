"""Other people's HTTP/3 servers, run in the peers' chroot on free ports, serving the same site with the same certificate."""

from harness import *


class PeerServer:
    def __init__(self, name, work, command, port, environment=()):
        self.port = port
        self.origin = f"https://localhost:{port}"
        self.process = Process(name, in_peers("env", *environment, *command), work.folder)
        wait_for_udp_port(port, self.process)


def nginx(work, retry=False):
    need_peers("nginx")
    port = free_port()
    (work / "nginx.conf").write_text(f"""
worker_processes 1;
daemon off;
user root;
pid {work.in_chroot("nginx.pid")};
error_log {work.in_chroot("nginx.err")} info;
events {{ worker_connections 1024; }}
http {{
  include /etc/nginx/mime.types;
  access_log {work.in_chroot("nginx.access")};
  server {{
    listen {LOOPBACK}:{port} quic reuseport;
    listen {LOOPBACK}:{port} ssl;
    server_name localhost;
    ssl_certificate /share/pki/leaf.chain.pem;
    ssl_certificate_key /share/pki/leaf.key;
    ssl_protocols TLSv1.3;
    quic_retry {"on" if retry else "off"};
    http3_max_concurrent_streams 256;
    root /share/www;
  }}
}}
""")
    return PeerServer("nginx", work, ["nginx", "-c", work.in_chroot("nginx.conf")], port)


def caddy(work):
    need_peers("caddy")
    port = free_port()
    (work / "Caddyfile").write_text(f"""
{{
  admin off
  auto_https off
  servers {{
    protocols h1 h2 h3
  }}
}}
https://localhost:{port} {{
  bind {LOOPBACK}
  tls /share/pki/leaf.chain.pem /share/pki/leaf.key
  root * /share/www
  file_server
}}
""")
    command = ["caddy", "run", "--adapter", "caddyfile", "--config", work.in_chroot("Caddyfile")]
    return PeerServer("caddy", work, command, port, [f"HOME={work.in_chroot('caddy-home')}"])


def aioquic(work):
    need_peers("python3")
    check((SHARE / "aioquic-examples/http3_server.py").exists(), "aioquic's example server is not in the share")
    port = free_port()
    command = ["sh", "-c", f"cd /share/aioquic-examples && exec python3 http3_server.py --host {LOOPBACK} --port {port}"
               " -c /share/pki/leaf.chain.pem -k /share/pki/leaf.key"]
    return PeerServer("aioquic", work, command, port, ["STATIC_ROOT=/share/www"])


def ngtcp2(work, retry=False):
    need_peers("gtlsserver")
    port = free_port()
    command = ["gtlsserver", "-q", *(["--validate-addr"] if retry else []), "-d", "/share/www", LOOPBACK, port, "/share/pki/leaf.key", "/share/pki/leaf.chain.pem"]
    return PeerServer("gtlsserver", work, command, port)
