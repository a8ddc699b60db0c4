"""The signed-in person of this request. What a person is, only the registered loader knows."""

from collections.abc import Callable
from urllib.parse import urlsplit

from flask import abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response

from intake.core import vault
from intake.core.access import Actor, SignedIn
from intake.core.world import World
from intake.web.context import world

LOADER = "msx_session_loader"
Loader = Callable[[World, str], SignedIn | None]


def cookie_name() -> str:
    """`__Host-` wherever the browser can honour it; a plain name on loopback and private http."""
    return "__Host-msx" if world().settings.secure_cookies else "msx"


def load() -> SignedIn | None:
    """Who is signed in, looked up once a request; None for nobody."""
    if "msx_signed_in" not in g:
        token = request.cookies.get(cookie_name(), "")
        loader: Loader = current_app.extensions[LOADER]
        g.msx_signed_in = loader(world(), token) if token else None
    found: SignedIn | None = g.msx_signed_in
    return found


def signed_in() -> SignedIn:
    """The signed-in person, inside views marked `@staff`."""
    found = load()
    if found is None:
        abort(404)
    return found


def actor() -> Actor:
    return signed_in().actor


def csrf_token() -> str:
    """Bound to this session: a new session has a new one."""
    return vault.mac(world().secrets.csrf_key, "staff-csrf", signed_in().session).hex()


def password_is_fresh() -> bool:
    until = signed_in().confirmed_until
    return until is not None and until > world().clock.now()


def require_confirmed_password(next_path: str | None = None) -> Response | None:
    """None where the password was repeated lately; otherwise where to send the person."""
    if password_is_fresh():
        return None
    own = next_path or (request.full_path.rstrip("?") if request.method == "GET" else url_for("triage.queue"))
    return redirect(url_for("people.confirm_password", next=own), 303)


def own_path(text: str | None, fallback: str) -> str:
    """`text` where it is a path of this site, else `fallback`: no address leads elsewhere."""
    if not text or "\\" in text or any(ord(c) < 32 for c in text):
        return fallback
    parts = urlsplit(text)
    if parts.scheme or parts.netloc or not parts.path.startswith("/") or parts.path.startswith("//"):
        return fallback
    return text


def set_session_cookie(response: Response, token: str) -> None:
    """The key of the session lives in this cookie alone."""
    response.set_cookie(
        cookie_name(),
        token,
        path="/",
        secure=world().settings.secure_cookies,
        httponly=True,
        samesite="Strict",
    )


def clear_session_cookie(response: Response) -> None:
    response.delete_cookie(
        cookie_name(), path="/", secure=world().settings.secure_cookies, httponly=True, samesite="Strict"
    )
