"""Signing in, staying signed in, and every way a session ends."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import Role
from intake.core.clock import FixedClock
from intake.core.errors import Invalid
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.people import queries, services
from intake.people.models import PeopleEvent, Person, PersonKey, StaffSession
from tests.cast import PASSWORD, Cast, Entered, add_member, build_cast, enter

NEW_PASSWORD = "晒谷场东头的老井水最甜"


@pytest.fixture
def cast(world: World, recovery: RecoveryKeys) -> Cast:
    return build_cast(world, recovery)


def alive(world: World, entered: Entered) -> bool:
    return services.load_session(world, entered.token) is not None


def sessions(world: World) -> int:
    with world.db.read() as session:
        return session.scalar(select(func.count()).select_from(StaffSession)) or 0


def kinds(world: World, login: str) -> list[str]:
    with world.db.read() as session:
        return sorted(session.scalars(select(PeopleEvent.kind).where(PeopleEvent.actor == login)))


# ---------------------------------------------------------------- the password


def test_the_right_password_opens_a_session_with_the_persons_own_keys(world: World, cast: Cast) -> None:
    token = services.sign_in(world, login="liaison4", password=PASSWORD)
    found = services.load_session(world, token)
    assert found is not None
    assert found.actor == replace(cast.liaison.actor, day=world.today())
    assert (found.keys, found.key_id) == (cast.liaison.keys, cast.liaison.key_id)
    assert found.confirmed_until is None
    assert kinds(world, "liaison4") == ["signed_in"]


@pytest.mark.parametrize("login", ["LIAISON4", "  liaison4 ", "Liaison4\t"])
def test_a_login_is_matched_without_case_and_space(world: World, cast: Cast, login: str) -> None:
    assert services.sign_in(world, login=login, password=PASSWORD)


def test_a_full_width_keyboard_types_the_same_password(world: World) -> None:
    operator = services.operator("init")
    person = services.add_person(world, operator, login="auditor9", name="示例", role=Role.auditor, team_id=None)
    token = services.new_activation_link(world, operator, person_id=person.id)
    services.activate(world, token=token, password="ｗａｌｋ－ｔｏ－ｗｅｌｌ ９")
    assert services.sign_in(world, login="auditor9", password="walk-to-well 9")


def refused(world: World, login: str, password: str) -> dict[str, str]:
    with pytest.raises(Invalid) as found:
        services.sign_in(world, login=login, password=password)
    return found.value.fields


def test_wrong_unknown_left_and_never_activated_get_one_answer_and_leave_no_trace(world: World, cast: Cast) -> None:
    never = services.add_person(
        world, cast.administrator.actor, login="newcomer", name="示例", role=Role.auditor, team_id=None
    )
    services.leave(world, cast.administrator.actor, person_id=cast.recused.person_id)
    before = kinds(world, "liaison4"), sessions(world)

    answers = [
        refused(world, "liaison4", PASSWORD + "错"),
        refused(world, "liaison4", ""),
        refused(world, "liaison4", "长" * 100_000),
        refused(world, "nobody", PASSWORD),
        refused(world, "", PASSWORD),
        refused(world, "member4", PASSWORD),
        refused(world, never.login, PASSWORD),
        refused(world, "' OR 1=1 --\x00", PASSWORD),
        refused(world, "\udcff", PASSWORD),
        refused(world, "liaison4", "\udcff\x00"),
        refused(world, "liaison\u200b4", PASSWORD),
    ]

    assert answers == [{"password": "登录名、口令或动态码不对。"}] * len(answers)
    assert (kinds(world, "liaison4"), sessions(world)) == before


def work_of(world: World, monkeypatch: pytest.MonkeyPatch, attempt: Callable[[], object]) -> list[str]:
    """What one attempt does that costs time: Argon2, decryption and its length, statements read."""
    done: list[str] = []
    stretch, decrypt = vault.password_key, vault.decrypt

    def counted_stretch(password: str, salt: bytes) -> bytes:
        done.append(f"argon2 over {len(salt)}")
        return stretch(password, salt)

    def counted_decrypt(key: bytes, sealed: bytes, bound: vault.Bound) -> bytes:
        done.append(f"decrypt {len(sealed)} {bound[0]}")
        return decrypt(key, sealed, bound)

    def counted_statement(*args: Any) -> None:
        done.append(str(args[2]).split(" FROM ")[0])

    with monkeypatch.context() as patched:
        patched.setattr(vault, "password_key", counted_stretch)
        patched.setattr(vault, "decrypt", counted_decrypt)
        engine = read_engine(world)
        event.listen(engine, "before_cursor_execute", counted_statement)
        try:
            with pytest.raises(Invalid):
                attempt()
        finally:
            event.remove(engine, "before_cursor_execute", counted_statement)
    return done


def read_engine(world: World) -> Any:
    with world.db.read() as session:
        return session.get_bind()


def test_an_unknown_login_costs_the_same_work_as_a_wrong_password(
    world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(world, "nobody", PASSWORD)  # whatever is made once a process is made

    def work(login: str) -> list[str]:
        return work_of(world, monkeypatch, lambda: services.sign_in(world, login=login, password="不对的密码"))

    wrong = work("liaison4")
    assert sum(step.startswith("argon2") for step in wrong) == 1
    assert sum(step.startswith("decrypt") for step in wrong) == 2, "the secrets, and a second factor or its decoy"
    assert sum(step.startswith("SELECT") for step in wrong) == 2, "the key, and the spare codes"
    assert work("nobody") == wrong


def test_public_keys_edited_in_the_database_sign_nobody_in(world: World, cast: Cast) -> None:
    entered = enter(world, cast.liaison)
    other = vault.new_keys().public

    def edit(session: Session) -> None:
        session.execute(
            update(PersonKey).where(PersonKey.id == cast.liaison.key_id).values(reading_public=other.reading)
        )

    world.db.write(edit)
    assert not alive(world, entered)
    assert refused(world, "liaison4", PASSWORD) == {"password": "登录名、口令或动态码不对。"}


def test_secrets_moved_to_a_colleagues_row_open_nothing(world: World, cast: Cast) -> None:
    def edit(session: Session) -> None:
        mine = session.get_one(PersonKey, cast.liaison.key_id)
        theirs = session.get_one(PersonKey, cast.leader.key_id)
        theirs.salt, theirs.sealed_secrets = mine.salt, mine.sealed_secrets
        theirs.reading_public, theirs.signing_public = mine.reading_public, mine.signing_public

    world.db.write(edit)
    assert refused(world, "leader4", PASSWORD) == {"password": "登录名、口令或动态码不对。"}


@pytest.mark.parametrize("who", ["administrator", "auditor"])
def test_roles_that_read_nothing_sign_in_without_anybodys_confirmation(world: World, cast: Cast, who: str) -> None:
    member = getattr(cast, who)
    assert services.load_session(world, services.sign_in(world, login=member.login, password=PASSWORD))


def test_a_member_whose_key_waits_signs_in_and_is_no_reader(world: World, cast: Cast) -> None:
    add_member(world, "liaison8", "示例新", Role.team_liaison, "team4", signed_in=False)
    assert services.load_session(world, services.sign_in(world, login="liaison8", password=PASSWORD))
    with world.db.read() as session:
        held = {reader.holder for reader in queries.trusted_members(session, world.secrets, "team4")}
    assert held == {cast.liaison.person_id, cast.leader.person_id, cast.recused.person_id}


def test_the_first_sign_in_makes_a_confirmed_person_active_and_moves_the_epoch(world: World, cast: Cast) -> None:
    newcomer = add_member(world, "liaison8", "示例新", Role.team_liaison, "team4", signer=cast.leader, signed_in=False)

    def readers() -> tuple[bool, int]:
        with world.db.read() as session:
            trusted = queries.trusted_members(session, world.secrets, "team4")
            return newcomer.person_id in {r.holder for r in trusted}, queries.readers_epoch(session)

    before = readers()
    services.sign_in(world, login="liaison8", password=PASSWORD)
    first = readers()
    services.sign_in(world, login="liaison8", password=PASSWORD)

    assert (before[0], first[0]) == (False, True)
    assert first[1] == before[1] + 1
    assert readers() == first


# ---------------------------------------------------------------- the session


def test_every_sign_in_is_a_session_of_its_own(world: World, cast: Cast) -> None:
    """T7: nothing that was there before the password (a planted cookie) is there after it."""
    planted = base64.urlsafe_b64encode(bytes(48)).decode()
    assert services.load_session(world, planted) is None
    tokens = {services.sign_in(world, login="liaison4", password=PASSWORD) for _ in range(3)}
    assert len(tokens) == 3
    assert len({token[:20] for token in tokens}) == 3
    assert planted not in tokens
    assert services.load_session(world, planted) is None


@pytest.mark.parametrize(
    "cookie",
    ["", "x", "é" * 64, "A" * 63, "A" * 64, "=" * 64, "A" * 60 + "\x00\x00\x00\x00", "A" * 1_000_000],
)
def test_a_cookie_that_was_never_given_is_nobody(world: World, cast: Cast, cookie: str) -> None:
    enter(world, cast.liaison)
    assert services.load_session(world, cookie) is None


def test_the_right_id_with_another_key_is_nobody(world: World, cast: Cast) -> None:
    mine, theirs = (base64.urlsafe_b64decode(enter(world, who).token) for who in (cast.liaison, cast.leader))
    mixed = base64.urlsafe_b64encode(mine[:16] + theirs[16:]).decode()
    assert services.load_session(world, mixed) is None


def test_sealed_keys_copied_between_sessions_open_nothing(world: World, cast: Cast) -> None:
    mine, theirs = enter(world, cast.liaison), enter(world, cast.leader)

    def edit(session: Session) -> None:
        row = session.get_one(StaffSession, mine.signed_in.session)
        session.get_one(StaffSession, theirs.signed_in.session).sealed_keys = row.sealed_keys

    world.db.write(edit)
    assert not alive(world, theirs)


def test_a_session_given_to_somebody_else_by_hand_is_nobodys(world: World, cast: Cast) -> None:
    entered = enter(world, cast.liaison)

    def edit(session: Session) -> None:
        session.get_one(StaffSession, entered.signed_in.session).person_id = cast.leader.person_id

    world.db.write(edit)
    assert not alive(world, entered)


def test_left_alone_for_twenty_minutes_a_session_is_over(world: World, cast: Cast, clock: FixedClock) -> None:
    entered = enter(world, cast.liaison)
    clock.advance(timedelta(minutes=20) - timedelta(seconds=1))
    assert alive(world, entered)
    clock.advance(timedelta(minutes=20))
    assert not alive(world, entered)


def test_used_all_day_a_session_is_over_after_eight_hours(world: World, cast: Cast, clock: FixedClock) -> None:
    entered = enter(world, cast.liaison)
    for _ in range(31):
        clock.advance(timedelta(minutes=15))
        assert alive(world, entered)
    clock.advance(timedelta(minutes=14, seconds=59))
    assert alive(world, entered)
    clock.advance(timedelta(seconds=1))
    assert not alive(world, entered)


def test_being_seen_is_written_once_a_minute_at_most(
    world: World, cast: Cast, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = enter(world, cast.liaison)
    writes = 0
    write = type(world.db).write

    def counted(self: Any, fn: Callable[[Session], Any]) -> Any:
        nonlocal writes
        writes += 1
        return write(self, fn)

    monkeypatch.setattr(type(world.db), "write", counted)
    for _ in range(60):
        clock.advance(timedelta(seconds=10))
        assert alive(world, entered)
    assert writes == 10


def test_a_sign_in_clears_the_persons_sessions_that_are_over(world: World, cast: Cast, clock: FixedClock) -> None:
    enter(world, cast.liaison)
    enter(world, cast.leader)
    clock.advance(timedelta(minutes=30))
    services.sign_in(world, login="liaison4", password=PASSWORD)
    assert sessions(world) == 2  # hers anew, and the leader's, who has not come back


def test_log_out_ends_this_session_for_every_copy_of_its_cookie(world: World, cast: Cast) -> None:
    here, elsewhere = enter(world, cast.liaison), enter(world, cast.liaison)
    services.sign_out(world, here.signed_in)
    assert not alive(world, here)
    assert alive(world, elsewhere)
    assert kinds(world, "liaison4") == ["signed_out"]


# ---------------------------------------------------------------- changing and repeating the password


def test_a_changed_password_ends_every_old_session(world: World, cast: Cast) -> None:
    here, elsewhere, colleague = (enter(world, who) for who in (cast.liaison, cast.liaison, cast.leader))

    fresh = services.change_password(world, here.signed_in, old=PASSWORD, new=NEW_PASSWORD + "。")

    assert not alive(world, here)
    assert not alive(world, elsewhere)
    assert alive(world, colleague)
    found = services.load_session(world, fresh)
    assert found is not None
    assert found.keys == cast.liaison.keys, "the same keys under another password: grants go on"
    assert refused(world, "liaison4", PASSWORD)
    assert services.sign_in(world, login="liaison4", password=NEW_PASSWORD + "。")
    assert kinds(world, "liaison4") == ["password_changed", "signed_in"]
    with world.db.read() as session:
        trusted = queries.trusted_members(session, world.secrets, "team4")
    assert cast.liaison.person_id in {reader.holder for reader in trusted}


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (PASSWORD + "错", NEW_PASSWORD + "。", "old"),
        ("", NEW_PASSWORD + "。", "old"),
        (PASSWORD, "短", "new"),
        (PASSWORD, "liaison4liaison4", "new"),
        (PASSWORD, PASSWORD, "new"),
    ],
)
def test_a_change_that_cannot_be_changes_nothing(world: World, cast: Cast, old: str, new: str, field: str) -> None:
    entered = enter(world, cast.liaison)
    with pytest.raises(Invalid) as found:
        services.change_password(world, entered.signed_in, old=old, new=new)
    assert set(found.value.fields) == {field}
    assert alive(world, entered)
    assert services.sign_in(world, login="liaison4", password=PASSWORD)


def test_a_sign_in_that_meets_a_change_of_password_does_not_survive_it(
    world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old password was right when it was tried, and old when the session was to be written."""
    entered = enter(world, cast.liaison)
    read_keys = vault.OpenedKeys.unpack
    changed: list[str] = []

    def change_meanwhile(packed: bytes) -> vault.OpenedKeys:
        if not changed:
            changed.append("once")
            services.change_password(world, entered.signed_in, old=PASSWORD, new=NEW_PASSWORD + "。")
        return read_keys(packed)

    monkeypatch.setattr(vault.OpenedKeys, "unpack", change_meanwhile)
    assert refused(world, "liaison4", PASSWORD) == {"password": "登录名、口令或动态码不对。"}
    assert changed == ["once"]
    assert sessions(world) == 1, "the one the change gave"


def test_a_repeated_password_opens_guarded_acts_for_ten_minutes_in_this_session_alone(
    world: World, cast: Cast, clock: FixedClock
) -> None:
    here, elsewhere = enter(world, cast.liaison), enter(world, cast.liaison)

    until = services.confirm_password(world, here.signed_in, password=PASSWORD)

    assert until == clock.now() + timedelta(minutes=10)
    now_here, now_elsewhere = (services.load_session(world, e.token) for e in (here, elsewhere))
    assert now_here is not None
    assert now_elsewhere is not None
    assert (now_here.confirmed_until, now_elsewhere.confirmed_until) == (until, None)
    assert kinds(world, "liaison4") == ["password_confirmed"]


def test_a_wrong_repeated_password_opens_nothing(world: World, cast: Cast) -> None:
    entered = enter(world, cast.liaison)
    for password in ("", PASSWORD[:-1], "长" * 10_000):
        with pytest.raises(Invalid) as found:
            services.confirm_password(world, entered.signed_in, password=password)
        assert set(found.value.fields) == {"password"}
    again = services.load_session(world, entered.token)
    assert again is not None
    assert again.confirmed_until is None


def test_a_colleagues_password_confirms_nothing_for_me(world: World, cast: Cast) -> None:
    mine = enter(world, cast.liaison)
    theirs = enter(world, cast.leader)
    services.change_password(world, theirs.signed_in, old=PASSWORD, new=NEW_PASSWORD + "。")
    with pytest.raises(Invalid):
        services.confirm_password(world, mine.signed_in, password=NEW_PASSWORD + "。")


def test_a_person_is_signed_in_on_a_day_not_at_a_minute(world: World, cast: Cast, clock: FixedClock) -> None:
    clock.advance(timedelta(days=2))
    services.sign_in(world, login="liaison4", password=PASSWORD)
    with world.db.read() as session:
        assert session.get_one(Person, cast.liaison.person_id).signed_in_on == world.today()
