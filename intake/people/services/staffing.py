"""Adding people and letting them go. Administrators do both; neither gives anyone a key."""

import re

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from intake.core.access import Actor, Permission, Role
from intake.core.errors import Forbidden, Invalid, NotFound
from intake.core.world import World
from intake.people.models import ActivationLink, Person, Team
from intake.people.queries import normal_login, person_by_id, person_by_login, trusted_members
from intake.people.services.readers import Departure, around_leaving, bump_epoch, bump_spellings, end_keys, record

_LOGIN = re.compile(r"[a-z][a-z0-9._-]{2,31}")
_NAME_MAX = 40
_TAKEN = {"login": "这个登录名已经有人用了。"}

# Which kind of team a role belongs to; None: the role has no team. Roles not named here may be anywhere.
_TEAM_KINDS: dict[Role, str | None] = {
    Role.team_liaison: "inspection_team",
    Role.team_leader: "inspection_team",
    Role.office: "office",
    Role.superior: "superior",
    Role.discipline_case: "discipline_case",
    Role.town_discipline: "town_discipline",
    Role.org_dept: "org_dept",
    Role.sysadmin: None,
    Role.auditor: None,
}


def add_person(
    world: World, actor: Actor, *, login: str, name: str, role: Role, team_id: str | None, note: str = ""
) -> Person:
    """A new person without any key. Raises `Forbidden`, `Invalid` (login, name, team_id)."""
    _managing(actor)
    login, name, today, now = normal_login(login), name.strip(), world.today(), world.clock.now()
    with world.db.read() as session:
        team = session.get(Team, team_id) if team_id and team_id.isprintable() else None
    problems = problems_of(login, name, role, team_id, team)
    if problems:
        raise Invalid(problems)

    def write(session: Session) -> Person:
        bump_spellings(session)  # a name is an alias: nobody is given an old report in which it may stand unread
        if person_by_login(session, login) is not None:
            raise Invalid(_TAKEN)
        person = Person(login=login, name=name, role=role.value, note=note, added_on=today)
        person.team_id = team_id or None
        session.add(person)
        try:
            session.flush()
        except IntegrityError:  # somebody else took it between the look and the insert
            raise Invalid(_TAKEN) from None
        data = {"role": role.value, "team_id": team_id}
        record(session, at=now, actor=actor.login, kind="added", person_id=person.id, data=data)
        return person

    return world.db.write(write)


def leave(world: World, actor: Actor, *, person_id: str) -> None:
    """Key, grants, sessions and links go in one write, and what they leave behind is put right in it.

    Raises `Forbidden`, `NotFound`, `Invalid`.
    """
    _managing(actor)
    if person_id == actor.person_id:
        raise Invalid({"person_id": "不能让自己离任，请由另一位管理员操作。"})
    today, now = world.today(), world.clock.now()
    departure = Departure(
        person_id, actor.person_id or actor.login, now, today, world.secrets.chain_key, world.secrets.routing_key,
        *_team_before(world, person_id),
    )  # fmt: skip

    def write(session: Session) -> None:
        bump_epoch(session)
        person = person_by_id(session, person_id, hold=True)
        if person is None:
            raise NotFound
        if person.left_on is not None:
            return
        afterwards = [prepare(session, departure) for prepare in around_leaving]
        person.left_on = today
        end_keys(session, person_id, today)
        for put_right in afterwards:
            put_right()
        session.execute(delete(ActivationLink).where(ActivationLink.person_id == person_id))
        record(session, at=now, actor=actor.login, kind="left", person_id=person_id)

    world.db.write(write)


def _team_before(world: World, person_id: str) -> tuple[str | None, frozenset[str]]:
    """The person's team and whose keys count in it; the signatures are verified here, outside the write."""
    with world.db.read() as session:
        person = session.get(Person, person_id) if person_id.isprintable() else None
        if person is None or person.team_id is None:
            return None, frozenset()
        members = trusted_members(session, world.secrets, person.team_id)
        return person.team_id, frozenset(member.holder for member in members)


def valid_login(login: str) -> bool:
    """Whether a login could be added at all; whether it is taken, `add_person` says."""
    return bool(_LOGIN.fullmatch(normal_login(login)))


def _managing(actor: Actor) -> None:
    if not actor.may(Permission.people_manage):
        raise Forbidden


def problems_of(login: str, name: str, role: Role, team_id: str | None, team: Team | None) -> dict[str, str]:
    """What is wrong with a person of these facts, by field."""
    problems = {}
    if not _LOGIN.fullmatch(login):
        problems["login"] = "登录名用 3 到 32 个小写字母、数字、点、横线或下划线，以字母开头。"
    if not name or len(name) > _NAME_MAX or not name.isprintable():
        problems["name"] = f"请填写姓名，最多 {_NAME_MAX} 个字。"
    if team_id and team is None:
        problems["team_id"] = "没有这个组。"
    elif role in _TEAM_KINDS and _TEAM_KINDS[role] != (team.kind if team else None):
        problems["team_id"] = "这个角色不属于所选的组。" if team else "这个角色需要选一个组。"
    return problems
