"""Board codes: what is accepted, and every slip of the pen that must be caught."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qr import code
from qr.code import ALPHABET, LENGTH, BadCode, check, check_character, new_code, normalise, spaced

payloads = st.text(ALPHABET, min_size=LENGTH - 1, max_size=LENGTH - 1)
good_codes = payloads.map(lambda payload: payload + check_character(payload))
positions = st.integers(0, LENGTH - 1)
WRITTEN_LIKE = {"0": "0oOｏＯ０", "1": "1iIlLｉＬ１"}


def reason(text: str) -> str:
    with pytest.raises(BadCode) as refused:
        check(text)
    return refused.value.reason


def test_no_weight_is_zero_and_no_two_are_alike() -> None:
    assert 0 not in code.WEIGHTS
    assert len(set(code.WEIGHTS)) == LENGTH
    assert code.WEIGHTS[-1] == 1


def test_the_product_is_that_of_a_field() -> None:
    for a in range(1, 32):
        row = [code.product(a, b) for b in range(32)]
        assert sorted(row) == list(range(32)), f"{a} has no inverse"
    for a, b, c in itertools.product(range(32), repeat=3):
        assert code.product(a, b ^ c) == code.product(a, b) ^ code.product(a, c)


def test_every_single_error_shows_whatever_the_code() -> None:
    """The check is linear: an error d at place i goes unseen only where weight_i * d = 0. All 248 tried."""
    for weight, error in itertools.product(code.WEIGHTS, range(1, 32)):
        assert code.product(weight, error) != 0


def test_every_exchange_of_two_characters_shows_whatever_the_code() -> None:
    """Exchanging a and b at places i and j adds (w_i + w_j)(a + b); all 28 pairs, all differences."""
    for one, other in itertools.combinations(code.WEIGHTS, 2):
        for difference in range(1, 32):
            assert code.product(one ^ other, difference) != 0


@given(good_codes)
def test_all_substitutions_of_a_code_are_refused(good: str) -> None:
    for place, char in itertools.product(range(LENGTH), ALPHABET):
        wrong = good[:place] + char + good[place + 1 :]
        if wrong != good:
            assert reason(wrong) == "check"


@given(good_codes)
def test_all_neighbour_exchanges_of_a_code_are_refused(good: str) -> None:
    for place in range(LENGTH - 1):
        wrong = good[:place] + good[place + 1] + good[place] + good[place + 2 :]
        if wrong != good:
            assert reason(wrong) == "check"


@given(good_codes, st.data())
def test_a_code_is_read_however_people_write_it(good: str, data: st.DataObject) -> None:
    written = []
    for char in good:
        full_width = chr(ord(char) + 0xFEE0)
        choices = WRITTEN_LIKE.get(char, char + char.lower() + full_width + full_width.lower())
        written.append(data.draw(st.sampled_from(choices)))
        written.append(data.draw(st.sampled_from(["", "", " ", "-", "－", "　", "–", "—", "\u200b", "\t", "·", "_"])))
    assert check("".join(written)) == good


def test_new_codes_are_valid_capitals_and_differ() -> None:
    codes = {new_code() for _ in range(500)}
    assert len(codes) == 500
    for fresh in codes:
        assert check(fresh) == fresh
        assert len(fresh) == LENGTH
        assert set(fresh) <= set(ALPHABET)


def test_every_character_can_begin_a_new_code() -> None:
    assert {new_code()[0] for _ in range(2000)} == set(ALPHABET)


@pytest.mark.parametrize("text", ["", "7K3QX9T", "7K3QX9TDD", " - ", "GC-2026-001", "7K3Q" * 500])
def test_a_wrong_number_of_characters_is_a_matter_of_length(text: str) -> None:
    assert reason(text) == "length"


@pytest.mark.parametrize("text", ["7K3QX9TU", "7K3QX9T!", "石桥镇污水管网二", "7K3QX9T٣", "7K3QX9T'"])
def test_a_strange_character_is_a_matter_of_the_alphabet(text: str) -> None:
    assert reason(text) == "alphabet"


def test_a_row_of_one_character_is_seldom_a_code() -> None:
    assert reason("00000000") == "check"


def test_the_drawn_board_has_a_valid_code() -> None:
    assert check("7k3q x9td") == "7K3QX9TD"


@given(st.text())
def test_any_text_is_a_code_or_a_reason(text: str) -> None:
    code_or_reason: str
    try:
        code_or_reason = check(text)
    except BadCode as refused:
        code_or_reason = refused.reason
    assert code_or_reason in {"length", "alphabet", "check"} or check(code_or_reason) == code_or_reason


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_a_check_character_is_for_seven() -> None:
    with pytest.raises(ValueError, match="seven"):
        check_character("7K3QX9")


@given(good_codes)
def test_spaced_in_two_halves_reads_the_same(good: str) -> None:
    assert spaced(good) == f"{good[:4]} {good[4:]}"
    assert check(spaced(good)) == good
