"""Looking through a restatement: what in it could lead back to whoever wrote."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.triage.services import restating
from intake.triage.services.restating import Found, Original

BODY = "村集体林场2024年卖树的钱11万没有进账，会计一个人管账，问他就说领导知道。"
ORIGINAL = Original(
    words=(BODY, "会计", "河口村林场"),
    day=date(2026, 11, 3),
    register_no="7QM-4KD",
    board=("CJ-990121101202", "K7Q2M9XD"),
    restriction="不要打电话到村里，白天别来",
    contact="何某某，13800138000",
)


def kinds(text: str, original: Original = ORIGINAL) -> set[str]:
    return {found.kind for found in restating.find(text, original)}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("反映称村集体林场二〇二四年卖树，会计一个人管账，问他就说领导不让讲。", "copied"),
        ("会计 一个人，管账……问他就 说领导", "copied"),
        ("请联系 138 0013 8000 了解。", "phone"),
        ("身份证 11010519491231002X。", "id_number"),
        ("请找何某某核实。", "contact"),
        ("反映人要求不要打电话到村里。", "restriction"),
        ("见登记号 7qm 4kd。", "register"),
        ("牌子 ＣＪ-990121101202 处。", "board"),
        ("码 K7Q2-M9XD。", "board"),
        ("11月3日收到反映。", "day"),
        ("2026-11-03 收到。", "day"),
    ],
)
def test_it_points_at(text: str, kind: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "请核实河口村林场近两年的木材出售和入账情况，调取合同、发票和银行流水。",
        "会计一个人管账，没有第二人复核。",  # eight in a row: anybody would say so
        "2026年1月3日以前报结果。",
        "请在11月13日前核实完。",
    ],
)
def test_a_restatement_in_own_words_passes(text: str) -> None:
    assert kinds(text) == set()


def test_twelve_in_a_row_are_pointed_at_and_eleven_are_not() -> None:
    words = "一二三四五六七八九十甲乙丙丁"
    original = Original(words=(words,), day=date(2026, 11, 3), register_no="AAA-AAA")
    assert restating.find("前" + words[:12] + "后", original) == (Found(1, 13, "copied"),)
    assert restating.find("前" + words[:11] + "后", original) == ()


def test_the_contact_is_compared_only_where_it_was_opened_before() -> None:
    """Else the check would be a way to guess a name without a second person."""
    shut = Original(words=(BODY,), day=date(2026, 11, 3), register_no="7QM-4KD")
    assert kinds("请找何某某核实。", shut) == set()


def test_a_unit_that_the_citizen_names_is_found() -> None:
    assert restating.names_unit("河口村林场", ORIGINAL)
    assert not restating.names_unit("岚溪县水务局", ORIGINAL)


@given(st.text(max_size=300))
def test_what_is_marked_is_the_text_itself(text: str) -> None:
    parts = restating.segments(text, restating.find(text, ORIGINAL))
    assert "".join(words for words, _ in parts) == text


@given(st.text(alphabet="甲乙丙丁戊己庚辛一二三，。 ", min_size=30, max_size=80), st.integers(0, 18))
def test_every_copied_run_is_found(body: str, at: int) -> None:
    original = Original(words=(body,), day=date(2026, 11, 3), register_no="AAA-AAA")
    piece = "".join(char for char in body if char.isalnum())[at : at + 12]
    if len(piece) == 12:
        assert kinds("核实：" + "，".join(piece), original) == {"copied"}
