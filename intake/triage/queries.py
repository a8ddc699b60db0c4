"""The queue. Every count of reports lives here, and every query runs through the row filter."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, false, func, not_, or_, select, tuple_
from sqlalchemy.orm import Session

from intake.boards.models import Site
from intake.core import vault
from intake.core.access import Role, SignedIn
from intake.core.calendar import Overrides
from intake.core.world import World
from intake.people.models import Person, Team
from intake.reports import sensitive
from intake.reports.content import CATEGORIES
from intake.reports.deadlines import latest_start
from intake.reports.models import Report
from intake.reports.services.clocks import NO_CLOCK_LANES, Deadline, deadline_of
from intake.reports.workflow import CLOCKS, SETTLED, STATE_NAMES, State
from intake.routing.models import Placement
from intake.routing.queries import grants_of, opens_text, visible_reports
from intake.routing.services import open_grant

PAGE = 50
_HEAD = 90
_PLAIN_LANES = ("urgent", "ordinary")
_OVER = tuple(sorted(state.value for state in SETTLED))
Segments = tuple[tuple[str, str | None], ...]


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

    @property
    def active(self) -> int:
        return sum(bool(v) for v in (self.state, self.category, self.board, self.team, self.assignee, self.due))


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `text` is the masked beginning, empty where the reader sees facts only."""

    report_id: str
    register_no: str
    state: str
    state_name: str
    awaiting: bool
    lane: str
    count: int
    day: date
    site_no: str | None
    site_name: str | None
    category: str | None
    category_name: str | None
    text: Segments
    assignee: str | None
    team_name: str
    deadline: Deadline | None
    urgent: tuple[str, ...]  # kinds of what cannot wait


@dataclass(frozen=True, slots=True)
class Lane:
    """What waits in a lane beside the plain queue."""

    lane: str
    count: int
    oldest: date | None


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class QueuePage:
    """`count` rows and `reports` behind the filters, of which this page shows some."""

    rows: tuple[Row, ...]
    count: int
    reports: int
    next_cursor: str | None
    held: Lane
    sealed: Lane | None  # for the superior alone
    states: tuple[Option, ...]
    categories: tuple[Option, ...]
    boards: tuple[Option, ...]
    teams: tuple[Option, ...]
    assignees: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Days:
    """Today, and where the county's working days differ from the published ones."""

    today: date
    overrides: Overrides


def queue(
    world: World, session: Session, signed_in: SignedIn, *, filters: QueueFilters, cursor: str | None = None
) -> QueuePage:
    """One page of what this person may see: a constant number of queries, however long the queue."""
    days = Days(world.today(), world.settings.workdays)
    conditions = _conditions(filters, days)
    seen = visible_reports(signed_in.actor).subquery()
    base = _joined(select(Report, Placement, Site, Person.name), seen).where(*conditions)
    place = (_finished(), _calm(), Report.day, Report.day_order)
    start = _read_cursor(cursor)
    if start is not None:
        base = base.where(tuple_(*place) > tuple_(*start))
    found = list(session.execute(base.order_by(*place).limit(PAGE + 1)))
    more, found = len(found) > PAGE, found[:PAGE]
    count = session.scalar(_joined(select(func.count(Report.id)), seen).where(*conditions)) or 0
    return QueuePage(
        rows=_rows(session, signed_in, found, days),
        count=count,
        reports=count,
        next_cursor=_cursor(found[-1][0], found[-1][1]) if more else None,
        held=_waiting(session, seen, "held"),
        sealed=_waiting(session, seen, "sealed") if signed_in.actor.role is Role.superior else None,
        states=tuple(Option(state.value, STATE_NAMES[state]) for state in State),
        categories=(Option("none", "没有选"), *(Option(k, v) for k, v in CATEGORIES.items())),
        boards=_boards(session, seen),
        teams=_teams(session, seen),
        assignees=_assignees(session, seen),
    )


def _joined(what: Select[*tuple[Any, ...]], seen: Subquery) -> Select[*tuple[Any, ...]]:
    return (
        what.select_from(Report)
        .join(Placement, Placement.report_id == Report.id)
        .outerjoin(Site, Site.id == Placement.site_id)
        .outerjoin(Person, Person.id == Report.assignee_id)
        .join(seen, seen.c.report_id == Placement.report_id)
    )


def _finished() -> ColumnElement[int]:
    """What waits for somebody stands above what is settled."""
    return case((Report.state.in_(_OVER), 1), else_=0)


def _calm() -> ColumnElement[int]:
    """Urgent on top."""
    return case((Placement.lane == "urgent", 0), else_=1)


def _conditions(filters: QueueFilters, days: Days) -> list[ColumnElement[bool]]:
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


def _rows(session: Session, signed_in: SignedIn, found: Sequence[tuple[Any, ...]], days: Days) -> tuple[Row, ...]:
    readable = [report.id for report, placement, _, _ in found if _lists_text(signed_in, placement)]
    grants = grants_of(session, signed_in.actor.person_id, readable)
    names = dict(session.execute(select(Team.id, Team.name)).all()) if found else {}
    rows = []
    for report, placement, site, assignee in found:
        grant = grants.get((report.id, "report"))
        text = _beginning(report, open_grant(signed_in.keys.reading, grant)) if grant is not None else ()
        rows.append(
            Row(
                report_id=report.id,
                register_no=report.register_no,
                state=report.state,
                state_name=STATE_NAMES[State(report.state)],
                awaiting=report.awaiting_citizen,
                lane=placement.lane,
                count=1,
                day=report.day,
                site_no=site.site_no if site is not None else None,
                site_name=site.name if site is not None else None,
                category=report.category,
                category_name=CATEGORIES.get(report.category or ""),
                text=text,
                assignee=assignee,
                team_name=names.get(placement.team_id, placement.team_id),
                deadline=deadline_of(report, lane=placement.lane, today=days.today, overrides=days.overrides),
                urgent=tuple(placement.urgent),
            )
        )
    return tuple(rows)


def _lists_text(signed_in: SignedIn, placement: Placement) -> bool:
    """A list shows facts alone of what is sealed: it takes two people to open, and one of them to look at a list."""
    return placement.lane != "sealed" and opens_text(signed_in.actor, placement)


def _beginning(report: Report, report_key: bytes) -> Segments:
    """The first words with telephone and identity numbers masked: a list is read over shoulders."""
    written = json.loads(vault.decrypt(report_key, report.content, ("report", report.id, "content")))
    kept: list[tuple[str, str | None]] = []
    room = _HEAD
    for text, kind in sensitive.mask(" ".join(str(written["body"]).split())):
        if room <= 0:
            break
        kept.append((text if kind else text[:room], kind))
        room -= len(text)
    if room < 0 and kept and kept[-1][1] is None:
        kept[-1] = (kept[-1][0] + "…", None)
    return tuple(kept)


def _waiting(session: Session, seen: Subquery, lane: str) -> Lane:
    count, oldest = session.execute(
        _joined(select(func.count(Report.id), func.min(Report.day)), seen).where(Placement.lane == lane)
    ).one()  # fmt: skip
    return Lane(lane, count, oldest)


def _boards(session: Session, seen: Subquery) -> tuple[Option, ...]:
    """Only sites that this person sees a report of: the list itself must not count for the excluded."""
    rows = session.execute(
        select(Site.site_no, Site.name)
        .join(Placement, Placement.site_id == Site.id)
        .join(seen, seen.c.report_id == Placement.report_id)
        .distinct()
        .order_by(Site.site_no)
    )
    return tuple(Option(site_no, name) for site_no, name in rows)


def _teams(session: Session, seen: Subquery) -> tuple[Option, ...]:
    rows = session.execute(
        select(Team.id, Team.name)
        .join(Placement, Placement.team_id == Team.id)
        .join(seen, seen.c.report_id == Placement.report_id)
        .distinct()
        .order_by(Team.id)
    )
    return tuple(Option(team_id, name) for team_id, name in rows)


def _assignees(session: Session, seen: Subquery) -> tuple[Option, ...]:
    rows = session.execute(
        select(Person.id, Person.name)
        .join(Report, Report.assignee_id == Person.id)
        .join(seen, seen.c.report_id == Report.id)
        .distinct()
        .order_by(Person.name)
    )
    return (Option("none", "还没有人"), *(Option(person_id, name) for person_id, name in rows))


def _cursor(report: Report, placement: Placement) -> str:
    calm = int(placement.lane != "urgent")
    place = [int(report.state in _OVER), calm, report.day.isoformat(), report.day_order]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read_cursor(text: str | None) -> tuple[int, int, date, str] | None:
    """A cursor that nobody made starts at the beginning."""
    if not text:
        return None
    try:
        over, calm, day, order = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return int(over), int(calm), date.fromisoformat(day), str(order)
    except (ValueError, TypeError):
        return None
