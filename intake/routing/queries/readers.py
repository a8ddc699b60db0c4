"""Who holds the keys of a report, and to whom they may be sealed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from intake.core.access import LEADER_ROLES, RECEIVER_ROLES, Role
from intake.core.secretfile import Secrets
from intake.people import queries as people
from intake.people.queries import Reader
from intake.routing.decide import CUSTODY, LOCKED, OFFICE, SUPERIOR
from intake.routing.machinery import Machinery, Mentioned, Touching
from intake.routing.models import Grant, Placement
from intake.routing.queries.knowledge import machinery, touching_of
from intake.routing.queries.marks import tampered

COUNTY_RECOVERY = "recovery:county"
SUPERIOR_RECOVERY = "recovery:superior"


@dataclass(frozen=True, slots=True)
class Readers:
    """To whom a report's keys are sealed, and the epoch at which that was true.

    `shared`: the people among them get a share each, of which any two open; a recovery key gets the whole.
    """

    report: tuple[Reader, ...]
    identity: tuple[Reader, ...]
    epoch: int
    shared: bool = False

    @property
    def names(self) -> frozenset[str]:
        return frozenset(reader.holder for reader in self.report)


def recovery_of(secrets: Secrets, *, sealed: bool) -> Reader:
    """The offline recovery key as a holder like any other; its public half is pinned in the secret file.

    What is in the sealed lane is granted to the superior's own and never to the county's.
    """
    if sealed:
        return Reader(SUPERIOR_RECOVERY, "superior", secrets.superior.reading, Role.superior, SUPERIOR)
    return Reader(COUNTY_RECOVERY, "county", secrets.county.reading, Role.office, OFFICE)


def _unrecused(known: Machinery, members: Iterable[Reader], touching: Touching, day: date) -> list[Reader]:
    """Those who may have the original. A unit to which something is handed on never has it."""
    return [
        reader
        for reader in members
        if reader.role not in RECEIVER_ROLES and known.may_read(reader.holder, touching, day)
    ]


def able_teams(
    session: Session, secrets: Secrets, known: Machinery, teams: Iterable[str], touching: Touching, day: date
) -> frozenset[str]:
    """Those of `teams` with an active member whose key counts and who is not recused."""
    members = people.trusted_by_team(session, secrets, frozenset(teams))
    return frozenset(team for team, found in members.items() if _unrecused(known, found, touching, day))


def readers_for(
    session: Session, secrets: Secrets, *, team_id: str, known: Machinery, touching: Touching, day: date
) -> Readers:
    """Eligible people of the team, the office's, and the recovery key; in the sealed lane the superior's alone.

    The contact's key goes to the team's leaders, to the office where the report lies with the office, and to the
    recovery key. Who is recused is not among them, whatever their role.
    """
    epoch, sealed = people.readers_epoch(session), team_id == SUPERIOR
    recovery = recovery_of(secrets, sealed=sealed)
    if team_id == CUSTODY or known.broken:  # rows moved behind our back may say anything about anybody
        return Readers((recovery,), (recovery,), epoch)
    houses = {team_id} if sealed else {team_id, OFFICE}
    members = people.trusted_by_team(session, secrets, houses)
    able = {house: _unrecused(known, found, touching, day) for house, found in members.items()}
    team = able[team_id]
    both = {reader.holder: reader for house in able.values() for reader in house}
    leads = team if team_id in (OFFICE, SUPERIOR) else [reader for reader in team if reader.role in LEADER_ROLES]
    return Readers((*both.values(), recovery), (*leads, recovery), epoch, shared=sealed)


def present_readers(
    session: Session, secrets: Secrets, report_id: str, day: date, *, also: Iterable[Mentioned] = ()
) -> Readers:
    """Who can open the report now: what is added later is sealed to these and to nobody else.

    `also`: whom the addition itself names; they do not get it.
    """
    placement = session.get_one(Placement, report_id)
    known = machinery(session, secrets)
    touching = touching_of(session, known, [placement.cluster])[placement.cluster]
    touching |= known.touching(sites=(), mentions=also)
    if tampered(session, secrets.routing_key, [placement.cluster]):
        sealed = placement.team_id == SUPERIOR
        return Readers((recovery_of(secrets, sealed=sealed),), (), people.readers_epoch(session))
    eligible = readers_for(
        session, secrets, team_id=placement.team_id, known=known, touching=touching, day=day
    )  # fmt: skip
    held = holders_of(session, report_id)
    keep = tuple(reader for reader in eligible.report if reader.holder in held)
    return Readers(keep, (), eligible.epoch, eligible.shared)


def holders_of(session: Session, report_id: str) -> frozenset[str]:
    """Who holds the report's key, or a share of it: people's ids and recovery keys."""
    return frozenset(
        session.scalars(select(Grant.holder).where(Grant.report_id == report_id, Grant.envelope == "report"))
    )


def count_unreadable(session: Session) -> int:
    """How many reports no person holds a key of: only a recovery key opens them. What was purged is not counted."""
    held = exists().where(
        Grant.report_id == Placement.report_id, Grant.envelope == "report", ~Grant.holder.startswith("recovery:")
    )
    there = Placement.lane.not_in(("purged", LOCKED))
    return session.scalar(select(func.count()).select_from(Placement).where(there, ~held)) or 0


def grants_of(session: Session, holder: str, report_ids: Iterable[str]) -> dict[tuple[str, str], Grant]:
    """(report, envelope) → grant, for these reports."""
    rows = session.scalars(select(Grant).where(Grant.holder == holder, Grant.report_id.in_(list(report_ids))))
    return {(grant.report_id, grant.envelope): grant for grant in rows}
