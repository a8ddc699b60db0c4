"""What a receipt opens: look-up, messages, photos, rating."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from flask import Response, make_response, render_template, request
from flask_babel import gettext

from intake.core import vault
from intake.core.errors import Busy, Invalid, NotFound
from intake.reports import receipt, services
from intake.reports.forms import BOX, CitizensForm, FilesForm, MessageForm, Mistake, RatingForm
from intake.reports.receipt import BadReceipt
from intake.reports.services import Added, Box, FileProblem
from intake.reports.views import challenging
from intake.reports.views.answers import (
    Notice,
    Told,
    blueprint,
    kept_out,
    read_post,
    receipt_page,
    received,
    scope,
    to_change,
    uploads,
)
from intake.reports.workflow import COARSE_NAMES
from intake.web import ceilings, formtoken, moulds, throttle
from intake.web.access import citizen
from intake.web.context import world
from intake.web.errors import typed_words
from intake.web.formtoken import BadToken, FormToken
from intake.web.i18n import c_url

_LONGEST_ECHO = 64
_LOOKING, _ADDING = "look-up", "addition"
# What a box's forms hold: it goes along with a question.
_TYPED = ("receipt", "token", "page", "body", "score", "text")


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
    except BadReceipt as error:
        return _lookup_page(problem=error.reason, typed=typed)
    if (question := _question_before_looking(digits)) is not None:
        return question
    try:
        return _box_page(services.open_box(world(), digits=digits))
    except NotFound:
        return _lookup_page(problem="unknown")  # the same page for every receipt that opens nothing


def _question_before_looking(digits: str) -> Response | None:
    """Counted before the work. Over the limit a question stands before each look: a village shares an address."""
    reply = challenging.reply(_LOOKING, b"", digits.encode())
    if reply.solved or throttle.lookup_is_free():
        return None
    return _question(_LOOKING, b"", wrong=reply.wrong, looking=True)


def _question(scope: str, bound: bytes, *, wrong: int, looking: bool = False) -> Response:
    """Everything that was typed goes along, to where it was sent."""
    assert request.endpoint is not None
    typed = [(name, request.form[name]) for name in _TYPED if name in request.form]
    action = c_url(request.endpoint)
    return challenging.page(
        scope, bound, action=action, hidden=typed, wrong=wrong, photos=bool(uploads()), looking=looking
    )  # fmt: skip


def _lookup_page(*, problem: str = "", typed: str = "", kept: str = "") -> Response:
    page = render_template("citizen/lookup.html", problem=problem, typed=typed[:_LONGEST_ECHO], kept=kept)
    return make_response(page, {"": 200, "unknown": 404}.get(problem, 422))


def _box_page(
    box: Box,
    *,
    added: Told | None = None,
    problems: tuple[FileProblem, ...] = (),
    filled: CitizensForm | None = None,
    keep_typed: bool = False,
    status: int = 200,
) -> Response:
    """`filled` is a form with mistakes."""
    token = formtoken.issue(BOX, scope(box.digits))
    nothing_said = not (box.messages or box.additions or added or problems or keep_typed) and filled is None
    if nothing_said and moulds.usual():  # what most people find: the state and its days
        blank = replace(box, digits=moulds.mark("digits"))
        drawn = moulds.filled(
            ("box", blank, world().today(), request.method),
            lambda: _draw_box(blank, token=moulds.mark("token")),
            digits=box.digits,
            token=token,
        )
        return make_response(drawn, status)
    notice = to_change(filled) if filled is not None else None
    typed: dict[str, Any] = request.form if keep_typed else {}
    errors = filled.mistakes() if filled is not None else {}
    page = _draw_box(box, token=token, added=added, problems=problems, notice=notice, errors=errors, typed=typed)
    return make_response(page, status)


def _draw_box(
    box: Box,
    *,
    token: str,
    added: Told | None = None,
    problems: tuple[FileProblem, ...] = (),
    notice: Notice | None = None,
    errors: Mapping[str, Mistake] = MappingProxyType({}),
    typed: Mapping[str, str] = MappingProxyType({}),
) -> str:
    return render_template(
        "citizen/box.html", box=box, added=added, problems=problems, notice=notice, errors=errors,
        state_names=COARSE_NAMES, typed=typed.get("body", ""),
        rating={"score": typed.get("score", ""), "text": typed.get("text", "")},
        later=sorted({a.day for a in box.additions if a.kind != "rating"}), token=token,
    )  # fmt: skip


@blueprint.post("/receipt/message")
@citizen
def message() -> Response:
    return _act(
        MessageForm,
        lambda digits, token, filled: services.add_to_report(
            world(), digits=digits, token=token, body=filled.body.data or "", uploads=kept_out(uploads())[0]
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
    busy = read_post()
    try:
        digits = receipt.normalise(request.form.get("receipt", ""))
    except BadReceipt as error:
        return _lookup_page(problem=error.reason, kept=typed_words())
    filled = form_class(request.form, meta={"csrf_context": (BOX, scope(digits))})
    try:
        token = formtoken.read(filled.posted_token, purpose=BOX, board=scope(digits))
    except BadToken as error:
        if (question := _question_before_looking(digits)) is not None:
            return question  # without a token of this box the digits may be a guess
        if error.reason == "expired" and error.token is not None and _already(digits, error.token):
            return _after(digits, added=Told(gettext("您补充的收到了。")))
        told = Told(gettext("这一页开得太久了，请再交一次。"), good=False)
        return _after(digits, added=told, keep_typed=True, status=422)
    busy = busy or ceilings.busy() or _no_room_for_photos(form_class)
    if busy is not None:
        return _after_busy(digits, busy)
    return _question_before_adding(form_class, digits) or _add(form_class, act, digits, token, filled)


def _no_room_for_photos(form_class: type[Any]) -> Busy | None:
    """Words without their photos can be taken, and say so; photos alone come again later."""
    now = ceilings.now()
    return Busy(now.wait) if form_class is FilesForm and not now.takes_photos else None


def _add(
    form_class: type[Any],
    act: Callable[[str, FormToken, Any], Added | None],
    digits: str,
    token: FormToken,
    filled: CitizensForm,
) -> Response:
    if received().too_large:
        text = gettext("照片加在一起太大了。请一张一张加。")
        return _after(digits, added=Told(text, good=False), keep_typed=True, status=413)
    if not filled.validate() and filled.mistakes():
        return _after(digits, filled=filled, keep_typed=True, status=422)
    try:
        added = act(digits, token, filled)
    except Invalid as error:
        return _after(digits, added=Told(gettext(str(error)), good=False), keep_typed=True, status=422)
    except Busy as full:
        return _after_busy(digits, full)
    problems = (*(added.problems if added else ()), *kept_out(uploads())[1])
    return _after(digits, added=_told(form_class, added), problems=problems)


def _question_before_adding(form_class: type[Any], digits: str) -> Response | None:
    """Counted by receipt and day, before the work; an answer frees as much again, once. None: go on."""
    reply = challenging.reply(_ADDING, digits.encode(), vault.random_bytes(8))
    files = len(uploads())
    if reply.solved:
        throttle.free_additions(digits)
        if form_class is FilesForm and not files:
            return _after(digits, added=Told(gettext("可以了，请把照片再选一次。")))
        return None
    counts = {"photo": files, "message": int(form_class is not FilesForm)}
    # Every one of them is counted, also where the first is over already.
    free = [throttle.addition_is_free(kind, digits, count) for kind, count in counts.items() if count]
    return None if all(free) else _question(_ADDING, digits.encode(), wrong=reply.wrong)


def _already(digits: str, token: FormToken) -> bool:
    """Whether this very form was taken before it grew too old."""
    body = request.form.get("body", "")
    return services.already_added(world(), digits=digits, token=token, body=body, uploads=uploads())


def _after_busy(digits: str, busy: Busy) -> Response:
    text = gettext("现在人多，请等 %(n)s 秒再交一次", n=busy.retry_after)
    response = _after(digits, added=Told(text, good=False, elsewhere=True), keep_typed=True, status=503)
    response.headers["Retry-After"] = str(busy.retry_after)
    return response


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
    filled: CitizensForm | None = None,
    keep_typed: bool = False,
    status: int = 200,
) -> Response:
    """The page that the act came from: the receipt page keeps its digits until they are written down."""
    try:
        box = services.open_box(world(), digits=digits)
    except NotFound:
        return _lookup_page(problem="unknown", kept=typed_words())
    if request.form.get("page") == "receipt":
        return receipt_page(digits, box.team_name, problems=problems, added=added, again=True, status=status)
    return _box_page(box, added=added, problems=problems, filled=filled, keep_typed=keep_typed, status=status)
