"""Host names are checked before Flask sees the request; operators' addresses answer on any."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from config import Settings
from intake.web.headers import STRICT

OPERATORS = ("/healthz", "/readyz", "/metrics")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_REFUSED = (
    '<!doctype html><html lang="zh-Hans"><meta charset="utf-8"><title>意见反映</title><h1>网址不对</h1>'
    "<p>请重新扫牌子上的码，或照牌子上印的网址输入。</p></html>"
)

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class HostCheck:
    """Refuses what was not addressed to `MSX_PUBLIC_URL`: a forged Host never reaches a page."""

    def __init__(self, app: WSGI, settings: Settings) -> None:
        self.app = app
        self.allowed = _allowed(settings)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        host = str(environ.get("HTTP_HOST", "")).lower()
        if environ.get("PATH_INFO") in OPERATORS or host in self.allowed:
            return self.app(environ, start_response)
        body = _REFUSED.encode()
        headers = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            *STRICT.items(),
        ]
        start_response("400 Bad Request", headers)
        return [body]


def _allowed(settings: Settings) -> frozenset[str]:
    """The public host, with and without the scheme's own port; on a machine's own loopback its other names too."""
    parts = urlsplit(settings.public_url)
    name = settings.public_host.removesuffix(f":{parts.port}") if parts.port else settings.public_host
    usual = 443 if parts.scheme == "https" else 80
    names = _LOOPBACK if name in _LOOPBACK else (name,)
    if parts.port not in (None, usual):
        return frozenset(f"{one}:{parts.port}" for one in names)
    return frozenset(form for one in names for form in (one, f"{one}:{usual}"))
