"""One's own password: repeated before guarded acts, and changed."""

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from intake.core.access import Permission
from intake.core.errors import Invalid, TooMany
from intake.people import passwords, services
from intake.people.forms import ConfirmPasswordForm, PasswordForm, add_problems, problems_of, refused_status
from intake.people.views.desk import blueprint, first_problem, home_of, too_fast, wait_words, with_done
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.throttle import sign_in_gate, sign_in_worked


@blueprint.route("/staff/confirm-password", methods=["GET", "POST"])
@staff(Permission.account_own)
def confirm_password() -> Response:
    who, form = web_session.signed_in(), ConfirmPasswordForm()
    back = web_session.own_path(request.args.get("next"), home_of(who.actor))
    if request.method == "GET":
        return _confirm_page(form, back, 200)
    if not form.validate():
        return _confirm_page(form, back, refused_status(form), problem=first_problem(form))
    try:
        sign_in_gate(who.actor.login)
        services.confirm_password(world(), who, password=form.password.data or "")
    except TooMany as wait:
        return too_fast(_confirm_page(form, back, 429, problem=wait_words(wait)), wait)
    except Invalid:
        return _confirm_page(form, back, 422, problem="口令不对。")
    sign_in_worked(who.actor.login)
    return redirect(with_done(back, "confirmed"), 303)


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
        add_problems(form, {"old": wait_words(wait)})
        return too_fast(_password_page(form, 429), wait)
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
