"""The queue. Every query runs through the row filter; a line counts only what its reader may see."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, Subquery, and_, case, func, literal, select, tuple_
from sqlalchemy.orm import Session, aliased

from intake.boards.models import Site
from intake.core import vault
from intake.core.access import Role, SignedIn
from intake.core.calendar import working_days_between
from intake.core.world import World
from intake.people.models import Person, Team
from intake.reports import sensitive
from intake.reports.content import CATEGORIES
from intake.reports.models import Report
from intake.reports.services.clocks import Deadline, deadline_of
from intake.reports.workflow import STATE_NAMES, State
from intake.routing.models import Placement
from intake.routing.queries import grants_of, opens_text, visible_reports
from intake.routing.services import HELD, open_grant
from intake.triage.models import Pending
from intake.triage.queries.filters import OVER, Days, QueueFilters, calm, conditions_of, finished, near_of

PAGE = 50
_HEAD = 90
Segments = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a report, or `count` with nearly the same words, of which it shows the first.

    `text` is the masked beginning, empty where the reader sees facts only. `held_for`: working days since receipt of
    one that waits to be looked at, and whether that is too long. `purge_by`: who proposed to destroy it.
    """

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
    held_for: int | None = None
    held_late: bool = False
    purge_by: str | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """What waits in a lane beside the plain queue; `late`: how many of them for too long."""

    lane: str
    count: int
    oldest: date | None
    late: int = 0


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


# What makes one line of a list: nearly the same words, and the same to say of each of them.
LINE = (
    Placement.flock, Placement.lane, Placement.team_id, Report.state, Report.awaiting_citizen, Pending.proposer_id,
)  # fmt: skip


def queue(
    world: World, session: Session, signed_in: SignedIn, *, filters: QueueFilters, cursor: str | None = None
) -> QueuePage:
    """One page of what this person may see: a constant number of queries, however long the queue."""
    days = Days.of(world)
    seen = visible_reports(signed_in.actor).subquery()
    conditions = [*conditions_of(filters, days), *near_of(filters.near, seen)]
    key = LINE if not filters.near else (Report.id,)
    lines = _counted(
        select(
            Report.id,
            func.count().over(partition_by=key).label("count"),
            func.row_number().over(partition_by=key, order_by=(Report.day, Report.day_order)).label("place"),
        ),
        seen,
    ).where(*conditions)  # fmt: skip
    line = lines.cte("line")  # found once, for the page and for both numbers
    numbers = (
        select(func.count()).select_from(line).where(line.c.place == 1).scalar_subquery(),
        select(func.count()).select_from(line).scalar_subquery(),
    )
    base = (
        beside(select(Report, Placement, Site, Person.name, _PROPOSER.name, line.c.count, *numbers))
        .join(line, line.c.id == Report.id)
        .where(line.c.place == 1)
    )
    place = (finished(), calm(), Report.day, Report.day_order)
    start = _read_cursor(cursor)
    if start is not None:
        base = base.where(tuple_(*place) > tuple_(*start))
    found = list(session.execute(base.order_by(*place).limit(PAGE + 1)))
    more, found = len(found) > PAGE, found[:PAGE]
    count, reports = found[0][-2:] if found else session.execute(select(*numbers)).one()
    return QueuePage(
        rows=_rows(session, signed_in, [row[:-2] for row in found], days),
        count=count,
        reports=reports,
        next_cursor=_cursor(found[-1][0], found[-1][1]) if more else None,
        held=_waiting(session, seen, "held", days),
        sealed=_waiting(session, seen, "sealed", days) if signed_in.actor.role is Role.superior else None,
        states=tuple(Option(state.value, STATE_NAMES[state]) for state in State),
        categories=(Option("none", "没有选"), *(Option(k, v) for k, v in CATEGORIES.items())),
        boards=_boards(session, seen),
        teams=_teams(session, seen),
        assignees=_assignees(session, seen),
    )


_PROPOSER = aliased(Person, name="proposer")


def beside(what: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """A report with its place, its site, who works on it and who proposed to destroy it."""
    return (
        what.select_from(Report)
        .join(Placement, Placement.report_id == Report.id)
        .outerjoin(Site, Site.id == Placement.site_id)
        .outerjoin(Person, Person.id == Report.assignee_id)
        .outerjoin(Pending, and_(Pending.report_id == Report.id, Pending.kind == "purge"))
        .outerjoin(_PROPOSER, _PROPOSER.id == Pending.proposer_id)
    )


def _counted(what: Select[*tuple[Any, ...]], seen: Subquery) -> Select[*tuple[Any, ...]]:
    """No more than what filters and lines ask of: this is read over the whole queue."""
    return (
        what.select_from(Report)
        .join(Placement, Placement.report_id == Report.id)
        .outerjoin(Site, Site.id == Placement.site_id)
        .outerjoin(Pending, and_(Pending.report_id == Report.id, Pending.kind == "purge"))
        .join(seen, seen.c.report_id == Placement.report_id)
    )


def _joined(what: Select[*tuple[Any, ...]], seen: Subquery) -> Select[*tuple[Any, ...]]:
    return beside(what).join(seen, seen.c.report_id == Placement.report_id)


def rows_of(world: World, session: Session, signed_in: SignedIn, report_ids: Sequence[str]) -> tuple[Row, ...]:
    """These reports as lines of their own, as far as the reader may know of them."""
    seen = visible_reports(signed_in.actor).subquery()
    what = _joined(select(Report, Placement, Site, Person.name, _PROPOSER.name, literal(1)), seen)
    found = list(session.execute(what.where(Report.id.in_(report_ids))))
    return _rows(session, signed_in, found, Days.of(world))


def _rows(session: Session, signed_in: SignedIn, found: Sequence[tuple[Any, ...]], days: Days) -> tuple[Row, ...]:
    readable = [report.id for report, placement, *_ in found if _lists_text(signed_in, placement)]
    grants = grants_of(session, signed_in.actor.person_id, readable)
    names = dict(session.execute(select(Team.id, Team.name)).all()) if found else {}
    rows = []
    for report, placement, site, assignee, proposer, count in found:
        waits = placement.lane == HELD and report.state not in OVER
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
                count=count,
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
                held_for=working_days_between(report.day, days.today, days.overrides) if waits else None,
                held_late=waits and report.day <= days.held_since,
                purge_by=proposer,
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


def _waiting(session: Session, seen: Subquery, lane: str, days: Days) -> Lane:
    late = func.count(case((Report.day <= days.held_since, 1)))
    what = (
        select(func.count(Report.id), func.min(Report.day), late)
        .join(Placement, Placement.report_id == Report.id)
        .join(seen, seen.c.report_id == Placement.report_id)
        .where(Placement.lane == lane)
    )
    if lane == HELD:  # what was set aside as spam was looked at
        what = what.where(Report.state.not_in(OVER))
    return Lane(lane, *session.execute(what).one())


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
    place = [int(report.state in OVER), calm, report.day.isoformat(), report.day_order]
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
