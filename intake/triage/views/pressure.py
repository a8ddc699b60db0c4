"""How much comes in at each board today, and how near the machine is to its ceilings."""

from flask import render_template

from intake.core.access import Permission
from intake.triage import queries
from intake.triage.views.desk import blueprint
from intake.web import ceilings
from intake.web import pressure as pressed
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world


@blueprint.get("/staff/pressure")
@staff(Permission.report_move)
def pressure() -> str:
    """Rounded numbers by board: the office's of all, a team's of its own. No source is kept, so none is shown."""
    with world().db.read() as session:
        boards = queries.board_pressures(world(), session, web_session.signed_in())
    codes = [code for board in boards for code in board.codes]
    signs = {sign.code: sign for sign in pressed.today(codes)}
    return render_template(
        "staff/pressure.html",
        boards=boards,
        asked={board.site_no: sum(signs[code].asked for code in board.codes) for board in boards},
        rush={board.site_no for board in boards if any(signs[code].rush for code in board.codes)},
        about=queries.about,
        machine=ceilings.now(),
        today=world().today(),
    )
