"""The one-time link, and the act in which a person chooses a password and both key pairs are born."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import Actor, Permission, Role
from intake.core.errors import Forbidden, Invalid, NotFound
from intake.core.tables import new_id
from intake.core.world import World
from intake.people import passwords
from intake.people.models import ActivationLink, Person, PersonKey
from intake.people.queries import digits_of, person_by_id
from intake.people.services.readers import bump_epoch, end_keys, record


@dataclass(frozen=True, slots=True)
class LinkHolder:
    """For whom a link is; `again`: this person has had a key before, which will be retired."""

    person_id: str
    login: str
    name: str
    role: Role
    again: bool


@dataclass(frozen=True, slots=True)
class Activated:
    """Whose keys were born, and the digits by which a colleague will recognise them."""

    person_id: str
    login: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class SealedKeys:
    """A key's row before it is written: everything costly is done."""

    key_id: str
    salt: bytes
    sealed: bytes


def new_activation_link(world: World, actor: Actor, *, person_id: str) -> str:
    """A fresh one-time link's token; earlier unused ones die. Raises `Forbidden`, `NotFound`.

    The person's present key goes on until the link is used.
    """
    if not actor.may(Permission.people_manage):
        raise Forbidden
    token, now = secrets.token_urlsafe(32), world.clock.now()
    until = now + timedelta(hours=world.settings.activation_hours)

    def write(session: Session) -> None:
        person = person_by_id(session, person_id, hold=True)
        if person is None or person.left_on is not None:
            raise NotFound
        session.execute(
            delete(ActivationLink).where(ActivationLink.person_id == person_id, ActivationLink.used_at.is_(None))
        )
        session.add(ActivationLink(digest=_digest(token), person_id=person_id, made_at=now, expires_at=until))
        record(session, at=now, actor=actor.login, kind="link_made", person_id=person_id)

    world.db.write(write)
    return token


def open_link(world: World, *, token: str) -> LinkHolder:
    """For whom the link is. Raises `NotFound` for one that is unknown, used or expired: never which."""
    with world.db.read() as session:
        person = session.scalars(
            select(Person)
            .join(ActivationLink, ActivationLink.person_id == Person.id)
            .where(
                ActivationLink.digest == _digest(token),
                ActivationLink.used_at.is_(None),
                ActivationLink.expires_at > world.clock.now(),
                Person.left_on.is_(None),
            )
        ).one_or_none()
        if person is None:
            raise NotFound
        had = session.scalars(select(PersonKey.id).where(PersonKey.person_id == person.id).limit(1)).all()
    return LinkHolder(person.id, person.login, person.name, Role(person.role), again=bool(had))


def activate(world: World, *, token: str, password: str) -> Activated:
    """Choose a password; both key pairs are born in this act. Raises `NotFound`, `Invalid` (password).

    A second activation retires the old key and everything it opened; the new one waits for a colleague.
    """
    holder = open_link(world, token=token)
    objection = passwords.objection(password, login=holder.login)
    if objection:
        raise Invalid({"password": objection})
    keys = vault.new_keys()
    made, public = seal_keys(keys, password), keys.public
    now, today = world.clock.now(), world.today()

    def write(session: Session) -> None:
        bump_epoch(session)
        person = _claim(session, token, now)
        end_keys(session, person.id, today)
        session.add(_key_row(person, made, public, today))
        data = {"key_id": made.key_id, "again": holder.again}
        record(session, at=now, actor=person.login, kind="activated", person_id=person.id, data=data)

    world.db.write(write)
    return Activated(holder.person_id, holder.login, digits_of(public))


def seal_keys(keys: vault.OpenedKeys, password: str, *, key_id: str | None = None) -> SealedKeys:
    """The secrets under the password's own key: opening them is also the check of the password."""
    salt, row = vault.random_bytes(16), key_id or new_id()
    key = vault.password_key(password, salt)
    sealed = vault.encrypt(key, keys.pack(), ("person_key", row, "sealed_secrets"))
    return SealedKeys(row, salt, sealed)


def _claim(session: Session, token: str, now: datetime) -> Person:
    """Use the link up; of two at once only the first finds it unused."""
    claimed = session.scalars(
        update(ActivationLink)
        .where(
            ActivationLink.digest == _digest(token),
            ActivationLink.used_at.is_(None),
            ActivationLink.expires_at > now,
        )
        .values(used_at=now)
        .returning(ActivationLink.person_id)
    ).one_or_none()
    person = session.get(Person, claimed) if claimed else None
    if person is None or person.left_on is not None:
        raise NotFound
    return person


def _key_row(person: Person, made: SealedKeys, public: vault.PublicPair, today: date) -> PersonKey:
    return PersonKey(
        id=made.key_id,
        person_id=person.id,
        login=person.login,
        role=person.role,
        team_id=person.team_id,
        reading_public=public.reading,
        signing_public=public.signing,
        salt=made.salt,
        sealed_secrets=made.sealed,
        made_on=today,
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
