"""Placing reports and moving their keys. Keys move only through the hands of someone who holds them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, or_, select
from sqlalchemy.orm import Session, aliased

from intake.core import vault
from intake.core.access import LEADER_ROLES, SignedIn
from intake.core.errors import NotFound, Retry
from intake.core.vault import KeyPair
from intake.core.world import World
from intake.people import queries as people
from intake.people.models import Person
from intake.people.queries import Reader
from intake.people.services import on_leave
from intake.people.services.readers import record as journal
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
        "place_code": None,
        "place_site_id": None,
        "lane": decision.lane,
        "urgent": [],
        "guardian": decision.alarm,
        "cluster": report_id,
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
    """The newcomer as a reader, and the reports of which the colleague holds a key that they lack and may hold.

    Raises `NotFound` for somebody who is no trusted member of the colleague's own team (or, for the
    office, of any team): who is not eligible cannot be granted anything.
    """
    person = session.get(Person, person_id)
    if person is None or person.team_id is None:
        raise NotFound
    if signed_in.actor.team_id not in (person.team_id, OFFICE):
        raise NotFound
    members = people.trusted_members(session, world.secrets, person.team_id)
    reader = next((member for member in members if member.holder == person_id), None)
    if reader is None:
        raise NotFound
    lacking = select(Grant.report_id).where(_lacking(signed_in.actor.person_id, reader)).distinct()
    return reader, sorted(session.scalars(lacking.join(Placement, Placement.report_id == Grant.report_id)))


def _lacking(giver: str, reader: Reader) -> ColumnElement[bool]:
    """Keys that the giver holds, the reader does not, and may: each key counts, not only the report's own."""
    theirs = aliased(Grant)
    has = exists().where(
        theirs.holder == reader.holder, theirs.report_id == Grant.report_id, theirs.envelope == Grant.envelope
    )
    return and_(Grant.holder == giver, ~has, _may_hold(reader))


def _may_hold(reader: Reader) -> ColumnElement[bool]:
    """The office holds every report, and the contact of its own; others what lies with their team."""
    if reader.team_id == OFFICE:
        return or_(Grant.envelope != "identity", Placement.team_id == OFFICE)
    own = Placement.team_id == reader.team_id
    return own if reader.role in LEADER_ROLES else and_(own, Grant.envelope != "identity")


def grant_backlog(world: World, signed_in: SignedIn, *, person_id: str, limit: int = 200) -> Progress:
    """Re-seal to a newcomer what the colleague holds, `limit` reports a call; who gave is on record."""
    with world.db.read() as session:
        readers_epoch = people.readers_epoch(session)
        reader, missing = backlog_of(session, world, signed_in, person_id)
        batch = missing[:limit]
        held = session.scalars(
            select(Grant)
            .join(Placement, Placement.report_id == Grant.report_id)
            .where(_lacking(signed_in.actor.person_id, reader), Grant.report_id.in_(batch))
        ).all()
    day = world.today()
    grants = [
        row
        for own in held
        for row in seal_to(
            [reader],
            open_grant(signed_in.keys.reading, own),
            report_id=own.report_id,
            envelope=own.envelope,
            day=day,
        )
    ]
    readers = Readers((reader,), (), readers_epoch)
    _record_grants(world, grants, readers, giver=signed_in.actor.login, reports=len(batch))
    return Progress(len(batch), len(missing) - len(batch))


def _record_grants(
    world: World, rows: Sequence[dict[str, Any]], readers: Readers, *, giver: str, reports: int
) -> None:
    """Grants that came in between (another colleague granting the same) are left as they are."""
    now, takers = world.clock.now(), sorted({row["holder"] for row in rows})

    def record(session: Session) -> None:
        check_epoch(session, readers)
        new = [
            row
            for row in rows
            if session.get(Grant, (row["report_id"], row["envelope"], row["holder"])) is None
        ]
        if new:
            session.execute(insert(Grant), new)
            for taker in takers:
                journal(session, at=now, actor=giver, kind="granted", person_id=taker, data={"reports": reports})

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
    _record_grants(world, grants, readers, giver="recovery:county", reports=1)
    return len({grant["holder"] for grant in grants})


def count_backlog(session: Session, world: World, signed_in: SignedIn, person_id: str) -> int:
    """How many reports a newcomer still waits for."""
    return len(backlog_of(session, world, signed_in, person_id)[1])


def grants_held(session: Session, holder: str) -> int:
    """How many reports this holder can open."""
    return session.scalar(
        select(func.count()).select_from(Grant).where(Grant.holder == holder, Grant.envelope == "report")
    ) or 0  # fmt: skip
