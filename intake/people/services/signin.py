"""Signed-in sessions. The row holds the opened keys under a key that lives only in the cookie."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NewType

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import Actor, Role, SignedIn
from intake.core.errors import Invalid
from intake.core.world import World
from intake.people import passwords
from intake.people.models import Person, PersonKey, StaffSession, Team
from intake.people.queries import key_is_trusted, normal_login
from intake.people.services.activation import SealedKeys, seal_keys
from intake.people.services.codes import Factor, Proof, WrongCode, factor_of, no_factor, proof_of, use_up
from intake.people.services.readers import bump_epoch, end_sessions, record

SessionToken = NewType("SessionToken", str)
"""The cookie's value: base64url of the session's id (16 bytes) and its key (32 bytes)."""

_ID_BYTES = 16
_SEEN_EVERY = timedelta(minutes=1)  # fewer writes; a session left alone ends up to this much earlier
_WRONG = "登录名、口令或动态码不对。"


@dataclass(frozen=True, slots=True)
class _Door:
    """What a password is tried on: a person's key row, or the decoy of nobody."""

    person_id: str | None
    key_id: str
    salt: bytes
    sealed: bytes
    public: vault.PublicPair | None
    factor: Factor


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session's row before it is written, and the cookie that opens it."""

    token: SessionToken
    digest: str
    sealed_keys: bytes


def sign_in(world: World, *, login: str, password: str, code: str = "") -> SessionToken:
    """Try the password, and the code where a second factor is set up; a new session every time.

    Raises `Invalid` (password): an unknown login, someone who has left or never activated, a wrong password,
    a wrong or used code meet the same queries, the same Argon2, the same decryptions and the same words.
    `WrongCode` is for the caller's counting alone.
    """
    login = normal_login(login)
    with world.db.read() as session:
        door = _door_of(session, login)
    keys = _opened(door, password)
    proof = proof_of(door.factor, keys, code, world.clock.now())
    if keys is None or door.person_id is None:
        raise Invalid({"password": _WRONG})
    if proof is None and door.factor.sealed is not None:
        raise WrongCode({"password": _WRONG})
    fresh = new_session(keys)
    _record_sign_in(world, door, proof, fresh)
    return fresh.token


def load_session(world: World, cookie: str) -> SignedIn | None:
    """Who holds this cookie; None for one malformed, unknown, too old, or of someone who left."""
    raw = _unfolded(cookie)
    if raw is None:
        return None
    digest, key, now = _digest(raw[:_ID_BYTES]), raw[_ID_BYTES:], world.clock.now()
    with world.db.read() as session:
        found = session.execute(
            select(
                StaffSession,
                Person,
                PersonKey.reading_public,
                PersonKey.signing_public,
                PersonKey.sealed_totp.is_not(None),
                Team.name,
            )
            .join(Person, Person.id == StaffSession.person_id)
            .join(PersonKey, and_(PersonKey.id == StaffSession.key_id, PersonKey.person_id == Person.id))
            .outerjoin(Team, Team.id == Person.team_id)
            .where(StaffSession.digest == digest, Person.left_on.is_(None), PersonKey.retired_on.is_(None))
        ).one_or_none()
        trusted = found is not None and key_is_trusted(session, world.secrets, found[0].key_id)
    if found is None or _is_over(world, found[0], now):
        return None
    row, person, reading, signing, has_factor, team_name = found
    try:
        keys = vault.OpenedKeys.unpack(vault.decrypt(key, row.sealed_keys, _bound(digest)))
    except vault.VaultError:
        return None
    if keys.public != vault.PublicPair(reading, signing):
        return None  # the row's public keys are not those this person holds: somebody edited them
    if now - row.seen_at >= _SEEN_EVERY:
        _seen(world, digest, now)
    missing = not has_factor and person.role in world.settings.second_factor_roles
    # Until the second factor is there the session opens one page; `trusted` says the same to every row filter.
    actor = _actor(person, team_name, trusted=trusted and not missing, day=world.today())
    return SignedIn(actor, keys, row.key_id, digest, row.confirmed_until, needs_second_factor=missing, at=now)


def sign_out(world: World, signed_in: SignedIn) -> None:
    """This session is over, here and for any copy of its cookie."""
    now, actor = world.clock.now(), signed_in.actor

    def write(session: Session) -> None:
        session.execute(delete(StaffSession).where(StaffSession.digest == signed_in.session))
        record(session, at=now, actor=actor.login, kind="signed_out", person_id=actor.person_id)

    world.db.write(write)


def change_password(world: World, signed_in: SignedIn, *, old: str, new: str) -> SessionToken:
    """The same keys under a new password. Raises `Invalid` (old, new).

    Every session of the person dies, this one included: the answer is a fresh one for the cookie.
    """
    actor = signed_in.actor
    with world.db.read() as session:
        door = _door_of(session, actor.login)
    keys = _opened(door, old)
    if keys is None or door.key_id != signed_in.key_id:
        raise Invalid({"old": "原口令不对。"})
    objection = passwords.objection(new, login=actor.login)
    if passwords.normalised(new) == passwords.normalised(old):
        objection = "新口令和原口令一样。"
    if objection:
        raise Invalid({"new": objection})
    _record_change(world, door, seal_keys(keys, new, key_id=door.key_id), fresh := new_session(keys))
    return fresh.token


def confirm_password(world: World, signed_in: SignedIn, *, password: str) -> datetime:
    """Open password-guarded acts for a while; until when. Raises `Invalid` (password)."""
    actor, now = signed_in.actor, world.clock.now()
    with world.db.read() as session:
        door = _door_of(session, actor.login)
    if door.key_id != signed_in.key_id or _opened(door, password) is None:
        raise Invalid({"password": "口令不对。"})
    until = now + timedelta(minutes=world.settings.confirm_minutes)

    def write(session: Session) -> None:
        session.execute(
            update(StaffSession).where(StaffSession.digest == signed_in.session).values(confirmed_until=until)
        )
        record(session, at=now, actor=actor.login, kind="password_confirmed", person_id=actor.person_id)

    world.db.write(write)
    return until


def _door_of(session: Session, login: str) -> _Door:
    """The live key of `login`, or the decoy."""
    row = session.scalars(
        select(PersonKey)
        .join(Person, Person.id == PersonKey.person_id)
        .where(Person.login == login, Person.left_on.is_(None), PersonKey.retired_on.is_(None))
    ).one_or_none()
    if row is None:
        salt, sealed = _decoy()
        return _Door(None, "", salt, sealed, None, no_factor(session))
    public = vault.PublicPair(row.reading_public, row.signing_public)
    return _Door(row.person_id, row.id, row.salt, row.sealed_secrets, public, factor_of(session, row))


@lru_cache(maxsize=1)
def _decoy() -> tuple[bytes, bytes]:
    """Salt and secrets of a key row that no password opens, as long as a real one's."""
    sealed = vault.encrypt(vault.new_key(), vault.new_keys().pack(), ("person_key", "", "sealed_secrets"))
    return vault.random_bytes(16), sealed


def _opened(door: _Door, password: str) -> vault.OpenedKeys | None:
    """The keys behind the door; None for a wrong password, or for keys that are not the row's public ones."""
    # A password longer than any that can be chosen costs no more than one that can.
    key = vault.password_key(password[: passwords.LENGTH_MAX + 1], door.salt)
    try:
        packed = vault.decrypt(key, door.sealed, ("person_key", door.key_id, "sealed_secrets"))
        keys = vault.OpenedKeys.unpack(packed)
    except vault.VaultError:
        return None
    return keys if keys.public == door.public else None


def new_session(keys: vault.OpenedKeys) -> NewSession:
    """A session of its own id and key, nothing of which existed before."""
    identifier, key = vault.random_bytes(_ID_BYTES), vault.new_key()
    digest = _digest(identifier)
    token = base64.urlsafe_b64encode(identifier + key).decode()
    return NewSession(SessionToken(token), digest, vault.encrypt(key, keys.pack(), _bound(digest)))


def _record_sign_in(world: World, door: _Door, proof: Proof | None, fresh: NewSession) -> None:
    now, today, over = world.clock.now(), world.today(), _dead_before(world)

    def write(session: Session) -> None:
        person = session.get(Person, door.person_id)
        if person is not None and person.signed_in_on is None:
            bump_epoch(session)  # from now on an active member
        # Before the shared lock below: two sign-ins with one code would else wait for each other.
        first_use = use_up(session, door.factor, proof)
        # Locked, so that a change of password either sees this session to end it or is seen here.
        unchanged = session.scalars(
            select(PersonKey.id)
            .where(PersonKey.id == door.key_id, PersonKey.salt == door.salt, PersonKey.retired_on.is_(None))
            .with_for_update(read=True)
        ).one_or_none()
        if person is None or person.left_on is not None or unchanged is None or not first_use:
            raise Invalid({"password": _WRONG})
        if person.signed_in_on != today:
            person.signed_in_on = today
        session.execute(
            delete(StaffSession).where(
                StaffSession.person_id == person.id,
                or_(StaffSession.started_at <= over[0], StaffSession.seen_at <= over[1]),
            )
        )
        session.add(session_row(person.id, door.key_id, fresh, now))
        data = {"spare_code": True} if proof is not None and proof.tag is not None else None
        record(session, at=now, actor=person.login, kind="signed_in", person_id=person.id, data=data)

    world.db.write(write)


def _record_change(world: World, door: _Door, made: SealedKeys, fresh: NewSession) -> None:
    now = world.clock.now()
    until = now + timedelta(minutes=world.settings.confirm_minutes)

    def write(session: Session) -> None:
        changed = session.scalars(
            update(PersonKey)
            .where(PersonKey.id == door.key_id, PersonKey.salt == door.salt, PersonKey.retired_on.is_(None))
            .values(salt=made.salt, sealed_secrets=made.sealed)
            .returning(PersonKey.person_id)
        ).one_or_none()
        person = session.get(Person, changed) if changed else None
        if person is None:
            raise Invalid({"old": "原口令不对。"})
        end_sessions(session, person.id)
        session.add(session_row(person.id, door.key_id, fresh, now, confirmed_until=until))
        record(session, at=now, actor=person.login, kind="password_changed", person_id=person.id)

    world.db.write(write)


def session_row(
    person_id: str, key_id: str, fresh: NewSession, now: datetime, *, confirmed_until: datetime | None = None
) -> StaffSession:
    return StaffSession(
        digest=fresh.digest,
        person_id=person_id,
        key_id=key_id,
        sealed_keys=fresh.sealed_keys,
        started_at=now,
        seen_at=now,
        confirmed_until=confirmed_until,
    )


def _seen(world: World, digest: str, now: datetime) -> None:
    def write(session: Session) -> None:
        session.execute(
            update(StaffSession).where(StaffSession.digest == digest, StaffSession.seen_at < now).values(seen_at=now)
        )

    world.db.write(write)


def _dead_before(world: World) -> tuple[datetime, datetime]:
    """Sessions started, or last seen, at or before these instants are over."""
    now = world.clock.now()
    longest = timedelta(hours=world.settings.session_hours)
    return now - longest, now - timedelta(minutes=world.settings.session_idle_minutes)


def clear_dead_sessions(world: World) -> int:
    """Delete the sessions that are over; returns how many. For `msx sweep`."""
    started, seen = _dead_before(world)

    def write(session: Session) -> int:
        over = or_(StaffSession.started_at <= started, StaffSession.seen_at <= seen)
        return len(session.scalars(delete(StaffSession).where(over).returning(StaffSession.digest)).all())

    return world.db.write(write)


def _is_over(world: World, row: StaffSession, now: datetime) -> bool:
    started, seen = _dead_before(world)
    return row.started_at <= started or row.seen_at <= seen


def _actor(person: Person, team_name: str | None, *, trusted: bool, day: date) -> Actor:
    return Actor(person.id, person.login, person.name, Role(person.role), person.team_id, team_name, trusted, day)


def _bound(digest: str) -> vault.Bound:
    return ("staff_session", digest, "sealed_keys")


def _digest(identifier: bytes) -> str:
    return hashlib.sha256(identifier).hexdigest()


def _unfolded(cookie: str) -> bytes | None:
    """The cookie's bytes; None unless it is exactly what `new_session` writes."""
    try:
        raw = base64.b64decode(cookie.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return None
    return raw if len(raw) == _ID_BYTES + vault.KEY_BYTES else None
