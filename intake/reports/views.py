"""Citizens' pages of reports: the form, its confirm step, the receipt, and what a receipt opens."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from flask_babel import gettext

from intake.boards.guardian import office_name
from intake.boards.queries import BoardPage
from intake.boards.views import NoBoard, find, no_board, not_taking, takes_reports
from intake.core import vault
from intake.core.errors import Busy, Invalid, NotFound, TooMany
from intake.reports import content, receipt, sensitive, services
from intake.reports.content import Draft
from intake.reports.forms import (
    BOX,
    REPORT,
    FieldLink,
    FilesForm,
    MessageForm,
    Mistake,
    RatingForm,
    ReportForm,
)
from intake.reports.receipt import BadReceipt
from intake.reports.services import Added, Box, FileProblem, Upload
from intake.reports.workflow import COARSE_NAMES
from intake.web import formtoken, throttle
from intake.web.access import citizen
from intake.web.context import world
from intake.web.formtoken import BadToken, FormToken

blueprint = Blueprint("reports", __name__)
_AROUND = 12  # characters shown on either side of a number that was found
_LONGEST_ECHO = 64


@dataclass(frozen=True, slots=True)
class Notice:
    """The summary on top of a form that comes back; `files` were chosen and have to be chosen again."""

    title: str
    advice: str = ""
    fields: tuple[FieldLink, ...] = ()
    files: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """One line on what became of an addition."""

    text: str
    good: bool = True


def uploads() -> list[Upload]:
    """The files that came along; `data` is None for one over the size."""
    found = []
    for file in request.files.getlist("files"):
        too_big = getattr(file, "too_big", False)
        data = None if too_big else file.stream.read()
        if file.filename or too_big or data:
            found.append(Upload(file.filename or "", data))
    return found


# The form


@blueprint.get("/b/<code>/report")
@blueprint.get("/B/<code>/report")
@citizen
def form(code: str) -> Response:
    try:
        board = find(code)
    except NoBoard as error:
        return no_board(error)
    if not takes_reports(board):
        return not_taking(board)
    return _form_page(board, ReportForm.of_board(board.code))


@blueprint.post("/b/<code>/report")
@blueprint.post("/B/<code>/report")
@citizen
def submit(code: str) -> Response:
    """Answers with the receipt page itself: a redirect would need the digits in an address or a cookie."""
    try:
        board = find(code)
    except NoBoard as error:
        return no_board(error, kept=request.form.get("body", ""))
    filled = ReportForm.of_board(board.code)
    if "view" in request.form:  # another size or language: the form again, nothing is filed
        return _form_page(board, filled, notice=_photos_again())
    if request.too_large:  # type: ignore[attr-defined]  # IntakeRequest says so
        return _form_page(board, filled, notice=_too_large(), status=413)
    draft = filled.draft()
    token = _token(filled, board, draft)
    if token is None:
        if not takes_reports(board):
            return not_taking(board, kept=draft.body)
        return _form_page(board, filled, notice=_too_late(), status=422, fresh=True)
    if not filled.validate() and filled.mistakes():
        return _form_page(board, filled, notice=_to_change(filled), status=422)
    return _confirm_or_file(board, filled, token, draft)


def _token(filled: ReportForm, board: BoardPage, draft: Draft) -> FormToken | None:
    """The form's token; an expired one of ours still counts where its form was filed before."""
    try:
        return formtoken.read(filled.posted_token, purpose=REPORT, board=board.code)
    except BadToken as error:
        ours = error.reason == "expired" and error.token is not None
        if ours and services.already_filed(world(), token=error.token, draft=draft):
            return error.token
        return None


def _confirm_or_file(board: BoardPage, filled: ReportForm, token: FormToken, draft: Draft) -> Response:
    files = uploads()
    found = sensitive.find(draft.body)
    if found and not files and request.form.get("confirmed") != "y":
        return _confirm_page(board, filled, found)
    held = _suspicions(token, filled) + throttle.report_is_held(board.code)
    try:
        filed = services.file_report(world(), token=token, draft=draft, uploads=files, held=held)
    except Busy as busy:
        response = _form_page(board, filled, notice=_busy(busy.retry_after), status=503)
        response.headers["Retry-After"] = str(busy.retry_after)
        return response
    notice = filed.found if files else frozenset()
    return _receipt_page(
        filed.digits, filed.team_name, problems=filed.problems, repeated=filed.repeated, found=notice
    )


def _suspicions(token: FormToken, filled: ReportForm) -> list[str]:
    """A machine sees the same page as a person; a person will look at what it sent."""
    reasons = ["honeypot"] if (filled.website.data or "").strip() else []
    if token.age(world().clock.now()) < world().settings.form_fastest_seconds:
        reasons.append("too_fast")
    return reasons


def _form_page(
    board: BoardPage, filled: ReportForm, *, notice: Notice | None = None, status: int = 200, fresh: bool = False
) -> Response:
    """The form with what was typed. Its token goes back as it came, unless that one is worth nothing."""
    first, rest = content.tiles(board.kind)
    with world().db.read() as session:
        office = office_name(session)
    token = filled.fresh_token if fresh or not filled.posted_token else filled.posted_token
    page = render_template(
        "citizen/form.html", board=board, office=office, form=filled, token=token, first=first, rest=rest,
        errors=filled.mistakes(), notice=notice,
    )  # fmt: skip
    return make_response(page, status)


def _files_lost() -> int:
    return len(uploads())


def _to_change(filled: ReportForm) -> Notice:
    links = tuple(filled.links())
    title = gettext("有一处要改一改") if len(links) == 1 else gettext("有 %(n)s 处要改一改", n=len(links))
    return Notice(title, fields=links, files=_files_lost())


def _too_late() -> Notice:
    return Notice(gettext("这一页开得太久了，请再交一次"), files=_files_lost())


def _too_large() -> Notice:
    advice = gettext("请先交文字，照片等交完再一张一张加，一张也不会少。")
    return Notice(gettext("照片加在一起太大了"), advice)


def _busy(seconds: int) -> Notice:
    return Notice(gettext("现在人多，请等 %(n)s 秒再交一次", n=seconds), gettext("交两次也只算一次。"), files=_files_lost())


def _photos_again() -> Notice | None:
    lost = _files_lost()
    return Notice(gettext("照片要再选一次"), files=lost) if lost else None


# The confirm step


def _found_title(found: frozenset[str]) -> str:
    names = {"phone": gettext("电话号码"), "id_number": gettext("身份证号"), "receipt": gettext("回执号")}
    what = gettext("、").join(name for kind, name in names.items() if kind in found)
    return gettext("您写的话里有%(what)s", what=what)


def _excerpts(text: str) -> list[list[tuple[str, bool]]]:
    """Each number that was found, between the words around it: [(text, is the number)]."""
    spans, at = [], 0
    segments = sensitive.mask(text)
    for place, (part, kind) in enumerate(segments):
        if kind is None:
            at = text.index(part, at) + len(part)
            continue
        following = next((words for words, k in segments[place + 1 :] if k is None), None)
        end = text.index(following, at) if following else len(text)
        spans.append((at, end))
        at = end
    return [_excerpt(text, start, end) for start, end in spans]


def _excerpt(text: str, start: int, end: int) -> list[tuple[str, bool]]:
    before, after = text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
    lead = "……" if start > _AROUND else ""
    trail = "……" if end + _AROUND < len(text) else ""
    return [(lead + before, False), (text[start:end], True), (after + trail, False)]


def _confirm_page(board: BoardPage, filled: ReportForm, found: frozenset[str]) -> Response:
    page = render_template(
        "citizen/confirm.html", board=board, form=filled, token=filled.posted_token, found=found,
        title=_found_title(found), excerpts=_excerpts(content.clean(filled.body.data)), hidden=list(filled.hidden()),
    )  # fmt: skip
    return make_response(page)


# The receipt and what it opens


def _scope(digits: str) -> str:
    """What a box's token is bound to: only who has opened this box once can hold one."""
    return vault.mac(world().secrets.form_token_key, "box", digits).hex()[:32]


def _receipt_page(
    digits: str,
    team_name: str,
    *,
    problems: tuple[FileProblem, ...] = (),
    repeated: bool = False,
    found: frozenset[str] = frozenset(),
    added: Told | None = None,
    again: bool = False,
    status: int = 200,
) -> Response:
    """`again`: after a photo was added here; the digits stay until they are written down."""
    page = render_template(
        "citizen/receipt.html", digits=digits, groups=receipt.groups(digits), team_name=team_name, problems=problems,
        repeated=repeated, found=found, found_title=_found_title(found), added=added, again=again,
        token=formtoken.issue(BOX, _scope(digits)),
    )  # fmt: skip
    return make_response(page, status)


@blueprint.get("/receipt")
@citizen
def lookup() -> Response:
    return _lookup_page()


@blueprint.post("/receipt")
@citizen
def open_box() -> Response:
    """Digits travel in the body only."""
    typed = request.form.get("receipt", "")
    try:
        digits = receipt.normalise(typed)
        throttle.count_lookup()
        return _box_page(services.open_box(world(), digits=digits))
    except BadReceipt as error:
        return _lookup_page(problem=error.reason, typed=typed)
    except NotFound:
        return _lookup_page(problem="unknown")  # the same page for every receipt that opens nothing
    except TooMany as wait:
        return _lookup_page(problem="wait", typed=typed, retry_after=wait.retry_after)


_LOOKUP_STATUS = {"unknown": 404, "wait": 429}


def _lookup_page(*, problem: str = "", typed: str = "", retry_after: int = 0, kept: str = "") -> Response:
    page = render_template(
        "citizen/lookup.html", problem=problem, typed=typed[:_LONGEST_ECHO], retry_after=retry_after, kept=kept
    )
    response = make_response(page, _LOOKUP_STATUS.get(problem, 422) if problem else 200)
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _box_page(
    box: Box,
    *,
    added: Told | None = None,
    problems: tuple[FileProblem, ...] = (),
    errors: dict[str, Mistake] | None = None,
    keep_typed: bool = False,
    status: int = 200,
) -> Response:
    typed: dict[str, Any] = request.form if keep_typed else {}
    page = render_template(
        "citizen/box.html", box=box, added=added, problems=problems, errors=errors or {}, state_names=COARSE_NAMES,
        typed=typed.get("body", ""), rating={"score": typed.get("score", ""), "text": typed.get("text", "")},
        later=sorted({a.day for a in box.additions if a.kind != "rating"}), token=formtoken.issue(BOX, _scope(box.digits)),
    )  # fmt: skip
    return make_response(page, status)


Form = MessageForm | FilesForm | RatingForm


@blueprint.post("/receipt/message")
@citizen
def message() -> Response:
    return _act(
        MessageForm,
        lambda digits, token, filled: services.add_to_report(
            world(), digits=digits, token=token, body=filled.body.data or "", uploads=uploads()
        ),
    )


@blueprint.post("/receipt/files")
@citizen
def files() -> Response:
    return _act(
        FilesForm,
        lambda digits, token, filled: services.add_to_report(world(), digits=digits, token=token, uploads=uploads()),
    )


@blueprint.post("/receipt/rating")
@citizen
def rating() -> Response:
    def rate(digits: str, token: FormToken, filled: Any) -> None:
        services.rate_report(
            world(), digits=digits, token=token, score=int(filled.score.data), text=filled.text.data or ""
        )

    return _act(RatingForm, rate)


def _act(form_class: type[Any], act: Callable[[str, FormToken, Any], Added | None]) -> Response:
    """One act on a box, answered with the page it came from: never a redirect, which would carry digits."""
    try:
        digits = receipt.normalise(request.form.get("receipt", ""))
    except BadReceipt as error:
        return _lookup_page(problem=error.reason, kept=request.form.get("body", ""))
    filled = form_class(request.form, meta={"csrf_context": (BOX, _scope(digits))})
    try:
        token = formtoken.read(filled.posted_token, purpose=BOX, board=_scope(digits))
    except BadToken:
        throttle.count_lookup()  # without a token of this box the digits may be a guess
        return _after(digits, added=Told(gettext("这一页开得太久了，请再交一次。"), good=False), keep_typed=True, status=422)
    if request.too_large:  # type: ignore[attr-defined]  # IntakeRequest says so
        text = gettext("照片加在一起太大了。请一张一张加。")
        return _after(digits, added=Told(text, good=False), keep_typed=True, status=413)
    if not filled.validate() and filled.mistakes():
        return _after(digits, errors=filled.mistakes(), keep_typed=True, status=422)
    try:
        added = act(digits, token, filled)
    except Invalid as error:
        return _after(digits, added=Told(gettext(str(error)), good=False), keep_typed=True, status=422)
    except Busy as busy:
        text = gettext("现在人多，请等 %(n)s 秒再交一次", n=busy.retry_after)
        response = _after(digits, added=Told(text, good=False), keep_typed=True, status=503)
        response.headers["Retry-After"] = str(busy.retry_after)
        return response
    return _after(digits, added=_told(form_class, added), problems=added.problems if added else ())


def _told(form_class: type[Any], added: Added | None) -> Told | None:
    if form_class is RatingForm:
        return Told(gettext("您的评分收到了，谢谢。"))
    if added is None or not added.wrote:
        return None  # the problems of the files say why
    if form_class is MessageForm:
        return Told(gettext("您补充的收到了。"))
    if added.taken:
        return Told(gettext("又收到 %(n)s 张照片。", n=added.taken))
    return Told(gettext("这张照片已经有了。"))


def _after(
    digits: str,
    *,
    added: Told | None = None,
    problems: tuple[FileProblem, ...] = (),
    errors: dict[str, Mistake] | None = None,
    keep_typed: bool = False,
    status: int = 200,
) -> Response:
    """The page that the act came from: the receipt page keeps its digits until they are written down."""
    try:
        box = services.open_box(world(), digits=digits)
    except NotFound:
        return _lookup_page(problem="unknown", kept=request.form.get("body", ""))
    if request.form.get("page") == "receipt":
        return _receipt_page(digits, box.team_name, problems=problems, added=added, again=True, status=status)
    return _box_page(box, added=added, problems=problems, errors=errors, keep_typed=keep_typed, status=status)
