"""The county's teams and sixty people: real keys and signatures, and those whose keys must not count."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from intake.core.access import Role
from intake.core.secretfile import RecoveryKeys, read_recovery_key
from intake.core.world import World
from intake.people.models import Person, PersonKey, Team
from tests.cast import Member, Root, add_member
from tests.oracle.names import PEOPLE

TEAMS: Final = (
    ("superior", "青屿市纪委监委信访室", "superior"),
    ("office", "岚溪县委巡察办", "office"),
    ("discipline", "岚溪县纪委监委案管室", "discipline_case"),
    ("team1", "岚溪县委第一巡察组", "inspection_team"),
    ("team2", "岚溪县委第二巡察组", "inspection_team"),
    ("team3", "岚溪县委第三巡察组", "inspection_team"),
    ("team4", "岚溪县委第四巡察组", "inspection_team"),
    ("town_lw", "柳湾镇纪委", "town_discipline"),
    ("town_fl", "凤岭乡纪委", "town_discipline"),
)
WORKING: Final = ("team1", "team2", "team3", "team4")
_LETTERS: Final = "abcdefgh"


@dataclass(frozen=True, slots=True)
class Post:
    """Somebody to be added. `flaw` keeps them from reading although their row is there."""

    login: str
    role: Role
    team_id: str | None
    flaw: str = ""  # left, never_came, unconfirmed, forged, moved


def sixty() -> list[Post]:
    """The whole county's people; the first of each team has signed for the others."""
    posts = [Post(f"office{n}", Role.office, "office") for n in range(1, 6)]
    posts += [Post(f"superior{n}", Role.superior, "superior") for n in range(1, 4)]
    posts += [Post(f"case{n}", Role.discipline_case, "discipline") for n in range(1, 5)]
    for number, team in enumerate(WORKING, start=1):
        posts += [Post(f"leader{number}{letter}", Role.team_leader, team) for letter in "ab"]
        posts += [Post(f"liaison{number}{letter}", Role.team_liaison, team) for letter in _LETTERS[:7]]
    posts += [Post(f"lw{n}", Role.town_discipline, "town_lw") for n in range(1, 4)]
    posts += [Post(f"fl{n}", Role.town_discipline, "town_fl") for n in range(1, 4)]
    posts += [
        Post("station1", Role.village_supervisor, None), Post("station2", Role.village_supervisor, None),
        Post("owner1", Role.owner_unit, None), Post("personnel1", Role.org_dept, None),
        Post("auditor1", Role.auditor, None), Post("sysadmin1", Role.sysadmin, None),
    ]  # fmt: skip
    flaws = {"liaison1g": "left", "liaison2g": "never_came", "liaison3g": "unconfirmed", "liaison4g": "forged",
             "liaison4f": "moved"}  # fmt: skip
    return [replace(post, flaw=flaws.get(post.login, "")) for post in posts]


def sixteen() -> list[Post]:
    """A small house, every kind of person in it."""
    return [
        Post("office1", Role.office, "office"), Post("office2", Role.office, "office"),
        Post("superior1", Role.superior, "superior"), Post("superior2", Role.superior, "superior"),
        Post("superior3", Role.superior, "superior"), Post("case1", Role.discipline_case, "discipline"),
        Post("leader1a", Role.team_leader, "team1"), Post("liaison1a", Role.team_liaison, "team1"),
        Post("leader3a", Role.team_leader, "team3"), Post("liaison3a", Role.team_liaison, "team3"),
        Post("liaison3b", Role.team_liaison, "team3"), Post("leader4a", Role.team_leader, "team4"),
        Post("liaison4a", Role.team_liaison, "team4"), Post("liaison4b", Role.team_liaison, "team4"),
        Post("lw1", Role.town_discipline, "town_lw"), Post("sysadmin1", Role.sysadmin, None),
    ]  # fmt: skip


@dataclass(frozen=True)
class Staff:
    """Everybody by login, and the two recovery keys."""

    members: dict[str, Member]
    county: Root
    superior: Root

    @property
    def by_id(self) -> dict[str, Member]:
        return {member.person_id: member for member in self.members.values()}

    def of(self, team_id: str) -> list[Member]:
        return [member for member in self.members.values() if member.team_id == team_id]


def add_staff(world: World, recovery: RecoveryKeys, posts: Sequence[Post]) -> Staff:
    """Teams and people as rows, keys confirmed up to the recovery keys."""
    roots = [Root(*read_recovery_key(text)) for text in (recovery.county, recovery.superior)]
    staff = Staff({}, *roots)
    add_teams(world)
    heads: dict[str | None, Member | Root] = {"office": staff.county, "superior": staff.superior}
    for number, post in enumerate(posts):
        signer = heads.get(post.team_id, staff.members.get("office1", staff.county))
        member = add_member(
            world, post.login, PEOPLE[number], post.role, post.team_id,
            signer=None if post.flaw == "unconfirmed" else signer, signed_in=post.flaw != "never_came",
        )  # fmt: skip
        staff.members[post.login] = member
        if post.team_id is not None and post.role is not Role.team_liaison:
            heads[post.team_id] = member
        _spoil(world, member, post.flaw)
    return staff


def add_teams(world: World) -> None:
    rows = [{"id": id_, "name": name, "kind": kind, "covers": ""} for id_, name, kind in TEAMS]
    world.db.write(lambda session: session.execute(insert(Team), rows))


def _spoil(world: World, member: Member, flaw: str) -> None:
    """What an administrator, or somebody with the database, could have done to the rows."""
    day = world.today()

    def write(session: Session) -> None:
        person = update(Person).where(Person.id == member.person_id)
        if flaw == "left":
            session.execute(person.values(left_on=day))
        elif flaw == "moved":
            session.execute(person.values(role=Role.team_leader.value))
        elif flaw == "forged":
            session.execute(
                update(PersonKey).where(PersonKey.id == member.key_id).values(signature=b"\x07" * 64)
            )

    world.db.write(write)
