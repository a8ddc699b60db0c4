"""Staff's pages of boards in the field: which are due, what is wrong, what was found. They are made for a phone."""

from datetime import timedelta
from typing import cast

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from intake.boards import queries
from intake.boards.forms import PatrolForm
from intake.boards.lifecycle import GONE, STATE_NAMES
from intake.boards.queries.field import Station, board_at_site, board_for, history, stations
from intake.boards.services import patrol
from intake.boards.services.patrol import RESULTS, Picture, record_patrol
from intake.boards.services.words import KINDS
from intake.core.access import Permission
from intake.core.errors import Invalid
from intake.people.forms import add_problems, problems_of, refused_status, token_was_stale
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.i18n import c_url
from intake.web.upload import IntakeRequest, UploadedFile
from qr import code as codes

blueprint = Blueprint("field", __name__)
_LONGEST = 64
_PAGE = 50


@blueprint.app_template_global()
def patrol_door(code: str) -> str:
    """Where staff who scanned a board as everybody does go on from; not there where this process has no staff pages."""
    return c_url("field.check", code=code)


@blueprint.get("/staff/patrol")
@staff(Permission.boards_patrol)
def patrols() -> Response:
    """`?code=` is what was typed from a board: on to its page."""
    actor, today = web_session.actor(), world().today()
    typed = request.args.get("code", "")[:_LONGEST].strip()
    wrong = ""
    if typed:
        try:
            return redirect(url_for("field.check", code=codes.check(typed)), 303)
        except codes.BadCode as error:
            wrong = error.reason
    find = request.args.get("find", "")[:_LONGEST].strip()
    page = request.args.get("page", "1")
    with world().db.read() as session:
        every = stations(session, actor, every=_every(), find=find)
        strays = queries.strays(session, today) if actor.may(Permission.boards_manage) else None
    first = (max(int(page), 1) - 1 if page.isascii() and page.isdigit() and len(page) < 6 else 0) * _PAGE
    html = render_template(
        "staff/patrols.html",
        stations=every[first : first + _PAGE],
        total=len(every),
        overdue=sum(one.overdue(today) for one in every),
        troubled=[one for one in every if one.troubled],
        strays=strays,
        first=first,
        page_size=_PAGE,
        find=find,
        typed=typed,
        wrong=wrong,
        today=today,
        results=RESULTS,
        words=KINDS,
    )
    return make_response(html, 404 if wrong else 200)


@blueprint.route("/staff/patrol/<code>", methods=["GET", "POST"])
@staff(Permission.boards_patrol)
def check(code: str) -> Response:
    """Reached by the board's own code: whoever is here stands, or stood, in front of it."""
    return _checked(_found(codes.normalise(code)), at_board=True)


@blueprint.route("/staff/patrol/site/<site_no>", methods=["GET", "POST"])
@staff(Permission.boards_patrol)
def check_site(site_no: str) -> Response:
    """Where there is no code to be scanned any more: it is covered, or gone."""
    with world().db.read() as session:
        code = board_at_site(session, web_session.actor(), site_no)
    return _checked(_found(code), at_board=False)


@blueprint.get("/staff/patrol/<code>/photos/<patrol_id>")
@staff(Permission.boards_patrol)
def patrol_photo(code: str, patrol_id: str) -> Response:
    response = make_response(patrol.patrol_photo(world(), web_session.actor(), code=code, patrol_id=patrol_id))
    response.mimetype = "image/jpeg"
    response.headers.set("Content-Disposition", "attachment", filename="board.jpg")
    return response


def _every() -> timedelta:
    return timedelta(days=world().settings.patrol_days)


def _found(code: str) -> Station:
    with world().db.read() as session:
        return board_for(session, web_session.actor(), code, every=_every())


def _checked(station: Station, *, at_board: bool) -> Response:
    if request.method == "GET":
        return _page(station, PatrolForm(formdata=None), at_board=at_board)
    too_large = cast(IntakeRequest, request).too_large
    form = PatrolForm()
    if not form.validate():
        problem = "这一页开得太久了，请再交一次。" if token_was_stale(form) else "没有记下。"
        return _page(station, form, at_board=at_board, problem=problem, status=refused_status(form))
    if too_large:
        return _page(station, form, at_board=at_board, problem="照片太大了，请换一张，或者不加照片。", status=413)
    try:
        done = record_patrol(
            world(), web_session.actor(), code=station.code, result=form.result.data or "", at_board=at_board,
            note=form.text.data or "", photo=_photo(),
        )  # fmt: skip
    except Invalid as refusal:
        add_problems(form, {"text" if name == "note" else name: said for name, said in refusal.fields.items()})
        return _page(station, form, at_board=at_board, problem="没有记下。", status=422)
    token = "patrolled_no_photo" if done.left_out else "patrolled"
    return redirect(url_for("field.patrols", done=token), 303)


def _photo() -> Picture | None:
    file = request.files.get("photo")
    if not isinstance(file, UploadedFile) or not (file.filename or file.too_big):
        return None
    return Picture(file.filename or "", None if file.too_big else file.stream.read(), file.head)


def _page(station: Station, form: PatrolForm, *, at_board: bool, problem: str = "", status: int = 200) -> Response:
    with world().db.read() as session:
        before = history(session, station.code)
    gone = station.state in GONE
    choices = {id_: name for id_, name in RESULTS.items() if at_board or id_ in patrol.FROM_AFAR}
    page = render_template(
        "staff/patrol.html",
        station=station,
        states=STATE_NAMES,
        spaced=codes.spaced(station.code),
        gone=gone,
        at_board=at_board,
        form=form,
        choices=choices,
        before=before,
        problem=problem,
        problems=problems_of(form) if status == 422 and not gone else (),
        results=RESULTS,
        words=KINDS,
        today=world().today(),
    )
    return make_response(page, status)
