"""Setting up a second factor: the secret is born in the person's own session and counts after one right code."""

import base64
import binascii
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import SignedIn
from intake.core.errors import Forbidden, Invalid, Stale
from intake.core.world import World
from intake.people import totp
from intake.people.models import PersonKey, SpareCode
from intake.people.services.codes import (
    Factor,
    Proof,
    WrongCode,
    factor_of,
    new_spare_codes,
    proof_of,
    seal_secret,
    spare_tag,
    use_up,
)
from intake.people.services.readers import end_sessions, record
from intake.people.services.signin import NewSession, SessionToken, new_session, session_row

_ISSUER: Final = "码上巡"
_NOT_THIS_ONE: Final = "这个数不对。请看一眼手机上现在的六位数，再输一次。"


@dataclass(frozen=True, slots=True)
class Offer:
    """A secret that nobody has confirmed yet. `sealed` travels in the form: nothing is stored before it counts."""

    secret: bytes
    sealed: str


@dataclass(frozen=True, slots=True)
class OwnFactor:
    """What the person's own page says. `since` None: none is set up; `required`: the role may not go without."""

    since: date | None
    spare_codes: int
    required: bool


@dataclass(frozen=True, slots=True)
class SetUp:
    """A fresh session for the cookie, and the spare codes, which are never shown again."""

    token: SessionToken
    spare_codes: tuple[str, ...]


def own_factor(world: World, signed_in: SignedIn) -> OwnFactor:
    with world.db.read() as session:
        since = session.scalars(select(PersonKey.totp_on).where(PersonKey.id == signed_in.key_id)).one_or_none()
        left = session.scalar(select(func.count()).select_from(SpareCode).where(SpareCode.key_id == signed_in.key_id))
    return OwnFactor(since, left or 0, signed_in.actor.role in world.settings.second_factor_roles)


def new_offer(signed_in: SignedIn) -> Offer:
    """A fresh secret for this session's person."""
    secret = vault.random_bytes(totp.SECRET_BYTES)
    sealed = vault.encrypt(_offer_key(signed_in), secret, _offered(signed_in))
    return Offer(secret, base64.urlsafe_b64encode(sealed).decode())


def reopen_offer(signed_in: SignedIn, sealed: str) -> Offer | None:
    """The same offer as the page had it; None for one of another session, or none at all."""
    try:
        raw = base64.b64decode(sealed.encode("ascii"), altchars=b"-_", validate=True)
        return Offer(vault.decrypt(_offer_key(signed_in), raw, _offered(signed_in)), sealed)
    except (UnicodeEncodeError, binascii.Error, ValueError, vault.VaultError):
        return None


def otpauth(signed_in: SignedIn, offer: Offer) -> str:
    """What the symbol on the page says to the app."""
    return totp.otpauth(offer.secret, login=signed_in.actor.login, issuer=_ISSUER)


def set_up(world: World, signed_in: SignedIn, *, offer: Offer, code: str, current: str = "") -> SetUp:
    """From now on sign-in asks for a code. Every session of the person dies; the answer has a fresh one.

    `code`: one of the offered secret, and used up by this; `current`: one of the present phone, or a spare code,
    where a second factor is being replaced. Raises `Invalid` (code, current; `WrongCode` for the latter) and
    `Forbidden` where the password was not repeated lately, unless the role made the person come here.
    """
    now, today = world.clock.now(), world.today()
    fresh_password = signed_in.confirmed_until is not None and signed_in.confirmed_until > now
    if not (fresh_password or signed_in.needs_second_factor):
        raise Forbidden
    step = totp.matching_step(offer.secret, totp.typed_digits(code), now)
    if step is None:
        raise Invalid({"code": _NOT_THIS_ONE})
    factor, proof = _present(world, signed_in, current)
    spare, made = new_spare_codes(), new_session(signed_in.keys)
    tags = [spare_tag(signed_in.keys, one) for one in spare]
    values = {
        "sealed_totp": seal_secret(signed_in.keys, offer.secret, signed_in.key_id),
        "totp_step": step,
        "totp_on": today,
    }
    replaced = (
        update(PersonKey)
        .where(PersonKey.id == signed_in.key_id, PersonKey.retired_on.is_(None), _still(factor))
        .values(values)
        .returning(PersonKey.id)
    )

    def write(session: Session) -> None:
        if not use_up(session, factor, proof):
            raise Invalid({"current": _NOT_THIS_ONE})
        if session.scalars(replaced).one_or_none() is None:
            raise Stale  # another page of the same person was first
        session.execute(delete(SpareCode).where(SpareCode.key_id == signed_in.key_id))
        session.add_all(SpareCode(key_id=signed_in.key_id, tag=tag) for tag in tags)
        _start_afresh(world, session, signed_in, made)
        kind = "second_factor_replaced" if factor.sealed else "second_factor_set"
        actor = signed_in.actor
        record(session, at=now, actor=actor.login, kind=kind, person_id=actor.person_id)

    world.db.write(write)
    return SetUp(made.token, spare)


def _present(world: World, signed_in: SignedIn, current: str) -> tuple[Factor, Proof | None]:
    """The second factor as it is now, and what `current` proves of it."""
    with world.db.read() as session:
        key = session.scalars(
            select(PersonKey).where(PersonKey.id == signed_in.key_id, PersonKey.retired_on.is_(None))
        ).one_or_none()
        if key is None:
            raise Forbidden
        factor = factor_of(session, key)
    proof = proof_of(factor, signed_in.keys, current, world.clock.now())
    if factor.sealed is not None and proof is None:
        raise WrongCode({"current": _NOT_THIS_ONE})
    return factor, proof


def _still(factor: Factor) -> ColumnElement[bool]:
    """The row has the second factor that was looked at, or still none."""
    return PersonKey.sealed_totp.is_(None) if factor.sealed is None else PersonKey.sealed_totp == factor.sealed


def _start_afresh(world: World, session: Session, signed_in: SignedIn, made: NewSession) -> None:
    """Sessions that knew only the password are over; the password stays as fresh as it was."""
    now, person_id = world.clock.now(), signed_in.actor.person_id
    until = signed_in.confirmed_until
    end_sessions(session, person_id)
    session.add(session_row(person_id, signed_in.key_id, made, now, confirmed_until=until))


def _offer_key(signed_in: SignedIn) -> bytes:
    return vault.derive(signed_in.keys.pack(), "msx/second-factor/offer")


def _offered(signed_in: SignedIn) -> vault.Bound:
    return ("staff_session", signed_in.session, "offer")
