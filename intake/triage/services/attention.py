"""What the office must look after: reports that it guards, and that something went up. Facts, never a word of text."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from intake.boards.models import Site
from intake.boards.queries.field import troubled_count
from intake.core.access import Role, SignedIn
from intake.core.world import World
from intake.people.models import Team
from intake.reports.models import Report
from intake.reports.workflow import SETTLED
from intake.routing.models import Alarm, Placement
from intake.routing.queries import visible_reports
from intake.routing.services import HELD
from intake.triage.queries import Days

_SHOWN = 12
_REMEMBERED = timedelta(days=30)
_NIGHTLY = timedelta(days=1)  # `msx sweep` says it anew each day for as long as it lasts
# Of several alarms of one report the gravest is said.
_KINDS = {
    "empty": "现在没有一个人可以打开它，请补人或用恢复密钥",
    "climbed": "原来的组没有可以经手的人了，升到巡察办",
    "guardian": "负责的组没有可以经手的人，由巡察办代管",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """A report that waits for the office, of which this person may know."""

    report_id: str
    register_no: str
    site_name: str | None
    day: date
    kind: str

    @property
    def words(self) -> str:
        return _KINDS[self.kind]


@dataclass(frozen=True, slots=True)
class Attention:
    """`went_up`: (day, how many), nothing else is known of these; `more`: alerts that are not shown.

    `empty_teams`: names of teams of live boards in which nobody can open a report. `boards`: how many boards are
    damaged, covered or gone, as citizens or patrols say.
    """

    alerts: tuple[Alert, ...]
    more: int
    went_up: tuple[tuple[date, int], ...]
    empty_teams: tuple[str, ...]
    tampered: bool
    held_late: tuple[tuple[str, int], ...] = ()  # team, how many of its held reports wait for too long
    boards: int = 0

    @property
    def empty(self) -> bool:
        return not (self.alerts or self.went_up or self.empty_teams or self.tampered or self.held_late or self.boards)


def attention(world: World, session: Session, signed_in: SignedIn) -> Attention | None:
    """For the office's people, each within what they may know of; None for everybody else."""
    if signed_in.actor.role is not Role.office or not signed_in.actor.trusted:
        return None
    seen = visible_reports(signed_in.actor)
    rows = session.execute(
        select(Alarm.kind, Alarm.day, Alarm.report_id, Team.name)
        .outerjoin(Team, Team.id == Alarm.team_id)
        .where(or_(Alarm.report_id.is_(None), Alarm.report_id.in_(seen)))
        .order_by(Alarm.day.desc())
    ).all()
    since = world.today() - _REMEMBERED
    went_up: dict[date, int] = {}
    kinds: dict[str, set[str]] = {}
    empty: set[str] = set()
    for kind, day, report_id, team in rows:
        if kind == "went_up" and day > since:
            went_up[day] = went_up.get(day, 0) + 1
        if report_id is not None and kind in _KINDS:
            kinds.setdefault(report_id, set()).add(kind)
        if report_id is None and kind == "empty" and team and day >= world.today() - _NIGHTLY:
            empty.add(team)
    alerts = _guarded(session, signed_in, kinds)
    tampered = any(kind == "seal" and day > since for kind, day, _, _ in rows)
    more = max(0, len(alerts) - _SHOWN)
    late = _held_late(world, session, signed_in)
    boards = troubled_count(session, signed_in.actor)
    return Attention(alerts[:_SHOWN], more, tuple(went_up.items()), tuple(sorted(empty)), tampered, late, boards)


def _held_late(world: World, session: Session, signed_in: SignedIn) -> tuple[tuple[str, int], ...]:
    rows = session.execute(
        select(Team.name, func.count())
        .join(Placement, Placement.team_id == Team.id)
        .join(Report, Report.id == Placement.report_id)
        .where(
            Placement.report_id.in_(visible_reports(signed_in.actor)),
            Placement.lane == HELD,
            Report.state.not_in([state.value for state in SETTLED]),
            Report.day <= Days.of(world).held_since,
        )
        .group_by(Team.name)
        .order_by(Team.name)
    )
    return tuple((name, count) for name, count in rows)


def _guarded(session: Session, signed_in: SignedIn, kinds: dict[str, set[str]]) -> tuple[Alert, ...]:
    """What the office stands in for, and nobody has acted on yet."""
    rows = session.execute(
        select(Report.id, Report.register_no, Report.day, Site.name)
        .join(Placement, Placement.report_id == Report.id)
        .outerjoin(Site, Site.id == Placement.site_id)
        .where(
            Placement.report_id.in_(visible_reports(signed_in.actor)),
            Placement.guardian.is_(True),
            Report.state.not_in([state.value for state in SETTLED]),
        )
        .order_by(Report.day, Report.day_order)
    )
    return tuple(
        Alert(report_id, register_no, site, day, next(k for k in _KINDS if k in kinds.get(report_id, {"guardian"})))
        for report_id, register_no, day, site in rows
    )
