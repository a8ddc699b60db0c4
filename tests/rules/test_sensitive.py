"""Telephone, card and receipt numbers are found however they are written, and nothing else is."""

import string
import time
from datetime import date

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from intake.reports import receipt, sensitive
from intake.reports.sensitive import find, mask, spans

WEIGHTS = [2**power % 11 for power in range(17, 0, -1)]  # GB 11643, annex: not copied from the code under test

words = st.text(
    st.sampled_from("，。我叫何某电话打给村里的镇上有人问（）、 \nabcXYZ"), max_size=12
)  # nothing here is a digit
gaps = st.sampled_from(["", " ", "-", "—", "－", "\u3000", "\u00a0", "\u2011", "\u200b"])


@st.composite
def mobiles(draw: st.DrawFn) -> str:
    rest = draw(st.text("0123456789", min_size=9, max_size=9))
    return "1" + draw(st.sampled_from("3456789")) + rest


@st.composite
def cards(draw: st.DrawFn) -> str:
    region = draw(st.from_regex(r"[1-9][0-9]{5}", fullmatch=True))
    born = draw(st.dates(date(1900, 1, 1), date(2026, 12, 31)))
    head = f"{region}{born:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return head + card_check(head)


def card_check(head: str) -> str:
    rest = (1 - sum(int(digit) * weight for digit, weight in zip(head, WEIGHTS, strict=True))) % 11
    return "X" if rest == 10 else str(rest)


receipts = st.text("0123456789", min_size=19, max_size=19).map(lambda head: head + receipt.damm(head))


def wide(text: str) -> str:
    return "".join(chr(ord(mark) + 0xFEE0) if mark in string.digits + "X" else mark for mark in text)


def hit(text: str, number: str, kind: str) -> bool:
    """Whether exactly `number` is found in `text`, as `kind`."""
    return [(text[span.start : span.end], span.kind) for span in spans(text)] == [(number, kind)]


# --- Telephones -------------------------------------------------------------------------------------------


@given(before=words, number=mobiles(), gap=gaps, shape=st.sampled_from([(3, 4, 4), (3, 8), (3, 3, 5)]), after=words)
def test_mobile_numbers(before: str, number: str, gap: str, shape: tuple[int, ...], after: str) -> None:
    parts, at = [], 0
    for size in shape:
        parts.append(number[at : at + size])
        at += size
    written = gap.join(parts)
    assume(not before.endswith((" ", "-")))
    assert hit(before + written + after, written, "phone")
    assert find(before + wide(written) + after) == {"phone"}


@pytest.mark.parametrize(
    "number",
    [
        "13800138000", "１３８００１３８０００", "138 0013 8000", "138-0013-8000", "138—0013—8000", "138.0013.8000",
        "1380 0138 000", "1380013 8000", "1 3 8 0 0 1 3 8 0 0 0", "1-3-8-0-0-1-3-8-0-0-0", "+86 13800138000",
        "+86-138-0013-8000", "008613800138000", "8613800138000", "＋８６ 13800138000", "013800138000",
        "0990-5550123", "09905550123", "（0990）5550123", "(0990) 555-0123", "0990 555 0123", "010-66554433",
        "010 6655 4433", "02155501234", "+86-0990-5550123", "幺三八零零幺三八零零零",
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(number: str) -> None:
    for text in (number, f"电话{number}，", f"打{number}找我", f"tel:{number}\n"):
        assert hit(text, number, "phone"), text


def test_several_numbers_stand_side_by_side() -> None:
    text = "13800138000 13900139000、138 0013 8000 139 0013 9000"
    assert [text[span.start : span.end] for span in spans(text)] == [
        "13800138000", "13900139000", "138 0013 8000", "139 0013 9000",
    ]  # fmt: skip
    assert find("11月11日13800138000") == {"phone"}
    assert find("1.13800138000\n2.13900139000") == {"phone"}


def test_a_number_in_direction_marks_is_found_whole() -> None:
    assert mask("号码\u202d138\u00a00013\u00a08000\u202c。") == [
        ("号码\u202d", None), ("电话", "phone"), ("\u202c。", None),
    ]  # fmt: skip


# --- Cards ------------------------------------------------------------------------------------------------


@given(before=words, number=cards(), gap=gaps, cut=st.integers(1, 17), after=words)
def test_card_numbers(before: str, number: str, gap: str, cut: int, after: str) -> None:
    written = number[:cut] + gap + number[cut:]
    assert hit(before + written + after, written, "id_number")
    assert find(before + wide(written) + after) == {"id_number"}
    assert find(before + number.lower() + after) == {"id_number"}


@given(number=cards(), at=st.integers(0, 17), other=st.sampled_from(string.digits))
def test_a_card_with_one_wrong_digit_is_no_card(number: str, at: int, other: str) -> None:
    assume(number[at] != other)
    wrong = number[:at] + other + number[at + 1 :]
    assert "id_number" not in find(f"号码{wrong}。")


@given(head=st.text("0123456789", min_size=17, max_size=17))
@example("99012119801301002")
@example("99012119800230002")
def test_a_card_is_born_on_a_day_that_exists(head: str) -> None:
    try:
        born = date(int(head[6:10]), int(head[10:12]), int(head[12:14]))
    except ValueError:
        assert "id_number" not in find(head + card_check(head))
    else:
        assume(head[0] != "0")
        assert ("id_number" in find(head + card_check(head))) is (1850 <= born.year <= 2099)


def test_old_cards_are_known_by_the_word_before_them() -> None:
    assert find("身份证号：990121800101002") == {"id_number"}
    assert find("身份证990121801301002") == set()  # there is no thirteenth month
    assert find("单号990121800101002") == set()


# --- Receipts ---------------------------------------------------------------------------------------------


@given(before=words, digits=receipts, gap=gaps, after=words)
def test_receipts_in_groups(before: str, digits: str, gap: str, after: str) -> None:
    written = gap.join(receipt.groups(digits))
    assert hit(before + written + after, written, "receipt")
    assert find(before + wide(written) + after) == {"receipt"}


@given(digits=receipts, cuts=st.sets(st.integers(1, 19)), gap=st.sampled_from([" ", "-"]))
def test_receipts_cut_anywhere(digits: str, cuts: set[int], gap: str) -> None:
    written = "".join(gap * (at in cuts) + digit for at, digit in enumerate(digits))
    assert find(f"回执号是{written}，") == {"receipt"}


@given(digits=receipts, at=st.integers(0, 19), other=st.sampled_from(string.digits))
def test_a_receipt_with_one_wrong_digit_is_none(digits: str, at: int, other: str) -> None:
    assume(digits[at] != other)
    wrong = digits[:at] + other + digits[at + 1 :]
    assert "receipt" not in find(wrong)
    assert "receipt" not in find(" ".join(receipt.groups(wrong)))


@given(digits=receipts, more=st.sampled_from(string.digits))
def test_twenty_one_digits_are_no_receipt(digits: str, more: str) -> None:
    assert find(digits + more) == set()
    assert find(more + digits) == set()


def test_a_receipt_over_two_lines_is_found() -> None:
    digits = "1234567890123456789" + receipt.damm("1234567890123456789")
    one, two, three, four, five = receipt.groups(digits)
    assert find(f"{one} {two}\r\n{three} {four} {five}") == {"receipt"}
    assert find(f"2026年 {' '.join(receipt.groups(digits))}") == {"receipt"}


# --- No false alarm ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "DN300双壁波纹管，埋的是DN200的，埋深不到60公分", "资料写的是1.86公里，量了三遍1.62公里", "GC-2026-001",
        "CJ-990121100201", "DW-990121-017", "2026-11-11", "2026.11.11—2026.12.31", "2026年11月11日14:30:05",
        "20261111", "20261111143005", "2021 2022 2023 2024 2025", "2021-2022-2023-2024-2025", "13800138000元",
        "13800000000 元", "13800138000.00", "¥13800138000", "￥ 13800138000", "15000-200000元", "138亿",
        "一共11万、420元、600多", "1,380,013,800", "12345和12388", "400-820-8820", "6222021234567890123",
        "快递单号YT1380013800012", "单号20261380013800099", "138001380001", "0.13", "3.1415926535897", "A1B2C3D",
        "宗地号990121100201GB00012", "91130102MA0ABC123X", "12800138000", "10086", "010-2026", "第0371号", "",
        "十一月十一号埋的那一段", "二〇二六年十一月十一日", "八亩三分稻子补贴只按五亩六发的",
        "1234 5678 9012 3456", "GB/T 37668-2019", "K12+300至K13+860", "38.123456,114.123456",
    ],
)  # fmt: skip
def test_other_numbers_raise_no_alarm(text: str) -> None:
    assert find(text) == set()
    assert mask(text) == ([(text, None)] if text else [])


@given(
    st.lists(
        st.one_of(
            st.dates(date(1950, 1, 1), date(2035, 1, 1)).map(lambda day: f"{day:%Y-%m-%d}"),
            st.dates(date(1950, 1, 1), date(2035, 1, 1)).map(lambda day: f"{day:%Y%m%d}"),
            st.dates(date(1950, 1, 1), date(2035, 1, 1)).map(lambda day: f"{day:%Y}年{day.month}月{day.day}日"),
            st.integers(0, 10**12).map(lambda amount: f"{amount}元"),
            st.integers(0, 10**6).map(lambda amount: f"{amount}块"),
            st.decimals(0, 10**11, places=2).map(lambda amount: f"{amount}"),
            st.decimals(0, 1000, places=2).map(lambda length: f"{length}公里"),
            st.integers(1, 999).map(lambda number: f"GC-2026-{number:03d}"),
            st.integers(1, 999).map(lambda size: f"DN{size}"),
            st.sampled_from(["三组", "百分之", "K3+200", "12345"]),
        ),
        max_size=6,
    ),
    st.sampled_from(["，", "、", "；到"]),
)
def test_amounts_dates_and_codes_raise_no_alarm(pieces: list[str], between: str) -> None:
    assert find(between.join(pieces)) == set()


# --- Masking ----------------------------------------------------------------------------------------------


def test_the_sample_report_is_masked_and_stays_readable() -> None:
    text = "我叫何某，电话13800138000，身份证990121198001010028，我要实名反映：2024年卖树的钱11万没有进账。"
    assert mask(text) == [
        ("我叫何某，电话", None), ("电话", "phone"), ("，身份证", None), ("证号", "id_number"),
        ("，我要实名反映：2024年卖树的钱11万没有进账。", None),
    ]  # fmt: skip


anything = st.lists(st.one_of(mobiles(), cards(), receipts, words, gaps, st.text(max_size=8))).map("".join)


@given(anything)
def test_segments_and_numbers_make_the_text(text: str) -> None:
    rebuilt, at = "", 0
    numbers = iter(spans(text))
    for words_or_label, kind in mask(text):
        if kind is None:
            assert words_or_label
            rebuilt += words_or_label
        else:
            span = next(numbers)
            assert (span.kind, sensitive.LABELS[kind]) == (kind, words_or_label)
            assert at <= span.start < span.end
            rebuilt += text[span.start : span.end]
            at = span.end
    assert rebuilt == text
    assert next(numbers, None) is None


@given(anything)
def test_kinds_found_are_kinds_masked(text: str) -> None:
    assert find(text) == {kind for _, kind in mask(text) if kind is not None}
    assert find(text) <= {"phone", "id_number", "receipt"}


@pytest.mark.parametrize(
    "text", ["1" * 5000, "1 " * 2500, "1-3" * 1700, "1234 " * 1000, "0990-" * 1000, "9\n\n\n" * 1250, "一" * 5000]
)
def test_hostile_text_takes_little_time(text: str) -> None:
    began = time.thread_time()
    mask(text)
    assert time.thread_time() - began < 0.5
