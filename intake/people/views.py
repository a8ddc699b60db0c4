"""Signing in and out, one's own password, and the administrator's list of people."""

import hashlib
from typing import Any

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from intake.core.access import ROLE_NAMES, Actor, Permission, Role
from intake.core.errors import Invalid, NotFound, TooMany
from intake.people import passwords, queries, services
from intake.people.forms import (
    ACTIVATE,
    ActForm,
    ActivateForm,
    ConfirmPasswordForm,
    PasswordForm,
    PersonForm,
    SignInForm,
    add_problems,
    problems_of,
    refused_status,
)
from intake.people.models import Team
from intake.people.queries import PersonLine
from intake.web import session as web_session
from intake.web.access import guest_staff, staff
from intake.web.context import world
from intake.web.errors import error_page
from intake.web.headers import is_staff_path
from intake.web.throttle import sign_in_gate, sign_in_worked

blueprint = Blueprint("people", __name__)

_UNSAVED = "还没有保存。"


@blueprint.app_context_processor
def staff_bar() -> dict[str, Any]:
    """What the bar of every staff page shows, error pages included; nothing before somebody is signed in."""
    if not is_staff_path(request.path):
        return {}
    # An address that no route knows was never checked for a session: its 404 looks like every other.
    who = web_session.load() if request.endpoint is None else g.get("msx_signed_in")
    if who is None:
        return {"staff_actor": None}
    return {
        "staff_actor": who.actor,
        "staff_home": home_of(who.actor),
        "staff_nav": _nav(who.actor),
        "sign_out_form": ActForm(formdata=None),
    }


def _nav(actor: Actor) -> list[tuple[str, str, str]]:
    """(id, address, words) of the pages that this role has."""
    pages = [
        ("queue", Permission.queue_read, "triage.queue", "队列"),
        ("keys", Permission.keys_confirm, "triage.keys", "钥匙"),
        ("people", Permission.people_manage, "people.people", "人员"),
        ("password", Permission.account_own, "people.password", "口令"),
    ]
    return [(id_, url_for(endpoint), words) for id_, needed, endpoint, words in pages if actor.may(needed)]


def home_of(actor: Actor) -> str:
    """Where a role begins its work."""
    return _nav(actor)[0][1]


# signing in and out


@blueprint.route("/staff/login", methods=["GET", "POST"])
@guest_staff
def login() -> Response:
    form = SignInForm()
    if request.method == "GET":
        return _login_page(form, 200)
    if not form.validate():
        return _login_page(form, refused_status(form), problem=_first(form))
    name = form.login.data or ""
    try:
        sign_in_gate(name)
        token = services.sign_in(world(), login=name, password=form.password.data or "")
    except TooMany as wait:
        return _too_fast(_login_page(form, 429, problem=_wait_words(wait)), wait)
    except Invalid:
        return _login_page(form, 422, problem="登录名或口令不对，或者还没有设口令。")
    sign_in_worked(name)
    g.pop("msx_signed_in", None)
    response = redirect(_after_login(token), 303)
    web_session.set_session_cookie(response, token)
    return response


def _login_page(form: SignInForm, status: int, *, problem: str = "") -> Response:
    settings = world().settings
    page = render_template(
        "staff/login.html",
        form=form,
        problem=problem,
        action=url_for("people.login", next=request.args.get("next")),
        idle_minutes=settings.session_idle_minutes,
        session_hours=settings.session_hours,
    )
    return make_response(page, status)


def _after_login(token: str) -> str:
    who = services.load_session(world(), token)
    home = home_of(who.actor) if who else url_for("people.login")
    wanted = web_session.own_path(request.args.get("next"), home)
    return wanted if is_staff_path(wanted) else home


def _too_fast(page: Response, wait: TooMany) -> Response:
    page.headers["Retry-After"] = str(wait.retry_after)
    return page


def _wait_words(wait: TooMany) -> str:
    return f"试得太快了，请等 {wait.retry_after} 秒再试。"


def _first(form: Any) -> str:
    return str(problems_of(form)[0][1])


@blueprint.post("/staff/logout")
@staff(Permission.account_own)
def sign_out() -> Response:
    form = ActForm()
    if not form.validate():
        return _refused_token()
    services.sign_out(world(), web_session.signed_in())
    response = redirect(url_for("people.login", done="signed_out"), 303)
    web_session.clear_session_cookie(response)
    return response


def _refused_token() -> Response:
    """A button's token was wrong: nothing was typed, so the plain page says to go back."""
    return error_page(400)


# passwords


@blueprint.route("/staff/activate/<token>", methods=["GET", "POST"])
@guest_staff
def activate(token: str) -> Response:
    holder = services.open_link(world(), token=token)
    form = ActivateForm(meta={"csrf_context": (ACTIVATE, hashlib.sha256(token.encode()).hexdigest())})
    if request.method == "POST" and form.validate():
        try:
            services.activate(world(), token=token, password=form.password.data or "")
            return redirect(url_for("people.login", done="activated"), 303)
        except Invalid as refusal:
            add_problems(form, refusal.fields)
    refused = request.method == "POST"
    page = render_template(
        "staff/activate.html",
        form=form,
        name=holder.name,
        login=holder.login,
        again=holder.again,
        password_min=passwords.LENGTH_MIN,
        problem="口令还没有设。" if refused else "",
        problems=problems_of(form) if refused else (),
    )
    return make_response(page, refused_status(form) if refused else 200)


@blueprint.route("/staff/confirm-password", methods=["GET", "POST"])
@staff(Permission.account_own)
def confirm_password() -> Response:
    who, form = web_session.signed_in(), ConfirmPasswordForm()
    back = web_session.own_path(request.args.get("next"), home_of(who.actor))
    if request.method == "GET":
        return _confirm_page(form, back, 200)
    if not form.validate():
        return _confirm_page(form, back, refused_status(form), problem=_first(form))
    try:
        sign_in_gate(who.actor.login)
        services.confirm_password(world(), who, password=form.password.data or "")
    except TooMany as wait:
        return _too_fast(_confirm_page(form, back, 429, problem=_wait_words(wait)), wait)
    except Invalid:
        return _confirm_page(form, back, 422, problem="口令不对。")
    sign_in_worked(who.actor.login)
    return redirect(_with_done(back, "confirmed"), 303)


def _confirm_page(form: ConfirmPasswordForm, back: str, status: int, *, problem: str = "") -> Response:
    page = render_template(
        "staff/confirm_password.html",
        form=form,
        back=back,
        problem=problem,
        action=url_for("people.confirm_password", next=back),
        confirm_minutes=world().settings.confirm_minutes,
    )
    return make_response(page, status)


def _with_done(path: str, token: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}done={token}"


@blueprint.route("/staff/password", methods=["GET", "POST"])
@staff(Permission.account_own)
def password() -> Response:
    who, form = web_session.signed_in(), PasswordForm()
    if request.method == "GET":
        return _password_page(form, 200)
    if not form.validate():
        return _password_page(form, refused_status(form))
    try:
        sign_in_gate(who.actor.login)
        token = services.change_password(world(), who, old=form.old.data or "", new=form.new.data or "")
    except TooMany as wait:
        add_problems(form, {"old": _wait_words(wait)})
        return _too_fast(_password_page(form, 429), wait)
    except Invalid as refusal:
        add_problems(form, refusal.fields)
        return _password_page(form, 422)
    sign_in_worked(who.actor.login)
    response = redirect(url_for("people.password", done="password"), 303)
    web_session.set_session_cookie(response, token)
    return response


def _password_page(form: PasswordForm, status: int) -> Response:
    refused = status != 200
    page = render_template(
        "staff/password.html",
        form=form,
        password_min=passwords.LENGTH_MIN,
        problem="口令没有换。" if refused else "",
        problems=problems_of(form) if refused else (),
    )
    return make_response(page, status)


# the administrator's list


@blueprint.route("/admin/people", methods=["GET", "POST"])
@staff(Permission.people_manage)
def people() -> Response:
    form = PersonForm()
    if request.method == "GET":
        return _people_page(form, 200)
    if not form.validate():
        return _people_page(form, refused_status(form), problem=_UNSAVED)
    actor = web_session.actor()
    try:
        added = services.add_person(
            world(),
            actor,
            login=form.login.data or "",
            name=form.name.data or "",
            role=form.chosen_role,
            team_id=form.team_id.data or None,
        )
    except Invalid as refusal:
        add_problems(form, refusal.fields)
        return _people_page(form, 422, problem=_UNSAVED)
    token = services.new_activation_link(world(), actor, person_id=added.id)
    return _people_page(PersonForm(formdata=None), 200, link=_link(added.name, token))


@blueprint.post("/admin/people/<person_id>/link")
@staff(Permission.people_manage)
def new_link(person_id: str) -> Response:
    person = _present_person(person_id)
    if not ActForm().validate():
        return _refused_token()
    token = services.new_activation_link(world(), web_session.actor(), person_id=person_id)
    return _people_page(PersonForm(formdata=None), 200, link=_link(person.name, token))


@blueprint.post("/admin/people/<person_id>/leave")
@staff(Permission.people_manage)
def leave(person_id: str) -> Response:
    person, form = _present_person(person_id), ActForm()
    if not form.validate():
        return _refused_token()
    if form.confirmed.data != "y":
        page = render_template("admin/leave.html", person=person, form=ActForm(formdata=None))
        return make_response(page, 200)
    services.leave(world(), web_session.actor(), person_id=person_id)
    return redirect(url_for("people.people", done="left"), 303)


def _present_person(person_id: str) -> PersonLine:
    """The person, before anything else is looked at; who has left or never was is not there."""
    for line in _everybody():
        if line.person_id == person_id and line.left_on is None:
            return line
    raise NotFound


def _everybody() -> list[PersonLine]:
    with world().db.read() as session:
        return queries.all_people(session, world().secrets, world().clock.now())


def _teams() -> list[tuple[str, str]]:
    with world().db.read() as session:
        return [(team.id, team.name) for team in session.scalars(select(Team).order_by(Team.id))]


def _link(name: str, token: str) -> dict[str, Any]:
    """Shown once, in the answer itself: a redirect would put it into an address or a cookie."""
    settings = world().settings
    url = settings.public_url.rstrip("/") + url_for("people.activate", token=token)
    return {"name": name, "url": url, "hours": settings.activation_hours}


def _people_page(form: PersonForm, status: int, *, problem: str = "", link: dict[str, Any] | None = None) -> Response:
    lines = _everybody()
    page = render_template(
        "admin/people.html",
        form=form,
        act_form=ActForm(formdata=None),
        problem=problem,
        problems=problems_of(form) if problem else (),
        link=link,
        people=lines,
        you=web_session.actor().person_id,
        present=sum(line.state in ("ready", "waiting") for line in lines),
        gone=sum(line.state == "left" for line in lines),
        role_options=[(role.value, ROLE_NAMES[role]) for role in Role],
        team_options=_teams(),
        today=world().today(),
    )
    return make_response(page, status)
