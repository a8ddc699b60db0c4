"""The row filter: through it runs every staff query over reports."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, bindparam, false, select, true
from sqlalchemy.orm import Session

from intake.core.access import LEADER_ROLES, READER_ROLES, Actor, Role
from intake.core.secretfile import Secrets
from intake.core.tables import table_of
from intake.people import queries as people
from intake.people.models import Team
from intake.people.queries import Reader
from intake.routing.decide import OFFICE
from intake.routing.models import Grant, Placement

COUNTY_RECOVERY = "recovery:county"
_TEAM = table_of(Team)
_TEAM_NAME = select(_TEAM.c.name).where(_TEAM.c.id == bindparam("id"))  # built once: every receipt page asks


def visible_reports(actor: Actor) -> Select[str]:
    """The ids of the reports whose existence `actor` may know of. Everything else does not exist.

    Nobody sees anything whose key no colleague has confirmed. A team sees its own; the office sees all
    (their text only where it holds them: see `opens_text`). Roles that read nothing get an empty set.
    """
    return select(Placement.report_id).where(_visible(actor))


def _visible(actor: Actor) -> ColumnElement[bool]:
    if not actor.trusted or actor.role not in READER_ROLES or actor.team_id is None:
        return false()
    if actor.role is Role.office:
        return true()
    return Placement.team_id == actor.team_id


def opens_text(actor: Actor, placement: Placement) -> bool:
    """Whether pages show `actor` the text: those with whom the report lies; the office elsewhere sees its facts."""
    return placement.team_id == actor.team_id


def team_name_of(session: Session, team_id: str) -> str:
    """A team's name as pages show it."""
    found: str | None = session.execute(_TEAM_NAME, {"id": team_id}).scalar()
    return team_id if found is None else found


@dataclass(frozen=True, slots=True)
class Readers:
    """To whom a report's keys are sealed, and the epoch at which that was true."""

    report: tuple[Reader, ...]
    identity: tuple[Reader, ...]
    epoch: int

    @property
    def names(self) -> frozenset[str]:
        return frozenset(reader.holder for reader in self.report)


def county_recovery(secrets: Secrets) -> Reader:
    """The offline recovery key as a holder like any other; its public half is pinned in the secret file."""
    return Reader(COUNTY_RECOVERY, "county", secrets.county.reading, Role.office, OFFICE)


def readers_for(session: Session, secrets: Secrets, *, team_id: str) -> Readers:
    """Eligible people of the team, the office's, and the county's recovery key.

    The contact's key goes to the team's leaders, to the office where the report lies with the office,
    and to the recovery key.
    """
    epoch = people.readers_epoch(session)
    members = people.trusted_by_team(session, secrets, {team_id, OFFICE})
    team, office = members[team_id], members[OFFICE]
    recovery = county_recovery(secrets)
    both = {reader.holder: reader for reader in (*team, *office)}
    leads = team if team_id == OFFICE else [reader for reader in team if reader.role in LEADER_ROLES]
    return Readers(report=(*both.values(), recovery), identity=(*leads, recovery), epoch=epoch)


def present_readers(session: Session, secrets: Secrets, report_id: str) -> Readers:
    """Who can open the report now: what is added later is sealed to these and to nobody else."""
    epoch = people.readers_epoch(session)
    placement = session.get_one(Placement, report_id)
    eligible = readers_for(session, secrets, team_id=placement.team_id)
    held = holders_of(session, report_id)
    keep = tuple(reader for reader in eligible.report if reader.holder in held)
    return Readers(report=keep, identity=(), epoch=epoch)


def holders_of(session: Session, report_id: str) -> frozenset[str]:
    """Who holds the report's key: people's ids and recovery keys."""
    return frozenset(
        session.scalars(select(Grant.holder).where(Grant.report_id == report_id, Grant.envelope == "report"))
    )


def grants_of(session: Session, holder: str, report_ids: Iterable[str]) -> dict[tuple[str, str], Grant]:
    """(report, envelope) → grant, for these reports."""
    rows = session.scalars(select(Grant).where(Grant.holder == holder, Grant.report_id.in_(list(report_ids))))
    return {(grant.report_id, grant.envelope): grant for grant in rows}
