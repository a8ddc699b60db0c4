"""Reading old reports again under a new table of aliases, by the hand of somebody who can open them.

The text is opened in this session's memory, names are looked for, and what is kept is who is named, never what is
said. Nobody gets to see anything by it; reports that turn out to be about somebody go where a new one would.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from intake.core.access import SignedIn
from intake.core.errors import Busy, Invalid, Retry
from intake.core.vault import KeyPair, VaultError
from intake.core.world import World
from intake.people.services import bump_epoch
from intake.reports.models import Report
from intake.reports.services import history
from intake.reports.workflow import State
from intake.routing.aliases import Hit
from intake.routing.decide import OFFICE, SUPERIOR
from intake.routing.machinery import LEVEL, TEAM, Machinery
from intake.routing.models import Grant, Mention, Placement, Sketch
from intake.routing.queries import clusters_of, grants_of, machinery, visible_reports
from intake.routing.queries.marks import tampered
from intake.routing.services import (
    Hand,
    Progress,
    Transfer,
    backlog_of,
    grant_backlog,
    moves_away,
    note_mentions,
    open_grant,
    prepare_transfer,
    record_transfer,
    regrant_from_recovery,
    settle,
    stamp,
)
from intake.triage.services.reading import words_of
from intake.triage.services.sealing import forget_waiting

BATCH = 100  # reports a press: some seconds of opening, and a page that shows progress
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Reread:
    """What one press did: how many were read, how many of them name somebody who was not known to be named."""

    done: int
    left: int
    named: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How far this person's reports are: read under the newest version, and not yet."""

    done: int
    left: int


@dataclass(frozen=True, slots=True)
class _Read:
    """One report, read: whom it names, and its way up with its keys, where that is where it must go."""

    report_id: str
    hits: tuple[Hit, ...]
    upward: Transfer | None


def standing(world: World, signed_in: SignedIn) -> Standing:
    """Counts only what this person can open."""
    with world.db.read() as session:
        version = machinery(session, world.secrets).alias_version
        mine = _mine(signed_in).subquery()
        counted = select(func.count()).select_from(Placement).join(mine, mine.c.report_id == Placement.report_id)
        left = session.scalar(counted.where(Placement.alias_version < version)) or 0
        return Standing((session.scalar(counted) or 0) - left, left)


def _mine(signed_in: SignedIn) -> Select[str]:
    """Reports that this person may know of and holds the key of. A sealed one takes two, and is read when opened."""
    return (
        select(Grant.report_id)
        .join(Placement, Placement.report_id == Grant.report_id)
        .where(
            Grant.holder == signed_in.actor.person_id,
            Grant.envelope == "report",
            Placement.team_id != SUPERIOR,
            Placement.report_id.in_(visible_reports(signed_in.actor)),
        )
    )


def reread(
    world: World, signed_in: SignedIn, *, limit: int = BATCH, among: Collection[str] | None = None
) -> Reread:
    """Read up to `limit` of them (`among` these), put down whom they name, and put right what follows from it.

    A report whose rows somebody changed behind our back, or whose words do not open, is left as it is.
    """
    for _ in range(_TRIES):
        with world.db.read() as session:
            known = machinery(session, world.secrets)
            stale = _mine(signed_in).where(Placement.alias_version < known.alias_version).order_by(Grant.report_id)
            wanted = list(session.scalars(stale if among is None else stale.where(Grant.report_id.in_(list(among)))))
            batch = _openable(world, session, signed_in, known, wanted, limit)
        found = [_with_way_up(world, signed_in, report_id, hits) for report_id, hits in batch]
        try:
            named = _write(world, Hand.of(world, signed_in.actor.person_id), known.alias_version, found)
        except Retry:
            continue
        return Reread(len(found), len(wanted) - len(found), named)
    raise Busy(5)


def give_backlog(world: World, signed_in: SignedIn, *, person_id: str, limit: int = BATCH) -> Progress:
    """Re-seal to a newcomer what the colleague holds, `limit` reports a call, each read again first: their own name
    may stand in what was read before they came. Raises as `grant_backlog`."""
    with world.db.read() as session:
        missing = backlog_of(session, world, signed_in, person_id)[1]
    reread(world, signed_in, limit=limit, among=missing[:limit])
    return grant_backlog(world, signed_in, person_id=person_id, limit=limit)


def regrant_reading(world: World, pair: KeyPair, *, holder: str) -> Progress:
    """With a recovery key in hand: each report is read under the names there are now, then given to whoever may have
    it, and what turned out to name somebody goes where a new one would."""
    hand = Hand.of(world, holder)
    away = [report_id for report_id in _unread_by(world, holder) if _note_names(world, pair, hand, report_id)]
    progress = regrant_from_recovery(world, pair, holder=holder)
    if away:
        world.db.write(lambda session: settle(session, hand, also=away, named=away))
    return progress


def _unread_by(world: World, holder: str) -> list[str]:
    with world.db.read() as session:
        known = machinery(session, world.secrets)
        stale = (
            select(Grant.report_id)
            .join(Placement, Placement.report_id == Grant.report_id)
            .where(Grant.holder == holder, Grant.envelope == "report", Placement.alias_version < known.alias_version)
        )
        return [] if known.broken else list(session.scalars(stale.order_by(Grant.report_id)))


def _note_names(world: World, pair: KeyPair, hand: Hand, report_id: str) -> bool:
    """Whether the report names somebody of the machinery who was not known to be named. Nothing is settled yet: as
    long as nobody holds a key, everything would climb."""
    with world.db.read() as session:
        known = machinery(session, world.secrets)
        keys = _keys(session, hand.actor_id, pair, [report_id]).get(report_id)
        if keys is None or tampered(session, hand.routing_key, clusters_of(session, [report_id])):
            return False
        hits = known.aliases.find_folded(words_of(session, report_id, keys))

    def record(session: Session) -> bool:
        bump_epoch(session)
        placement = session.get_one(Placement, report_id, with_for_update=True)
        new = note_mentions(session, report_id, [(hit.kind, hit.target) for hit in hits])
        placement.alias_version = max(placement.alias_version, known.alias_version)
        if new:
            stamp(session, hand.routing_key, [report_id])
        return any(moves_away(kind) for kind, _ in new)

    return world.db.write(record)


def _openable(
    world: World, session: Session, signed_in: SignedIn, known: Machinery, wanted: Sequence[str], limit: int
) -> list[tuple[str, tuple[Hit, ...]]]:
    """(report, whom it names) of the first `limit` that open."""
    found: list[tuple[str, tuple[Hit, ...]]] = []
    for start in range(0, len(wanted), limit):
        chunk = wanted[start : start + limit]
        clusters = dict(
            session.execute(select(Placement.report_id, Placement.cluster).where(Placement.report_id.in_(chunk))).all()
        )
        forged = tampered(session, world.secrets.routing_key, clusters.values())
        sound = [report_id for report_id in chunk if clusters[report_id] not in forged]
        keys = _keys(session, signed_in.actor.person_id, signed_in.keys.reading, sound)
        for report_id, opened in keys.items():
            try:
                found.append((report_id, known.aliases.find_folded(words_of(session, report_id, opened))))
            except VaultError:
                continue
            if len(found) == limit:
                return found
    return found


def _keys(session: Session, holder: str, pair: KeyPair, report_ids: Sequence[str]) -> dict[str, dict[str, bytes]]:
    """report → envelope → key, of what this holder holds and can open."""
    found: dict[str, dict[str, bytes]] = {report_id: {} for report_id in report_ids}
    for (report_id, envelope), grant in grants_of(session, holder, report_ids).items():
        try:
            found[report_id][envelope] = open_grant(pair, grant)
        except VaultError:
            continue
    return {report_id: keys for report_id, keys in found.items() if "report" in keys}


def _with_way_up(world: World, signed_in: SignedIn, report_id: str, hits: tuple[Hit, ...]) -> _Read:
    """About the level above or the office itself: it goes up sealed, as a new one would."""
    with world.db.read() as session:
        rows = select(Mention.kind, Mention.target).where(Mention.report_id == report_id)
        there = {(kind, target) for kind, target in session.execute(rows)}
        new = [hit for hit in hits if (hit.kind, hit.target) not in there]
        above = next((hit for hit in new if hit.kind == LEVEL or (hit.kind, hit.target) == (TEAM, OFFICE)), None)
        me, pair = signed_in.actor.person_id, signed_in.keys.reading
        keys = _keys(session, me, pair, [report_id]).get(report_id, {}) if above is not None else {}
    if above is None or not keys:
        return _Read(report_id, hits, None)
    whose = "属于上一级管的人" if above.kind == LEVEL else "巡察办回避"
    reason = f"重读旧件时发现正文提到“{above.text}”：{whose}，密封径送上级。"
    try:
        transfer = prepare_transfer(world, report_id, team_id=SUPERIOR, keys=keys, reason=reason)
    except Invalid:  # nobody there can open it now: it is put right as far as it can be
        transfer = None
    return _Read(report_id, hits, transfer)


def _write(world: World, hand: Hand, version: int, found: Sequence[_Read]) -> int:
    return world.db.write(partial(_record, hand=hand, version=version, found=found))


def _record(session: Session, *, hand: Hand, version: int, found: Sequence[_Read]) -> int:
    """Inside `db.write`: whom they name, the way up, the version under which they were read, and what follows."""
    away, named, read = [], 0, []
    forged = tampered(session, hand.routing_key, clusters_of(session, [one.report_id for one in found]))
    for one in found:
        placement = session.get(Placement, one.report_id, with_for_update=True)
        if placement is None or placement.team_id == SUPERIOR:
            continue  # it went up since, by somebody else's hand
        if placement.cluster in forged:
            continue  # `msx audit verify` names it; nothing of ours may make it right
        if one.upward is not None:
            _send_up(session, hand, one.upward)
        new = note_mentions(session, one.report_id, [(hit.kind, hit.target) for hit in one.hits])
        placement.alias_version = max(placement.alias_version, version)
        read.append(one.report_id)
        named += bool(new)
        if one.upward is None and any(moves_away(kind) for kind, _ in new):
            away.append(one.report_id)
    settle(session, hand, read, named=away)
    return named


def _send_up(session: Session, hand: Hand, transfer: Transfer) -> None:
    moved = record_transfer(session, hand, transfer)
    session.execute(delete(Sketch).where(Sketch.report_id == transfer.report_id))  # compared with nothing from here on
    forget_waiting(session, transfer.report_id)
    report = session.get_one(Report, transfer.report_id, with_for_update=True)
    data = {
        "from": report.state, "to": State.sealed_up.value, "reason": None, "result": None,
        "from_team": moved.from_team, "to_team": moved.to_team,
    }  # fmt: skip
    history.append_staff(
        session, hand.chain_key, report, at=hand.at, actor_id=hand.actor_id, kind="move", data=data
    )  # fmt: skip
    report.state, report.since, report.assignee_id = State.sealed_up.value, hand.day, None
    report.awaiting_citizen = False
    report.version += 1
