"""The second factor as sign-in meets it: is this code right, and is it the first time. ADR 0013.

Checking is prepared outside the write; using a code up is a row inside it, so that of two requests with one
code only the first is let in.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.errors import Invalid
from intake.people import totp
from intake.people.models import PersonKey, SpareCode

SPARE_CODES: Final = 8
SPARE_DIGITS: Final = 12  # 40 bits, tried online only: digits, because a phone's number pad types them
_TOTP_KEY: Final = "msx/second-factor/secret"
_SPARE_KEY: Final = "msx/second-factor/spare"


class WrongCode(Invalid):
    """The password was right and the code was not. For counting alone: nobody is told which of the two it was."""


@dataclass(frozen=True, slots=True)
class Factor:
    """What stands in the database of somebody's second factor. `sealed` None: there is none."""

    key_id: str
    sealed: bytes | None
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Proof:
    """A right code: the half minute it belongs to, or the tag of the spare code it is."""

    step: int | None
    tag: str | None


def factor_of(session: Session, key: PersonKey) -> Factor:
    return Factor(key.id, key.sealed_totp, frozenset(_tags(session, key.id)))


def no_factor(session: Session) -> Factor:
    """Nobody's: reads what a real one reads."""
    return Factor("", None, frozenset(_tags(session, "")))


def _tags(session: Session, key_id: str) -> Collection[str]:
    return session.scalars(select(SpareCode.tag).where(SpareCode.key_id == key_id)).all()


def proof_of(factor: Factor, keys: vault.OpenedKeys | None, typed: str, now: datetime) -> Proof | None:
    """What the typed code proves; None where it is wrong, or where the password was (`keys` None).

    The same decryption and the same comparisons in every case, on a decoy where there is nothing to check.
    """
    decoy = _decoy()
    if keys is None:
        vault.OpenedKeys.unpack(decoy.packed)  # the work that a right password makes
    owner, sealed, key_id, real = decoy.keys, decoy.sealed, "", False
    if keys is not None and factor.sealed is not None:
        owner, sealed, key_id, real = keys, factor.sealed, factor.key_id, True
    digits = totp.typed_digits(typed)
    step = totp.matching_step(_secret(owner, sealed, key_id), digits, now)
    tag = spare_tag(owner, digits)
    known = sum(vault.same(tag.encode(), one.encode()) for one in factor.tags) > 0  # all of them, always
    if not real or (step is None and not known):
        return None
    return Proof(step, None) if step is not None else Proof(None, tag)


def use_up(session: Session, factor: Factor, proof: Proof | None) -> bool:
    """Inside the write: whether the factor still is what was looked at, and the code was not used before.

    `proof` None is for somebody without a second factor, who must have none by now either.
    """
    if proof is None or factor.sealed is None:
        none_yet = select(PersonKey.id).where(PersonKey.id == factor.key_id, PersonKey.sealed_totp.is_(None))
        return session.scalars(none_yet.with_for_update(read=True)).one_or_none() is not None
    same = update(PersonKey).where(PersonKey.id == factor.key_id, PersonKey.sealed_totp == factor.sealed)
    if proof.step is not None:
        unused = same.where(or_(PersonKey.totp_step.is_(None), PersonKey.totp_step < proof.step))
        return session.scalars(unused.values(totp_step=proof.step).returning(PersonKey.id)).one_or_none() is not None
    # The row is held first: whoever sets up another phone at this moment has ended these codes, or waits.
    held = session.scalars(same.values(totp_step=PersonKey.totp_step).returning(PersonKey.id)).one_or_none()
    spare = delete(SpareCode).where(SpareCode.key_id == factor.key_id, SpareCode.tag == proof.tag)
    return held is not None and session.scalars(spare.returning(SpareCode.tag)).one_or_none() is not None


def seal_secret(keys: vault.OpenedKeys, secret: bytes, key_id: str) -> bytes:
    """For the person alone: under a key that only their opened secrets give. A changed password changes nothing."""
    return vault.encrypt(vault.derive(keys.pack(), _TOTP_KEY), secret, _bound(key_id))


def new_spare_codes() -> tuple[str, ...]:
    """Eight different codes of twelve digits."""
    found: set[str] = set()
    while len(found) < SPARE_CODES:
        found.add(f"{secrets.randbelow(10**SPARE_DIGITS):0{SPARE_DIGITS}d}")
    return tuple(found)


def spare_tag(keys: vault.OpenedKeys, digits: str) -> str:
    key = vault.derive(keys.pack(), _SPARE_KEY)
    return vault.mac(key, digits.encode("utf-8", "surrogatepass")).hex()


@dataclass(frozen=True, slots=True)
class _Decoy:
    packed: bytes
    keys: vault.OpenedKeys
    sealed: bytes


@lru_cache(maxsize=1)
def _decoy() -> _Decoy:
    """A second factor that belongs to nobody, as long as a real one."""
    keys = vault.new_keys()
    return _Decoy(keys.pack(), keys, seal_secret(keys, vault.random_bytes(totp.SECRET_BYTES), ""))


def _secret(keys: vault.OpenedKeys, sealed: bytes, key_id: str) -> bytes:
    """The opened secret; one that nobody knows where the row was tampered with, so that no code is right."""
    try:
        return vault.decrypt(vault.derive(keys.pack(), _TOTP_KEY), sealed, _bound(key_id))
    except vault.VaultError:
        return vault.random_bytes(totp.SECRET_BYTES)


def _bound(key_id: str) -> vault.Bound:
    return ("person_key", key_id, "sealed_totp")
