"""Access markers: every route bears exactly one, and it is enforced before the view runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from flask import Flask, abort, current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from intake.core.access import Permission
from intake.core.errors import Forbidden, SignInNeeded
from intake.web import session

View = TypeVar("View", bound=Callable[..., object])
_ATTRIBUTE = "msx_access"
# What a session may open whose role requires a second factor that is not there yet.
_SETTING_UP = {"people.set_up_second_factor", "people.sign_out"}


@dataclass(frozen=True, slots=True)
class Access:
    """`kind`: public, citizen, operator, guest_staff or staff; the permissions count for staff."""

    kind: str
    permissions: tuple[Permission, ...] = ()


def _marker(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        if hasattr(view, _ATTRIBUTE):
            raise TypeError(f"{view.__name__} bears two access markers")
        setattr(view, _ATTRIBUTE, access)
        return view

    return mark


def public(view: View) -> View:
    """Everybody, nothing personal: style sheets, the symbol of the page."""
    return _marker(Access("public"))(view)


def citizen(view: View) -> View:
    """Citizens' pages: no cookie is read or set."""
    return _marker(Access("citizen"))(view)


def operator(view: View) -> View:
    """Health and figures for operators, answered on any host name."""
    return _marker(Access("operator"))(view)


def guest_staff(view: View) -> View:
    """Staff pages before signing in: login and activation."""
    return _marker(Access("guest_staff"))(view)


def staff(*permissions: Permission) -> Callable[[View], View]:
    """Signed-in staff whose role has every one of `permissions`; 403 otherwise."""
    return _marker(Access("staff", permissions))


def access_of(app: Flask, endpoint: str) -> Access | None:
    """The marker of a route, or None where it was forgotten."""
    found: Access | None = getattr(app.view_functions[endpoint], _ATTRIBUTE, None)
    return found


def _unstorable(values: Mapping[str, str]) -> bool:
    """A NUL is in no id and no name; PostgreSQL would answer it with an error of its own."""
    return any("\0" in value for value in values.values())


def enforce() -> Response | None:
    """Before every request: signed in where the marker says so, with the permissions it names."""
    if request.endpoint is None:
        return None
    access = access_of(current_app, request.endpoint)
    if access is None:
        raise RuntimeError(f"route {request.endpoint} has no access marker")
    if _unstorable(request.view_args or {}) or _unstorable(request.args):
        abort(404)
    if access.kind != "staff":
        return None
    who = session.load()
    if who is None:
        if request.method != "GET":
            raise SignInNeeded
        return redirect(url_for("people.login", next=request.full_path.rstrip("?")), 303)
    if who.needs_second_factor and request.endpoint not in _SETTING_UP:
        if request.method != "GET":
            raise Forbidden("请先设好动态码。您的职务没有它不能做这件事。")
        return redirect(url_for("people.set_up_second_factor", next=request.full_path.rstrip("?")), 303)
    if not all(who.actor.may(permission) for permission in access.permissions):
        raise Forbidden("这一页不在您的职责里。")
    return None
