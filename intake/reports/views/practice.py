"""试扫: the citizen's way through for whoever hangs a board. It files nothing, counts nothing, stores nothing.

Staff's addresses with the citizens' own pages and rules: what is practised is what people will meet.
"""

from collections.abc import Sequence
from typing import Any, Final

from flask import Blueprint, make_response, render_template, url_for
from werkzeug.wrappers import Response

from intake.boards.guardian import office_name
from intake.boards.queries import BoardPage, board_page
from intake.boards.queries.field import board_for
from intake.boards.views import not_taking
from intake.core.access import Permission
from intake.people.forms import ActForm
from intake.reports import content, receipt, sensitive
from intake.reports.forms import ReportForm
from intake.reports.services import FileProblem
from intake.reports.services.photos import take
from intake.reports.views.answers import Notice, found_title_of, read_post, received, to_change, uploads
from intake.reports.views.filing import excerpts, photos_again, too_large_notice
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.errors import error_page
from qr import code as codes

blueprint = Blueprint("practice", __name__)
PURPOSE: Final = "practice"  # a practised form is worth nothing at the citizens' address
# Looks like a receipt and is none: its last digit is wrong, so that nobody can look it up.
DIGITS: Final = "0" * 19 + "1"


@blueprint.get("/staff/practice/<code>")
@staff(Permission.boards_patrol)
def board(code: str) -> Response:
    found, office = _found(code)
    if found.state not in ("draft", "live"):
        return not_taking(found)
    return _page("citizen/board.html", found, office=office, host=world().settings.public_host, token="")


@blueprint.get("/staff/practice/<code>/report")
@staff(Permission.boards_patrol)
def form(code: str) -> Response:
    found, office = _found(code)
    return _form(found, office, ReportForm.of_board(found.code, purpose=PURPOSE))


@blueprint.post("/staff/practice/<code>/report")
@staff(Permission.boards_patrol)
def submit(code: str) -> Response:
    found, office = _found(code)
    busy = read_post()
    filled = ReportForm.of_board(found.code, purpose=PURPOSE)
    if not ActForm().validate():
        return error_page(400)
    if busy is not None:
        raise busy
    if "view" in received().form:
        return _form(found, office, filled, notice=photos_again())
    if received().too_large:
        return _form(found, office, filled, notice=too_large_notice(), status=413)
    if not filled.validate() and filled.mistakes():
        return _form(found, office, filled, notice=to_change(filled), status=422)
    return _confirm_or_receipt(found, office, filled)


def _confirm_or_receipt(found: BoardPage, office: str, filled: ReportForm) -> Response:
    files, draft = uploads(), filled.draft()
    numbers = sensitive.find(draft.body)
    if numbers and not files and received().form.get("confirmed") != "y":
        text = content.clean(filled.body.data)
        return _page(
            "citizen/confirm.html", found, form=filled, token=filled.posted_token, found=numbers,
            title=found_title_of(numbers), excerpts=excerpts(text), hidden=list(filled.hidden()),
        )  # fmt: skip
    # Photos are looked at as they would be, and let go.
    _, problems = take(world(), files, seen_key=b"practice", known=(), room=world().settings.max_photos)
    return _receipt(found, found.team_name or office, problems, numbers if files else frozenset())


def _receipt(found: BoardPage, team: str, problems: Sequence[FileProblem], numbers: frozenset[str]) -> Response:
    return _page(
        "citizen/receipt.html", found, digits=DIGITS, groups=receipt.groups(DIGITS), team_name=team,
        problems=problems, repeated=False, found=numbers, found_title=found_title_of(numbers) if numbers else "",
        added=None, again=False, urgent=False, token="",
    )  # fmt: skip


def _form(
    found: BoardPage, office: str, filled: ReportForm, *, notice: Notice | None = None, status: int = 200
) -> Response:
    first, rest = content.tiles(found.kind)
    return _page(
        "citizen/form.html", found, status=status, office=office, form=filled, first=first, rest=rest,
        token=filled.posted_token or filled.fresh_token(), errors=filled.mistakes(), notice=notice,
    )  # fmt: skip


def _page(template: str, found: BoardPage, /, *, status: int = 200, **values: Any) -> Response:
    page = render_template(
        template,
        board=found,
        practice=ActForm(formdata=None),
        practice_end=url_for("field.check", code=found.code),
        form_address=url_for("practice.form", code=found.code),
        submit_address=url_for("practice.submit", code=found.code),
        **values,
    )
    return make_response(page, status)


def _found(code: str) -> tuple[BoardPage, str]:
    """The board, a draft too: it is hung before it goes live. Nothing for who does not look after it."""
    with world().db.read() as session:
        station = board_for(session, web_session.actor(), codes.normalise(code))
        found = board_page(session, station.code, today=world().today())
        assert found is not None
        return found, office_name(session)
