"""Adding people and letting them go, and what an administrator sees of both."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import Role
from intake.core.clock import FixedClock
from intake.core.errors import Forbidden, Invalid, NotFound
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.people import queries, services
from intake.people.models import ActivationLink, Epoch, PeopleEvent, Person, PersonKey
from tests.cast import PASSWORD, Cast, add_member, build_cast, enter


@pytest.fixture
def cast(world: World, recovery: RecoveryKeys) -> Cast:
    return build_cast(world, recovery)


@pytest.fixture
def withdrawn() -> Iterator[list[tuple[str, bool]]]:
    """Whose grants were withdrawn, and whether the person had left by then, in the same transaction."""
    told: list[tuple[str, bool]] = []

    def hear(session: Session, person_id: str) -> None:
        told.append((person_id, session.get_one(Person, person_id).left_on is not None))

    services.on_leave.append(hear)
    yield told
    services.on_leave.remove(hear)


def trusted(world: World, team_id: str) -> set[str]:
    with world.db.read() as session:
        return {reader.holder for reader in queries.trusted_members(session, world.secrets, team_id)}


def counts(world: World) -> tuple[int, int]:
    with world.db.read() as session:
        people = session.scalar(select(func.count()).select_from(Person)) or 0
        return people, session.scalar(select(func.count()).select_from(PeopleEvent)) or 0


# ---------------------------------------------------------------- adding


@pytest.mark.parametrize(
    ("role", "team_id"),
    [
        (Role.team_liaison, "team4"),
        (Role.team_leader, "team1"),
        (Role.office, "office"),
        (Role.superior, "superior"),
        (Role.discipline_case, "discipline"),
        (Role.town_discipline, "town_lw"),
        (Role.sysadmin, None),
        (Role.auditor, None),
        (Role.village_supervisor, None),
        (Role.village_supervisor, "town_fl"),
    ],
)
def test_an_administrator_adds_a_person_of_every_role(
    world: World, cast: Cast, role: Role, team_id: str | None
) -> None:
    person = services.add_person(
        world, cast.administrator.actor, login=" New.Person ", name=" 示例新 ", role=role, team_id=team_id
    )
    with world.db.read() as session:
        row = session.get_one(Person, person.id)
        key = queries.live_key(session, person.id)
        noted = session.scalars(select(PeopleEvent).where(PeopleEvent.person_id == person.id)).one()
    assert (row.login, row.name, row.role, row.team_id) == ("new.person", "示例新", role, team_id)
    assert (row.added_on, row.signed_in_on, row.left_on, key) == (world.today(), None, None, None)
    assert (noted.kind, noted.actor, noted.data) == ("added", "sysadmin1", {"role": role, "team_id": team_id})


@pytest.mark.parametrize(
    ("login", "name", "role", "team_id", "field"),
    [
        ("ab", "示例", Role.auditor, None, "login"),
        ("9lives", "示例", Role.auditor, None, "login"),
        ("has space", "示例", Role.auditor, None, "login"),
        ("示例甲甲", "示例", Role.auditor, None, "login"),
        ("nul\x00nul", "示例", Role.auditor, None, "login"),
        ("a" * 33, "示例", Role.auditor, None, "login"),
        ("LIAISON4", "示例", Role.auditor, None, "login"),
        ("someone", "  ", Role.auditor, None, "name"),
        ("someone", "长" * 41, Role.auditor, None, "name"),
        ("someone", "甲\x00", Role.auditor, None, "name"),
        ("someone", "示例", Role.team_liaison, None, "team_id"),
        ("someone", "示例", Role.team_liaison, "", "team_id"),
        ("someone", "示例", Role.team_liaison, "nowhere", "team_id"),
        ("someone", "示例", Role.team_liaison, "te\x00am", "team_id"),
        ("someone", "示例", Role.team_liaison, "office", "team_id"),
        ("someone", "示例", Role.office, "team4", "team_id"),
        ("someone", "示例", Role.superior, "office", "team_id"),
        ("someone", "示例", Role.sysadmin, "office", "team_id"),
        ("someone", "示例", Role.auditor, "team4", "team_id"),
    ],
)
def test_a_person_who_cannot_be_is_refused_field_by_field(
    world: World, cast: Cast, login: str, name: str, role: Role, team_id: str | None, field: str
) -> None:
    before = counts(world)
    with pytest.raises(Invalid) as found:
        services.add_person(world, cast.administrator.actor, login=login, name=name, role=role, team_id=team_id)
    assert set(found.value.fields) == {field}
    assert counts(world) == before


def test_everything_wrong_is_said_at_once(world: World, cast: Cast) -> None:
    with pytest.raises(Invalid) as found:
        services.add_person(world, cast.administrator.actor, login="", name="", role=Role.office, team_id=None)
    assert set(found.value.fields) == {"login", "name", "team_id"}


def test_of_two_with_one_login_at_once_one_is_told(world: World, cast: Cast) -> None:
    together = Barrier(4)

    def add(_: int) -> dict[str, str]:
        together.wait()
        try:
            services.add_person(
                world, cast.administrator.actor, login="twin", name="示例", role=Role.auditor, team_id=None
            )
        except Invalid as refusal:
            return refusal.fields
        return {}

    with ThreadPoolExecutor(4) as pool:
        told = sorted(map(list, pool.map(add, range(4))))
    assert told == [[], ["login"], ["login"], ["login"]]


def test_only_administrators_add_or_let_go(world: World, cast: Cast) -> None:
    before = counts(world)
    for member in (cast.liaison, cast.leader, cast.office, cast.superior, cast.auditor):
        with pytest.raises(Forbidden):
            services.add_person(world, member.actor, login="someone", name="示例", role=Role.auditor, team_id=None)
        with pytest.raises(Forbidden):
            services.leave(world, member.actor, person_id=cast.stranger.person_id)
    assert counts(world) == before
    assert trusted(world, "team3") == {cast.stranger.person_id}


# ---------------------------------------------------------------- leaving


def test_who_leaves_is_gone_at_once(world: World, cast: Cast, withdrawn: list[tuple[str, bool]]) -> None:
    sessions = [enter(world, cast.liaison) for _ in range(2)]
    services.new_activation_link(world, cast.administrator.actor, person_id=cast.liaison.person_id)
    with world.db.read() as session:
        epoch = queries.readers_epoch(session)

    services.leave(world, cast.administrator.actor, person_id=cast.liaison.person_id)

    assert withdrawn == [(cast.liaison.person_id, True)]
    assert cast.liaison.person_id not in trusted(world, "team4")
    assert [services.load_session(world, entered.token) for entered in sessions] == [None, None]
    with pytest.raises(Invalid):
        services.sign_in(world, login="liaison4", password=PASSWORD)
    with world.db.read() as session:
        assert queries.readers_epoch(session) == epoch + 1
        assert session.get_one(Person, cast.liaison.person_id).left_on == world.today()
        key = session.get_one(PersonKey, cast.liaison.key_id)
        assert (key.retired_on, key.sealed_secrets) == (world.today(), b"")
        assert session.scalars(select(ActivationLink)).all() == []
        assert "liaison4" not in {person.login for person in queries.people_of(session, "team4")}
        kinds = session.scalars(select(PeopleEvent.kind).where(PeopleEvent.actor == "sysadmin1")).all()
    assert sorted(kinds) == ["left", "link_made"]


def test_leaving_twice_is_leaving_once(
    world: World, cast: Cast, clock: FixedClock, withdrawn: list[tuple[str, bool]]
) -> None:
    services.leave(world, cast.administrator.actor, person_id=cast.liaison.person_id)
    day = world.today()
    clock.advance(timedelta(days=3))
    services.leave(world, cast.administrator.actor, person_id=cast.liaison.person_id)
    assert len(withdrawn) == 1
    with world.db.read() as session:
        assert session.get_one(Person, cast.liaison.person_id).left_on == day


def test_leaving_is_all_or_nothing(world: World, cast: Cast) -> None:
    """Where grants cannot be withdrawn the person has not left, and can be let go again."""

    def fail(session: Session, person_id: str) -> None:
        raise RuntimeError(person_id)

    entered = enter(world, cast.liaison)
    services.on_leave.append(fail)
    try:
        with pytest.raises(RuntimeError):
            services.leave(world, cast.administrator.actor, person_id=cast.liaison.person_id)
    finally:
        services.on_leave.remove(fail)
    assert services.load_session(world, entered.token) is not None
    assert cast.liaison.person_id in trusted(world, "team4")


@pytest.mark.parametrize("person_id", ["", "nobody", "x\x00", "\udcff"])
def test_nobody_cannot_leave(world: World, cast: Cast, person_id: str) -> None:
    with pytest.raises(NotFound):
        services.leave(world, cast.administrator.actor, person_id=person_id)


def test_an_administrator_does_not_let_himself_go(world: World, cast: Cast) -> None:
    with pytest.raises(Invalid):
        services.leave(world, cast.administrator.actor, person_id=cast.administrator.person_id)
    assert services.sign_in(world, login="sysadmin1", password=PASSWORD)


def test_a_sign_in_that_meets_a_leaving_opens_nothing(
    world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpack = vault.OpenedKeys.unpack

    def leave_meanwhile(packed: bytes) -> vault.OpenedKeys:
        services.leave(world, cast.administrator.actor, person_id=cast.liaison.person_id)
        return unpack(packed)

    monkeypatch.setattr(vault.OpenedKeys, "unpack", leave_meanwhile)
    with pytest.raises(Invalid):
        services.sign_in(world, login="liaison4", password=PASSWORD)


# ---------------------------------------------------------------- the epoch of readers


def test_the_epoch_begins_by_itself_and_counts_every_move_at_once(world: World) -> None:
    with world.db.read() as session:
        assert queries.readers_epoch(session) == 0
    together = Barrier(6)

    def bump(_: int) -> int:
        together.wait()
        return world.db.write(services.bump_epoch)

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(bump, range(6))) == [1, 2, 3, 4, 5, 6]
    with world.db.read() as session:
        assert queries.readers_epoch(session) == 6
        assert session.scalars(select(Epoch.name)).all() == ["readers"]
    assert world.db.write(lambda session: queries.readers_epoch(session, hold=True)) == 6


def test_a_writer_who_holds_the_epoch_finishes_before_anybody_leaves(world: World, cast: Cast) -> None:
    """Who seals for the present readers writes first, or learns that the readers have moved."""
    seen: list[str] = []
    holding, started = Barrier(2, timeout=10), Barrier(2, timeout=10)

    def file(session: Session) -> None:
        queries.readers_epoch(session, hold=True)
        holding.wait()
        started.wait()
        seen.append("filed")

    def leave() -> None:
        holding.wait()
        started.wait()
        services.leave(world, cast.administrator.actor, person_id=cast.liaison.person_id)
        seen.append("left")

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(world.db.write, file), pool.submit(leave)]
        for job in jobs:
            job.result()
    assert seen == ["filed", "left"]


# ---------------------------------------------------------------- the administrator's list


def test_the_administrators_list_says_where_everybody_stands(world: World, cast: Cast, clock: FixedClock) -> None:
    admin = cast.administrator.actor
    add_member(world, "liaison8", "示例", Role.team_liaison, "team4")
    for login in ("linked8", "linked9"):
        person = services.add_person(
            world, admin, login=login, name="示例", role=Role.auditor, team_id=None, note="新来的"
        )
        services.new_activation_link(world, admin, person_id=person.id)
    services.leave(world, admin, person_id=cast.recused.person_id)
    until = clock.now() + timedelta(hours=world.settings.activation_hours)
    with world.db.read() as session:
        lines = queries.all_people(session, world.secrets, clock.now())
        later = queries.all_people(session, world.secrets, until)
    by_login = {line.login: line for line in lines}

    assert lines[-1].login == "member4", "who left comes last"
    assert {login: line.state for login, line in by_login.items()} == {
        "auditor1": "ready",
        "leader4": "ready",
        "liaison3": "ready",
        "liaison4": "ready",
        "liaison8": "waiting",
        "linked8": "linked",
        "linked9": "linked",
        "member4": "left",
        "office1": "ready",
        "superior1": "ready",
        "sysadmin1": "ready",
    }
    assert {line.login for line in later if line.state == "no_link"} == {"linked8", "linked9"}
    linked = by_login["linked9"]
    assert (linked.link_until, linked.note, linked.role_name) == (until, "新来的", "审计员")
    assert (by_login["liaison4"].team_name, by_login["auditor1"].team_name) == ("岚溪县委第四巡察组", None)


def test_people_are_found_by_login_and_by_team(world: World, cast: Cast) -> None:
    with world.db.read() as session:
        found = queries.person_by_login(session, " Liaison4 ")
        assert found is not None
        assert found.id == cast.liaison.person_id
        assert queries.person_by_login(session, "nobody") is None
        team = [person.login for person in queries.people_of(session, "team4")]
    assert team == ["leader4", "liaison4", "member4"]
