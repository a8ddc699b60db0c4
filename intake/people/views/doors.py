"""Coming in and going out: the sign-in page, the activation link, log-out."""

import hashlib

from flask import g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from intake.core.access import Permission
from intake.core.errors import Invalid, TooMany
from intake.people import passwords, services
from intake.people.forms import ACTIVATE, ActForm, ActivateForm, SignInForm, add_problems, problems_of, refused_status
from intake.people.views.desk import blueprint, first_problem, home_of, refused_token, too_fast, wait_words
from intake.web import session as web_session
from intake.web.access import guest_staff, staff
from intake.web.context import world
from intake.web.headers import is_staff_path
from intake.web.throttle import code_was_wrong, codes_count_now, count_activation, sign_in_gate, sign_in_worked

_REFUSED = "登录名、口令或动态码不对，或者还没有设口令。每个动态码只能用一次，用过请等下一个。"


@blueprint.route("/staff/login", methods=["GET", "POST"])
@guest_staff
def login() -> Response:
    form = SignInForm()
    if request.method == "GET":
        return _login_page(form, 200)
    if not form.validate():
        return _login_page(form, refused_status(form), problem=first_problem(form))
    name = form.login.data or ""
    try:
        sign_in_gate(name)
        code = (form.code.data or "") if codes_count_now(name) else ""
        token = services.sign_in(world(), login=name, password=form.password.data or "", code=code)
    except TooMany as wait:
        return too_fast(_login_page(form, 429, problem=wait_words(wait)), wait)
    except Invalid as refusal:
        if isinstance(refusal, services.WrongCode):
            code_was_wrong(name)
        return _login_page(form, 422, problem=_REFUSED)
    sign_in_worked(name)
    g.pop("msx_signed_in", None)
    response = redirect(_after_login(token), 303)
    web_session.set_session_cookie(response, token)
    return response


def _login_page(form: SignInForm, status: int, *, problem: str = "") -> Response:
    settings = world().settings
    form.code.data = None  # the next try needs the next one
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


@blueprint.post("/staff/logout")
@staff(Permission.account_own)
def sign_out() -> Response:
    form = ActForm()
    if not form.validate():
        return refused_token()
    services.sign_out(world(), web_session.signed_in())
    response = redirect(url_for("people.login", done="signed_out"), 303)
    web_session.clear_session_cookie(response)
    return response


@blueprint.route("/staff/activate/<token>", methods=["GET", "POST"])
@guest_staff
def activate(token: str) -> Response:
    count_activation()
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
        second_factor=holder.role in world().settings.second_factor_roles,
        problem="口令还没有设。" if refused else "",
        problems=problems_of(form) if refused else (),
    )
    return make_response(page, refused_status(form) if refused else 200)
