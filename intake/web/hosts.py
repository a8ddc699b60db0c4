"""Host names are checked before Flask sees the request; operators' addresses answer on any."""

from collections.abc import Callable, Iterable
from typing import Any

from config import Settings

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
        self.allowed = _allowed(settings.public_host)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        host = str(environ.get("HTTP_HOST", "")).lower()
        if environ.get("PATH_INFO") in OPERATORS or host in self.allowed:
            return self.app(environ, start_response)
        body = _REFUSED.encode()
        headers = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
        ]
        start_response("400 Bad Request", headers)
        return [body]


def _allowed(public_host: str) -> frozenset[str]:
    """The public host; on a machine's own loopback its other names too, with the same port."""
    name, colon, port = (
        public_host.rpartition(":") if not public_host.endswith("]") else (public_host, "", "")
    )
    if not colon:
        name, port = public_host, ""
    if name not in _LOOPBACK:
        return frozenset({public_host, name} if port in ("80", "443") else {public_host})
    return frozenset(f"{n}:{port}" if port else n for n in _LOOPBACK)
