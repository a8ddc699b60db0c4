"""Sizes and places: from how far a code is read, what keeps codes apart, what stays white."""

from __future__ import annotations

import pytest

from qr import symbol
from qr.payload import board_url
from qr.sheet import CARD_GAP, PAPERS, PAPERS_OF, Kind, Paper, paper_for, sheet
from tests.qr.samples import CODE, URL

EVERY = [(kind, paper) for kind, papers in PAPERS_OF.items() for paper in papers]
LONG = board_url("https://jiandu.lanxixian.qingyushi.gov.cn", CODE)


@pytest.mark.parametrize(("kind", "paper"), EVERY)
def test_the_side_follows_the_reading_distance(kind: Kind, paper: Paper) -> None:
    made = sheet(kind, paper)
    side = made.places()[0].side * made.scale
    ratio = 8 if kind in ("works", "village", "label") else 10
    assert made.layout.ratio == ratio
    assert made.reach * 1000 / ratio <= side < (made.reach + 0.05) * 1000 / ratio
    assert made.proof == f"{made.reach:g} 米内可扫"


def test_a_distance_finds_its_paper() -> None:
    assert sheet("village", "A2").proof == "1.5 米内可扫"
    assert paper_for("village", 1.5) == "A2"
    assert paper_for("village", 1.55) == "sign"
    assert paper_for("notice", 0.7) == "A4"
    assert paper_for("works", 9) is None


def test_the_sign_is_of_the_size_that_the_rules_ask_for() -> None:
    assert tuple(PAPERS["sign"]) == (900, 1400)
    width, height = PAPERS["card"]
    assert (width, height) == (90, 54)


@pytest.mark.parametrize("url", [URL, LONG])
@pytest.mark.parametrize(("kind", "paper"), EVERY)
def test_the_quiet_zone_lies_on_the_paper(kind: Kind, paper: Paper, url: str) -> None:
    made = sheet(kind, paper)
    box = made.symbol_box(symbol.make(url).modules)
    assert box.left >= 0
    assert box.top >= 0
    assert box.left + box.side <= made.width
    assert box.top + box.side <= made.height


@pytest.mark.parametrize("codes", range(2, 7))
def test_codes_of_a_card_stand_apart(codes: int) -> None:
    made = sheet("card", "card", codes=codes)
    places = made.places()
    assert len(places) == codes
    for n, one in enumerate(places):
        assert made.symbol_box(29, n).left >= 13, "the red column"
        assert one.top + one.side < PAPERS["card"][1] - 5, "room for the unit's name"
        for other in places[n + 1 :]:
            across = abs(one.left - other.left) - one.side
            down = abs(one.top - other.top) - one.side
            assert max(across, down) >= CARD_GAP - 1e-9


def test_what_is_not_drawn_is_not_made() -> None:
    for kind, paper in (("card", "A4"), ("works", "card"), ("screen", "label")):
        with pytest.raises(KeyError):
            sheet(kind, paper)  # type: ignore[arg-type]  # plain texts of a parameter list
    with pytest.raises(KeyError):
        sheet("card", "card", codes=7)
    with pytest.raises(KeyError):
        sheet("works", "A4", codes=2)
