"""The demo's people: each opens their own activation link, and colleagues confirm each other's keys."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from intake.core.access import READER_ROLES, Role, SignedIn
from intake.core.clock import FixedClock
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.people import queries, totp
from intake.people import services as people
from intake.routing.decide import OFFICE

_NEVER_SIGNED = {Role.sysadmin, Role.auditor}


def password_of(login: str) -> str:
    """The demo's password of a login: long enough to be taken, easy to type while looking around."""
    return f"demo-{login}-mashangxun"


def sign_in(world: World, login: str) -> SignedIn:
    """A session of one of the demo's people."""
    token = people.sign_in(world, login=login, password=password_of(login))
    found = people.load_session(world, str(token))
    assert found is not None
    people.confirm_password(world, found, password=password_of(login))
    again = people.load_session(world, str(token))
    assert again is not None
    return again


def engage(world: World, rows: Iterable[dict[str, str]], recovery: RecoveryKeys) -> None:
    """Activate and confirm everybody who was added, in the order in which trust can grow."""
    init = people.operator("demo")
    rows = list(rows)
    for row in rows:
        with world.db.read() as session:
            person_id = _person_id(session, row["login"])
        token = people.new_activation_link(world, init, person_id=person_id)
        people.activate(world, token=token, password=password_of(row["login"]))
        people.sign_out(world, sign_in(world, row["login"]))
    first = _confirm_roots(world, rows, recovery)
    for row in rows:
        role = Role(row["role"])
        if role in READER_ROLES and role not in _NEVER_SIGNED and row["login"] not in first:
            _confirm(world, rows, row, first)


def set_up_phones(world: World, clock: FixedClock, logins: Iterable[str], *, on: datetime) -> dict[str, str]:
    """A second factor for each of these; login → secret as apps take it.

    As if it had been done at `on`, long ago: whatever clock the demo is shown with, no code of its day is used up.
    """
    secrets, now = {}, clock.now()
    for login in logins:
        who = sign_in(world, login)
        clock.advance(on - now)
        offer = people.new_offer(who)
        code = totp.code_of(offer.secret, totp.step_of(clock.now()))
        done = people.set_up(world, who, offer=offer, code=code)
        clock.advance(now - on)
        secrets[login] = totp.base32(offer.secret)
        entered = people.load_session(world, str(done.token))
        if entered is not None:
            people.sign_out(world, entered)
    return secrets


def _confirm_roots(world: World, rows: list[dict[str, str]], recovery: RecoveryKeys) -> set[str]:
    """The first of the office and of the superior, by their recovery keys."""
    done: set[str] = set()
    for role, text in ((Role.office, recovery.county), (Role.superior, recovery.superior)):
        login = next((row["login"] for row in rows if row["role"] == role), None)
        if login is not None:
            people.confirm_with_recovery(world, login=login, recovery_text=text)
            done.add(login)
    return done


def _confirm(world: World, rows: list[dict[str, str]], row: dict[str, str], first: set[str]) -> None:
    """By a confirmed colleague of the team; a team's first by the office."""
    mates = [r["login"] for r in rows if r["team_id"] == row["team_id"] and r["login"] in first]
    office = [r["login"] for r in rows if r["team_id"] == OFFICE and r["login"] in first]
    signer = sign_in(world, (mates or office)[0])
    with world.db.read() as session:
        person_id = _person_id(session, row["login"])
    people.confirm_key(world, signer, person_id=person_id)
    people.sign_out(world, signer)
    first.add(row["login"])


def _person_id(session: Session, login: str) -> str:
    person = queries.person_by_login(session, login)
    assert person is not None
    return person.id
