"""Reading old reports again under a new table of aliases, by the hand of somebody who can open them.

The text is opened in this session's memory, names are looked for, and what is kept is who is named, never what is
said. Nobody gets to see anything by it; reports that turn out to be about somebody go where a new one would.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import SignedIn
from intake.core.errors import Invalid, Retry
from intake.core.vault import VaultError
from intake.core.world import World
from intake.reports.models import Addition, Report
from intake.reports.services import history
from intake.reports.workflow import State
from intake.routing.aliases import Folded, Hit, fold
from intake.routing.decide import OFFICE, SUPERIOR
from intake.routing.machinery import LEVEL, TEAM, Machinery
from intake.routing.models import Grant, Mention, Placement, Sketch
from intake.routing.queries import clusters_of, grants_of, machinery, visible_reports
from intake.routing.queries.marks import tampered
from intake.routing.services import (
    Hand,
    Transfer,
    moves_away,
    note_mentions,
    open_grant,
    prepare_transfer,
    record_transfer,
    settle,
)
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


def reread(world: World, signed_in: SignedIn, *, limit: int = BATCH, only: str | None = None) -> Reread:
    """Read up to `limit` of them (`only` this one), put down whom they name, and put right what follows from it.

    A report whose rows somebody changed behind our back, or whose words do not open, is left as it is.
    """
    for _ in range(_TRIES):
        with world.db.read() as session:
            known = machinery(session, world.secrets)
            stale = _mine(signed_in).where(Placement.alias_version < known.alias_version).order_by(Grant.report_id)
            wanted = list(session.scalars(stale.where(Grant.report_id == only) if only else stale))
            batch = _openable(world, session, signed_in, known, wanted, limit)
        found = [_with_way_up(world, signed_in, report_id, hits) for report_id, hits in batch]
        try:
            named = _write(world, Hand.of(world, signed_in.actor.person_id), known.alias_version, found)
        except Retry:
            continue
        return Reread(len(found), len(wanted) - len(found), named)
    raise Retry


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
        keys = _keys(session, signed_in, [report_id for report_id in chunk if clusters[report_id] not in forged])
        for report_id, opened in keys.items():
            try:
                found.append((report_id, known.aliases.find_folded(_words(session, report_id, opened))))
            except VaultError:
                continue
            if len(found) == limit:
                return found
    return found


def _keys(session: Session, signed_in: SignedIn, report_ids: Sequence[str]) -> dict[str, dict[str, bytes]]:
    """report → envelope → key, of what this person holds and can open."""
    found: dict[str, dict[str, bytes]] = {report_id: {} for report_id in report_ids}
    for (report_id, envelope), grant in grants_of(session, signed_in.actor.person_id, report_ids).items():
        try:
            found[report_id][envelope] = open_grant(signed_in.keys.reading, grant)
        except VaultError:
            continue
    return {report_id: keys for report_id, keys in found.items() if "report" in keys}


def _words(session: Session, report_id: str, keys: dict[str, bytes]) -> Folded:
    """All that the citizen wrote and that opens, each text by itself: as it was read when it came."""
    report = session.get_one(Report, report_id)
    plain = json.loads(vault.decrypt(keys["report"], report.content, ("report", report_id, "content")))
    texts = [str(plain.get(name, "")) for name in ("body", "subject", "place")]
    for row in session.scalars(select(Addition).where(Addition.report_id == report_id).order_by(Addition.seq)):
        if row.id in keys:
            value = json.loads(vault.decrypt(keys[row.id], row.content, ("addition", row.id, "content")))
            texts.append(str(value.get("text", "")))
    return Folded("|".join(map(fold, texts)))


def _with_way_up(world: World, signed_in: SignedIn, report_id: str, hits: tuple[Hit, ...]) -> _Read:
    """About the level above or the office itself: it goes up sealed, as a new one would."""
    with world.db.read() as session:
        rows = select(Mention.kind, Mention.target).where(Mention.report_id == report_id)
        there = {(kind, target) for kind, target in session.execute(rows)}
        new = [hit for hit in hits if (hit.kind, hit.target) not in there]
        above = next((hit for hit in new if hit.kind == LEVEL or (hit.kind, hit.target) == (TEAM, OFFICE)), None)
        keys = _keys(session, signed_in, [report_id]).get(report_id, {}) if above is not None else {}
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
    return world.db.write(lambda session: _record(session, hand, version, found))


def _record(session: Session, hand: Hand, version: int, found: Sequence[_Read]) -> int:
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
