"""Questions in words: twenty kinds, always answerable, with every way to write a right answer."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.reports import questions
from intake.reports.questions import DAYS, KINDS, NUMBERS, Question, is_right, question

SEEDS = st.binary(min_size=1, max_size=32)
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def test_there_are_twenty_kinds_and_all_are_drawn() -> None:
    drawn = {question(number.to_bytes(2, "big")).kind for number in range(600)}
    assert len(KINDS) == 20
    assert drawn == set(KINDS)


@given(SEEDS)
def test_a_seed_is_always_the_same_question_with_a_small_answer(seed: bytes) -> None:
    asked = question(seed)
    assert asked == question(seed)
    assert 1 <= asked.number <= 10
    assert 0 <= asked.a <= 10
    assert 0 <= asked.b <= 10
    assert len(set(asked.words)) == len(asked.words)


def written(number: int) -> list[str]:
    """How people write it."""
    word = NUMBERS[number]
    english = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")[number]
    ways = [str(number), str(number).translate(FULL_WIDTH), word, f"{word}个", f" {number} ", f"是{word}",
            f"第{word}个", english, english.upper(), f"等于{number}。", f"一共{word}条"]  # fmt: skip
    return ways + ["两个", "俩"] if number == 2 else ways


@given(SEEDS)
def test_the_number_is_right_however_it_is_written(seed: bytes) -> None:
    asked = question(seed)
    for way in written(asked.number):
        assert is_right(asked, way, shown=asked.words), (asked, way)
    for wrong in ("", " ", "不知道", str(asked.number + 1), NUMBERS[asked.number - 1], "𒐫", "9" * 5_000):
        assert not is_right(asked, wrong, shown=asked.words), (asked, wrong)


@given(SEEDS)
def test_of_a_list_the_word_is_right_and_another_is_not(seed: bytes) -> None:
    asked = question(seed)
    shown = [f"Word{letter}" for letter in "ABCDEF"[: len(asked.words)]]
    for at, word in enumerate(asked.words):
        for typed in (word, f"{word}。", f"是 {word}", shown[at], shown[at].upper()):
            assert is_right(asked, typed, shown=shown) == (at == asked.number - 1)
    if asked.words:
        assert not is_right(asked, "、".join(asked.words)), "all of them are no answer"


@pytest.mark.parametrize(
    ("typed", "right"), [("黃牛", True), ("黄牛", True), ("石頭", False), ("２", True), ("貳", True)]
)
def test_traditional_characters_are_read(typed: str, right: bool) -> None:
    assert is_right(Question("x", 0, 0, ("石头", "黄牛", "苹果", "桌子"), 2), typed) == right


@given(SEEDS, st.text(max_size=80))
def test_whatever_is_typed_is_judged(seed: bytes, typed: str) -> None:
    assert is_right(question(seed), typed) in (True, False)


def test_no_word_of_a_list_is_part_of_another() -> None:
    lists = (questions.FOOD + questions.THINGS, questions.ANIMALS + questions.THINGS + questions.COLOURS, DAYS,
             questions.VEHICLES + questions.THINGS, questions.FOOD + questions.ANIMALS)  # fmt: skip
    for words in lists:
        assert not [(a, b) for a in words for b in words if a != b and a in b]


def test_guessing_is_right_one_time_in_eight_at_the_most() -> None:
    """Whoever always says the same; whoever reads the question is no machine that this is meant for."""
    asked = [question(random.Random(n).randbytes(8)) for n in range(4_000)]
    share = max(sum(one.number == guess for one in asked) for guess in range(1, 11)) / len(asked)
    assert share <= 0.25
