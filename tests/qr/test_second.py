"""The second language says what the first says, for everything that it stands below."""

from __future__ import annotations

from dataclasses import replace

import opencc
import pytest

from qr import pdf, wording
from qr.poster import PosterData, Unit, make
from qr.second import WORDS, Second
from qr.sheet import PAPERS_OF, Paper
from tests.qr.samples import FULL_CARD, FULL_NOTICE, FULL_WORKS, SHEETS, VILLAGE


def bare(file: bytes) -> str:
    with pdf.opened(file) as pages:
        return "".join("".join(pages.look(page, ())[1] for page in range(len(pages))).split())


@pytest.mark.parametrize("language", WORDS)
def test_every_title_call_and_pictogram_has_its_words(language: Second) -> None:
    words = WORDS[language]
    assert words.title.keys() == wording.TITLE.keys()
    assert words.call.keys() == wording.CALL.keys()
    assert words.heads.keys() == wording.HEADS.keys()
    assert {name for six in wording.PICTURED.values() for name, *_ in six} <= words.pictured.keys()
    assert all(text.strip() for text in words.texts())


def test_traditional_is_the_simplified_in_other_characters() -> None:
    simplified = opencc.OpenCC("t2s")
    words = WORDS["zh-Hant"]
    assert {kind: simplified.convert(text) for kind, text in words.title.items()} == wording.TITLE
    assert {name: simplified.convert(text) for name, text in words.heads.items()} == wording.HEADS
    assert simplified.convert(words.first) == wording.FIRST
    assert simplified.convert(words.never) == wording.NEVER
    shown = {name: first for six in wording.PICTURED.values() for name, first, _ in six}
    assert {name: simplified.convert(words.pictured[name]) for name in shown if name != "bidding"} == {
        name: text for name, text in shown.items() if name != "bidding"
    }


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize(("data", "paper"), SHEETS, ids=lambda value: value if isinstance(value, str) else value.kind)
def test_it_is_printed_on_every_sheet(data: PosterData, paper: Paper, language: Second) -> None:
    text = bare(make(data, paper, second=language))
    words = WORDS[language]
    assert "".join(words.title[data.kind].split()) in text
    if data.kind in ("works", "notice", "village"):
        for wanted in (words.call[data.board], words.first, words.never, words.protection, words.heads["protection"]):
            assert "".join(wanted.split()) in text, wanted


@pytest.mark.parametrize("language", WORDS)
def test_full_boards_have_room_for_it(language: Second) -> None:
    for data in (FULL_WORKS, FULL_NOTICE):
        for paper in PAPERS_OF[data.kind]:
            make(data, paper, second=language)
    assert "".join(WORDS[language].title["card"].split()) in bare(make(FULL_CARD, "card", second=language))


def test_without_a_wish_there_is_none() -> None:
    text = bare(make(replace(VILLAGE, place="柳湾镇")))
    assert "protected" not in text
    assert "掃碼" not in text


def test_a_unit_of_a_card_keeps_its_own_words() -> None:
    assert all(isinstance(unit, Unit) for unit in FULL_CARD.others)
    text = bare(make(FULL_CARD, "card", second="en"))
    assert all(unit.name in text and unit.site_no in text for unit in FULL_CARD.others)
