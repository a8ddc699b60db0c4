"""Keys given later, by a colleague or from a recovery key; and taken away when somebody leaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, or_, select
from sqlalchemy.orm import Session, aliased

from intake.core.access import LEADER_ROLES, Actor, SignedIn
from intake.core.errors import Busy, Forbidden, NotFound, Retry
from intake.core.vault import KeyPair
from intake.core.world import World
from intake.people import queries as people
from intake.people.models import Person
from intake.people.queries import Reader
from intake.people.services import on_leave
from intake.people.services.readers import bump_epoch
from intake.people.services.readers import record as journal
from intake.routing.decide import CUSTODY, LOCKED, OFFICE, SUPERIOR
from intake.routing.machinery import Mentioned
from intake.routing.models import Grant, Mention, Placement, Release
from intake.routing.queries import (
    COUNTY_RECOVERY,
    Readers,
    Who,
    able_teams,
    grants_of,
    machinery,
    open_to,
    readers_for,
    touching_of,
    visible_reports,
)
from intake.routing.queries.marks import TAMPERED, tampered
from intake.routing.services.marks import stamp
from intake.routing.services.placing import check_epoch, open_grant, seal_out, seal_to
from intake.routing.services.settling import Hand

_TRIES = 5
_BROKEN = "分件用的数据被人改动过，先不发钥匙。请管理员运行 msx check。"


@dataclass(frozen=True, slots=True)
class Progress:
    """How many reports a holder's act has reached, and how many are left."""

    done: int
    left: int


def withdraw_grants(session: Session, person_id: str) -> None:
    """Nothing that this person held opens anything from this moment."""
    session.execute(delete(Grant).where(Grant.holder == person_id))
    session.execute(delete(Release).where(or_(Release.from_id == person_id, Release.to_id == person_id)))


# People are below routing and cannot call it: whoever can place a report has registered this by importing us.
on_leave.append(withdraw_grants)


def backlog_of(session: Session, world: World, signed_in: SignedIn, person_id: str) -> tuple[Reader, list[str]]:
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
    lacking = select(Grant.report_id).where(_lacking(world, signed_in.actor, reader)).distinct()
    return reader, sorted(session.scalars(lacking.join(Placement, Placement.report_id == Grant.report_id)))


def _lacking(world: World, giver: Actor, reader: Reader) -> ColumnElement[bool]:
    """Keys that the giver holds, the reader does not, and may: each key counts, not only the report's own.

    Whoever is recused may hold none, and gives none: a conflict begins with its day, before the sweep.
    A share of the sealed lane is nobody's to hand on: see `sealed`.
    """
    theirs = aliased(Grant)
    has = exists().where(
        theirs.holder == reader.holder, theirs.report_id == Grant.report_id, theirs.envelope == Grant.envelope
    )
    not_recused = open_to(Who(reader.holder, reader.team_id, reader.role.value, world.today()), Placement)
    seen = Grant.report_id.in_(visible_reports(giver))
    return and_(Grant.holder == giver.person_id, ~has, _may_hold(reader), seen, not_recused)


def _may_hold(reader: Reader) -> ColumnElement[bool]:
    """The office holds all below the superior, and the contact of its own; others what lies with their team."""
    below = and_(Placement.team_id != SUPERIOR, ~Grant.envelope.startswith("handover:"))
    if reader.team_id == OFFICE:
        return and_(below, or_(Grant.envelope != "identity", Placement.team_id == OFFICE))
    own = and_(below, Placement.team_id == reader.team_id)
    return own if reader.role in LEADER_ROLES else and_(own, Grant.envelope != "identity")


def grant_backlog(world: World, signed_in: SignedIn, *, person_id: str, limit: int = 200) -> Progress:
    """Re-seal to a newcomer what the colleague holds, `limit` reports a call; who gave is on record.

    What was not read under every name that there is now (theirs may be the newest) is left where it is: whoever
    calls has read it again first.
    """
    day = world.today()
    with world.db.read() as session:
        readers_epoch = people.readers_epoch(session)
        known = machinery(session, world.secrets)
        if known.broken:
            raise Forbidden(_BROKEN)
        reader, missing = backlog_of(session, world, signed_in, person_id)
        batch = missing[:limit]
        rows = session.execute(
            select(Grant, Placement.cluster)
            .join(Placement, Placement.report_id == Grant.report_id)
            .where(
                _lacking(world, signed_in.actor, reader), Grant.report_id.in_(batch),
                Placement.alias_version >= known.alias_version,
            )
        ).all()
        touching = touching_of(session, known, {cluster for _, cluster in rows})
        forged = tampered(session, world.secrets.routing_key, touching)
        held = [
            grant
            for grant, cluster in rows
            if cluster not in forged and known.may_read(person_id, touching[cluster], day)
        ]
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
    world: World,
    rows: Sequence[dict[str, Any]],
    readers: Readers,
    *,
    giver: str,
    reports: int,
    out_of_custody: str | None = None,
) -> None:
    """Grants that came in between (another colleague granting the same) are left as they are.

    New shares take the place of all old ones in the same write: between the two nobody could open anything.
    """
    hand, takers = Hand.of(world, giver), sorted({row["holder"] for row in rows})

    def record(session: Session) -> None:
        check_epoch(session, readers)
        if readers.shared:
            _forget_shares(session, {(row["report_id"], row["envelope"]) for row in rows})
        new = [row for row in rows if session.get(Grant, (row["report_id"], row["envelope"], row["holder"])) is None]
        if new:
            session.execute(insert(Grant), new)
            for taker in takers:
                journal(session, at=hand.at, actor=giver, kind="granted", person_id=taker, data={"reports": reports})
        if out_of_custody is not None:
            _leave_custody(session, hand, rows[0]["report_id"], out_of_custody)

    if rows:
        world.db.write(record)


def _forget_shares(session: Session, envelopes: set[tuple[str, str]]) -> None:
    for report_id, envelope in sorted(envelopes):
        session.execute(delete(Grant).where(Grant.report_id == report_id, Grant.envelope == envelope))
        session.execute(delete(Release).where(Release.report_id == report_id, Release.envelope == envelope))


def _leave_custody(session: Session, hand: Hand, report_id: str, team_id: str) -> None:
    placement = session.get_one(Placement, report_id, with_for_update=True)
    placement.team_id = team_id
    placement.lane = "sealed" if team_id == SUPERIOR else placement.lane
    placement.reasons = [*placement.reasons, "用恢复密钥从保管中取出。"]
    stamp(session, hand.routing_key, [report_id])


def regrant_from_recovery(world: World, pair: KeyPair, *, holder: str = COUNTY_RECOVERY) -> Progress:
    """With the recovery key in hand: every eligible reader of every report gets a grant again."""
    with world.db.read() as session:
        report_ids = list(
            session.scalars(
                select(Grant.report_id)
                .join(Placement, Placement.report_id == Grant.report_id)
                .where(Grant.holder == holder, Placement.lane != LOCKED)
                .distinct()
            )
        )
    granted = 0
    for report_id in sorted(report_ids):
        granted += _regrant_again(world, pair, report_id, holder)
    return Progress(granted, 0)


def _regrant_again(world: World, pair: KeyPair, report_id: str, holder: str) -> int:
    """Somebody may join or leave just now: then it is prepared once more."""
    for _ in range(_TRIES):
        try:
            return _regrant_one(world, pair, report_id, holder)
        except Retry:
            continue
    raise Busy(5)


def _regrant_one(world: World, pair: KeyPair, report_id: str, holder: str) -> int:
    day = world.today()
    with world.db.read() as session:
        placement = session.get_one(Placement, report_id)
        if tampered(session, world.secrets.routing_key, [placement.cluster]):
            return 0  # `msx audit verify` names it; a person looks before anybody gets a key
        known = machinery(session, world.secrets)
        touching = touching_of(session, known, [placement.cluster])[placement.cluster]
        able = able_teams(session, world.secrets, known, {OFFICE, SUPERIOR}, touching, day) - touching.teams
        house = next((house for house in (OFFICE, SUPERIOR) if house in able), CUSTODY)
        team_id = house if placement.team_id == CUSTODY else placement.team_id
        readers = readers_for(session, world.secrets, team_id=team_id, known=known, touching=touching, day=day)
        own = {envelope: grant for (_, envelope), grant in grants_of(session, holder, [report_id]).items()}
        there = set(session.execute(select(Grant.envelope, Grant.holder).where(Grant.report_id == report_id)))
    grants: list[dict[str, Any]] = []
    for envelope, grant in own.items():
        if envelope.startswith("handover:"):
            continue
        wanted = readers.identity if envelope == "identity" else readers.report
        new = [reader for reader in wanted if (envelope, reader.holder) not in there]
        if new and readers.shared:  # one more share means new shares for all: the old ones fit no new one
            grants += seal_out(readers, open_grant(pair, grant), report_id=report_id, envelope=envelope, day=day)
        elif new:
            grants += seal_to(new, open_grant(pair, grant), report_id=report_id, envelope=envelope, day=day)
    place = team_id if team_id != placement.team_id and grants else None
    _record_grants(world, grants, readers, giver=holder, reports=1, out_of_custody=place)
    return len({grant["holder"] for grant in grants})


def dismiss_with_recovery(world: World, report_id: str, mention: Mentioned, *, giver: str) -> None:
    """Whoever holds a recovery key says that a name in the words recuses nobody here: the one way out where the
    words name every house that could have it. Raises `NotFound`, `Forbidden` (forged rows).
    """
    hand = Hand.of(world, giver)

    def record(session: Session) -> None:
        bump_epoch(session)
        placement = session.get(Placement, report_id, with_for_update=True)
        found = session.get(Mention, (report_id, *mention)) if placement is not None else None
        if placement is None or found is None or found.dismissed:
            raise NotFound
        if tampered(session, hand.routing_key, [placement.cluster]):
            raise Forbidden(TAMPERED)
        found.dismissed = True
        placement.reasons = [*placement.reasons, "持恢复密钥的人核定：正文提到的一处不算回避。"]
        stamp(session, hand.routing_key, [report_id])
        journal(
            session, at=hand.at, actor=giver, kind="dismissed", person_id="",
            data={"report": report_id, "mention": ":".join(mention)},
        )  # fmt: skip

    world.db.write(record)


def count_backlog(session: Session, world: World, signed_in: SignedIn, person_id: str) -> int:
    """How many reports a newcomer still waits for."""
    return len(backlog_of(session, world, signed_in, person_id)[1])


def grants_held(session: Session, actor: Actor, holder: str) -> int:
    """How many of the reports that `actor` may know of this holder can open: others are not counted for them."""
    held = select(func.count()).select_from(Grant).where(
        Grant.holder == holder, Grant.envelope == "report", Grant.report_id.in_(visible_reports(actor))
    )  # fmt: skip
    return session.scalar(held) or 0
