"""Debian's nginx with the configuration that is shipped, byte for byte, in front of `msx serve` on loopback.

Only what `deploy/site/` holds is this test's own: addresses, certificate, where the staff's log lies.
"""

import http.client
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.robustness.live_server import ROOT, LiveServer, free_port
from tests.robustness.visitor import SECONDS, Visitor

SHIPPED = ROOT / "deploy" / "nginx.conf"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or "nginx"
# As root the workers have to stay it: a temporary folder of pytest's lets nobody else in. In service all of nginx
# runs as an account of its own (deploy/mashangxun-nginx.service).
_AS_ROOT = ["-g", "user root;"] if os.geteuid() == 0 else []


@dataclass(frozen=True)
class Doors:
    """Ports of one nginx: `front` for both families (an IPv4 visitor is mapped there), `proxied` where another machine
    says who comes (so that any address can be tried), `tls` with a certificate of its own making."""

    front: int
    proxied: int
    tls: int

    @classmethod
    def free(cls) -> Self:
        return cls(free_port(), free_port(), free_port())


@dataclass(frozen=True)
class Gateway:
    """nginx over `conf` (copied and made), running in `run`; `logs` has all that it says anywhere."""

    server: LiveServer
    doors: Doors
    run: Path
    logs: Path

    @property
    def staff_log(self) -> Path:
        return self.logs / "staff.log"


def gateway(folder: Path, doors: Doors, *, upstream: int, changes: Mapping[str, str] | None = None) -> Gateway:
    """Made in `folder`, not yet started. `changes` turn lines of the shipped file, for the control of the search."""
    conf, run, logs = (folder / name for name in ("conf", "run", "logs"))
    for made in (conf / "site", run, logs):
        made.mkdir(parents=True)
    text = SHIPPED.read_text(encoding="utf-8")
    for old, new in (changes or {}).items():
        assert old in text, old
        text = text.replace(old, new)
    (conf / "nginx.conf").write_text(text, encoding="utf-8")
    certificate, key = _certificate(conf)
    site = {
        "listen.conf": f"listen {_both_families(doors.front)};\n"
        f"listen 127.0.0.1:{doors.proxied} proxy_protocol;\n"
        "set_real_ip_from 127.0.0.0/8;\nreal_ip_header proxy_protocol;\n"
        f"listen 127.0.0.1:{doors.tls} ssl http2;\n"
        f"ssl_certificate {certificate};\nssl_certificate_key {key};\n",
        "upstream.conf": f"server 127.0.0.1:{upstream};\n",
        "staff-log.conf": f"access_log {logs / 'staff.log'} msx_staff;\n",
    }
    for name, lines in site.items():
        (conf / "site" / name).write_text(lines, encoding="utf-8")
    command = [NGINX, "-p", str(run), "-c", str(conf / "nginx.conf"), *_AS_ROOT]
    path = {"PATH": "/usr/sbin:/usr/bin:/bin"}
    server = LiveServer(command, port=doors.front, environment=path, log=logs / "said.log")
    return Gateway(server, doors, run, logs)


def _both_families(port: int) -> str:
    """Where the machine has IPv6, one socket for both: an IPv4 address is then written as `::ffff:…`."""
    try:
        with socket.socket(socket.AF_INET6) as asked:
            asked.bind(("::1", 0))
    except OSError:
        return f"127.0.0.1:{port}"
    return f"[::]:{port} ipv6only=off"


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-days", "2", "-subj", "/CN=localhost", "-out", str(certificate), "-keyout", str(key)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


class Caller(Visitor):
    """A visitor through one of the doors: `says` goes before the first byte of HTTP, or all of it is in TLS."""

    def __init__(
        self, port: int, *, host: str, source: str | None = None, says: str = "", tls: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(port, source=source, headers={"Host": host} | dict(headers or {}))
        self._says = says
        self._tls = tls

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls:
            unknown = ssl._create_unverified_context()  # noqa: S323 - the certificate is this test's own
            return http.client.HTTPSConnection(
                "127.0.0.1", self._port, timeout=SECONDS, context=unknown, source_address=self._source
            )
        connection = super()._connection()
        if self._says:
            connection.connect()
            connection.sock.sendall(self._says.encode())
        return connection


def announced(address: str) -> str:
    """PROXY protocol, version 1: who comes."""
    family, here = ("TCP6", "::1") if ":" in address else ("TCP4", "127.0.0.1")
    return f"PROXY {family} {address} {here} 40000 443\r\n"
