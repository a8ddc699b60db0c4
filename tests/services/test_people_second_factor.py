"""The second factor: born in the person's session, each code once, nothing of it readable in the database."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import Role
from intake.core.clock import FixedClock
from intake.core.errors import Forbidden, Invalid, Stale
from intake.core.world import World
from intake.people import services, totp
from intake.people.models import PeopleEvent, PersonKey, SpareCode, StaffSession
from intake.people.services import codes
from tests.cast import PASSWORD, Cast, Member, add_member, enter
from tests.phone import Phone, with_phone

NEW_PASSWORD = "晒谷场东头的老井水真是甜"
HALF_A_MINUTE = timedelta(seconds=30)


@pytest.fixture
def phone(world: World, cast: Cast, clock: FixedClock) -> Phone:
    """The leader's; its first code is used up, and the next half minute has begun."""
    made = with_phone(world, enter(world, cast.leader, confirmed=True).signed_in)
    clock.advance(HALF_A_MINUTE)
    return made


def sign_in(world: World, code: str, *, login: str = "leader4", password: str = PASSWORD) -> str:
    return services.sign_in(world, login=login, password=password, code=code)


def refused(world: World, code: str, *, login: str = "leader4", password: str = PASSWORD) -> dict[str, str]:
    with pytest.raises(Invalid) as found:
        sign_in(world, code, login=login, password=password)
    return found.value.fields


def key_row(world: World, member: Member) -> PersonKey:
    with world.db.read() as session:
        return session.get_one(PersonKey, member.key_id)


def left(world: World, member: Member) -> int:
    with world.db.read() as session:
        return len(session.scalars(select(SpareCode.tag).where(SpareCode.key_id == member.key_id)).all())


def journal(world: World, member: Member) -> list[tuple[str, dict[str, Any]]]:
    with world.db.read() as session:
        rows = session.scalars(select(PeopleEvent).where(PeopleEvent.person_id == member.person_id))
        return [(row.kind, row.data) for row in rows]


# ---------------------------------------------------------------- signing in


def test_password_and_code_together_open_a_session(world: World, cast: Cast, phone: Phone) -> None:
    found = services.load_session(world, sign_in(world, phone.shows()))
    assert found is not None
    assert found.keys == cast.leader.keys


def test_every_wrong_combination_gets_one_answer(world: World, phone: Phone) -> None:
    answers = [
        refused(world, ""),
        refused(world, phone.wrong()),
        refused(world, phone.shows(steps_on=2)),
        refused(world, phone.shows(steps_on=-2)),
        refused(world, "0" * codes.SPARE_DIGITS),
        refused(world, "\udcff\x00"),
        refused(world, "长" * 100_000),
        refused(world, phone.shows(), password="不是这一句不是这一句"),
        refused(world, phone.wrong(), password="不是这一句不是这一句"),
        refused(world, phone.shows(), login="nobody"),
        refused(world, phone.shows(), login="liaison3", password="不是这一句不是这一句"),
    ]
    assert answers == [{"password": "登录名、口令或动态码不对。"}] * len(answers)
    assert sign_in(world, phone.shows()), "none of the refusals used the code up"


def test_a_code_works_once(world: World, phone: Phone) -> None:
    sign_in(world, phone.shows())
    assert refused(world, phone.shows())


def test_the_code_that_set_it_up_is_used_up(world: World, cast: Cast) -> None:
    made = with_phone(world, enter(world, cast.leader, confirmed=True).signed_in)
    assert refused(world, made.shows())


def test_an_older_code_is_dead_once_a_newer_one_was_used(world: World, phone: Phone, clock: FixedClock) -> None:
    clock.advance(HALF_A_MINUTE)
    sign_in(world, phone.shows())
    assert refused(world, phone.shows(steps_on=-1))
    assert sign_in(world, phone.shows(steps_on=1)), "a phone that is half a minute fast"


def test_a_colleagues_code_is_not_mine(world: World, cast: Cast, phone: Phone, clock: FixedClock) -> None:
    theirs = with_phone(world, enter(world, cast.liaison, confirmed=True).signed_in)
    clock.advance(HALF_A_MINUTE)
    assert refused(world, theirs.shows())
    assert sign_in(world, theirs.shows(), login="liaison4")
    assert sign_in(world, phone.shows())


def test_whoever_has_none_signs_in_with_whatever_the_browser_put_there(world: World, cast: Cast) -> None:
    assert sign_in(world, "", login="liaison4")
    assert sign_in(world, "123456", login="liaison4")


def test_two_sign_ins_at_once_with_one_code_give_one_session(
    world: World, cast: Cast, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have found the code right and unused before either writes."""
    both, code = threading.Barrier(2), phone.shows()
    check = codes.proof_of

    def together(*args: Any) -> codes.Proof | None:
        proof = check(*args)
        both.wait(timeout=30)
        return proof

    monkeypatch.setattr("intake.people.services.signin.proof_of", together)
    outcomes: list[str] = []

    def attempt() -> None:
        try:
            outcomes.append("in" if sign_in(world, code) else "")
        except Invalid:
            outcomes.append("refused")

    threads = [threading.Thread(target=attempt) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(outcomes) == ["in", "refused"]
    with world.db.read() as session:
        mine = select(StaffSession).where(StaffSession.person_id == cast.leader.person_id)
        # One from this race, one that the set-up began.
        assert len(session.scalars(mine).all()) == 2


def work_of(world: World, monkeypatch: pytest.MonkeyPatch, attempt: Callable[[], object]) -> list[str]:
    """What one attempt does that costs time: derivations, decryptions and their length, statements."""
    done: list[str] = []
    with monkeypatch.context() as patched:
        for name in ("password_key", "decrypt", "derive", "mac"):
            patched.setattr(vault, name, _counted(getattr(vault, name), name, done))
        patched.setattr(totp, "code_of", _counted(totp.code_of, "code_of", done))
        with world.db.read() as session:
            engine: Any = session.get_bind()

        def statement(*args: Any) -> None:
            done.append(str(args[2]).split(" FROM ")[0])

        event.listen(engine, "before_cursor_execute", statement)
        try:
            with pytest.raises(Invalid):
                attempt()
        finally:
            event.remove(engine, "before_cursor_execute", statement)
    return done


def _counted(function: Callable[..., Any], name: str, done: list[str]) -> Callable[..., Any]:
    def counted(*args: Any, **named: Any) -> Any:
        sealed = len(args[1]) if name == "decrypt" else ""
        done.append(f"{name} {sealed}")
        return function(*args, **named)

    return counted


def test_wrong_password_wrong_code_and_nobody_cost_the_same_work(
    world: World, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(world, "", login="nobody")  # whatever is made once a process is made

    def work(login: str, password: str, code: str) -> list[str]:
        return work_of(world, monkeypatch, lambda: sign_in(world, code, login=login, password=password))

    wrong_code = work("leader4", PASSWORD, phone.wrong())
    assert sum(step.startswith("password_key") for step in wrong_code) == 1
    assert work("leader4", "不是这一句不是这一句", phone.wrong()) == wrong_code
    assert work("leader4", "不是这一句不是这一句", phone.shows()) == wrong_code
    assert work("liaison3", "不是这一句不是这一句", "") == wrong_code, "who has none"
    assert work("nobody", PASSWORD, phone.shows()) == wrong_code
    assert work("leader4", PASSWORD, "0" * codes.SPARE_DIGITS) == wrong_code


# ---------------------------------------------------------------- spare codes


def test_a_spare_code_works_once_and_the_others_stay(world: World, cast: Cast, phone: Phone) -> None:
    assert len(set(phone.spare_codes)) == codes.SPARE_CODES == left(world, cast.leader)
    first, second = phone.spare_codes[:2]
    assert sign_in(world, first)
    assert refused(world, first)
    assert sign_in(world, f"{second[:4]} {second[4:8]} {second[8:]}"), "as it is written on paper"
    assert left(world, cast.leader) == codes.SPARE_CODES - 2
    assert [data for kind, data in journal(world, cast.leader) if kind == "signed_in"] == [{"spare_code": True}] * 2


def test_a_spare_code_alone_is_worth_nothing(world: World, cast: Cast, phone: Phone) -> None:
    assert refused(world, phone.spare_codes[0], password="不是这一句不是这一句")
    assert refused(world, phone.spare_codes[0], login="nobody")
    assert left(world, cast.leader) == codes.SPARE_CODES


def test_a_spare_code_used_by_two_at_once_gives_one_session(
    world: World, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, check = phone.spare_codes[0], codes.proof_of
    raced: list[str] = []

    def overtaken(*args: Any) -> codes.Proof | None:
        proof = check(*args)
        if not raced:
            raced.append("once")
            sign_in(world, code)
        return proof

    monkeypatch.setattr("intake.people.services.signin.proof_of", overtaken)
    assert refused(world, code)
    assert raced == ["once"]


# ---------------------------------------------------------------- setting up


def test_it_counts_only_after_one_right_code(world: World, cast: Cast) -> None:
    who = enter(world, cast.leader, confirmed=True).signed_in
    offer = services.new_offer(who)
    phone = Phone(world, offer.secret)
    for wrong in ("", phone.wrong(), phone.shows(steps_on=5)):
        with pytest.raises(Invalid) as found:
            services.set_up(world, who, offer=offer, code=wrong)
        assert set(found.value.fields) == {"code"}
    assert key_row(world, cast.leader).sealed_totp is None
    assert sign_in(world, ""), "until then the password is enough"


def test_setting_up_ends_every_session_that_knew_only_the_password(world: World, cast: Cast) -> None:
    here, elsewhere = enter(world, cast.leader, confirmed=True), enter(world, cast.leader)
    stranger = enter(world, cast.liaison)
    offer = services.new_offer(here.signed_in)
    done = services.set_up(world, here.signed_in, offer=offer, code=Phone(world, offer.secret).shows())
    assert [services.load_session(world, one.token) for one in (here, elsewhere)] == [None, None]
    assert services.load_session(world, done.token) is not None
    assert services.load_session(world, stranger.token) is not None
    assert journal(world, cast.leader)[-1] == ("second_factor_set", {})


def test_an_offer_is_for_its_own_session(world: World, cast: Cast) -> None:
    mine, again = enter(world, cast.leader).signed_in, enter(world, cast.leader).signed_in
    theirs = enter(world, cast.liaison).signed_in
    offer = services.new_offer(mine)
    assert services.reopen_offer(mine, offer.sealed) == offer
    assert services.reopen_offer(again, offer.sealed) is None
    assert services.reopen_offer(theirs, offer.sealed) is None
    for broken in ("", "AAAA", "\udcff", offer.sealed[:-4], "B" + offer.sealed[1:]):
        assert services.reopen_offer(mine, broken) is None


def test_without_a_repeated_password_nobody_sets_one_up_at_an_open_desk(world: World, cast: Cast) -> None:
    who = enter(world, cast.leader).signed_in
    offer = services.new_offer(who)
    with pytest.raises(Forbidden):
        services.set_up(world, who, offer=offer, code=Phone(world, offer.secret).shows())
    assert key_row(world, cast.leader).sealed_totp is None


def test_another_phone_needs_a_code_of_the_present_one(
    world: World, cast: Cast, phone: Phone, clock: FixedClock
) -> None:
    who = enter(world, cast.leader, confirmed=True).signed_in
    offer = services.new_offer(who)
    new = Phone(world, offer.secret)
    for current in ("", phone.wrong(), new.shows()):
        with pytest.raises(services.WrongCode) as found:
            services.set_up(world, who, offer=offer, code=new.shows(), current=current)
        assert set(found.value.fields) == {"current"}
    done = services.set_up(world, who, offer=offer, code=new.shows(), current=phone.shows())
    clock.advance(HALF_A_MINUTE)
    assert refused(world, phone.shows()), "the old phone"
    assert refused(world, phone.spare_codes[0]), "the old paper"
    assert sign_in(world, new.shows())
    assert sign_in(world, done.spare_codes[0])
    assert ("second_factor_replaced", {}) in journal(world, cast.leader)


def test_a_lost_phone_is_replaced_with_spare_codes(world: World, cast: Cast, phone: Phone, clock: FixedClock) -> None:
    who = services.load_session(world, sign_in(world, phone.spare_codes[0]))
    assert who is not None
    services.confirm_password(world, who, password=PASSWORD)
    new = with_phone(world, replace(who, confirmed_until=clock.now() + HALF_A_MINUTE), current=phone.spare_codes[1])
    clock.advance(HALF_A_MINUTE)
    assert sign_in(world, new.shows())
    assert left(world, cast.leader) == codes.SPARE_CODES


def test_of_two_pages_that_set_one_up_the_first_counts(
    world: World, cast: Cast, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = enter(world, cast.leader, confirmed=True).signed_in
    second = services.new_offer(who)
    made: list[Phone] = []
    begun: list[str] = []
    draw = codes.new_spare_codes

    def first_meanwhile() -> tuple[str, ...]:
        if not begun:
            begun.append("once")
            made.append(with_phone(world, who))
        return draw()

    monkeypatch.setattr("intake.people.services.second_factor.new_spare_codes", first_meanwhile)
    with pytest.raises((Stale, Invalid)):
        services.set_up(world, who, offer=second, code=Phone(world, second.secret).shows())
    clock.advance(HALF_A_MINUTE)
    assert sign_in(world, made[0].shows())


# ---------------------------------------------------------------- required by role


@pytest.fixture
def strict(world: World) -> World:
    """The same installation under the default setting."""
    roles = ("team_liaison", "team_leader", "office", "superior", "sysadmin")
    return replace(world, settings=replace(world.settings, second_factor_roles=roles))


def test_a_required_one_that_is_missing_confines_the_session(strict: World, cast: Cast) -> None:
    found = services.load_session(strict, sign_in(strict, ""))
    assert found is not None
    assert found.needs_second_factor
    assert not found.actor.trusted, "no row of a report, whatever page forgets to ask"


def test_setting_it_up_frees_the_session_without_asking_the_password_again(strict: World, cast: Cast) -> None:
    who = services.load_session(strict, sign_in(strict, ""))
    assert who is not None
    offer = services.new_offer(who)
    done = services.set_up(strict, who, offer=offer, code=Phone(strict, offer.secret).shows())
    freed = services.load_session(strict, done.token)
    assert freed is not None
    assert (freed.needs_second_factor, freed.actor.trusted) == (False, True)


def test_roles_that_are_not_named_go_without(strict: World, cast: Cast) -> None:
    found = services.load_session(strict, sign_in(strict, "", login="auditor1"))
    assert found is not None
    assert not found.needs_second_factor


def test_sessions_from_before_it_was_required_are_confined_too(world: World, strict: World, cast: Cast) -> None:
    token = sign_in(world, "")
    found = services.load_session(strict, token)
    assert found is not None
    assert found.needs_second_factor


# ---------------------------------------------------------------- what ends it, and who cannot


def test_a_changed_password_keeps_phone_and_paper(world: World, cast: Cast, phone: Phone, clock: FixedClock) -> None:
    entered = enter(world, cast.leader)
    services.change_password(world, entered.signed_in, old=PASSWORD, new=NEW_PASSWORD)
    assert refused(world, phone.shows())
    assert refused(world, "", password=NEW_PASSWORD)
    assert sign_in(world, phone.shows(), password=NEW_PASSWORD)
    assert sign_in(world, phone.spare_codes[0], password=NEW_PASSWORD)
    assert left(world, cast.leader) == codes.SPARE_CODES - 1


def test_a_new_link_takes_the_second_factor_away_with_the_key(world: World, cast: Cast, phone: Phone) -> None:
    link = services.new_activation_link(world, cast.administrator.actor, person_id=cast.leader.person_id)
    services.activate(world, token=link, password=NEW_PASSWORD)
    assert left(world, cast.leader) == 0
    assert key_row(world, cast.leader).sealed_totp is None
    assert sign_in(world, "", password=NEW_PASSWORD), "a new key, and a phone to be set up anew"


def test_leaving_wipes_it(world: World, cast: Cast, phone: Phone) -> None:
    services.leave(world, cast.administrator.actor, person_id=cast.leader.person_id)
    assert (key_row(world, cast.leader).sealed_totp, left(world, cast.leader)) == (None, 0)


def test_the_database_alone_shows_neither_secret_nor_spare_code(world: World, cast: Cast, phone: Phone) -> None:
    row = key_row(world, cast.leader)
    with world.db.read() as session:
        tags = " ".join(session.scalars(select(SpareCode.tag)))
    stored = b"".join(bytes(v) for v in vars(row).values() if isinstance(v, bytes))
    assert phone.secret not in stored
    assert totp.base32(phone.secret).encode() not in stored
    assert not any(code in tags for code in phone.spare_codes)
    assert row.sealed_totp is not None
    for member in (cast.liaison, cast.office, cast.administrator):
        with pytest.raises(vault.VaultError):
            vault.decrypt(
                vault.derive(member.keys.pack(), "msx/second-factor/secret"),
                row.sealed_totp,
                ("person_key", row.id, "sealed_totp"),
            )


def test_a_secret_moved_to_another_row_opens_nobody(world: World, cast: Cast, phone: Phone) -> None:
    """Whoever can write rows gives a colleague their own second factor: the colleague's password opens nothing."""
    theirs = with_phone(world, enter(world, cast.liaison, confirmed=True).signed_in)

    forged = SpareCode(key_id=cast.leader.key_id, tag=codes.spare_tag(cast.liaison.keys, "1" * 12))

    def swap(session: Session) -> None:
        mine = session.get_one(PersonKey, cast.liaison.key_id).sealed_totp
        session.execute(update(PersonKey).where(PersonKey.id == cast.leader.key_id).values(sealed_totp=mine))
        session.add(forged)

    world.db.write(swap)
    assert refused(world, theirs.shows(steps_on=1))
    assert refused(world, phone.shows())
    assert refused(world, "1" * 12), "a spare code is added under the person's own key or not at all"


def test_an_administrator_has_no_way_to_take_it_off(world: World, cast: Cast, phone: Phone) -> None:
    who = enter(world, cast.administrator, confirmed=True).signed_in
    offer = services.new_offer(who)
    services.set_up(world, who, offer=offer, code=Phone(world, offer.secret).shows())
    assert refused(world, Phone(world, offer.secret).shows(steps_on=1))
    assert sign_in(world, phone.shows())


def test_a_newcomers_first_session_is_where_it_begins(strict: World, cast: Cast) -> None:
    newcomer = add_member(strict, "liaison9", "示例天", Role.team_liaison, "team4", signer=cast.leader, signed_in=False)
    found = services.load_session(strict, sign_in(strict, "", login=newcomer.login))
    assert found is not None
    assert found.needs_second_factor
