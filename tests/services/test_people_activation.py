"""A one-time link, and the act in which a person's keys are born."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import Role
from intake.core.clock import FixedClock
from intake.core.errors import Forbidden, Invalid, NotFound
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.people import queries, services
from intake.people.models import ActivationLink, PeopleEvent, Person, PersonKey, StaffSession
from tests.cast import PASSWORD, Cast, add_teams, build_cast, enter

NEW_PASSWORD = "河堤上第三棵柳树底下埋着"


@pytest.fixture
def cast(world: World, recovery: RecoveryKeys) -> Cast:
    return build_cast(world, recovery)


@pytest.fixture
def withdrawn() -> Iterator[list[str]]:
    """Whose grants the packages above were told to withdraw."""
    told: list[str] = []

    def hear(_: Session, person_id: str) -> None:
        told.append(person_id)

    services.on_leave.append(hear)
    yield told
    services.on_leave.remove(hear)


def newcomer(world: World, login: str = "liaison9") -> Person:
    add_teams(world)
    operator = services.operator("init")
    return services.add_person(world, operator, login=login, name="示例新", role=Role.team_liaison, team_id="team4")


def link_for(world: World, person_id: str) -> str:
    return services.new_activation_link(world, services.operator("init"), person_id=person_id)


def journal(world: World, person_id: str) -> list[tuple[str, str]]:
    with world.db.read() as session:
        rows = session.scalars(select(PeopleEvent).where(PeopleEvent.person_id == person_id))
        return sorted((row.kind, row.actor) for row in rows)


def test_a_newcomer_chooses_a_password_and_both_keys_are_born(world: World) -> None:
    person = newcomer(world)
    token = link_for(world, person.id)
    assert services.open_link(world, token=token) == services.LinkHolder(
        person.id, "liaison9", "示例新", Role.team_liaison, again=False
    )

    activated = services.activate(world, token=token, password=NEW_PASSWORD)

    with world.db.read() as session:
        key = queries.live_key(session, person.id)
    assert key is not None
    assert (activated.person_id, activated.login) == (person.id, "liaison9")
    assert activated.fingerprint == queries.fingerprint(key)
    assert re.fullmatch(r"(\d{5} ){5}\d{5}", activated.fingerprint)
    assert (key.login, key.role, key.team_id) == ("liaison9", "team_liaison", "team4")
    assert (key.confirmed_by, key.signature, key.retired_on) == (None, None, None)
    signed_in = services.load_session(world, services.sign_in(world, login="liaison9", password=NEW_PASSWORD))
    assert signed_in is not None
    assert signed_in.keys is not None
    assert signed_in.keys.public == vault.PublicPair(key.reading_public, key.signing_public)
    assert queries.own_fingerprint(signed_in) == activated.fingerprint
    assert journal(world, person.id) == [
        ("activated", "liaison9"),
        ("added", "init"),
        ("link_made", "init"),
        ("signed_in", "liaison9"),
    ]


def test_the_database_keeps_neither_the_link_nor_the_password_nor_a_secret(world: World) -> None:
    person = newcomer(world)
    token = link_for(world, person.id)
    services.activate(world, token=token, password=NEW_PASSWORD)
    cookie = services.sign_in(world, login="liaison9", password=NEW_PASSWORD)
    signed_in = services.load_session(world, cookie)
    assert signed_in is not None
    assert signed_in.keys is not None

    with world.db.read() as session:
        tables = ("person", "activation_link", "person_key", "staff_session", "people_event")
        rows = [tuple(row) for name in tables for row in session.execute(text(f"SELECT * FROM {name}"))]
    everything = b"\n".join(
        value if isinstance(value, bytes) else str(value).encode()
        for row in rows
        for value in (bytes(v) if isinstance(v, memoryview) else v for v in row)
    )
    packed = signed_in.keys.pack()
    for secret in (token, NEW_PASSWORD, cookie, packed[:32], packed[32:]):
        assert (secret.encode() if isinstance(secret, str) else secret) not in everything


def test_a_link_works_once(world: World) -> None:
    person = newcomer(world)
    token = link_for(world, person.id)
    services.activate(world, token=token, password=NEW_PASSWORD)

    with pytest.raises(NotFound):
        services.open_link(world, token=token)
    with pytest.raises(NotFound):
        services.activate(world, token=token, password="另外一句完全不同的长密码")
    assert services.sign_in(world, login="liaison9", password=NEW_PASSWORD)


def test_of_two_people_with_one_link_at_once_only_one_gets_in(world: World) -> None:
    person = newcomer(world)
    token = link_for(world, person.id)
    together = Barrier(4)
    passwords = [f"{NEW_PASSWORD}之{n}" for n in range(4)]

    def try_it(password: str) -> bool:
        together.wait()
        try:
            services.activate(world, token=token, password=password)
        except NotFound:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(try_it, passwords))

    assert sum(won) == 1
    with world.db.read() as session:
        assert session.scalar(select(func.count()).select_from(PersonKey)) == 1
    assert services.sign_in(world, login="liaison9", password=passwords[won.index(True)])


def test_an_expired_link_is_nothing(world: World, clock: FixedClock) -> None:
    person = newcomer(world)
    token = link_for(world, person.id)
    clock.advance(timedelta(hours=world.settings.activation_hours) - timedelta(seconds=1))
    assert services.open_link(world, token=token).login == "liaison9"

    clock.advance(timedelta(seconds=1))

    with pytest.raises(NotFound):
        services.open_link(world, token=token)
    with pytest.raises(NotFound):
        services.activate(world, token=token, password=NEW_PASSWORD)


def test_a_link_that_expires_while_the_password_is_stretched_is_nothing(
    world: World, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = newcomer(world)
    token = link_for(world, person.id)
    born = vault.new_keys()

    def slowly() -> vault.OpenedKeys:
        clock.advance(timedelta(hours=world.settings.activation_hours))
        return born

    monkeypatch.setattr(vault, "new_keys", slowly)

    with pytest.raises(NotFound):
        services.activate(world, token=token, password=NEW_PASSWORD)
    with world.db.read() as session:
        assert queries.live_key(session, person.id) is None


def test_a_new_link_ends_the_earlier_one(world: World) -> None:
    person = newcomer(world)
    first = link_for(world, person.id)
    second = link_for(world, person.id)

    with pytest.raises(NotFound):
        services.activate(world, token=first, password=NEW_PASSWORD)
    assert services.activate(world, token=second, password=NEW_PASSWORD).login == "liaison9"


@pytest.mark.parametrize("token", ["", "x", "ü" * 40, "\udcff", "A" * 100_000])
def test_a_made_up_link_is_nothing(world: World, token: str) -> None:
    newcomer(world)
    with pytest.raises(NotFound):
        services.open_link(world, token=token)


@pytest.mark.parametrize(
    "password",
    ["十一个字符的密码短了点", "liaison9liaison9", "liaison92026", "qwertyuiop12", "aaaaaaaaaaaaaaa"],
)
def test_a_weak_password_is_refused_and_the_link_goes_on(world: World, password: str) -> None:
    person = newcomer(world)
    token = link_for(world, person.id)

    with pytest.raises(Invalid) as refused:
        services.activate(world, token=token, password=password)

    assert set(refused.value.fields) == {"password"}
    assert services.activate(world, token=token, password=NEW_PASSWORD).person_id == person.id


def test_only_administrators_make_links(world: World, cast: Cast) -> None:
    for member in (cast.liaison, cast.leader, cast.office, cast.auditor):
        with pytest.raises(Forbidden):
            services.new_activation_link(world, member.actor, person_id=cast.liaison.person_id)
    made = services.new_activation_link(world, cast.administrator.actor, person_id=cast.liaison.person_id)
    assert services.open_link(world, token=made).again


def test_nobody_makes_a_link_for_one_who_is_not_there(world: World, cast: Cast) -> None:
    services.leave(world, cast.administrator.actor, person_id=cast.liaison.person_id)
    for person_id in ("nobody", cast.liaison.person_id):
        with pytest.raises(NotFound):
            services.new_activation_link(world, cast.administrator.actor, person_id=person_id)


def test_a_lost_password_is_a_new_key_and_an_end_to_all_the_old_one_opened(
    world: World, cast: Cast, withdrawn: list[str]
) -> None:
    old, epoch = enter(world, cast.liaison), epoch_of(world)
    token = services.new_activation_link(world, cast.administrator.actor, person_id=cast.liaison.person_id)
    assert services.load_session(world, old.token) is not None, "the link alone ends nothing"
    assert members(world, "team4") == {"liaison4", "leader4", "member4"}

    services.activate(world, token=token, password=NEW_PASSWORD)

    assert withdrawn == [cast.liaison.person_id]
    assert epoch_of(world) > epoch
    assert services.load_session(world, old.token) is None
    assert members(world, "team4") == {"leader4", "member4"}, "the new key waits for a colleague"
    with pytest.raises(Invalid):
        services.sign_in(world, login="liaison4", password=PASSWORD)
    assert services.sign_in(world, login="liaison4", password=NEW_PASSWORD)
    with world.db.read() as session:
        gone = session.get_one(PersonKey, cast.liaison.key_id)
        assert (gone.retired_on, gone.sealed_secrets) == (world.today(), b"")
        assert session.scalar(select(func.count()).select_from(StaffSession)) == 1


def test_a_used_link_stays_in_the_journal_of_links(world: World, clock: FixedClock) -> None:
    person = newcomer(world)
    services.activate(world, token=link_for(world, person.id), password=NEW_PASSWORD)
    with world.db.read() as session:
        used = session.scalars(select(ActivationLink)).one()
    assert used.used_at == clock.now()


def members(world: World, team_id: str) -> set[str]:
    """Logins of the team's trusted members."""
    with world.db.read() as session:
        readers = queries.trusted_members(session, world.secrets, team_id)
        return {session.get_one(Person, reader.holder).login for reader in readers}


def epoch_of(world: World) -> int:
    with world.db.read() as session:
        return queries.readers_epoch(session)
