"""Placing reports and moving their keys. Keys move only through the hands of someone who holds them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import LEADER_ROLES, SignedIn
from intake.core.errors import NotFound, Retry
from intake.core.vault import KeyPair
from intake.core.world import World
from intake.people import queries as people
from intake.people.models import Person
from intake.people.queries import Reader
from intake.people.services import on_leave
from intake.routing.decide import ALIAS_VERSION, OFFICE, RULES_VERSION, Decision
from intake.routing.models import Grant, Placement
from intake.routing.queries import COUNTY_RECOVERY, Readers, grants_of, readers_for


@dataclass(frozen=True, slots=True)
class Progress:
    """How many reports a holder's act has reached, and how many are left."""

    done: int
    left: int


def bound(report_id: str, envelope: str) -> vault.Bound:
    """What a grant is bound to: it opens nothing when copied to another report or envelope."""
    return ("report_grant", report_id, envelope)


def seal_to(
    readers: Iterable[Reader], key: bytes, *, report_id: str, envelope: str, day: date
) -> list[dict[str, Any]]:
    """One grant row a reader. Work for the prepare half: sealing never happens inside a transaction."""
    place = bound(report_id, envelope)
    return [
        {
            "report_id": report_id,
            "envelope": envelope,
            "holder": reader.holder,
            "key_id": reader.key_id,
            "sealed": vault.seal(reader.public, key, place),
            "granted_on": day,
        }
        for reader in readers
    ]


def placement_row(
    report_id: str, decision: Decision, *, board_code: str | None, site_id: str | None
) -> dict[str, Any]:
    return {
        "report_id": report_id,
        "board_code": board_code,
        "site_id": site_id,
        "team_id": decision.team_id,
        "lane": decision.lane,
        "reasons": list(decision.reasons),
        "rules_version": RULES_VERSION,
        "alias_version": ALIAS_VERSION,
    }


def check_epoch(session: Session, readers: Readers) -> None:
    """Inside the transaction: nobody joined or left since the keys were sealed, or prepare again."""
    if people.readers_epoch(session, hold=True) != readers.epoch:
        raise Retry


def withdraw_grants(session: Session, person_id: str) -> None:
    """Nothing that this person held opens anything from this moment."""
    session.execute(delete(Grant).where(Grant.holder == person_id))


# People are below routing and cannot call it: whoever can place a report has registered this by importing us.
on_leave.append(withdraw_grants)


def open_grant(pair: KeyPair, grant: Grant) -> bytes:
    return vault.unseal(pair, grant.sealed, bound(grant.report_id, grant.envelope))


def backlog_of(
    session: Session, world: World, signed_in: SignedIn, person_id: str
) -> tuple[Reader, list[str]]:
    """The newcomer as a reader, and the reports that the signed-in colleague can open and they cannot.

    Raises `NotFound` for somebody who is no trusted member of the colleague's own team (or, for the
    office, of any team): who is not eligible cannot be granted anything.
    """
    person = session.get(Person, person_id)
    if person is None or person.team_id is None:
        raise NotFound
    if signed_in.actor.team_id not in (person.team_id, OFFICE):
        raise NotFound
    reader = next(
        (r for r in people.trusted_members(session, world.secrets, person.team_id) if r.holder == person_id),
        None,
    )
    if reader is None:
        raise NotFound
    mine = select(Grant.report_id).where(
        Grant.holder == signed_in.actor.person_id, Grant.envelope == "report"
    )
    theirs = select(Grant.report_id).where(Grant.holder == person_id, Grant.envelope == "report")
    missing = select(Placement.report_id).where(
        Placement.report_id.in_(mine), Placement.report_id.not_in(theirs)
    )
    if person.team_id != OFFICE:
        missing = missing.where(Placement.team_id == person.team_id)
    return reader, list(session.scalars(missing.order_by(Placement.report_id)))


def grant_backlog(world: World, signed_in: SignedIn, *, person_id: str, limit: int = 200) -> Progress:
    """Re-seal to a newcomer what the colleague holds, `limit` reports a call."""
    with world.db.read() as session:
        readers_epoch = people.readers_epoch(session)
        reader, missing = backlog_of(session, world, signed_in, person_id)
        batch = missing[:limit]
        placed = {
            p.report_id: p for p in session.scalars(select(Placement).where(Placement.report_id.in_(batch)))
        }
        held = grants_of(session, signed_in.actor.person_id, batch)
    day = world.today()
    grants = [
        grant
        for (report_id, envelope), own in held.items()
        if envelope != "identity" or _may_hold_identity(reader, placed[report_id])
        for grant in seal_to(
            [reader], open_grant(signed_in.keys.reading, own), report_id=report_id, envelope=envelope, day=day
        )
    ]
    _record_grants(world, grants, Readers((reader,), (), readers_epoch))
    return Progress(len(batch), len(missing) - len(batch))


def _may_hold_identity(reader: Reader, placement: Placement) -> bool:
    if placement.team_id == OFFICE:
        return reader.team_id == OFFICE
    return reader.role in LEADER_ROLES and reader.team_id == placement.team_id


def _record_grants(world: World, rows: Sequence[dict[str, Any]], readers: Readers) -> None:
    """Grants that came in between (another colleague granting the same) are left as they are."""

    def record(session: Session) -> None:
        check_epoch(session, readers)
        new = [
            row
            for row in rows
            if session.get(Grant, (row["report_id"], row["envelope"], row["holder"])) is None
        ]
        if new:
            session.execute(insert(Grant), new)

    if rows:
        world.db.write(record)


def regrant_from_recovery(world: World, pair: KeyPair, *, holder: str = COUNTY_RECOVERY) -> Progress:
    """With the recovery key in hand: every eligible reader of every report gets a grant again."""
    with world.db.read() as session:
        report_ids = list(session.scalars(select(Grant.report_id).where(Grant.holder == holder).distinct()))
    granted = 0
    for report_id in sorted(report_ids):
        granted += _regrant_one(world, pair, report_id, holder)
    return Progress(granted, 0)


def _regrant_one(world: World, pair: KeyPair, report_id: str, holder: str) -> int:
    with world.db.read() as session:
        placement = session.get_one(Placement, report_id)
        readers = readers_for(session, world.secrets, team_id=placement.team_id)
        own = {envelope: grant for (_, envelope), grant in grants_of(session, holder, [report_id]).items()}
        there = set(
            session.execute(select(Grant.envelope, Grant.holder).where(Grant.report_id == report_id))
        )
    day = world.today()
    grants: list[dict[str, Any]] = []
    for envelope, grant in own.items():
        wanted = readers.identity if envelope == "identity" else readers.report
        new = [reader for reader in wanted if (envelope, reader.holder) not in there]
        if new:
            grants += seal_to(new, open_grant(pair, grant), report_id=report_id, envelope=envelope, day=day)
    _record_grants(world, grants, readers)
    return len({grant["holder"] for grant in grants})


def count_backlog(session: Session, world: World, signed_in: SignedIn, person_id: str) -> int:
    """How many reports a newcomer still waits for."""
    return len(backlog_of(session, world, signed_in, person_id)[1])


def grants_held(session: Session, holder: str) -> int:
    """How many reports this holder can open."""
    return session.scalar(
        select(func.count()).select_from(Grant).where(Grant.holder == holder, Grant.envelope == "report")
    ) or 0  # fmt: skip
