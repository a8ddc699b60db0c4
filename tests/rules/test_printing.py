"""Prints and their numbers, as properties: the same content keeps its number, another content never does."""

import itertools
import re
from dataclasses import fields, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from intake.boards import printing
from intake.boards.printing import Wanted
from qr.data import PosterData
from tests.qr.samples import VILLAGE, WORKS

WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)
CHANGES: dict[str, st.SearchStrategy[Any]] = {
    "site_no": WORDS, "code": WORDS, "name": WORDS, "url": WORDS, "domain": WORDS, "place": WORDS, "team_name": WORDS,
    "hotline": WORDS, "phone_hours": WORDS, "issuer": WORDS,
    "rows": st.lists(st.tuples(WORDS, WORDS), max_size=3).map(tuple),
    "ways": st.lists(st.tuples(WORDS, WORDS), max_size=3).map(tuple),
    "check_words": st.lists(WORDS, max_size=3).map(tuple),
    "phones": st.lists(WORDS, max_size=2).map(tuple),
}  # fmt: skip
CONTENT = st.fixed_dictionaries({}, optional=CHANGES)


@given(CONTENT, CONTENT)
def test_the_digest_is_that_of_what_is_said(one: dict[str, Any], other: dict[str, Any]) -> None:
    first, second = replace(WORKS, **one), replace(WORKS, **other)
    assert (printing.digest_of(first) == printing.digest_of(second)) is (first == second)


@given(st.sampled_from(("works", "card", "label", "screen")), st.integers(1, 99))
def test_what_it_is_printed_on_and_its_number_are_not_said(kind: Any, number: int) -> None:
    assert printing.digest_of(printing.dressed(WORKS, kind, number=number)) == printing.digest_of(WORKS)


def test_another_kind_of_board_says_something_else() -> None:
    assert printing.digest_of(replace(WORKS, kind="notice")) != printing.digest_of(WORKS)


def test_a_fact_that_later_versions_know_does_not_renumber_every_board() -> None:
    """What is empty is not said, so a field that posters learn to print changes only the boards that have it."""
    empty = [f.name for f in fields(PosterData) if f.name in ("headline", "committee", "pledges") and not
             getattr(VILLAGE, f.name)]  # fmt: skip
    assert empty
    for name in empty:
        assert printing.digest_of(replace(VILLAGE, **{name: type(getattr(VILLAGE, name))()})) == printing.digest_of(
            VILLAGE
        )


@given(st.lists(st.sampled_from("ABC"), max_size=12))
def test_prints_in_a_row_are_numbered_by_their_content(contents: list[str]) -> None:
    current, kept = 1, None
    seen: list[tuple[int, str]] = []
    for content in contents:
        current, kept = printing.number_for(current, kept, content), content
        seen.append((current, content))
    for (number, content), (following, after) in itertools.pairwise(seen):
        assert following == (number if content == after else number + 1)
    if seen:
        assert seen[0][0] == 1, "the first print makes no second revision"
    assert len({content for number, content in set(seen) if number == current}) <= 1


@given(st.text(max_size=90))
def test_a_file_name_is_one_name_on_any_system(site_no: str) -> None:
    name = printing.file_name(site_no, "7K3QX9TD", "village", "A4", "pdf")
    assert name.endswith("_7K3QX9TD_village_A4.pdf")
    assert not re.search(r'[/\\:*?"<>|\x00-\x1f\u202e\s]', name)
    assert not name.startswith((".", "-"))
    assert len(name.encode()) <= 255


def test_a_plain_number_stays_as_it_is() -> None:
    name = printing.file_name("GC-2026-001", "7K3QX9TD", "works", "A3", "svg")
    assert name == "GC-2026-001_7K3QX9TD_works_A3.svg"


def test_a_paper_of_one_kind_means_that_kind() -> None:
    assert Wanted(paper="card").kind_for("village") == "card"
    assert Wanted(paper="A3").kind_for("village") == "village"
    assert Wanted(kind="label").paper_for("label") == "label"
    assert Wanted().paper_for("works") == "A4"
    assert "A4" in Wanted(kind="works", paper="card").problem()
    assert Wanted(kind="works", paper="A2").problem() == ""


@given(st.lists(st.integers()), st.integers(1, 7))
def test_parts_hold_everything_in_order(things: list[int], size: int) -> None:
    parts = list(printing.in_parts(things, size))
    assert [one for part in parts for one in part] == things
    assert all(len(part) == size for part in parts[:-1])
