"""Headers of every answer, and compression of citizens' pages."""

import gzip

from flask import Response, current_app, g, request

from intake.web.access import access_of
from intake.web.context import world

_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
SCRIPTED = "msx_scripted"  # set in `g` by the one page that loads a script of ours
_CSP_SCRIPTED = _CSP.replace("style-src", "script-src 'self'; style-src")
_PERMISSIONS = ", ".join(
    f"{name}=()"
    for name in (
        "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation",
        "gyroscope", "magnetometer", "microphone", "midi", "payment", "picture-in-picture",
        "publickey-credentials-get", "screen-wake-lock", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip
_SMALLEST_COMPRESSED = 600

STRICT = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": _PERMISSIONS,
    "X-Robots-Tag": "noindex, nofollow",
    "Server": "web",  # granian fills in its own name where there is none
}


def is_staff_path(path: str) -> bool:
    return path.startswith(("/staff", "/admin"))


def add_headers(response: Response) -> Response:
    """After every request, errors included."""
    headers = response.headers
    headers.extend(STRICT)  # no view sets one of these: nothing to replace
    if SCRIPTED in g:
        headers["Content-Security-Policy"] = _CSP_SCRIPTED
    headers["Referrer-Policy"] = "same-origin" if is_staff_path(request.path) else "no-referrer"
    headers.setdefault("Cache-Control", "no-store")
    settings = world().settings
    if settings.public_url.startswith("https:") and settings.hsts_seconds:
        headers["Strict-Transport-Security"] = f"max-age={settings.hsts_seconds}; includeSubDomains"
    return _compressed(response)


def _compressed(response: Response) -> Response:
    """Only what answers a GET of a citizen: no page that carries a secret beside what was sent in."""
    if request.method != "GET" or response.status_code != 200 or response.direct_passthrough:
        return response
    access = access_of(current_app, request.endpoint) if request.endpoint else None
    if (
        access is None
        or access.kind not in ("citizen", "public")
        or response.mimetype not in ("text/html", "text/css")
    ):
        return response
    response.headers["Vary"] = "Accept-Encoding"
    if "gzip" not in request.headers.get("Accept-Encoding", "") or "Content-Encoding" in response.headers:
        return response
    body = response.get_data()
    if len(body) >= _SMALLEST_COMPRESSED:
        response.set_data(gzip.compress(body, 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response
