"""Whose key counts: a colleague vouches for it, and no edited row ever does (T8)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from intake.core import vault
from intake.core.access import Role
from intake.core.clock import FixedClock
from intake.core.errors import Forbidden, Invalid, NotFound, Stale
from intake.core.secretfile import RecoveryKeys, printed
from intake.core.world import World
from intake.people import queries, services
from intake.people.models import PeopleEvent, Person, PersonKey, Team
from intake.people.queries import statement_of
from tests.cast import Cast, Member, Root, add_member, add_teams, build_cast, enter


@pytest.fixture
def cast(world: World, recovery: RecoveryKeys) -> Cast:
    return build_cast(world, recovery)


def trusted(world: World, team_id: str) -> set[str]:
    """Logins of the team's trusted members."""
    with world.db.read() as session:
        readers = queries.trusted_members(session, world.secrets, team_id)
        return {session.get_one(Person, reader.holder).login for reader in readers}


def epoch_of(world: World) -> int:
    with world.db.read() as session:
        return queries.readers_epoch(session)


def newcomer(world: World, login: str, role: Role, team_id: str | None) -> Member:
    """Activated and signed in, waiting for somebody to vouch."""
    return add_member(world, login, "示例新", role, team_id)


def vouch(world: World, signer: Member, person: Member, **given: str) -> None:
    entered = enter(world, signer, confirmed=True)
    services.confirm_key(world, entered.signed_in, person_id=person.person_id, **given)


# ---------------------------------------------------------------- a colleague vouches


def test_the_cast_is_trusted_in_its_own_teams(world: World, cast: Cast) -> None:
    assert trusted(world, "team4") == {"leader4", "liaison4", "member4"}
    assert trusted(world, "team3") == {"liaison3"}
    assert trusted(world, "office") == {"office1"}
    assert trusted(world, "superior") == {"superior1"}
    assert trusted(world, "team1") == set()
    assert trusted(world, "nowhere") == set()


def test_a_reader_carries_what_sealing_needs(world: World, cast: Cast) -> None:
    with world.db.read() as session:
        readers = queries.trusted_members(session, world.secrets, "team4")
    hers = next(reader for reader in readers if reader.holder == cast.liaison.person_id)
    assert hers == queries.Reader(
        cast.liaison.person_id,
        cast.liaison.key_id,
        cast.liaison.keys.reading.public,
        Role.team_liaison,
        "team4",
    )


def test_a_colleague_of_the_team_vouches_and_the_newcomer_reads(world: World, cast: Cast) -> None:
    new = newcomer(world, "liaison8", Role.team_liaison, "team4")
    assert "liaison8" not in trusted(world, "team4")
    epoch = epoch_of(world)

    vouch(world, cast.liaison, new)

    assert "liaison8" in trusted(world, "team4")
    assert epoch_of(world) == epoch + 1
    with world.db.read() as session:
        key = session.get_one(PersonKey, new.key_id)
        noted = session.scalars(select(PeopleEvent).where(PeopleEvent.kind == "key_confirmed")).one()
    assert (key.confirmed_by, key.confirmed_on) == (cast.liaison.key_id, world.today())
    assert (noted.actor, noted.person_id) == ("liaison4", new.person_id)
    assert noted.data == {"key_id": new.key_id, "signer": cast.liaison.key_id}


def test_the_office_vouches_for_a_teams_first_and_not_for_its_second(world: World, cast: Cast) -> None:
    first = newcomer(world, "leader1", Role.team_leader, "team1")
    second = newcomer(world, "liaison1", Role.team_liaison, "team1")

    vouch(world, cast.office, first)
    with pytest.raises(Forbidden):
        vouch(world, cast.office, second)
    vouch(world, first, second)

    assert trusted(world, "team1") == {"leader1", "liaison1"}


def test_a_team_whose_last_key_was_lost_begins_with_the_office_again(world: World, cast: Cast) -> None:
    services.leave(world, cast.administrator.actor, person_id=cast.stranger.person_id)
    new = newcomer(world, "leader3", Role.team_leader, "team3")
    vouch(world, cast.office, new)
    assert trusted(world, "team3") == {"leader3"}


@pytest.mark.parametrize(
    ("signer", "login", "role", "team_id", "answer"),
    [
        ("stranger", "x-team4", Role.team_liaison, "team4", NotFound),
        ("stranger", "x-team1", Role.team_liaison, "team1", NotFound),
        ("liaison", "x-office", Role.office, "office", NotFound),
        ("liaison", "x-superior", Role.superior, "superior", NotFound),
        ("office", "x-superior", Role.superior, "superior", NotFound),
        ("superior", "x-office", Role.office, "office", NotFound),
        ("superior", "x-team4", Role.team_liaison, "team4", NotFound),
        ("office", "x-team4", Role.team_liaison, "team4", Forbidden),
        ("administrator", "x-team4", Role.team_liaison, "team4", NotFound),
        ("auditor", "x-team4", Role.team_liaison, "team4", NotFound),
        ("leader", "x-auditor", Role.auditor, None, NotFound),
        ("office", "x-sysadmin", Role.sysadmin, None, NotFound),
        ("administrator", "x-sysadmin", Role.sysadmin, None, NotFound),
        # Rows that no service makes: a wrong role in the right team gains nothing.
        ("liaison", "x-mixed", Role.office, "team4", Forbidden),
        ("leader", "x-mixed", Role.superior, "team4", Forbidden),
    ],
)
def test_nobody_else_vouches(
    world: World,
    cast: Cast,
    signer: str,
    login: str,
    role: Role,
    team_id: str | None,
    answer: type[Exception],
) -> None:
    new = newcomer(world, login, role, team_id)
    with pytest.raises(answer):
        vouch(world, getattr(cast, signer), new)
    with world.db.read() as session:
        assert session.get_one(PersonKey, new.key_id).signature is None


def test_the_superiors_people_vouch_for_each_other(world: World, cast: Cast) -> None:
    new = newcomer(world, "superior2", Role.superior, "superior")
    vouch(world, cast.superior, new)
    assert trusted(world, "superior") == {"superior1", "superior2"}


def test_the_office_vouches_for_its_own(world: World, cast: Cast) -> None:
    new = newcomer(world, "office2", Role.office, "office")
    vouch(world, cast.office, new)
    assert trusted(world, "office") == {"office1", "office2"}


def test_who_waits_vouches_for_nobody_themselves_included(world: World, cast: Cast) -> None:
    one = newcomer(world, "liaison8", Role.team_liaison, "team4")
    two = newcomer(world, "liaison9", Role.team_liaison, "team4")
    for subject in (one, two):
        with pytest.raises(Forbidden):
            vouch(world, one, subject)
    assert trusted(world, "team4") == {"leader4", "liaison4", "member4"}


def test_a_password_not_lately_repeated_vouches_for_nobody(world: World, cast: Cast, clock: FixedClock) -> None:
    new = newcomer(world, "liaison8", Role.team_liaison, "team4")
    never = enter(world, cast.leader).signed_in
    stale = enter(world, cast.leader, confirmed=True).signed_in
    clock.advance(timedelta(minutes=world.settings.confirm_minutes))
    for signed_in in (never, stale):
        with pytest.raises(Forbidden):
            services.confirm_key(world, signed_in, person_id=new.person_id)
    assert "liaison8" not in trusted(world, "team4")


@pytest.mark.parametrize("person_id", ["", "nobody", "x\x00y", "\udcff", "../../etc/passwd"])
def test_nobody_is_not_there(world: World, cast: Cast, person_id: str) -> None:
    entered = enter(world, cast.leader, confirmed=True)
    with pytest.raises(NotFound):
        services.confirm_key(world, entered.signed_in, person_id=person_id)


def test_one_who_has_left_or_never_activated_is_not_there(world: World, cast: Cast) -> None:
    left = newcomer(world, "liaison8", Role.team_liaison, "team4")
    services.leave(world, cast.administrator.actor, person_id=left.person_id)
    with pytest.raises(NotFound):
        vouch(world, cast.leader, left)
    added = services.add_person(
        world,
        cast.administrator.actor,
        login="liaison9",
        name="示例新",
        role=Role.team_liaison,
        team_id="team4",
    )
    entered = enter(world, cast.leader, confirmed=True)
    with pytest.raises(NotFound):
        services.confirm_key(world, entered.signed_in, person_id=added.id)


def test_a_key_that_counts_is_not_signed_again(world: World, cast: Cast) -> None:
    with pytest.raises(Stale):
        vouch(world, cast.leader, cast.recused)
    with world.db.read() as session:
        assert session.scalars(select(PeopleEvent).where(PeopleEvent.kind == "key_confirmed")).all() == []


def test_the_digits_compared_are_those_of_the_key_that_is_signed(world: World, cast: Cast) -> None:
    new = newcomer(world, "liaison8", Role.team_liaison, "team4")
    shown = queries.digits_of(new.keys.public)
    other = queries.digits_of(vault.new_keys().public)
    for wrong in (other, "", shown[:-1], shown + "0"):
        with pytest.raises(Stale):
            vouch(world, cast.leader, new, fingerprint=wrong)
    assert "liaison8" not in trusted(world, "team4")
    vouch(world, cast.leader, new, fingerprint=shown.replace(" ", ""))
    assert "liaison8" in trusted(world, "team4")


def test_the_digits_depend_on_both_keys(world: World) -> None:
    one, two = vault.new_keys().public, vault.new_keys().public
    pairs = {
        queries.digits_of(vault.PublicPair(reading, signing))
        for reading in (one.reading, two.reading)
        for signing in (one.signing, two.signing)
    }
    assert len(pairs) == 4


@pytest.mark.parametrize("column", ["reading_public", "signing_public", "login", "role", "team_id", "made_on"])
def test_a_key_edited_while_it_was_signed_is_not_confirmed(
    world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    """Between looking and writing somebody edits the row: no signature is put on what was not looked at."""
    new = newcomer(world, "liaison8", Role.team_liaison, "team4")
    theirs = vault.new_keys().public
    values = {
        "reading_public": theirs.reading,
        "signing_public": theirs.signing,
        "login": "liaison88",
        "role": "team_leader",
        "team_id": "team3",
        "made_on": world.today() - timedelta(days=1),
    }
    sign, signed = vault.sign, 0

    def signing_meanwhile(pair: vault.KeyPair, message: bytes) -> bytes:
        nonlocal signed
        signed += 1
        if signed == 1:
            edit_key(world, new, **{column: values[column]})
        return sign(pair, message)

    monkeypatch.setattr(vault, "sign", signing_meanwhile)
    entered = enter(world, cast.leader, confirmed=True)
    shown = queries.digits_of(new.keys.public)
    if column == "made_on":  # the day alone is read again and signed as it now stands
        services.confirm_key(world, entered.signed_in, person_id=new.person_id, fingerprint=shown)
        assert signed == 2
        assert "liaison8" in trusted(world, "team4")
        return
    with pytest.raises(Stale):
        services.confirm_key(world, entered.signed_in, person_id=new.person_id, fingerprint=shown)
    assert "liaison8" not in trusted(world, "team4")
    with world.db.read() as session:
        assert session.get_one(PersonKey, new.key_id).signature is None


def test_who_leaves_while_signing_vouches_no_more(world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    new = newcomer(world, "liaison8", Role.team_liaison, "team4")
    entered = enter(world, cast.liaison, confirmed=True)
    sign = vault.sign

    def leaving_meanwhile(pair: vault.KeyPair, message: bytes) -> bytes:
        services.leave(world, cast.administrator.actor, person_id=cast.liaison.person_id)
        return sign(pair, message)

    monkeypatch.setattr(vault, "sign", leaving_meanwhile)
    with pytest.raises(Forbidden):
        services.confirm_key(world, entered.signed_in, person_id=new.person_id)
    assert trusted(world, "team4") == {"leader4", "member4"}


def test_two_colleagues_who_vouch_at_once_do_not_wait_for_each_other_for_ever(world: World, cast: Cast) -> None:
    people = [newcomer(world, f"liaison9{n}", Role.team_liaison, "team4") for n in range(4)]
    sessions = [enter(world, cast.leader, confirmed=True).signed_in for _ in people]
    together = Barrier(len(people))

    def one(n: int) -> None:
        together.wait()
        services.confirm_key(world, sessions[n], person_id=people[n].person_id)

    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(one, range(len(people))))
    assert {person.login for person in people} <= trusted(world, "team4")


# ---------------------------------------------------------------- T8: edited rows


def edit_key(world: World, member: Member, **columns: Any) -> None:
    world.db.write(
        lambda session: session.execute(update(PersonKey).where(PersonKey.id == member.key_id).values(**columns))
    )


def edit_person(world: World, member: Member, **columns: Any) -> None:
    world.db.write(
        lambda session: session.execute(update(Person).where(Person.id == member.person_id).values(**columns))
    )


def swap_reading(world: World, cast: Cast) -> None:
    edit_key(world, cast.liaison, reading_public=vault.new_keys().reading.public)


def swap_signing(world: World, cast: Cast) -> None:
    edit_key(world, cast.liaison, signing_public=vault.new_keys().signing.public)


def copy_a_colleagues_signature(world: World, cast: Cast) -> None:
    with world.db.read() as session:
        theirs = session.get_one(PersonKey, cast.recused.key_id).signature
    edit_key(world, cast.liaison, signature=theirs)


def sign_oneself(world: World, cast: Cast) -> None:
    with world.db.read() as session:
        message = statement_of(session.get_one(PersonKey, cast.liaison.key_id)).message()
    signature = vault.sign(cast.liaison.keys.signing, message)
    edit_key(world, cast.liaison, signature=signature, confirmed_by=cast.liaison.key_id)


def sign_with_a_root_of_ones_own(world: World, cast: Cast) -> None:
    with world.db.read() as session:
        message = statement_of(session.get_one(PersonKey, cast.liaison.key_id)).message()
    signature = vault.sign(vault.new_keys().signing, message)
    edit_key(world, cast.liaison, signature=signature, confirmed_by="county")


EDITS: dict[str, Callable[[World, Cast], object]] = {
    "reading key": swap_reading,
    "signing key": swap_signing,
    "a colleague's signature": copy_a_colleagues_signature,
    "signed by herself": sign_oneself,
    "a root of her own": sign_with_a_root_of_ones_own,
    "no signature": lambda w, c: edit_key(w, c.liaison, signature=None),
    "empty signature": lambda w, c: edit_key(w, c.liaison, signature=b""),
    "signer unknown": lambda w, c: edit_key(w, c.liaison, confirmed_by="nobody"),
    "signer stranger": lambda w, c: edit_key(w, c.liaison, confirmed_by=c.stranger.key_id),
    "signer county": lambda w, c: edit_key(w, c.liaison, confirmed_by="county"),
    "key's role": lambda w, c: edit_key(w, c.liaison, role="team_leader"),
    "key's team": lambda w, c: edit_key(w, c.liaison, team_id="team3"),
    "key's login": lambda w, c: edit_key(w, c.liaison, login="leader4"),
    "key's day": lambda w, c: edit_key(w, c.liaison, made_on=w.today() - timedelta(days=1)),
    "key's owner": lambda w, c: edit_key(w, c.liaison, person_id=c.auditor.person_id),
    "key retired": lambda w, c: edit_key(w, c.liaison, retired_on=w.today()),
    "person's role": lambda w, c: edit_person(w, c.liaison, role="team_leader"),
    "person's role is none": lambda w, c: edit_person(w, c.liaison, role="wizard"),
    "person's team": lambda w, c: edit_person(w, c.liaison, team_id="team3"),
    "person's login": lambda w, c: edit_person(w, c.liaison, login="liaison44"),
    "person left": lambda w, c: edit_person(w, c.liaison, left_on=w.today()),
    "never signed in": lambda w, c: edit_person(w, c.liaison, signed_in_on=None),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_row_is_no_reader_anywhere(world: World, cast: Cast, name: str) -> None:
    if name == "key's owner":  # one live key a person: make room on the row it is moved to
        edit_key(world, cast.auditor, retired_on=world.today())
    before = trusted(world, "team3"), trusted(world, "office")
    assert "liaison4" in trusted(world, "team4"), "judged and remembered once before the edit"

    EDITS[name](world, cast)

    assert trusted(world, "team4") == {"leader4", "member4"}
    assert (trusted(world, "team3"), trusted(world, "office")) == before


@pytest.mark.parametrize("both", ["role", "team_id", "login"])
def test_editing_the_key_and_the_person_alike_gains_nothing(world: World, cast: Cast, both: str) -> None:
    value = {"role": "team_leader", "team_id": "team3", "login": "liaison44"}[both]
    edit_key(world, cast.liaison, **{both: value})
    edit_person(world, cast.liaison, **{both: value})
    assert trusted(world, "team4") == {"leader4", "member4"}
    assert trusted(world, "team3") == {"liaison3"}


def test_an_administrator_who_makes_himself_a_reader_is_none(world: World, cast: Cast) -> None:
    """Signed as what he is not, he needs the very confirmation he cannot give."""
    for edit in (edit_key, edit_person):
        edit(world, cast.administrator, role="team_leader", team_id="team4")
    assert trusted(world, "team4") == {"leader4", "liaison4", "member4"}
    entered = enter(world, cast.administrator, confirmed=True)
    with pytest.raises(Forbidden):
        services.confirm_key(world, entered.signed_in, person_id=cast.administrator.person_id)


def test_a_row_signed_rightly_for_an_administrator_is_still_no_reader(world: World, cast: Cast) -> None:
    add_member(world, "sysadmin2", "示例", Role.sysadmin, "team4", signer=cast.office)
    assert trusted(world, "team4") == {"leader4", "liaison4", "member4"}


def test_a_signers_edited_row_silences_those_who_stand_on_it(world: World, cast: Cast) -> None:
    edit_key(world, cast.leader, signing_public=vault.new_keys().signing.public)
    assert trusted(world, "team4") == set()
    assert trusted(world, "team3") == {"liaison3"}


def test_a_circle_of_signatures_reaches_no_root(world: World, cast: Cast) -> None:
    one = newcomer(world, "liaison8", Role.team_liaison, "team4")
    two = newcomer(world, "liaison9", Role.team_liaison, "team4")
    for member, signer in ((one, two), (two, one)):
        with world.db.read() as session:
            message = statement_of(session.get_one(PersonKey, member.key_id)).message()
        signature = vault.sign(signer.keys.signing, message)
        edit_key(world, member, confirmed_by=signer.key_id, signature=signature, confirmed_on=world.today())
    assert trusted(world, "team4") == {"leader4", "liaison4", "member4"}


def test_those_whom_a_departed_colleague_vouched_for_stay(world: World, cast: Cast) -> None:
    services.leave(world, cast.administrator.actor, person_id=cast.leader.person_id)
    services.leave(world, cast.administrator.actor, person_id=cast.office.person_id)
    assert trusted(world, "team4") == {"liaison4", "member4"}
    assert trusted(world, "team3") == {"liaison3"}


def test_an_edited_row_is_shown_as_broken_and_can_be_vouched_for_anew(world: World, cast: Cast) -> None:
    edit_key(world, cast.liaison, signature=bytes(64))
    assert states(world, cast.leader)["liaison4"] == ("broken", True)
    vouch(world, cast.leader, cast.liaison)
    assert states(world, cast.leader)["liaison4"] == ("trusted", False)


@given(flipped=st.integers(0, 64 * 8 - 1))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_single_bit_of_a_signature_may_differ(world: World, recovery: RecoveryKeys, flipped: int) -> None:
    with world.db.read() as session:
        known = session.scalars(select(Team)).first()
    if known is None:
        build_cast(world, recovery)
    with world.db.read() as session:
        key = session.scalars(select(PersonKey).where(PersonKey.login == "liaison4")).one()
    right = key.signature or b""
    wrong = bytearray(right)
    wrong[flipped // 8] ^= 1 << flipped % 8

    def put(signature: bytes) -> None:
        world.db.write(
            lambda session: session.execute(update(PersonKey).where(PersonKey.id == key.id).values(signature=signature))
        )

    put(bytes(wrong))
    assert trusted(world, "team4") == {"leader4", "member4"}
    put(right)
    assert trusted(world, "team4") == {"leader4", "liaison4", "member4"}


def test_a_signature_that_was_checked_is_not_computed_again(
    world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every filing asks who may read: rows are compared each time, arithmetic already done is remembered."""
    for n in range(9):
        add_member(world, f"liaison9{n}", "示例", Role.team_liaison, "team4", signer=cast.leader)
    with world.db.read() as session:
        assert len(queries.trusted_members(session, world.secrets, "team4")) == 12
        computed: list[bytes] = []
        verify = vault.verify

        def counted(public: bytes, message: bytes, signature: bytes) -> bool:
            computed.append(message)
            return verify(public, message, signature)

        monkeypatch.setattr(vault, "verify", counted)
        assert len(queries.trusted_members(session, world.secrets, "team4")) == 12
    assert computed == []


# ---------------------------------------------------------------- recovery keys


def test_recovery_keys_confirm_the_first_of_the_office_and_of_the_superior(
    world: World, recovery: RecoveryKeys
) -> None:
    add_teams(world)
    newcomer(world, "office1", Role.office, "office")
    newcomer(world, "superior1", Role.superior, "superior")

    services.confirm_with_recovery(world, login="office1", recovery_text=recovery.county)
    services.confirm_with_recovery(world, login="SUPERIOR1", recovery_text=recovery.superior.lower())

    assert (trusted(world, "office"), trusted(world, "superior")) == ({"office1"}, {"superior1"})
    with world.db.read() as session:
        actors = set(session.scalars(select(PeopleEvent.actor).where(PeopleEvent.kind == "key_confirmed")))
    assert actors == {"recovery:county", "recovery:superior"}


@pytest.mark.parametrize(
    ("login", "kind", "field"),
    [
        ("superior9", "county", "login"),
        ("leader9", "county", "login"),
        ("office9", "superior", "login"),
        ("auditor1", "county", "login"),
        ("nobody", "county", "login"),
        ("", "county", "login"),
        ("office9", "backup", "recovery_text"),
    ],
)
def test_a_recovery_key_confirms_its_own_house_alone(
    world: World, cast: Cast, recovery: RecoveryKeys, login: str, kind: str, field: str
) -> None:
    newcomer(world, "superior9", Role.superior, "superior")
    newcomer(world, "leader9", Role.team_leader, "team1")
    newcomer(world, "office9", Role.office, "office")
    with pytest.raises(Invalid) as found:
        services.confirm_with_recovery(world, login=login, recovery_text=getattr(recovery, kind))
    assert set(found.value.fields) == {field}
    assert trusted(world, "office") | trusted(world, "superior") == {"office1", "superior1"}


@pytest.mark.parametrize("text", ["", "MSX-COUNTY-", "x" * 10_000, "\udcff\x00"])
def test_what_is_no_recovery_key_is_refused_in_words(world: World, cast: Cast, text: str) -> None:
    with pytest.raises(Invalid) as found:
        services.confirm_with_recovery(world, login="office1", recovery_text=text)
    assert set(found.value.fields) == {"recovery_text"}


def test_another_installations_recovery_key_is_refused(world: World, cast: Cast) -> None:
    newcomer(world, "office9", Role.office, "office")
    foreign = printed("county", bytes(range(32)))
    with pytest.raises(Invalid) as found:
        services.confirm_with_recovery(world, login="office9", recovery_text=foreign)
    assert set(found.value.fields) == {"recovery_text"}
    assert trusted(world, "office") == {"office1"}


def test_a_recovery_key_signs_no_key_that_counts_already(world: World, cast: Cast, recovery: RecoveryKeys) -> None:
    with pytest.raises(Stale):
        services.confirm_with_recovery(world, login="office1", recovery_text=recovery.county)


def test_a_root_signing_outside_its_house_by_hand_counts_for_nothing(world: World, cast: Cast) -> None:
    roots: list[tuple[Root, Role, str]] = [
        (cast.county, Role.superior, "superior"),
        (cast.county, Role.team_leader, "team1"),
        (cast.superior_root, Role.office, "office"),
        (cast.superior_root, Role.team_leader, "team1"),
    ]
    for n, (root, role, team_id) in enumerate(roots):
        add_member(world, f"forged{n}", "示例", role, team_id, signer=root)
    for team_id in ("superior", "team1", "office"):
        assert not any(login.startswith("forged") for login in trusted(world, team_id))


# ---------------------------------------------------------------- the colleague's page


def states(world: World, member: Member) -> dict[str, tuple[str, bool]]:
    with world.db.read() as session:
        lines = queries.colleagues(session, world.secrets, member.actor)
    return {line.login: (line.state, line.confirmable) for line in lines}


def test_the_page_of_keys_shows_the_own_team_and_who_may_be_vouched_for(world: World, cast: Cast) -> None:
    newcomer(world, "liaison8", Role.team_liaison, "team4")
    services.add_person(
        world,
        cast.administrator.actor,
        login="liaison9",
        name="示例",
        role=Role.team_liaison,
        team_id="team4",
    )
    newcomer(world, "leader1", Role.team_leader, "team1")

    assert states(world, cast.liaison) == {
        "leader4": ("trusted", False),
        "liaison4": ("trusted", False),
        "liaison8": ("waiting", True),
        "liaison9": ("invited", False),
        "member4": ("trusted", False),
    }
    assert states(world, cast.office) == {"office1": ("trusted", False), "leader1": ("waiting", True)}
    assert states(world, cast.superior) == {"superior1": ("trusted", False)}
    assert states(world, cast.administrator) == {}


def test_a_line_of_the_page_says_who_vouched_and_when(world: World, cast: Cast) -> None:
    with world.db.read() as session:
        lines = {line.login: line for line in queries.colleagues(session, world.secrets, cast.liaison.actor)}
        office = queries.colleagues(session, world.secrets, cast.office.actor)
    mine = lines["liaison4"]
    assert (mine.you, mine.confirmed_by, mine.confirmed_on) == (True, "示例庚", world.today())
    assert mine.fingerprint == queries.digits_of(cast.liaison.keys.public)
    assert (lines["leader4"].you, lines["leader4"].confirmed_by) == (False, "示例辛")
    assert (mine.role_name, mine.team_name) == ("联络员", "岚溪县委第四巡察组")
    assert office[0].confirmed_by == "恢复密钥"
