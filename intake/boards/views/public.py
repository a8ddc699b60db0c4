"""Citizens' pages of boards: home, a board's page, whether a board is genuine, and leaving."""

from zoneinfo import ZoneInfo

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from intake.boards import counting, queries
from intake.boards.guardian import office_name
from intake.boards.lifecycle import GONE
from intake.boards.queries import BoardPage
from intake.boards.queries.texts import local_text
from intake.boards.views.counted import count
from intake.web import formtoken
from intake.web.access import citizen
from intake.web.context import world
from intake.web.i18n import c_url
from qr import code as codes

blueprint = Blueprint("boards", __name__)
DAMAGED = "damaged"  # what the token of that button is for
_LONGEST = 64  # more than any code or number with all its spaces; the rest of a pasted page is not echoed


class NoBoard(Exception):
    """No board to show: `reason` is length, alphabet, check or unknown."""

    def __init__(self, reason: str, typed: str, *, draft: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.typed = typed[:_LONGEST]
        self.draft = draft  # for counting alone: nobody is told


def find(text: str) -> BoardPage:
    """The board that a typed or scanned code means; a draft is nothing. Raises `NoBoard`."""
    return find_with_office(text)[0]


def find_with_office(text: str) -> tuple[BoardPage, str]:
    """As `find`, and the name of the office, in one reading."""
    try:
        code = codes.check(text[:_LONGEST])
    except codes.BadCode as error:
        raise NoBoard(error.reason, text) from error
    with world().db.read() as session:
        found = queries.board_with_office(session, code, today=world().today(), now=world().clock.now())
    if found is None or found[0].state == "draft":
        raise NoBoard("unknown", text, draft=found is not None)
    return found


def takes_reports(board: BoardPage) -> bool:
    return board.state == "live" and not board.before_round and not board.after_round


def no_board(error: NoBoard, *, kept: str = "") -> Response:
    """404, with what seems wrong and the field to enter it again."""
    length = len(codes.normalise(error.typed))
    page = render_template("citizen/no_board.html", reason=error.reason, typed=error.typed, count=length, kept=kept)
    return make_response(page, 404)


def not_taking(board: BoardPage, *, kept: str = "") -> Response:
    """The page of a board that takes nothing now; `kept` is a text that came too late for it."""
    if board.state in GONE:
        return make_response(render_template("citizen/revoked.html", board=board, kept=kept), 410)
    page = render_template("citizen/closed.html", board=board, kept=kept, **_hours(board))
    return make_response(page, 422 if kept else 200)


def _hours(board: BoardPage) -> dict[str, str]:
    """When its round opens, or when it was over, by the clock on the wall."""
    zone = ZoneInfo(world().settings.timezone)
    if board.state != "live":
        return {}
    if board.before_round and board.opens_at is not None:
        return {"opens": local_text(board.opens_at, zone)}
    return {"closed": local_text(board.closes_at, zone)} if board.after_round and board.closes_at is not None else {}


@blueprint.get("/")
@citizen
def home() -> AnyResponse:
    """`?board=` is a code or a site number, as typed from a board."""
    typed = request.args.get("board", "")[:_LONGEST].strip()
    if not typed:
        with world().db.read() as session:
            office = office_name(session)
        return make_response(render_template("citizen/home.html", office=office))
    try:
        board = find(_by_site_no(typed) or typed)
    except NoBoard as error:
        return no_board(error)
    return redirect(c_url("boards.board", code=board.code), 303)


def _by_site_no(typed: str) -> str | None:
    with world().db.read() as session:
        board = queries.board_by_site_no(session, typed.upper())
        return board.code if board is not None and board.state != "draft" else None


@blueprint.get("/B/<code>")
@blueprint.get("/b/<code>")
@citizen
def board(code: str) -> Response:
    try:
        found, office = find_with_office(code)
    except NoBoard as error:
        if error.reason == "unknown" and not error.draft:
            count(counting.UNKNOWN)
        return no_board(error)
    count(counting.GONE if found.state in GONE else counting.SCAN, found.code)
    if not takes_reports(found):
        return not_taking(found)
    return make_response(
        render_template(
            "citizen/board.html", board=found, office=office, host=world().settings.public_host,
            token=formtoken.issue(DAMAGED, found.code),
        )
    )  # fmt: skip


@blueprint.route("/verify", methods=["GET", "POST"])
@citizen
def verify() -> Response:
    """Whether a board is genuine; `?board=` comes from the board's own page."""
    typed = (request.form.get("code", "") if request.method == "POST" else request.args.get("board", ""))[:_LONGEST]
    host = world().settings.public_host
    if not typed.strip() and request.method == "GET":
        return make_response(render_template("citizen/verify.html", host=host))
    try:
        found = find(typed)
    except NoBoard as error:
        page = render_template("citizen/verify.html", host=host, reason=error.reason, typed=error.typed)
        return make_response(page, 404)
    if not takes_reports(found):
        return not_taking(found)
    return make_response(render_template("citizen/verify.html", host=host, board=found))


@blueprint.get("/leave")
@citizen
def leave() -> Response:
    """Asks the browser to forget; never its cookies, for staff may share the origin."""
    response = make_response(render_template("citizen/leave.html"))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response
