"""What a change leaves to be done: grants of the recused go, and what lost its last reader climbs.

Rows only, so it runs inside the write of whatever changed: a conflict, a mention, a link, a place, a team, a day.
It never gives anybody anything; work without a person climbs only to those who hold a grant already, and ends at
the office with an alarm. ADR 0008.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, aliased

from intake.core.world import World
from intake.people.models import Team
from intake.routing.decide import CUSTODY, LOCKED, OFFICE, SUPERIOR
from intake.routing.machinery import TEAM, Machinery, Touching
from intake.routing.models import Alarm, Grant, Link, Placement, Release, Sketch
from intake.routing.queries import touching_of
from intake.routing.queries.knowledge import fresh_machinery
from intake.routing.queries.marks import mismarked, tampered
from intake.routing.services.marks import stamp

CITIZEN_ACT = "citizen"
_CHUNK = 400  # placements at a time: an IN of thousands is slow, a query each slower
PURGED = "purged"  # the lane of what was destroyed: nothing of it is left to open, and it lies where it lay
CLIMBED = "原来的组没有可以经手的人了，升到巡察办。"
NAMED = "后来的话或新的称呼提到了经手的单位、人或上级：转巡察办。要径送的请径送。"
EMPTY = "现在没有一个人可以打开它，请尽快补人或用恢复密钥。"


@dataclass(frozen=True, slots=True)
class Hand:
    """Whose act a write is, and when: a person's id, "sweep", or a citizen, who leaves a day and no time.

    Made before the write.
    """

    actor_id: str
    at: datetime
    day: date
    chain_key: bytes
    routing_key: bytes

    @property
    def is_citizen(self) -> bool:
        return self.actor_id == CITIZEN_ACT

    @classmethod
    def of(cls, world: World, actor_id: str) -> "Hand":
        return cls(actor_id, world.clock.now(), world.today(), world.secrets.chain_key, world.secrets.routing_key)


@dataclass(frozen=True, slots=True)
class Settled:
    """What happened to one report: where it lies now, whose grants went, whether it moved by itself."""

    report_id: str
    team_id: str
    withdrawn: frozenset[str]
    climbed_from: str | None


on_settled: list[Callable[[Session, Hand, Settled], None]] = []
"""Whoever keeps reports appends to their history here: routing is below and cannot call it."""


def settle(
    session: Session,
    hand: Hand,
    changed: Iterable[str] = (),
    *,
    also: Iterable[str] = (),
    named: Collection[str] = (),
) -> list[Settled]:
    """Put right every report that shares a cluster with one of these. Inside a write, after the change.

    `changed`: reports whose own place, links or mentions this write changed; they get a new mark. `also`: others
    that it touches (a conflict was declared); their marks stay what they are. `named`: reports whose words turned
    out to name somebody of the machinery (a supplement, a new alias): like a new one that does, they go to the office.
    """
    own = list(changed)
    stamp(session, hand.routing_key, own)
    wanted = [*own, *also]
    clusters = list(session.scalars(select(Placement.cluster).where(Placement.report_id.in_(wanted)).distinct()))
    return _settle(session, hand, [*clusters, *_behind(session, clusters)], frozenset(named))


def _behind(session: Session, clusters: list[str]) -> list[str]:
    """Other clusters with held reports that stand behind one of these: whoever is out of these is out of those."""
    held, first = aliased(Placement), aliased(Placement)
    return list(
        session.scalars(
            select(held.cluster)
            .join(first, first.report_id == held.behind)
            .where(first.cluster.in_(clusters), held.cluster.not_in(clusters))
            .distinct()
        )
    )


def settle_everything(session: Session, hand: Hand) -> list[Settled]:
    """All reports: a new day lets conflicts begin, and somebody may have left."""
    session.flush()
    clusters = list(session.scalars(select(Placement.cluster).distinct().order_by(Placement.cluster)))
    return _settle(session, hand, clusters, frozenset())


def _settle(session: Session, hand: Hand, clusters: list[str], named: frozenset[str]) -> list[Settled]:
    known = fresh_machinery(session) if clusters else None
    found: list[Settled] = []
    for start in range(0, len(clusters), _CHUNK):
        assert known is not None
        found += _settle_chunk(session, hand, known, clusters[start : start + _CHUNK], named)
    for settled in found:
        for tell in on_settled:
            tell(session, hand, settled)
    return found


def _settle_chunk(
    session: Session, hand: Hand, known: Machinery, clusters: list[str], named: frozenset[str]
) -> list[Settled]:
    touching = touching_of(session, known, clusters)
    placements = session.scalars(
        select(Placement).where(Placement.cluster.in_(clusters)).order_by(Placement.report_id).with_for_update()
    ).all()
    ids = [placement.report_id for placement in placements]
    holders: dict[str, set[tuple[str, str]]] = {report_id: set() for report_id in ids}
    for report_id, envelope, holder in session.execute(
        select(Grant.report_id, Grant.envelope, Grant.holder).where(Grant.report_id.in_(ids))
    ):
        holders[report_id].add((envelope, holder))
    plans = [
        _plan(
            known, placement, touching[placement.cluster], holders[placement.report_id], hand.day,
            away=placement.report_id in named,
        )
        for placement in placements
        if placement.lane not in (PURGED, LOCKED)
    ]  # fmt: skip
    climbing = {plan.placement.cluster for plan in plans if plan.climbs}
    # A forged row keeps its wrong mark: nothing that we do around it may make it right. Looked at before it moves.
    forged = tampered(session, hand.routing_key, climbing) if climbing else frozenset[str]()
    found = [settled for plan in plans if (settled := _carry_out(session, hand, plan)) is not None]
    stamp(
        session, hand.routing_key,
        [plan.placement.report_id for plan in plans if plan.climbs and plan.placement.cluster not in forged],
    )  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done about one report: where it goes, whose grants go, who of its people can read it then."""

    placement: Placement
    team_id: str
    withdrawn: frozenset[str]
    readers: frozenset[str]
    climbs: bool
    away: bool


def _plan(
    known: Machinery, placement: Placement, touching: Touching, held: set[tuple[str, str]], day: date, *, away: bool
) -> _Plan:
    people = {holder for _, holder in held if not holder.startswith("recovery:")}
    out = {holder for holder in people if not known.may_read(holder, touching, day)}
    readers = {holder for envelope, holder in held if envelope == "report"} & (people - out)
    before, team_id = placement.team_id, _where(known, placement, touching, readers, away=away)
    strangers = _strangers(known, team_id, held, out) if team_id != before else set()
    return _Plan(placement, team_id, frozenset(out | strangers), frozenset(readers), team_id != before, away)


def _carry_out(session: Session, hand: Hand, plan: _Plan) -> Settled | None:
    placement, before, team_id = plan.placement, plan.placement.team_id, plan.team_id
    if plan.withdrawn:
        _withdraw(session, placement.report_id, plan.withdrawn)
    if not plan.climbs:
        if not plan.withdrawn:
            return None
        if not plan.readers and team_id != CUSTODY and EMPTY not in placement.reasons:
            _alarm(session, hand, placement, "empty", EMPTY)
        return Settled(placement.report_id, team_id, plan.withdrawn, None)
    if team_id == CUSTODY:
        ensure_custody(session)
        session.execute(delete(Sketch).where(Sketch.report_id == placement.report_id))  # compared with nothing
    placement.team_id = team_id
    still = plan.readers - plan.withdrawn
    reason = (NAMED if plan.away else CLIMBED) if still else EMPTY
    _alarm(session, hand, placement, "climbed" if still else "empty", reason)
    return Settled(placement.report_id, team_id, plan.withdrawn, before)


def ensure_custody(session: Session) -> None:
    """The row that a placement in custody refers to; nobody is ever its member."""
    if session.get(Team, CUSTODY) is None:
        session.add(Team(id=CUSTODY, name="恢复密钥保管", kind="custody"))
        session.flush()


def _where(known: Machinery, placement: Placement, touching: Touching, holders: Collection[str], *, away: bool) -> str:
    """Where it lies after the change: with its team, as long as that may have it and somebody of it can open it."""
    team_id = placement.team_id
    if team_id in (SUPERIOR, CUSTODY):
        return team_id
    barred = touching.names(TEAM, team_id)
    if not barred and not away and any(known.people[holder].team_id == team_id for holder in holders):
        return team_id
    if not touching.names(TEAM, OFFICE):
        return OFFICE
    return CUSTODY if barred or team_id == OFFICE or not holders else team_id


def _strangers(known: Machinery, team_id: str, held: set[tuple[str, str]], out: set[str]) -> set[str]:
    """Who holds its keys and is not of the team it has climbed to.

    A unit that was handed a restatement holds that one key alone, and keeps it when the original moves on.
    """
    holders = {
        holder for envelope, holder in held if not (holder.startswith("recovery:") or envelope.startswith("handover:"))
    }
    return {holder for holder in holders - out if known.people[holder].team_id not in (team_id, OFFICE)}


def _withdraw(session: Session, report_id: str, holders: Collection[str]) -> None:
    session.execute(delete(Grant).where(Grant.report_id == report_id, Grant.holder.in_(list(holders))))
    session.execute(
        delete(Release).where(
            Release.report_id == report_id, Release.from_id.in_(list(holders)) | Release.to_id.in_(list(holders))
        )
    )


def _alarm(session: Session, hand: Hand, placement: Placement, kind: str, reason: str) -> None:
    placement.guardian = True
    placement.reasons = [*placement.reasons, reason]
    session.add(Alarm(day=hand.day, kind=kind, report_id=placement.report_id, team_id=placement.team_id))


def recluster(session: Session, hand: Hand, report_ids: Iterable[str]) -> None:
    """Work out again which reports hang together, for all that these hang together with. Before `settle`."""
    session.flush()
    affected = set(session.scalars(select(Placement.cluster).where(Placement.report_id.in_(list(report_ids)))))
    members = list(session.scalars(select(Placement).where(Placement.cluster.in_(affected))))
    forged = mismarked(session, hand.routing_key, affected)  # a new link leads out of its cluster until this is done
    sound = [placement.report_id for placement in members if placement.cluster not in forged]
    ids = {placement.report_id for placement in members}
    root = {report_id: report_id for report_id in ids}

    def top(report_id: str) -> str:
        while root[report_id] != report_id:
            root[report_id] = root[root[report_id]]
            report_id = root[report_id]
        return report_id

    links = session.execute(
        select(Link.report_id, Link.other_id).where(Link.report_id.in_(ids) | Link.other_id.in_(ids))
    )
    for one, other in links:
        if one in root and other in root:
            low, high = sorted((top(one), top(other)))
            root[high] = low
    for placement in members:
        placement.cluster = top(placement.report_id)
    stamp(session, hand.routing_key, sound)
