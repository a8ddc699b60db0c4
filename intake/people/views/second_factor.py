"""The person's own second factor: set up with a phone, looked at, moved to another phone."""

from flask import g, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from intake.core.access import Permission
from intake.core.errors import Invalid, TooMany
from intake.people import services, totp
from intake.people.forms import SecondFactorForm, add_problems, problems_of, refused_status
from intake.people.services import Offer, SetUp
from intake.people.views.desk import blueprint, home_of, too_fast, wait_words
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.headers import is_staff_path
from intake.web.throttle import code_was_wrong, codes_count_now, sign_in_gate, sign_in_worked
from qr import symbol

_NOT_YET = "动态码还没有设好。"


@blueprint.get("/staff/second-factor")
@staff(Permission.account_own)
def second_factor() -> str:
    return render_template("staff/second_factor.html", own=services.own_factor(world(), web_session.signed_in()))


@blueprint.route("/staff/second-factor/set-up", methods=["GET", "POST"])
@staff(Permission.account_own)
def set_up_second_factor() -> Response:
    who = web_session.signed_in()
    if not who.needs_second_factor:
        asked = web_session.require_confirmed_password(url_for("people.set_up_second_factor"))
        if asked is not None:
            return asked
    form = SecondFactorForm()
    if request.method == "GET":
        return _offer_page(form, services.new_offer(who), 200)
    offer = services.reopen_offer(who, form.offer.data or "")
    if offer is None:  # the page of an earlier session: its secret is not shown again
        add_problems(form, {"code": "这一页开得太久了。请扫下面新的码，再输六位数。"})
        return _offer_page(form, services.new_offer(who), 422)
    if not form.validate():
        return _offer_page(form, offer, refused_status(form))
    return _set_up(form, offer)


def _set_up(form: SecondFactorForm, offer: Offer) -> Response:
    who = web_session.signed_in()
    login = who.actor.login
    try:
        sign_in_gate(login)
        current = (form.current.data or "") if codes_count_now(login) else ""
        done = services.set_up(world(), who, offer=offer, code=form.code.data or "", current=current)
    except TooMany as wait:
        add_problems(form, {"code": wait_words(wait)})
        return too_fast(_offer_page(form, offer, 429), wait)
    except Invalid as refusal:
        if isinstance(refusal, services.WrongCode):
            code_was_wrong(login)
        add_problems(form, refusal.fields)
        return _offer_page(form, offer, 422)
    sign_in_worked(login)
    return _spare_page(done)


def _spare_page(done: SetUp) -> Response:
    """Shown once, in the answer itself; the cookie is a new session's from here on."""
    g.msx_signed_in = services.load_session(world(), done.token)  # the page's own buttons belong to it
    page = render_template(
        "staff/spare_codes.html", codes=[totp.groups(code) for code in done.spare_codes], onward=_onward()
    )
    response = make_response(page, 200)
    web_session.set_session_cookie(response, done.token)
    return response


def _offer_page(form: SecondFactorForm, offer: Offer, status: int) -> Response:
    who, refused = web_session.signed_in(), status != 200
    address = services.otpauth(who, offer)
    form.code.data = form.current.data = None  # half a minute later they are others
    page = render_template(
        "staff/second_factor_set_up.html",
        form=form,
        own=services.own_factor(world(), who),
        limited=who.needs_second_factor,
        offer=offer.sealed,
        secret=totp.groups(totp.base32(offer.secret)),
        address=address,
        square=symbol.svg(symbol.of_text(address), title="给验证器 App 扫的码"),
        action=url_for("people.set_up_second_factor", next=request.args.get("next")),
        problem=_NOT_YET if refused else "",
        problems=problems_of(form) if refused else (),
    )
    return make_response(page, status)


def _onward() -> str:
    home = home_of(web_session.actor())
    wanted = web_session.own_path(request.args.get("next"), home)
    return wanted if is_staff_path(wanted) else home
