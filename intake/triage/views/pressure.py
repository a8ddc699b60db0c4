"""How much comes in at each board today."""

from flask import render_template

from intake.core.access import Permission
from intake.triage import queries
from intake.triage.views.desk import blueprint
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world


@blueprint.get("/staff/pressure")
@staff(Permission.report_move)
def pressure() -> str:
    """Rounded numbers by board: the office's of all, a team's of its own. No source is kept, so none is shown."""
    with world().db.read() as session:
        boards = queries.board_pressures(world(), session, web_session.signed_in())
    return render_template("staff/pressure.html", boards=boards, about=queries.about, today=world().today())
