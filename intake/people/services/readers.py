"""What every act on people shares: the epoch of readers, the journal, and how a key or a session ends."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from intake.core.access import Actor, Role
from intake.people.models import Epoch, PeopleEvent, PersonKey, SpareCode, StaffSession
from intake.people.queries import READERS, SPELLINGS

# Packages above put in what must go with a person's key (grants); each is called inside the same write.
on_leave: list[Callable[[Session, str], None]] = []


@dataclass(frozen=True, slots=True)
class Departure:
    """Somebody leaves: who lets them go, and when. `colleagues`: whose key counted in `team_id` before, theirs too."""

    person_id: str
    actor_id: str
    at: datetime
    day: date
    chain_key: bytes
    routing_key: bytes
    team_id: str | None = None
    colleagues: frozenset[str] = frozenset()


# As above, for what must be put right in the same write: called while the person's grants are still there, each
# answers with what is to be done once they are gone.
around_leaving: list[Callable[[Session, Departure], Callable[[], None]]] = []

def operator(label: str) -> Actor:
    """Whoever has the machine's shell (`msx init`, imports): adds people, is `label` in the journal."""
    return Actor(person_id="", login=label, name=label, role=Role.sysadmin, team_id=None, team_name=None)


def bump_epoch(session: Session) -> int:
    """The set of readers moves; the new number.

    Comes first in every such write: its row lock lets those finish who sealed for the old set, so that
    what they granted is there to be withdrawn, and makes later ones prepare again.
    """
    return count_on(session, READERS)


def bump_spellings(session: Session) -> None:
    """Inside a write that gave somebody of the machinery a name: what was read before counts as read without it."""
    bump_epoch(session)
    count_on(session, SPELLINGS)


def count_on(session: Session, name: str) -> int:
    """One more on this counter, whose row stays locked until the write ends; the new number."""
    one_more = update(Epoch).where(Epoch.name == name).values(value=Epoch.value + 1).returning(Epoch.value)
    moved = session.scalars(one_more).one_or_none()
    if moved is None:
        _begin(session, name)
        moved = session.scalars(one_more).one()
    return moved


def _begin(session: Session, name: str) -> None:
    try:
        with session.begin_nested():
            session.execute(insert(Epoch).values(name=name, value=0))
    except IntegrityError:
        return  # another writer was first; its row is the one to count on


def record(
    session: Session,
    *,
    at: datetime,
    actor: str,
    kind: str,
    person_id: str,
    data: dict[str, Any] | None = None,
) -> None:
    """Append one line to the journal of people. `actor` is a login, or says which machine acted."""
    session.add(PeopleEvent(at=at, actor=actor, kind=kind, person_id=person_id, data=data or {}))


def end_sessions(session: Session, person_id: str) -> None:
    session.execute(delete(StaffSession).where(StaffSession.person_id == person_id))


def end_keys(session: Session, person_id: str, day: date) -> None:
    """Retire the person's key with all it opened: its secrets, its second factor, its sessions, its grants.

    The public halves stay: what it signed about colleagues still counts.
    """
    retired = session.scalars(
        update(PersonKey)
        .where(PersonKey.person_id == person_id, PersonKey.retired_on.is_(None))
        .values(retired_on=day, sealed_secrets=b"", sealed_totp=None)
        .returning(PersonKey.id)
    ).all()
    session.execute(delete(SpareCode).where(SpareCode.key_id.in_(retired)))
    end_sessions(session, person_id)
    for withdraw in on_leave:
        withdraw(session, person_id)
