"""Who is there, and whose key counts. Reading only; a key counts when its signatures reach a pinned root."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from intake.core.access import READER_ROLES, ROLE_NAMES, Actor, Permission, Role, SignedIn
from intake.core.framing import framed
from intake.core.secretfile import Secrets
from intake.core.sessions import ReadSession
from intake.core.tables import table_of
from intake.core.vault import PublicPair
from intake.people.models import ActivationLink, Epoch, Person, PersonKey, Team
from intake.people.statements import COUNTY, SUPERIOR, Confirmation, Roots, Statement, trusted

READERS = "readers"
SPELLINGS = "spellings"  # names of people, teams, organisations that came to be: they are aliases too


class SignedKey(NamedTuple):
    """What a statement about a key says, and who signed it; hashable, so that a judgement is kept."""

    id: str
    person_id: str
    login: str
    role: str
    team_id: str | None
    reading_public: bytes
    signing_public: bytes
    made_on: date
    confirmed_by: str | None
    signature: bytes | None


_PERSON, _KEY, _EPOCH = (table_of(rows) for rows in (Person, PersonKey, Epoch))
_SIGNED = tuple(_KEY.c[name] for name in SignedKey._fields)

# Built once: building a statement costs more than running it.
_LIVE_KEYS = (
    select(
        *_SIGNED,
        _PERSON.c.login.label("now_login"),
        _PERSON.c.role.label("now_role"),
        _PERSON.c.team_id.label("now_team_id"),
    )
    .join_from(_KEY, _PERSON, _PERSON.c.id == _KEY.c.person_id)
    .where(_KEY.c.retired_on.is_(None), _PERSON.c.left_on.is_(None))
    .order_by(_PERSON.c.login)
)
_ACTIVE_OF_TEAMS = _LIVE_KEYS.where(
    _PERSON.c.team_id.in_(bindparam("team_ids", expanding=True)),
    _PERSON.c.signed_in_on.is_not(None),
    _KEY.c.confirmed_by.is_not(None),
)
_BY_IDS = select(*_SIGNED).where(_KEY.c.id.in_(bindparam("ids", expanding=True)))
_WITH_SECOND_FACTOR = select(_KEY.c.person_id).where(_KEY.c.retired_on.is_(None), _KEY.c.sealed_totp.is_not(None))
_READERS_EPOCH = select(_EPOCH.c.value).where(_EPOCH.c.name == READERS)
_READERS_EPOCH_HELD = _READERS_EPOCH.with_for_update(read=True)


@dataclass(frozen=True, slots=True)
class Reader:
    """Someone a report's key may be sealed to: `holder` is a person's id."""

    holder: str
    key_id: str
    public: bytes
    role: Role
    team_id: str


@dataclass(frozen=True, slots=True)
class Colleague:
    """One line of a colleague's page of keys. `state`: "invited", "waiting", "trusted", "broken"."""

    person_id: str
    login: str
    name: str
    role: Role
    role_name: str
    team_name: str
    state: str
    fingerprint: str | None
    confirmed_by: str | None
    confirmed_on: date | None
    signed_in_on: date | None
    you: bool
    confirmable: bool


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One line of the administrator's list. `state`: "left", "linked", "no_link", "waiting", "ready"."""

    person_id: str
    login: str
    name: str
    role: Role
    role_name: str
    team_id: str | None
    team_name: str | None
    note: str
    state: str
    link_until: datetime | None
    signed_in_on: date | None
    left_on: date | None
    second_factor: bool


def normal_login(login: str) -> str:
    """Logins are matched without case and surrounding space; "" (nobody) for what no login can be."""
    login = login.strip().casefold()
    return login if login.isprintable() else ""


def person_by_login(session: Session, login: str) -> Person | None:
    return session.scalars(select(Person).where(Person.login == normal_login(login))).one_or_none()


def person_by_id(session: Session, person_id: str, *, hold: bool = False) -> Person | None:
    """`hold=True`, inside a write: the row stays as it is until the transaction ends."""
    if not person_id.isalnum():
        return None  # PostgreSQL refuses some characters outright instead of finding nothing
    return session.get(Person, person_id, with_for_update=hold)


def people_of(session: Session, team_id: str) -> list[Person]:
    """Everyone of the team who has not left, by login."""
    return list(
        session.scalars(
            select(Person).where(Person.team_id == team_id, Person.left_on.is_(None)).order_by(Person.login)
        )
    )


def live_key(session: Session, person_id: str) -> PersonKey | None:
    """The one key of a person that is not retired."""
    return session.scalars(
        select(PersonKey).where(PersonKey.person_id == person_id, PersonKey.retired_on.is_(None))
    ).one_or_none()


def counted(session: Session, name: str) -> int:
    """How often what this counter is about has changed."""
    found: int | None = session.scalar(select(_EPOCH.c.value).where(_EPOCH.c.name == name))
    return found or 0


def readers_epoch(session: Session, *, hold: bool = False) -> int:
    """How often the set of readers has moved.

    `hold=True`, inside a write: nobody's leaving can be recorded until this transaction has ended
    (a shared row lock on PostgreSQL; on SQLite there is one writer anyway).
    """
    found: int | None = session.execute(_READERS_EPOCH_HELD if hold else _READERS_EPOCH).scalar()
    return found or 0


def trusted_members(session: Session, secrets: Secrets, team_id: str) -> list[Reader]:
    """The team's active members whose key counts, by login; see `trusted_by_team`."""
    return trusted_by_team(session, secrets, {team_id})[team_id]


def trusted_by_team(session: Session, secrets: Secrets, team_ids: Collection[str]) -> dict[str, list[Reader]]:
    """The active members of each of these teams whose key counts, by login.

    Active: has signed in, has a confirmed key, has not left. The rows are read and compared with what
    was signed at every call; only the judgement of the very same bytes is remembered. A reading session
    sees one snapshot, so it asks once.
    """
    known: dict[str, list[Reader]] = {}
    if isinstance(session, ReadSession):
        known = session.info.setdefault("trusted_by_team", known)
    if missing := set(team_ids) - known.keys():
        known |= _trusted_by_team(session, secrets, missing)
    return {team_id: list(known[team_id]) for team_id in team_ids}


def _trusted_by_team(session: Session, secrets: Secrets, team_ids: Collection[str]) -> dict[str, list[Reader]]:
    rows = session.execute(_ACTIVE_OF_TEAMS, {"team_ids": sorted(team_ids)}).all()
    holding = _holding(session, secrets, rows)
    found: dict[str, list[Reader]] = {team_id: [] for team_id in team_ids}
    for row in rows:
        if row.id in holding and row.role in READER_ROLES and _says_the_same(row):
            reader = Reader(row.person_id, row.id, row.reading_public, Role(row.role), row.now_team_id)
            found[row.now_team_id].append(reader)
    return found


def key_is_trusted(session: Session, secrets: Secrets, key_id: str) -> bool:
    """Whether this live key's signatures reach a pinned root and it still fits its person's row."""
    rows = session.execute(_LIVE_KEYS.where(PersonKey.id == key_id)).all()
    holding = _holding(session, secrets, rows)
    return any(row.id in holding and _says_the_same(row) for row in rows)


def fingerprint(key: PersonKey) -> str:
    """Both public keys as six groups of five digits (99 bits), to be compared by voice or side by side."""
    return digits_of(PublicPair(key.reading_public, key.signing_public))


def own_fingerprint(signed_in: SignedIn) -> str:
    """The digits of the keys that this session really holds, whatever the database says."""
    assert signed_in.keys is not None
    return digits_of(signed_in.keys.public)


def digits_of(public: PublicPair) -> str:
    """The same digits where no row is at hand: they depend on the two public keys alone."""
    digest = hashlib.sha256(framed("msx/fingerprint", public.reading, public.signing)).digest()
    digits = f"{int.from_bytes(digest) % 10**30:030d}"
    return " ".join(digits[start : start + 5] for start in range(0, 30, 5))


def colleagues(session: Session, secrets: Secrets, actor: Actor) -> list[Colleague]:
    """Those whose keys `actor` may look at: the own team, and for the office the teams it may start."""
    lines: list[Colleague] = []
    for team in session.scalars(select(Team).order_by(Team.id)):
        started = bool(trusted_members(session, secrets, team.id))
        if team.id != actor.team_id and (actor.role is not Role.office or started):
            continue
        shown = (p for p in people_of(session, team.id) if p.role in READER_ROLES and may_look(actor, p))
        lines.extend(_colleague(session, secrets, actor, p, team, started=started) for p in shown)
    return lines


def may_look(actor: Actor, person: Person) -> bool:
    """Own team, or the office looking at anybody but the superior's people."""
    if person.team_id is not None and person.team_id == actor.team_id:
        return True
    return actor.role is Role.office and person.role != Role.superior


def may_confirm(actor: Actor, person: Person, *, team_has_trusted: bool) -> bool:
    """A colleague of the team; for a team's first of the office. The superior's only among themselves."""
    if person.id == actor.person_id or not actor.may(Permission.keys_confirm):
        return False
    if Role.superior in (actor.role, person.role) and actor.role != person.role:
        return False
    if person.role == Role.office and actor.role is not Role.office:
        return False
    if person.team_id is not None and person.team_id == actor.team_id:
        return True
    return actor.role is Role.office and not team_has_trusted


def all_people(session: Session, secrets: Secrets, now: datetime) -> list[PersonLine]:
    """Everyone ever added, those who left last, for the administrator's list."""
    links = {link.person_id: link.expires_at for link in session.scalars(_live_links(now))}
    keys = session.execute(_LIVE_KEYS).all()
    holding = _holding(session, secrets, keys)
    ready = {row.person_id: row.id in holding and _says_the_same(row) for row in keys}
    teams = {team.id: team.name for team in session.scalars(select(Team))}
    people = session.scalars(select(Person).order_by(Person.left_on.is_not(None), Person.login))
    phones = set(session.scalars(_WITH_SECOND_FACTOR))
    return [
        _person_line(person, teams, links.get(person.id), ready.get(person.id), second_factor=person.id in phones)
        for person in people
    ]


def statement_of(row: Any) -> Statement:
    """What was (or is to be) signed about a key's row."""
    return Statement(
        person_id=row.person_id,
        login=row.login,
        team_id=row.team_id,
        role=row.role,
        reading_public=row.reading_public,
        signing_public=row.signing_public,
        day=row.made_on,
    )


def _live_links(now: datetime) -> Select[ActivationLink]:
    return (
        select(ActivationLink)
        .where(ActivationLink.used_at.is_(None), ActivationLink.expires_at > now)
        .order_by(ActivationLink.made_at)
    )


def _says_the_same(row: Any) -> bool:
    """A signature counts for the login, role and team that were signed, not for what stands there now."""
    return (row.login, row.role, row.team_id) == (row.now_login, row.now_role, row.now_team_id)


def _holding(session: Session, secrets: Secrets, rows: Iterable[Any]) -> frozenset[str]:
    """Ids of those of `rows`, and of their signers, whose chain of signatures reaches a pinned root."""
    signed = _with_signers(session, [SignedKey._make(row[: len(_SIGNED)]) for row in rows])
    return _judged(signed, Roots(county=secrets.county.signing, superior=secrets.superior.signing))


def _with_signers(session: Session, keys: list[SignedKey]) -> tuple[SignedKey, ...]:
    """`keys` and those of all who signed them, retired ones included.

    Someone who has left still vouches for those confirmed before: else every leaving would silence a team.
    """
    found, new = {key.id: key for key in keys}, keys
    while missing := {key.confirmed_by for key in new} - found.keys() - {COUNTY, SUPERIOR, None}:
        new = [SignedKey._make(row) for row in session.execute(_BY_IDS, {"ids": sorted(map(str, missing))})]
        found |= {key.id: key for key in new}
    return tuple(found.values())


@lru_cache(maxsize=256)
def _judged(keys: tuple[SignedKey, ...], roots: Roots) -> frozenset[str]:
    """Which of `keys` hold. Remembered by all the bytes that count: any edited row is another question."""
    known = {
        key.id: Confirmation(statement_of(key), key.confirmed_by, key.signature)
        for key in keys
        if key.confirmed_by is not None and key.signature is not None
    }
    return frozenset(key_id for key_id in known if trusted(key_id, known, roots))


def _colleague(
    session: Session, secrets: Secrets, actor: Actor, person: Person, team: Team, *, started: bool
) -> Colleague:
    key = live_key(session, person.id)
    holds = key is not None and key_is_trusted(session, secrets, key.id)
    return Colleague(
        person_id=person.id,
        login=person.login,
        name=person.name,
        role=Role(person.role),
        role_name=ROLE_NAMES[Role(person.role)],
        team_name=team.name,
        state=_key_state(key, holds),
        fingerprint=fingerprint(key) if key else None,
        confirmed_by=_signer_name(session, key) if key and holds else None,
        confirmed_on=key.confirmed_on if key and holds else None,
        signed_in_on=person.signed_in_on,
        you=person.id == actor.person_id,
        confirmable=key is not None and not holds and may_confirm(actor, person, team_has_trusted=started),
    )


def _key_state(key: PersonKey | None, holds: bool) -> str:
    if key is None:
        return "invited"
    if holds:
        return "trusted"
    return "waiting" if key.confirmed_by is None else "broken"


def _signer_name(session: Session, key: PersonKey) -> str | None:
    if key.confirmed_by in (COUNTY, SUPERIOR):
        return "恢复密钥"
    signer = select(Person.name).join(PersonKey, PersonKey.person_id == Person.id)
    return session.scalars(signer.where(PersonKey.id == key.confirmed_by)).one_or_none()


def _person_line(
    person: Person,
    teams: Mapping[str, str],
    link_until: datetime | None,
    key_holds: bool | None,
    *,
    second_factor: bool,
) -> PersonLine:
    role = Role(person.role)
    return PersonLine(
        person_id=person.id,
        login=person.login,
        name=person.name,
        role=role,
        role_name=ROLE_NAMES[role],
        team_id=person.team_id,
        team_name=teams.get(person.team_id or ""),
        note=person.note,
        state=_person_state(person, link_until, key_holds),
        link_until=link_until,
        signed_in_on=person.signed_in_on,
        left_on=person.left_on,
        second_factor=second_factor,
    )


def _person_state(person: Person, link_until: datetime | None, key_holds: bool | None) -> str:
    if person.left_on is not None:
        return "left"
    if key_holds is None:
        return "linked" if link_until else "no_link"
    return "ready" if key_holds or person.role not in READER_ROLES else "waiting"
