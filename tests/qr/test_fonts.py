"""The embedded fonts print what a county writes, and the list of what they print is true."""

from __future__ import annotations

import pytest
from fontTools.ttLib import TTFont

from qr import fonts, wording
from qr.fonts import build, coverage, missing, needs_family
from qr.second import WORDS, Second
from qr.sheet import Board

FILES = [f"NotoSansCJKsc-{weight}-Board.otf" for weight in build.WEIGHTS]


@pytest.mark.parametrize("name", FILES)
def test_the_list_is_what_the_font_prints(name: str) -> None:
    with TTFont(fonts.HERE / name, lazy=True) as font:
        assert set(font.getBestCmap()) == coverage("embedded")
        assert str(font["name"].getDebugName(1)) == "Noto Sans CJK SC"
        assert "SIL Open Font License" in str(font["name"].getDebugName(13))


def test_all_of_gb_2312_and_the_rare_standard_characters_are_there() -> None:
    assert coverage("embedded") >= build.gb2312()
    assert missing("𬭚㙍䶮𫖯𬱖㛃䓖〇①℃㎡：“”（）—…・") == ""


def test_the_standard_table_is_covered_whole() -> None:
    if not build.UNIHAN.exists():
        counted = [point for point in coverage("embedded") if 0x3400 <= point < 0xA000 or point >= 0x20000]
        assert len(counted) >= build.STANDARD_CHARACTERS
        return
    assert coverage("embedded") >= build.standard_characters()


def test_only_the_embedded_fonts_are_offered_to_the_compiler() -> None:
    offered = fonts.loaded(False)
    assert offered.families() == ["Noto Sans CJK SC"]
    assert sorted(font.weight for font in offered.fonts()) == [400, 700]


def test_the_licence_goes_with_the_fonts() -> None:
    licence = (fonts.HERE / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert all(name in licence for name in FILES)


@pytest.mark.parametrize("kind", ["works", "notice", "village"])
def test_what_every_board_says_can_be_printed(kind: Board) -> None:
    said = [wording.TITLE[kind], wording.CALL[kind], wording.EASE[kind], wording.NEVER, *wording.PROTECTION]
    said += [*wording.AT_HOME[kind], *(text for fact in wording.NOTICE_FACTS for text in fact)]
    said += [word for _, *words in wording.PICTURED[kind] for word in words]
    for words in (True, False):
        said += wording.compare(kind, has_words=words, hotline="12388")
    assert not needs_family("".join(said))
    assert not needs_family("".join((*wording.TITLE.values(), *wording.HEADS.values(), *wording.CARD_PROTECTION)))


@pytest.mark.parametrize("language", WORDS)
def test_what_a_second_language_says_can_be_printed(language: Second) -> None:
    assert not needs_family("".join(WORDS[language].texts()))


def test_what_is_missing_is_named_once_and_in_order() -> None:
    assert missing("石桥😀镇\U00020000😀", whole_family=False) == "😀\U00020000"


def test_the_whole_family_helps_with_rarer_characters() -> None:
    rare = chr(min(coverage("family")))
    assert needs_family(rare)
    assert missing(rare, whole_family=False) == rare
    assert missing(rare, whole_family=True) == ""


def test_runs_of_code_points_are_written_and_read_alike() -> None:
    assert build.ranges([0x20, 0x21, 0x22, 0x4E00, 0x2CB5A]) == "20-22 4E00 2CB5A"
    with pytest.raises(LookupError):
        coverage("nothing")
