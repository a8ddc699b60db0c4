"""What a board usually gets: the measure of a rush is its own history."""

from datetime import timedelta

from sqlalchemy import bindparam, func, select

from intake.core.tables import table_of
from intake.core.world import World
from intake.reports.models import Report
from intake.routing.models import Placement

DAYS = 28
_REPORT, _PLACEMENT = table_of(Report), table_of(Placement)
_COUNT = (
    select(func.count())
    .select_from(_PLACEMENT.join(_REPORT, _REPORT.c.id == _PLACEMENT.c.report_id))
    .where(
        _PLACEMENT.c.site_id == bindparam("site_id"),
        _PLACEMENT.c.lane != "held",  # a flood must not become what is usual
        _REPORT.c.day >= bindparam("since"),
        _REPORT.c.day < bindparam("today"),
    )
)


def usual_of(world: World, site_id: str) -> float:
    """Reports a day over the four weeks before today. For the arithmetic of a rush alone, shown to nobody."""
    today = world.today()
    with world.db.read() as session:
        found = session.execute(
            _COUNT, {"site_id": site_id, "since": today - timedelta(days=DAYS), "today": today}
        ).scalar_one()
    return float(found) / DAYS
