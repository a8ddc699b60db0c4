"""The form of a board: shown, given back, confirmed, filed."""

import sys

from flask import Response, current_app, make_response, render_template, request, url_for
from flask_babel import gettext

from intake.boards import counting
from intake.boards.queries import BoardPage
from intake.boards.views import NoBoard, find_with_office, no_board, not_taking, takes_reports
from intake.boards.views.counted import count
from intake.core.errors import Busy, NotFound
from intake.reports import content, sensitive, services
from intake.reports.assess import Outcome
from intake.reports.content import Draft
from intake.reports.forms import REPORT, ReportForm
from intake.reports.views import challenging
from intake.reports.views.answers import (
    Notice,
    blueprint,
    found_title_of,
    kept_out,
    read_post,
    receipt_page,
    received,
    to_change,
    uploads,
)
from intake.reports.views.challenging import Reply
from intake.reports.views.weighing import compared_by, weigh
from intake.web import ceilings, formtoken, moulds, throttle
from intake.web.access import citizen
from intake.web.context import world
from intake.web.errors import typed_words
from intake.web.formtoken import BadToken, FormToken
from intake.web.i18n import c_url

_AROUND = 12  # characters shown on either side of a number that was found


@blueprint.get("/B/<code>/report")
@blueprint.get("/b/<code>/report")
@citizen
def form(code: str) -> Response:
    try:
        board, office = find_with_office(code)
    except NoBoard as error:
        return no_board(error)
    if not takes_reports(board):
        return not_taking(board)
    count(counting.STARTED, board.code)
    return _blank_form_page(board, office)


@blueprint.post("/B/<code>/report")
@blueprint.post("/b/<code>/report")
@citizen
def submit(code: str) -> Response:
    """Answers with the receipt page itself: a redirect would need the digits in an address or a cookie."""
    busy = read_post()
    try:
        board, office = find_with_office(code)
    except NoBoard as error:
        return no_board(error, kept=typed_words())
    filled = ReportForm.of_board(board.code)
    busy = busy or ceilings.busy()
    if busy is not None:
        return _form_busy(board, office, filled, busy)
    if "view" in request.form:  # another size or language: the form again, nothing is filed
        return _form_page(board, office, filled, notice=photos_again())
    if received().too_large:
        return _form_page(board, office, filled, notice=too_large_notice(), status=413)
    draft = filled.draft()
    token = _token(filled, board, draft)
    if token is None:
        if not takes_reports(board):
            return not_taking(board, kept=typed_words())
        return _form_page(board, office, filled, notice=_too_late(), status=422, fresh=True)
    if not filled.validate() and filled.mistakes():
        return _form_page(board, office, filled, notice=to_change(filled), status=422)
    return _confirm_or_file(board, office, filled, token, draft)


def _token(filled: ReportForm, board: BoardPage, draft: Draft) -> FormToken | None:
    """The form's token; an expired one of ours still counts where its form was filed before."""
    try:
        return formtoken.read(filled.posted_token, purpose=REPORT, board=board.code)
    except BadToken as error:
        if error.reason != "expired" or error.token is None:
            return None
        return error.token if services.already_filed(world(), token=error.token, draft=draft) else None


def _confirm_or_file(board: BoardPage, office: str, filled: ReportForm, token: FormToken, draft: Draft) -> Response:
    files = uploads()
    found = sensitive.find(draft.body)
    if found and not files and request.form.get("confirmed") != "y":
        return _confirm_page(board, filled, found)
    files, left_out = kept_out(files)
    reply = challenging.reply(REPORT, token.nonce, content.digest(token.board, draft))
    words = services.read_words(world().secrets, draft)
    compared = compared_by(words, draft)
    assessed = weigh(board, token, draft, reply, compared=compared)
    if assessed.outcome is Outcome.challenge and not services.already_filed(world(), token=token, draft=draft):
        return _challenge_page(board, filled, token, reply, pressure=assessed.pressure, confirmed=bool(found))
    held = assessed.reasons if assessed.outcome is Outcome.held else ()
    try:
        filed = services.file_report(world(), token=token, draft=draft, uploads=files, held=held, words=words)
    except Busy as busy:
        return _form_busy(board, office, filled, busy)
    except NotFound:
        return not_taking(board, kept=typed_words())
    except Exception:
        # Whatever broke, the same form goes back with the same token: sent again it is filed once.
        current_app.log_exception(sys.exc_info())
        return _form_page(board, office, filled, notice=_broke(), status=500)
    if filed.compared:
        throttle.remember_words(compared)
    notice = filed.found if files else frozenset()
    return receipt_page(
        filed.digits, filed.team_name, problems=(*filed.problems, *left_out), repeated=filed.repeated, found=notice,
        urgent=filed.urgent,
    )  # fmt: skip


def _form_busy(board: BoardPage, office: str, filled: ReportForm, busy: Busy) -> Response:
    response = _form_page(board, office, filled, notice=_busy(busy.retry_after), status=503)
    response.headers["Retry-After"] = str(busy.retry_after)
    return response


def _challenge_page(
    board: BoardPage, filled: ReportForm, token: FormToken, reply: Reply, *, pressure: float, confirmed: bool
) -> Response:
    """Everything goes along but the photos, which no hidden field can hold: they are added after the text is filed."""
    typed = [("token", filled.posted_token), ("body", filled.body.data or ""), *filled.hidden()]
    if confirmed:  # the numbers in the text were asked about already, or came with photos
        typed.append(("confirmed", "y"))
    return challenging.page(
        REPORT, token.nonce, action=c_url("reports.submit", code=board.code), hidden=typed, wrong=reply.wrong,
        pressure=pressure, photos=bool(uploads()) or request.form.get(challenging.PHOTOS) == "y",
    )  # fmt: skip


def _blank_form_page(board: BoardPage, office: str) -> Response:
    """The form as most people open it: drawn once for a board."""
    if not moulds.usual() or request.path != url_for("reports.form", code=board.code):
        return _form_page(board, office, ReportForm.of_board(board.code))
    page = moulds.filled(
        ("form", board, office, world().today()),
        lambda: _draw_form(board, office, ReportForm.of_board(board.code), token=moulds.mark("token")),
        token=formtoken.issue(REPORT, board.code),
    )
    return make_response(page)


def _form_page(
    board: BoardPage,
    office: str,
    filled: ReportForm,
    *,
    notice: Notice | None = None,
    status: int = 200,
    fresh: bool = False,
) -> Response:
    """The form with what was typed. Its token goes back as it came, unless that one is worth nothing."""
    token = filled.posted_token
    if fresh or not token:
        token = filled.fresh_token(again=fresh)
    return make_response(_draw_form(board, office, filled, token=token, notice=notice), status)


def _draw_form(board: BoardPage, office: str, filled: ReportForm, *, token: str, notice: Notice | None = None) -> str:
    first, rest = content.tiles(board.kind)
    return render_template(
        "citizen/form.html", board=board, office=office, form=filled, token=token, first=first, rest=rest,
        errors=filled.mistakes(), notice=notice,
    )  # fmt: skip


def _too_late() -> Notice:
    return Notice(gettext("这一页开得太久了，请再交一次"), files=len(uploads()))


def too_large_notice() -> Notice:
    advice = gettext("请先交文字，照片等交完再一张一张加，一张也不会少。")
    return Notice(gettext("照片加在一起太大了"), advice)


def _broke() -> Notice:
    advice = gettext("您写的都还在，请再交一次。交两次也只算一次。")
    return Notice(gettext("我们这边出了点问题"), advice, files=len(uploads()), elsewhere=True)


def _busy(seconds: int) -> Notice:
    title = gettext("现在人多，请等 %(n)s 秒再交一次", n=seconds)
    return Notice(title, gettext("交两次也只算一次。"), files=len(uploads()), elsewhere=True)


def photos_again() -> Notice | None:
    lost = len(uploads())
    return Notice(gettext("照片要再选一次"), files=lost) if lost else None


def excerpts(text: str) -> list[list[tuple[str, bool]]]:
    """Each number that was found, between the words around it: [(text, is the number)]."""
    return [_excerpt(text, span.start, span.end) for span in sensitive.spans(text)]


def _excerpt(text: str, start: int, end: int) -> list[tuple[str, bool]]:
    before, after = text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
    lead = "……" if start > _AROUND else ""
    trail = "……" if end + _AROUND < len(text) else ""
    return [(lead + before, False), (text[start:end], True), (after + trail, False)]


def _confirm_page(board: BoardPage, filled: ReportForm, found: frozenset[str]) -> Response:
    page = render_template(
        "citizen/confirm.html", board=board, form=filled, token=filled.posted_token, found=found,
        title=found_title_of(found), excerpts=excerpts(content.clean(filled.body.data)), hidden=list(filled.hidden()),
    )  # fmt: skip
    return make_response(page)
