"""Keeping no longer than needed: first locked away from everybody, after a while erased. ADR 0024.

Needs no key and gives nobody anything. What hangs together (links, items, what is held behind) goes together or not at
all, so that nobody's recusal changes by it. Safe to run twice and to be cut short anywhere: each stage of each cluster
is one write, and files that nothing refers to any more go with the sweep of blobs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.orm import Session

from intake.core.access import Permission, SignedIn
from intake.core.errors import Forbidden, NotFound
from intake.core.tables import Base
from intake.core.world import World
from intake.people.services import bump_epoch
from intake.reports.models import Addition, CitizenEvent, Erased, LockedAway, Report, StaffEvent
from intake.reports.retention import FINAL, due_day, kept_days, shortest
from intake.reports.services import erasing, history
from intake.reports.workflow import State
from intake.routing.decide import LOCKED
from intake.routing.models import Grant, Placement, Release, Sketch
from intake.routing.queries import locked_reports
from intake.routing.services import Hand, stamp
from intake.triage.models import Handover, Pending, Reveal
from intake.triage.services.opening import find
from intake.triage.services.story import Names, story_line

_OPEN_ITEMS = ("sent", "accepted")
_RECOVERY = "recovery:"
SWEEP = "sweep"


@dataclass(frozen=True, slots=True)
class Kept:
    """What one run of the sweep did, in reports."""

    locked: int
    erased: int


def keep_to_terms(world: World) -> Kept:
    """Both stages, the second first: what is locked today is not erased today."""
    return Kept(erased=_erase_due(world), locked=_lock_due(world))


# --- The first stage: locked away ---------------------------------------------------------------------------


def _lock_due(world: World) -> int:
    with world.db.read() as session:
        clusters = _due_clusters(world, session)
    return sum(_lock(world, cluster) for cluster in clusters)


def _due_clusters(world: World, session: Session) -> list[str]:
    """Clusters with something that may be due by its age alone; the rest is looked at one by one."""
    settings = world.settings
    before = world.today() - timedelta(days=shortest(settings.retention_days, settings.retention_by))
    rows = session.scalars(
        select(Placement.cluster)
        .join(Report, Report.id == Placement.report_id)
        .where(Report.state.in_(_FINAL), Report.since <= before, Placement.lane != LOCKED)
        .distinct()
        .order_by(Placement.cluster)
    )
    return [cluster for cluster in rows if _is_due(world, session, _members(session, cluster))]


_FINAL = [state.value for state in FINAL]


def _members(session: Session, cluster: str) -> list[str]:
    """All that goes together with a cluster: what is held behind it, items and their original, and theirs again."""
    found: set[str] = set()
    new = set(session.scalars(select(Placement.report_id).where(Placement.cluster == cluster)))
    while new:
        found |= new
        family = select(Report.id).where(
            or_(Report.parent_id.in_(found), Report.id.in_(select(Report.parent_id).where(Report.id.in_(found))))
        )
        tied = select(Placement.report_id).where(
            or_(
                Placement.behind.in_(found),
                Placement.cluster.in_(select(Placement.cluster).where(Placement.report_id.in_(found))),
            )
        )
        new = {*session.scalars(family), *session.scalars(tied)} - found
    return sorted(found)


def _is_due(world: World, session: Session, report_ids: Sequence[str]) -> bool:
    """Every one of them settled, past its time, and nothing open about any."""
    settings, today = world.settings, world.today()
    rows = session.execute(
        select(Report, Placement.lane, func.max(Addition.day))
        .join(Placement, Placement.report_id == Report.id)
        .outerjoin(Addition, Addition.report_id == Report.id)
        .where(Report.id.in_(report_ids))
        .group_by(Report.id, Placement.lane)
    ).all()
    for report, lane, last_word in rows:
        state = State(report.state)
        days = kept_days(
            lane=lane, state=state, result=report.result, base=settings.retention_days, overrides=settings.retention_by
        )  # fmt: skip
        if lane == LOCKED or report.supervised or state not in FINAL or due_day(report.since, last_word, days) > today:
            return False
    return not _is_open(session, report_ids)


def _is_open(session: Session, report_ids: Sequence[str]) -> bool:
    """A second person is waited for, or a unit has not reported back."""
    items = select(Handover.id).where(
        Handover.report_id.in_(report_ids),
        Handover.state.in_(_OPEN_ITEMS),
        Handover.to_team_id.is_not(None),  # of a unit outside nobody hears here
        Handover.kind != State.referred.value,  # no answer is owed
    )
    waits = select(Pending.report_id).where(Pending.report_id.in_(report_ids))
    return session.scalars(items.limit(1)).first() is not None or session.scalars(waits.limit(1)).first() is not None


def _lock(world: World, cluster: str) -> int:
    hand, erase_on = Hand.of(world, SWEEP), world.today() + timedelta(days=world.settings.retention_wait_days)

    def record(session: Session) -> int:
        bump_epoch(session)
        members = _members(session, cluster)
        for report_id in members:
            session.get_one(Report, report_id, with_for_update=True)
        if not _is_due(world, session, members):  # somebody opened it again in between
            return 0
        for report_id in members:
            _lock_one(session, hand, report_id, erase_on)
        stamp(session, hand.routing_key, members)
        return len(members)

    return world.db.write(record)


def _lock_one(session: Session, hand: Hand, report_id: str, erase_on: date) -> None:
    """Nobody but a recovery key opens it, no page knows of it, its receipt finds nothing."""
    report, placement = session.get_one(Report, report_id), session.get_one(Placement, report_id)
    session.add(LockedAway(report_id=report_id, locked_on=hand.day, erase_on=erase_on, lane=placement.lane,
                           mark=placement.mark, box_tag=report.box_tag))  # fmt: skip
    placement.lane, placement.guardian = LOCKED, False
    report.box_tag = None
    session.execute(delete(Grant).where(Grant.report_id == report_id, ~Grant.holder.startswith(_RECOVERY)))
    for rows in (Release, Sketch, Reveal):
        session.execute(delete(rows).where(rows.report_id == report_id))
    history.append_staff(
        session, hand.chain_key, report, at=hand.at, actor_id=SWEEP, kind="locked_away",
        data={"erase_on": erase_on.isoformat()},
    )  # fmt: skip
    report.version += 1


# --- The second stage: erased -------------------------------------------------------------------------------


def _erase_due(world: World) -> int:
    with world.db.read() as session:
        due = select(LockedAway.report_id).where(LockedAway.erase_on <= world.today())
        clusters = session.scalars(
            select(Placement.cluster).where(Placement.report_id.in_(due)).distinct().order_by(Placement.cluster)
        ).all()
    return sum(_erase(world, cluster) for cluster in clusters)


def _erase(world: World, cluster: str) -> int:
    key, today = world.secrets.chain_key, world.today()

    def record(session: Session) -> int:
        bump_epoch(session)
        members = _members(session, cluster)
        locked = {row.report_id: row for row in session.scalars(
            select(LockedAway).where(LockedAway.report_id.in_(members)).with_for_update())}  # fmt: skip
        if set(locked) != set(members) or any(row.erase_on > today for row in locked.values()):
            return 0
        stubs = [_stub(session, key, report_id, today) for report_id in members]
        session.expunge_all()
        for table in reversed(Base.metadata.sorted_tables):
            for column in _hangs_on_reports(table.name):
                session.execute(delete(table).where(table.c[column].in_(members)))
        session.execute(insert(Erased), stubs)
        return len(members)

    return world.db.write(record)


def _hangs_on_reports(table: str) -> Iterable[str]:
    """The columns of a table that say which report a row belongs to; the report itself and its place at the end."""
    rows = Base.metadata.tables[table]
    if table == Report.__tablename__:
        return ["id"]
    if table == Placement.__tablename__:
        return ["report_id"]
    owners = {Report.__tablename__, Placement.__tablename__}
    return [key.parent.name for key in rows.foreign_keys if key.column.table.name in owners]


def _stub(session: Session, key: bytes, report_id: str, day: date) -> dict[str, object]:
    report = session.get_one(Report, report_id)
    links = [
        list(session.scalars(select(chain.hash).where(chain.report_id == report_id).order_by(chain.seq)))
        for chain in (StaffEvent, CitizenEvent)
    ]
    return erasing.stub(key, report_id, report.register_no, day, staff=links[0], citizen=links[1])


# --- What people see and say --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """One that is locked away, of which this person could know before: no place, no team, not a word."""

    report_id: str
    register_no: str
    state: State
    locked_on: date
    erase_on: date


def waiting_to_be_erased(session: Session, signed_in: SignedIn) -> tuple[Waiting, ...]:
    """到期待清除: the first to be erased first."""
    rows = session.execute(
        select(Report.id, Report.register_no, Report.state, LockedAway.locked_on, LockedAway.erase_on)
        .join(LockedAway, LockedAway.report_id == Report.id)
        .where(Report.id.in_(locked_reports(signed_in.actor)))
        .order_by(LockedAway.erase_on, Report.day_order)
    )
    return tuple(
        Waiting(report_id, number, State(state), locked_on, erase_on)
        for report_id, number, state, locked_on, erase_on in rows
    )


def count_erased(session: Session) -> int:
    """How many were erased in all."""
    return session.scalar(select(func.count()).select_from(Erased)) or 0


def keep(world: World, signed_in: SignedIn, report_id: str) -> None:
    """先留下: it is needed after all. It comes back as it was with all that hangs together with it, is supervised, and
    opens with the recovery key until that has been used to grant it again. Raises `NotFound`."""
    hand = Hand.of(world, signed_in.actor.person_id)

    def record(session: Session) -> None:
        bump_epoch(session)
        mine = select(LockedAway.report_id).where(
            LockedAway.report_id == report_id, LockedAway.report_id.in_(locked_reports(signed_in.actor))
        )
        if session.scalars(mine).first() is None:
            raise NotFound
        placement = session.get_one(Placement, report_id)
        members = _members(session, placement.cluster)
        for member in members:
            _bring_back(session, hand, member)
        session.flush()
        stamp(session, hand.routing_key, members)

    world.db.write(record)


def _bring_back(session: Session, hand: Hand, report_id: str) -> None:
    report = session.get_one(Report, report_id, with_for_update=True)
    placement, locked = session.get_one(Placement, report_id), session.get(LockedAway, report_id)
    if locked is None:
        return
    placement.lane, report.box_tag, report.supervised = locked.lane, locked.box_tag, True
    session.delete(locked)
    history.append_staff(
        session, hand.chain_key, report, at=hand.at, actor_id=hand.actor_id, kind="kept", data={}
    )  # fmt: skip
    report.version += 1


def supervise(world: World, signed_in: SignedIn, report_id: str, *, on: bool) -> None:
    """督办: not erased while it is, whatever its age. Raises `NotFound`, `Forbidden`."""
    hand = Hand.of(world, signed_in.actor.person_id)

    def record(session: Session) -> None:
        report = session.get(Report, report_id, with_for_update=True)
        held = find(session, signed_in, report_id)
        if report is None:
            raise NotFound
        if not may_supervise(signed_in, theirs=held.theirs):
            raise Forbidden("督办由组长或巡察办来定。")
        if report.supervised == on:
            return
        report.supervised = on
        history.append_staff(
            session, hand.chain_key, report, at=hand.at, actor_id=hand.actor_id, kind="supervised", data={"on": on}
        )  # fmt: skip
        report.version += 1

    world.db.write(record)


def may_supervise(signed_in: SignedIn, *, theirs: bool) -> bool:
    """The office of whatever it sees; a leader of what lies with their team; the superior of its own."""
    manages = signed_in.actor.may(Permission.retention_manage)
    return manages or (theirs and signed_in.actor.may(Permission.report_transfer))


@story_line("supervised")
def _supervised(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}{'列为督办：到保存期也不清除' if event.data['on'] else '不再督办'}。"


@story_line("locked_away")
def _locked_away(event: StaffEvent, names: Names) -> str:
    return "到了保存期，已封存待清除。"


@story_line("kept")
def _kept(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}在清除以前留下，列为督办。"
