"""What a board's symbol says: the address of its page, in capitals so that the symbol stays small."""

from __future__ import annotations

import ipaddress
import re
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

from qr import code as codes

ALPHANUMERIC: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_DEFAULT_PORT: Final = {"https": 443, "http": 80}

Reason = Literal["scheme", "host", "port", "path", "contradiction"]


class BadAddress(ValueError):
    """A public address no board can carry; `reason` is the part at fault, the text says why."""

    def __init__(self, reason: Reason, hint: str) -> None:
        super().__init__(hint)
        self.reason: Reason = reason


def board_url(public_url: str, code: str) -> str:
    """`https://m.example.gov.cn`, `7k3q-x9td` → `HTTPS://M.EXAMPLE.GOV.CN/B/7K3QX9TD`.

    Plain http is taken for a loopback or private host only. Raises `BadAddress` or `code.BadCode`.
    """
    scheme, site = _parts(public_url)
    url = f"{scheme}://{site}/b/".upper() + codes.check(code)
    if not ALPHANUMERIC.issuperset(url):
        raise BadAddress("host", f"{site!r} holds characters that a QR symbol cannot keep in alphanumeric mode")
    return url


def matches(url: str, printed_domain: str, code: str) -> bool:
    """Whether a symbol's address leads to the very domain and code that are printed beside it."""
    return url in {f"{scheme}://{printed_domain.upper()}/B/{code}" for scheme in ("HTTPS", "HTTP")}


def domain(public_url: str) -> str:
    """The host people compare and type, lower case, with its port where it is not the usual one."""
    return _parts(public_url)[1]


def _parts(public_url: str) -> tuple[str, str]:
    """Scheme and host[:port], lower case, of an address that a board may carry."""
    try:
        address = urlsplit(public_url.strip())
    except ValueError as error:
        raise BadAddress("host", f"{public_url!r} is no address: {error}") from error
    scheme = address.scheme
    if scheme not in _DEFAULT_PORT:
        raise BadAddress("scheme", f"the public address must begin with https://, not {public_url!r}")
    if "@" in address.netloc or address.path not in ("", "/") or address.query or address.fragment:
        raise BadAddress("path", f"the public address must be scheme and host only, not {public_url!r}")
    host = address.hostname or ""
    _check_host(host)
    if scheme == "http" and not _is_near(host):
        raise BadAddress("scheme", f"plain http is for a loopback or private host, not {host}: use https")
    port = _port(address)
    return scheme, host if port in (None, _DEFAULT_PORT[scheme]) else f"{host}:{port}"


def _port(address: SplitResult) -> int | None:
    try:
        port = address.port
    except ValueError as error:
        raise BadAddress("port", f"the port in {address.netloc!r} is not a number up to 65535") from error
    if port == 0:
        raise BadAddress("port", "port 0 cannot be opened by anyone")
    return port


def _check_host(host: str) -> None:
    if not host.isascii():
        raise BadAddress("host", f"write {host!r} in its xn-- form: a QR symbol in alphanumeric mode is ASCII")
    if ":" in host:
        raise BadAddress("host", f"{host} is an IPv6 address, whose brackets a QR symbol cannot keep: use a name")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise BadAddress("host", f"{host!r} is no host name: letters, digits, hyphens and dots only")


def _is_near(host: str) -> bool:
    """Whether `host` is this machine or its own network, where a demo may do without https."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private
