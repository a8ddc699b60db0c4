"""The running time limit of a report: when it ends, and how it waits while the citizen is asked."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.core.calendar import NOTHING, Due, Overrides, working_days_between
from intake.core.clock import local_day
from intake.reports.deadlines import due, resumed
from intake.reports.models import Report, StaffEvent
from intake.reports.workflow import State, clock_of


@dataclass(frozen=True, slots=True)
class Deadline:
    """What is to be done by when. `left`: working days after today up to it, negative when it is past."""

    what: str
    due: Due
    paused: bool
    left: int
    today: date

    @property
    def status(self) -> str:
        """paused, late, now (today) or later."""
        if self.paused:
            return "paused"
        if self.due.day < self.today:
            return "late"
        return "now" if self.due.day == self.today else "later"


# A report that waits to be looked at starts no clock, and one that was destroyed has none.
NO_CLOCK_LANES = ("held", "purged", "locked")


def deadline_of(report: Report, *, lane: str, today: date, overrides: Overrides = NOTHING) -> Deadline | None:
    """The deadline of a report in this lane; None where no clock runs."""
    clock = clock_of(State(report.state), named=report.identity == "named")
    if clock is None or lane in NO_CLOCK_LANES:
        return None
    found = due(clock.limit, report.since, overrides)
    left = working_days_between(today, found.day, overrides)
    return Deadline(clock.what, found, report.awaiting_citizen, left, today)


def citizen_wrote(session: Session, report: Report, *, kind: str, day: date, zone: str) -> None:
    """Inside the write of an addition: the waiting ends, and as much time is left as when it began.

    A rating answers nothing.
    """
    if kind == "rating" or not report.awaiting_citizen:
        return
    report.awaiting_citizen = False
    clock = clock_of(State(report.state), named=report.identity == "named")
    paused_on = _paused_on(session, report.id, zone)
    if clock is not None and paused_on is not None:
        report.since = resumed(clock.limit, report.since, max(report.since, paused_on), day)


def _paused_on(session: Session, report_id: str, zone: str) -> date | None:
    """The day of the question with which the waiting began; later ones did not begin it again."""
    rows = session.execute(
        select(StaffEvent.at, StaffEvent.data)
        .where(StaffEvent.report_id == report_id, StaffEvent.kind == "ask")
        .order_by(StaffEvent.seq.desc())
    )
    return next((local_day(at, zone) for at, data in rows if data.get("pauses", True)), None)
