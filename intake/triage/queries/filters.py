"""What a queue is filtered by, as conditions on its reports."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, case, false, not_, or_, select

from intake.boards.models import Site
from intake.core.calendar import Overrides, working_days_between
from intake.core.world import World
from intake.reports.deadlines import latest_start
from intake.reports.models import Report
from intake.reports.services.clocks import NO_CLOCK_LANES
from intake.reports.workflow import CLOCKS, SETTLED
from intake.routing.models import Placement

_PLAIN_LANES = ("urgent", "ordinary")
OVER = tuple(sorted(state.value for state in SETTLED))


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """Values as they stand in the address; "none" is a value, empty is no filter."""

    lane: str = ""
    state: str = ""
    category: str = ""
    board: str = ""
    team: str = ""
    assignee: str = ""
    due: str = ""
    near: str = ""  # a report's id: those with nearly its words, each on a line of its own

    @property
    def active(self) -> int:
        names = (self.state, self.category, self.board, self.team, self.assignee, self.due, self.near)
        return sum(bool(v) for v in names)


@dataclass(frozen=True, slots=True)
class Days:
    """Today, where the county's working days differ from the published ones, how many a held report may wait."""

    today: date
    overrides: Overrides
    held: int

    @classmethod
    def of(cls, world: World) -> "Days":
        return cls(world.today(), world.settings.workdays, world.settings.held_working_days)

    @property
    def held_since(self) -> date:
        """What was received on this day or before, and is still held, has waited too long."""
        day = self.today
        while working_days_between(day, self.today, self.overrides) <= self.held:
            day -= timedelta(days=1)
        return day


def near_of(report_id: str, seen: Subquery) -> list[ColumnElement[bool]]:
    """Those that stand in one flock with this one, as far as the reader may know of it."""
    if not report_id:
        return []
    flock = select(Placement.flock).where(Placement.report_id == report_id, Placement.report_id.in_(select(seen)))
    return [Placement.flock == flock.scalar_subquery()]


def finished() -> ColumnElement[int]:
    """What waits for somebody stands above what is settled."""
    return case((Report.state.in_(OVER), 1), else_=0)


def calm() -> ColumnElement[int]:
    """Urgent on top."""
    return case((Placement.lane == "urgent", 0), else_=1)


def conditions_of(filters: QueueFilters, days: Days) -> list[ColumnElement[bool]]:
    lanes = (filters.lane,) if filters.lane else _PLAIN_LANES
    conditions: list[ColumnElement[bool]] = [Placement.lane.in_(lanes)]
    if filters.state == "awaiting_citizen":
        conditions.append(Report.awaiting_citizen.is_(True))
    elif filters.state:
        conditions.append(Report.state == filters.state)
    if filters.category:
        conditions.append(_equals(Report.category, filters.category))
    if filters.board:
        wanted = filters.board
        conditions.append(
            Placement.site_id.is_(None) if wanted == "none"
            else or_(Site.site_no == wanted, Placement.board_code == wanted.upper())
        )  # fmt: skip
    if filters.team:
        conditions.append(_equals(Placement.team_id, filters.team))
    if filters.assignee:
        conditions.append(_equals(Report.assignee_id, filters.assignee))
    if filters.due:
        conditions.append(_due(filters.due, days))
    return conditions


def _due(value: str, days: Days) -> ColumnElement[bool]:
    """late, today, week (from today to Sunday), none (no clock, or paused), or one day; anything else is no day."""
    today = days.today
    sunday, day = today + timedelta(days=6 - today.weekday()), timedelta(days=1)
    spans = {"late": (None, today - day), "today": (today - day, today), "week": (today - day, sunday)}
    if value == "none":
        return not_(_running(None, None, days))
    if value in spans:
        return _running(*spans[value], days)
    try:
        wanted = date.fromisoformat(value)
    except ValueError:
        return false()
    return _running(wanted - day, wanted, days)


def _running(after: date | None, until: date | None, days: Days) -> ColumnElement[bool]:
    """Reports whose clock ends later than `after` and not later than `until`; None is no bound."""
    ends = []
    for clock in sorted(set(CLOCKS.values()), key=lambda clock: clock.limit):
        states = [state.value for state, one in CLOCKS.items() if one == clock]
        part: list[ColumnElement[bool]] = [Report.state.in_(states)]
        if clock.named:
            part.append(Report.identity == "named")
        if after is not None:
            part.append(Report.since > latest_start(clock.limit, after, days.overrides))
        if until is not None:
            part.append(Report.since <= latest_start(clock.limit, until, days.overrides))
        ends.append(and_(*part))
    return and_(Report.awaiting_citizen.is_(False), Placement.lane.not_in(NO_CLOCK_LANES), or_(*ends))


def _equals(column: Any, value: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column.is_(None) if value == "none" else column == value
    return found
