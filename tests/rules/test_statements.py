"""The chain of trust: signatures decide who may read, the database does not."""

import dataclasses
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from intake.core import vault
from intake.core.access import ROLE_PERMISSIONS, Permission, Role
from intake.core.vault import OpenedKeys
from intake.people import statements
from intake.people.statements import Confirmation, Roots, Statement, may_sign, trusted

DAY = date(2026, 11, 22)


def keys(name: str) -> OpenedKeys:
    """The same keys for the same name, so that signatures are checked once for the whole file."""
    return vault.keys_from_seed(vault.mac(b"tests", name))


COUNTY, SUPERIOR = keys("county recovery"), keys("superior recovery")
ROOTS = Roots(county=COUNTY.signing.public, superior=SUPERIOR.signing.public)


def confirm(signer: str, opened: OpenedKeys, what: Statement) -> Confirmation:
    """What a signer's session records: who says so, and the signature."""
    return Confirmation(what, signer, vault.sign(opened.signing, what.message()))


def statement(name: str, role: str, team: str | None) -> Statement:
    opened = keys(name)
    return Statement(name, name, team, role, opened.reading.public, opened.signing.public, DAY)


CAST: dict[str, Statement] = {
    "clerk": statement("clerk", Role.office, "office"),
    "second clerk": statement("second clerk", Role.office, "office"),
    "leader": statement("leader", Role.team_leader, "team1"),
    "liaison": statement("liaison", Role.team_liaison, "team1"),
    "stranger": statement("stranger", Role.team_liaison, "team3"),
    "chief": statement("chief", Role.superior, "superior"),
    "second chief": statement("second chief", Role.superior, "superior"),
    "administrator": statement("administrator", Role.sysadmin, None),
    "auditor": statement("auditor", Role.auditor, None),
}


def signed(*pairs: tuple[str, str]) -> dict[str, Confirmation]:
    """Confirmations as (whose key, by whom); the key id is the person's name here."""
    roots = {"county": COUNTY, "superior": SUPERIOR}
    return {who: confirm(by, roots[by] if by in roots else keys(by), CAST[who]) for who, by in pairs}


GOOD = signed(
    ("clerk", "county"),
    ("second clerk", "clerk"),
    ("leader", "clerk"),
    ("liaison", "leader"),
    ("chief", "superior"),
    ("second chief", "chief"),
    ("administrator", "clerk"),
)


class TestStatement:
    @given(
        st.builds(
            Statement,
            st.text(max_size=5),
            st.text(max_size=5),
            st.none() | st.text(max_size=5),
            st.text(max_size=5),
            st.binary(max_size=5),
            st.binary(max_size=5),
            st.dates(),
        ),
        st.builds(
            Statement,
            st.text(max_size=5),
            st.text(max_size=5),
            st.none() | st.text(max_size=5),
            st.text(max_size=5),
            st.binary(max_size=5),
            st.binary(max_size=5),
            st.dates(),
        ),
    )
    def test_two_say_the_same_bytes_only_when_they_are_the_same(self, one: Statement, other: Statement) -> None:
        assert (one.message() == other.message()) == (one == other)

    def test_every_field_is_in_what_is_signed(self) -> None:
        original = CAST["liaison"]
        others: dict[str, Any] = {
            "person_id": "other",
            "login": "other",
            "team_id": "team3",
            "role": Role.team_leader,
            "reading_public": bytes(32),
            "signing_public": bytes(32),
            "day": date(2026, 11, 23),
        }
        assert others.keys() == {field.name for field in dataclasses.fields(Statement)}
        changed = [dataclasses.replace(original, **{name: value}) for name, value in others.items()]
        assert len({each.message() for each in [original, *changed]}) == len(others) + 1

    def test_no_team_is_not_a_team_without_a_name(self) -> None:
        none = dataclasses.replace(CAST["administrator"], team_id=None)
        empty = dataclasses.replace(none, team_id="")
        called = dataclasses.replace(none, team_id="no team")
        assert len({none.message(), empty.message(), called.message()}) == 3

    def test_is_pinned(self) -> None:
        """Signatures made today must hold for ever."""
        fixed = Statement("p1", "liaison1", "team1", "team_liaison", bytes(32), b"\x01" * 32, DAY)
        assert vault.mac(b"pin", fixed.message()).hex() == (
            "acd298790042e6376fe3ca12a52a5e50624bf1fcd87d25de029f13c0eaf7b01b"
        )


class TestTrust:
    @pytest.mark.parametrize("who", GOOD)
    def test_reaches_down_from_the_pinned_keys(self, who: str) -> None:
        assert trusted(who, GOOD, ROOTS)

    def test_is_not_for_a_key_that_nobody_signed(self) -> None:
        assert not trusted("stranger", GOOD, ROOTS)
        assert not trusted("county", GOOD, ROOTS)
        assert not trusted("liaison", {}, ROOTS)

    @pytest.mark.parametrize("who", GOOD)
    def test_falls_with_other_roots(self, who: str) -> None:
        other = Roots(county=keys("x").signing.public, superior=keys("y").signing.public)
        assert not trusted(who, GOOD, other)
        assert not trusted(who, GOOD, Roots(county=ROOTS.superior, superior=ROOTS.county))

    @given(st.sampled_from(sorted(GOOD)), st.integers(0, 511))
    def test_falls_with_one_turned_bit_anywhere_above(self, who: str, bit: int) -> None:
        broken = GOOD[who]
        signature = bytearray(broken.signature)
        signature[bit // 8] ^= 1 << bit % 8
        chain = {**GOOD, who: dataclasses.replace(broken, signature=bytes(signature))}
        below = {
            "clerk": {"clerk", "second clerk", "leader", "liaison", "administrator"},
            "leader": {"leader", "liaison"},
        }
        below["chief"] = {"chief", "second chief"}
        for each in GOOD:
            assert trusted(each, chain, ROOTS) == (each not in below.get(who, {who}))

    @pytest.mark.parametrize(
        "change",
        [
            {"reading_public": keys("stranger").reading.public},
            {"signing_public": keys("stranger").signing.public},
            {"role": Role.team_leader},
            {"role": Role.office},
            {"team_id": "team3"},
            {"team_id": None},
            {"login": "somebody"},
            {"person_id": "somebody"},
            {"day": date(2026, 11, 23)},
        ],
    )
    def test_falls_when_a_row_no_longer_says_what_was_signed(self, change: dict[str, Any]) -> None:
        """A public key swapped in the database, or a person moved there, is not what was signed."""
        row = GOOD["liaison"]
        swapped = dataclasses.replace(row, statement=dataclasses.replace(row.statement, **change))
        assert not trusted("liaison", {**GOOD, "liaison": swapped}, ROOTS)

    def test_is_not_lent_by_somebody_elses_signature(self) -> None:
        """A database writer's own key pair, with any row it likes, signs nothing that counts."""
        forged = confirm("leader", keys("stranger"), CAST["liaison"])
        assert not trusted("liaison", {**GOOD, "liaison": forged}, ROOTS)
        as_root = Confirmation(CAST["clerk"], "county", vault.sign(keys("stranger").signing, CAST["clerk"].message()))
        assert not trusted("clerk", {**GOOD, "clerk": as_root}, ROOTS)

    def test_is_not_carried_from_one_key_to_another(self) -> None:
        borrowed = dataclasses.replace(GOOD["liaison"], statement=CAST["stranger"])
        assert not trusted("stranger", {**GOOD, "stranger": borrowed}, ROOTS)

    def test_fails_in_a_circle(self) -> None:
        itself = {"leader": confirm("leader", keys("leader"), CAST["leader"])}
        assert not trusted("leader", itself, ROOTS)
        each_other = signed(("clerk", "second clerk"), ("second clerk", "clerk"), ("leader", "clerk"))
        assert not any(trusted(who, each_other, ROOTS) for who in each_other)

    def test_fails_where_a_link_is_missing(self) -> None:
        assert not trusted("liaison", {who: GOOD[who] for who in ("liaison", "leader")}, ROOTS)

    def test_walks_long_chains(self) -> None:
        names = [f"clerk {number}" for number in range(200)]
        chain: dict[str, Confirmation] = {}
        for before, name in zip(["county", *names], names, strict=False):
            signer = COUNTY if before == "county" else keys(before)
            chain[name] = confirm(before, signer, statement(name, Role.office, "office"))
        assert trusted(names[-1], chain, ROOTS)

    def test_checks_each_signature_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        statements._verified.cache_clear()
        seen: list[bytes] = []
        real = vault.verify

        def counted(public: bytes, message: bytes, signature: bytes) -> bool:
            seen.append(signature)
            return real(public, message, signature)

        monkeypatch.setattr(vault, "verify", counted)
        for _ in range(3):
            assert all(trusted(who, GOOD, ROOTS) for who in GOOD)
        assert len(seen) == len(GOOD)


def whole(mapping: Mapping[str, Confirmation], who: str, by: str) -> bool:
    """Whether `who` is trusted when signed by `by`, all else as in `GOOD`."""
    return trusted(who, {**mapping, **signed((who, by))}, ROOTS)


class TestWhoMaySign:
    @pytest.mark.parametrize("who", sorted(CAST))
    def test_the_county_key_signs_the_office_alone(self, who: str) -> None:
        assert whole(GOOD, who, "county") == (CAST[who].role == Role.office)

    @pytest.mark.parametrize("who", sorted(CAST))
    def test_the_superiors_key_signs_the_superior_alone(self, who: str) -> None:
        assert whole(GOOD, who, "superior") == (CAST[who].role == Role.superior)

    @pytest.mark.parametrize("who", sorted(set(CAST) - {"second clerk"}))
    def test_the_office_signs_all_but_the_superior(self, who: str) -> None:
        chain = {**GOOD, **signed(("second clerk", "county"))}
        assert whole(chain, who, "second clerk") == (CAST[who].role != Role.superior)

    @pytest.mark.parametrize("who", sorted(set(CAST) - {"second chief"}))
    def test_the_superior_signs_the_superior_alone(self, who: str) -> None:
        chain = {**GOOD, **signed(("second chief", "superior"))}
        assert whole(chain, who, "second chief") == (CAST[who].role == Role.superior)

    @pytest.mark.parametrize("who", sorted(set(CAST) - {"leader"}))
    def test_a_colleague_signs_for_the_same_team_alone(self, who: str) -> None:
        assert whole(GOOD, who, "leader") == (who == "liaison")

    @pytest.mark.parametrize("role", [Role.office, Role.superior])
    def test_a_colleague_opens_no_way_up_even_for_a_row_in_the_same_team(self, role: Role) -> None:
        climber = dataclasses.replace(CAST["liaison"], role=role)
        assert not trusted("liaison", {**GOOD, "liaison": confirm("leader", keys("leader"), climber)}, ROOTS)

    def test_without_a_team_nobody_is_a_colleague(self) -> None:
        one = dataclasses.replace(CAST["leader"], team_id=None)
        assert not may_sign(one, dataclasses.replace(CAST["liaison"], team_id=None))

    @pytest.mark.parametrize("role", [*Role, "made_up"])
    def test_a_role_that_confirms_no_keys_signs_for_nobody(self, role: str) -> None:
        signer = dataclasses.replace(CAST["leader"], role=role)
        same_team = CAST["liaison"]
        confirms = role in set(Role) and Permission.keys_confirm in ROLE_PERMISSIONS[Role(role)]
        # The superior's and the office's roles count in their own houses alone, and this is neither.
        assert may_sign(signer, same_team) == (confirms and role not in (Role.superior, Role.office))

    def test_nobody_signs_a_second_key_of_their_own(self) -> None:
        again = dataclasses.replace(CAST["clerk"], reading_public=keys("new").reading.public)
        assert not may_sign(CAST["clerk"], again)

    @given(st.sampled_from(sorted(CAST)), st.sampled_from(sorted(CAST)))
    def test_into_the_superiors_house_or_out_of_it_nobody_signs(self, signer: str, newcomer: str) -> None:
        assume(Role.superior in (CAST[signer].role, CAST[newcomer].role))
        allowed = may_sign(CAST[signer], CAST[newcomer])
        assert allowed == (CAST[signer].role == CAST[newcomer].role and signer != newcomer)


class TestTheTwoHouses:
    """The office and the superior stand apart: no key of one opens a way into the other, or out of its own."""

    @pytest.mark.parametrize("team_id", ["superior", "office"])
    @pytest.mark.parametrize("role", [Role.team_liaison, Role.team_leader, Role.discipline_case])
    def test_nobody_puts_an_ordinary_role_into_either(self, role: Role, team_id: str) -> None:
        office = dataclasses.replace(CAST["leader"], person_id="o", role=Role.office, team_id="office")
        newcomer = dataclasses.replace(CAST["liaison"], role=role, team_id=team_id)
        assert not may_sign(office, newcomer)
        inside = dataclasses.replace(CAST["leader"], person_id="x", team_id=team_id)
        assert not may_sign(inside, newcomer)

    def test_the_superiors_role_counts_in_no_other_team(self) -> None:
        superior = dataclasses.replace(CAST["leader"], person_id="s", role=Role.superior, team_id="superior")
        for team_id in ("office", "team4", None):
            assert not may_sign(superior, dataclasses.replace(CAST["liaison"], role=Role.superior, team_id=team_id))
        assert may_sign(superior, dataclasses.replace(CAST["liaison"], role=Role.superior, team_id="superior"))
