"""A colleague, or a recovery key, vouches for a new key: signed outside the write, recorded inside."""

from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.orm import Session

from intake.core import secretfile, vault
from intake.core.access import READER_ROLES, Role, SignedIn
from intake.core.errors import Forbidden, Invalid, NotFound, Retry, Stale
from intake.core.world import World
from intake.people.models import Person, PersonKey
from intake.people.queries import (
    fingerprint,
    key_is_trusted,
    live_key,
    may_confirm,
    may_look,
    person_by_id,
    person_by_login,
    readers_epoch,
    statement_of,
    trusted_members,
)
from intake.people.services.readers import bump_epoch, record
from intake.people.statements import COUNTY, SUPERIOR

_TRIES = 5
_RECOVERY_ROLES = {COUNTY: Role.office, SUPERIOR: Role.superior}


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A key that waits to be vouched for, and the number of the set of readers it was looked at under."""

    key: PersonKey
    epoch: int


def confirm_key(world: World, signed_in: SignedIn, *, person_id: str, fingerprint: str | None = None) -> None:
    """Vouch for a colleague's key. Afterwards the colleague is a reader of what is filed from now on.

    `fingerprint`: the digits the page showed; another key by now is `Stale`. Raises `NotFound` (nobody whose
    key one may look at), `Forbidden` (not one to vouch for this one, or the password was not repeated).
    """
    until = signed_in.confirmed_until
    if until is None or until <= world.clock.now() or signed_in.keys is None:
        raise Forbidden
    for _ in range(_TRIES):
        waiting = _waiting_for(world, signed_in, person_id)
        _same_digits(waiting.key, fingerprint)
        signature = vault.sign(signed_in.keys.signing, statement_of(waiting.key).message())
        try:
            _record(world, waiting, signed_in.key_id, signature, actor=signed_in.actor.login)
            return
        except Retry:
            continue
    raise Stale


def confirm_with_recovery(world: World, *, login: str, recovery_text: str) -> None:
    """The county's recovery key vouches for someone of the office, the superior's for one of the superior.

    Raises `Invalid` (recovery_text, login).
    """
    kind, keys = _recovery(world, recovery_text)
    for _ in range(_TRIES):
        waiting = _waiting_for_recovery(world, login, kind)
        signature = vault.sign(keys.signing, statement_of(waiting.key).message())
        try:
            _record(world, waiting, kind, signature, actor=f"recovery:{kind}")
            return
        except Retry:
            continue
    raise Stale


def _waiting_for(world: World, signed_in: SignedIn, person_id: str) -> _Waiting:
    """The key to sign, if this signer may: everything is judged on one reading of the rows."""
    actor, secrets = signed_in.actor, world.secrets
    with world.db.read() as session:
        epoch = readers_epoch(session)
        person = person_by_id(session, person_id)
        if person is None or person.left_on is not None or not may_look(actor, person):
            raise NotFound
        key = live_key(session, person.id)
        if key is None or person.role not in READER_ROLES or person.team_id is None:
            raise NotFound
        started = bool(trusted_members(session, secrets, person.team_id))
        if not may_confirm(actor, person, team_has_trusted=started) or not _counts(session, world, signed_in):
            raise Forbidden
        _must_wait(session, world, person, key)
    return _Waiting(key, epoch)


def _waiting_for_recovery(world: World, login: str, kind: str) -> _Waiting:
    with world.db.read() as session:
        epoch = readers_epoch(session)
        person = person_by_login(session, login)
        key = live_key(session, person.id) if person else None
        if person is None or person.left_on is not None or key is None:
            raise Invalid({"login": "没有这个人，或者还没有用激活链接设置口令。"})
        if person.role != _RECOVERY_ROLES[kind]:
            raise Invalid({"login": "县恢复密钥只能确认巡察办人员，上级恢复密钥只能确认上级人员。"})
        _must_wait(session, world, person, key)
    return _Waiting(key, epoch)


def _counts(session: Session, world: World, signed_in: SignedIn) -> bool:
    """The signer is an active member with a key that counts, and signs with that very key."""
    actor = signed_in.actor
    members = trusted_members(session, world.secrets, actor.team_id) if actor.team_id else []
    return any(r.holder == actor.person_id and r.key_id == signed_in.key_id for r in members)


def _must_wait(session: Session, world: World, person: Person, key: PersonKey) -> None:
    """Only a key whose row says what its person's row says; one that counts already is left alone."""
    if (key.login, key.role, key.team_id) != (person.login, person.role, person.team_id):
        raise Stale
    if key_is_trusted(session, world.secrets, key.id):
        raise Stale


def _same_digits(key: PersonKey, shown: str | None) -> None:
    if shown is not None and "".join(shown.split()) != fingerprint(key).replace(" ", ""):
        raise Stale


def _recovery(world: World, text: str) -> tuple[str, vault.OpenedKeys]:
    """The kind and keys of a recovery key of this very installation."""
    try:
        kind, keys = secretfile.read_recovery_key(text)
    except secretfile.BadRecoveryKey as problem:
        raise Invalid({"recovery_text": f"恢复密钥：{problem}。"}) from None
    pinned = {COUNTY: world.secrets.county, SUPERIOR: world.secrets.superior}
    if kind not in pinned or keys.public != pinned[kind]:
        raise Invalid({"recovery_text": "这不是本系统的县恢复密钥或上级恢复密钥，请核对。"})
    return kind, keys


def _record(world: World, waiting: _Waiting, signer: str, signature: bytes, *, actor: str) -> None:
    """Write the signature down; `Retry` where anybody's standing or the key has moved."""
    key, now, today = waiting.key, world.clock.now(), world.today()

    def write(session: Session) -> None:
        if bump_epoch(session) != waiting.epoch + 1:
            raise Retry
        written = session.scalars(
            update(PersonKey)
            .where(
                PersonKey.id == key.id,
                PersonKey.retired_on.is_(None),
                PersonKey.login == key.login,
                PersonKey.role == key.role,
                PersonKey.team_id == key.team_id,
                PersonKey.reading_public == key.reading_public,
                PersonKey.signing_public == key.signing_public,
                PersonKey.made_on == key.made_on,
            )
            .values(confirmed_by=signer, signature=signature, confirmed_on=today)
            .returning(PersonKey.id)
        ).one_or_none()
        if written is None:
            raise Retry
        data = {"key_id": key.id, "signer": signer}
        record(session, at=now, actor=actor, kind="key_confirmed", person_id=key.person_id, data=data)

    world.db.write(write)
