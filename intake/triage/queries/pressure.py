"""How much comes in at each board today, against its own weeks before: rounded, and nothing of where it came from."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.orm import Session

from intake.boards.models import Board, Site
from intake.core.access import SignedIn
from intake.core.world import World
from intake.people.models import Team
from intake.reports.models import Report
from intake.reports.workflow import SETTLED
from intake.routing.models import Placement
from intake.routing.queries import visible_reports
from intake.routing.services import HELD

FEW = 5  # fewer than this are told as "fewer than five": a small number beside a board may point at somebody
_BEFORE = 28  # days of a board's own history: four of every day of the week


@dataclass(frozen=True, slots=True)
class BoardPressure:
    """Of one site, what the reader may see: what came today, of it held, what a day brings, what waits held.

    `codes`: of its boards in use.
    """

    site_no: str
    name: str
    team_name: str
    today: int
    held_today: int
    usual: float
    waiting: int
    codes: tuple[str, ...] = ()


def about(count: float) -> str:
    """A number as pages tell it: "few" below five, else to the nearest five."""
    return "few" if count < FEW else str(FEW * round(count / FEW))


def board_pressures(world: World, session: Session, signed_in: SignedIn) -> tuple[BoardPressure, ...]:
    """Boards at which something came today or waits in the held lane; the busiest first, two queries."""
    today = world.today()
    came, held = Report.day == today, Placement.lane == HELD
    before = and_(Report.day < today, Report.day >= today - timedelta(days=_BEFORE))
    waits = and_(held, Report.state.not_in([state.value for state in SETTLED]))
    numbers = [_count(came), _count(and_(came, held)), _count(before), _count(waits)]
    seen = visible_reports(signed_in.actor)
    what: Select[Any] = select(Site.site_no, Site.name, Team.name, *numbers)
    rows = session.execute(
        what.select_from(Report)
        .join(Placement, Placement.report_id == Report.id)
        .join(Site, Site.id == Placement.site_id)
        .join(Team, Team.id == Placement.team_id)
        .where(Placement.report_id.in_(seen))
        .group_by(Site.site_no, Site.name, Team.name)
    )
    live = select(Site.site_no, Board.code).join(Board, Board.site_id == Site.id).where(Board.state == "live")
    codes: dict[str, tuple[str, ...]] = {}
    for site_no, code in session.execute(live):
        codes[site_no] = (*codes.get(site_no, ()), code)
    found = [
        BoardPressure(site_no, name, team, n, held_today, earlier / _BEFORE, waiting, codes.get(site_no, ()))
        for site_no, name, team, n, held_today, earlier, waiting in rows
        if n or waiting
    ]
    return tuple(sorted(found, key=lambda board: (-board.waiting, -board.today, board.site_no)))


def _count(condition: Any) -> Any:
    return func.count(case((condition, 1)))
