"""The small named cast of every test: the same eight people and one citizen, real keys and signatures.

Their password is stretched once a process, so that a whole cast costs milliseconds; `PASSWORD` signs any of
them in the ordinary way too.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import Actor, Role, SignedIn
from intake.core.secretfile import RecoveryKeys, read_recovery_key
from intake.core.tables import new_id
from intake.core.world import World
from intake.people.models import Person, PersonKey, Team
from intake.people.queries import statement_of
from intake.people.services.readers import bump_epoch
from intake.people.services.signin import load_session, new_session, session_row

PASSWORD = "石桥边的桂花已经开了三回"
_SALT = b"the cast's salt!"

# id, name, kind: as in the demo county.
TEAMS = (
    ("superior", "青屿市纪委监委信访室", "superior"),
    ("office", "岚溪县委巡察办", "office"),
    ("discipline", "岚溪县纪委监委案管室", "discipline_case"),
    ("team1", "岚溪县委第一巡察组", "inspection_team"),
    ("team3", "岚溪县委第三巡察组", "inspection_team"),
    ("team4", "岚溪县委第四巡察组", "inspection_team"),
    ("town_lw", "柳湾镇纪委", "town_discipline"),
    ("town_fl", "凤岭乡纪委", "town_discipline"),
)


@dataclass(frozen=True)
class Citizen:
    """Nobody's account: what a person in front of a board would write."""

    body: str = "村口的路修了半截就停了，石子堆在学校门口，孩子每天绕着走。"
    place: str = "坪上村小学门口"
    subject: str = "村口道路"
    contact: str = "13800000000"
    contact_restriction: str = "请不要打电话到村里"


@dataclass(frozen=True)
class Member:
    """One of the cast, with the keys that only this person has."""

    person_id: str
    login: str
    name: str
    role: Role
    team_id: str | None
    key_id: str
    keys: vault.OpenedKeys = field(repr=False)
    confirmed: bool = True

    @property
    def actor(self) -> Actor:
        team = next((name for id_, name, _ in TEAMS if id_ == self.team_id), None)
        return Actor(self.person_id, self.login, self.name, self.role, self.team_id, team, self.confirmed)


@dataclass(frozen=True)
class Root:
    """A recovery key, signing as "county" or "superior"."""

    key_id: str
    keys: vault.OpenedKeys = field(repr=False)


@dataclass(frozen=True)
class Cast:
    citizen: Citizen
    liaison: Member  # of team4
    leader: Member  # hers
    recused: Member  # a colleague of the liaison
    office: Member
    superior: Member
    stranger: Member  # of team3
    auditor: Member
    administrator: Member
    county: Root
    superior_root: Root


@dataclass(frozen=True)
class Entered:
    """A session: the cookie's value, and what it loads as."""

    token: str
    signed_in: SignedIn


def build_cast(world: World, recovery: RecoveryKeys) -> Cast:
    """Teams, and everybody activated, confirmed and signed in once."""
    county, superior = (Root(*read_recovery_key(text)) for text in (recovery.county, recovery.superior))
    add_teams(world)
    office = add_member(world, "office1", "示例辛", Role.office, "office", signer=county)
    leader = add_member(world, "leader4", "示例庚", Role.team_leader, "team4", signer=office)
    return Cast(
        citizen=Citizen(),
        liaison=add_member(world, "liaison4", "示例戊", Role.team_liaison, "team4", signer=leader),
        leader=leader,
        recused=add_member(world, "member4", "示例己", Role.team_liaison, "team4", signer=leader),
        office=office,
        superior=add_member(world, "superior1", "示例子", Role.superior, "superior", signer=superior),
        stranger=add_member(world, "liaison3", "示例丙", Role.team_liaison, "team3", signer=office),
        auditor=add_member(world, "auditor1", "示例丑", Role.auditor, None),
        administrator=add_member(world, "sysadmin1", "示例寅", Role.sysadmin, None),
        county=county,
        superior_root=superior,
    )


def add_teams(world: World) -> None:
    """The county's teams, where they are not there yet."""

    def write(session: Session) -> None:
        for team_id, name, kind in TEAMS:
            if session.get(Team, team_id) is None:
                session.add(Team(id=team_id, name=name, kind=kind, region_code="990121"))

    world.db.write(write)


def add_member(
    world: World,
    login: str,
    name: str,
    role: Role,
    team_id: str | None,
    *,
    signer: Member | Root | None = None,
    signed_in: bool = True,
) -> Member:
    """Somebody with keys under `PASSWORD`; confirmed where a signer is given, active once `signed_in`."""
    member = Member(new_id(), login, name, role, team_id, new_id(), vault.new_keys(), signer is not None)
    today = world.today()
    person = {"login": login, "name": name, "role": role.value, "team_id": team_id, "added_on": today}
    key = _key_columns(member) | {"made_on": today}
    if signer is not None:
        signature = vault.sign(signer.keys.signing, statement_of(PersonKey(**key)).message())
        key |= {"confirmed_by": signer.key_id, "signature": signature, "confirmed_on": today}

    def write(session: Session) -> None:
        bump_epoch(session)
        session.add(Person(id=member.person_id, signed_in_on=today if signed_in else None, **person))
        session.flush()
        session.add(PersonKey(**key))

    world.db.write(write)
    return member


def enter(world: World, member: Member, *, confirmed: bool = False) -> Entered:
    """A session without the work of a password; `confirmed`: the password was just repeated."""
    fresh, now = new_session(member.keys), world.clock.now()

    def write(session: Session) -> None:
        row = session_row(member.person_id, member.key_id, fresh, now)
        if confirmed:
            row.confirmed_until = now + _minutes(world)
        session.add(row)

    world.db.write(write)
    loaded = load_session(world, fresh.token)
    assert loaded is not None
    return Entered(fresh.token, loaded)


def _minutes(world: World) -> timedelta:
    return timedelta(minutes=world.settings.confirm_minutes)


def _key_columns(member: Member) -> dict[str, Any]:
    bound = ("person_key", member.key_id, "sealed_secrets")
    return {
        "id": member.key_id,
        "person_id": member.person_id,
        "login": member.login,
        "role": member.role.value,
        "team_id": member.team_id,
        "reading_public": member.keys.reading.public,
        "signing_public": member.keys.signing.public,
        "salt": _SALT,
        "sealed_secrets": vault.encrypt(_password_key(), member.keys.pack(), bound),
    }


@lru_cache(maxsize=1)
def _password_key() -> bytes:
    return vault.password_key(PASSWORD, _SALT)
