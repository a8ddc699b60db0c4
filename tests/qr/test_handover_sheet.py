"""Forms on A4: what they say, whose copy they are, and what they cannot print."""

from dataclasses import replace

import pytest

from qr import letter, pdf
from qr.letter import LetterData
from qr.poster import MissingGlyphs

DATA = LetterData(
    title="交办单",
    number="7QM-4KD",
    rows=(("收件单位", "凤岭乡纪委"), ("期限", "")),
    blocks=(("事项", "请核实补偿款的发放。\n\n一、名册；二、签字。"),),
    mark="凤岭乡纪委　7QM-4KD",
    blanks=(("办理结果", 30),),
    signs=("交办人", "签收人"),
    remark="不得外传。",
)


def said(data: LetterData, page: int = 0) -> str:
    return "".join(pdf.words(letter.make(data), page=page).split())


def test_it_says_all_of_it_and_leaves_out_what_is_empty() -> None:
    text = said(DATA)
    for wanted in (
        "交办单",
        "7QM-4KD",
        "收件单位",
        "凤岭乡纪委",
        "请核实补偿款的发放。",
        "办理结果",
        "签收人",
        "不得外传。",
    ):
        assert wanted in text
    assert "期限" not in text


def test_every_page_says_whose_copy_it_is() -> None:
    long = replace(DATA, blocks=(("事项", "请核实补偿款的发放。" * 200),))
    file = letter.make(long)
    for page in (0, 1):
        assert pdf.words(file, page=page).count("凤岭乡纪委") > 4
    assert "第2页" in said(long, page=1)


def test_the_longest_text_fits() -> None:
    longest = replace(DATA, blocks=(("事项", "字" * 5000),))
    assert "".join(said(longest, page) for page in range(4)).count("字") >= 5000


def test_words_are_words_whatever_they_look_like() -> None:
    nasty = '#panic("x") $1$ *a* \\ <b> @r /* c */ = 一'
    assert "".join(nasty.split()) in said(replace(DATA, blocks=(("事项", nasty),)))


def test_the_same_words_give_the_same_bytes() -> None:
    assert letter.make(DATA) == letter.make(DATA)


def test_what_cannot_be_printed_is_named() -> None:
    with pytest.raises(MissingGlyphs) as refusal:
        letter.make(replace(DATA, rows=(("收件单位", "凤岭😀"),)))
    assert (refusal.value.chars, refusal.value.field) == ("😀", "收件单位")


def test_it_is_one_sheet_of_a4_in_black() -> None:
    picture = pdf.picture(letter.make(DATA), pixels=1000)
    assert abs(picture.height / picture.width - 297 / 210) < 0.01
