"""What a cell means: canonical texts that are read back as themselves, and refusals that say what to write."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.boards import facts
from intake.boards.columns import Column, Register, moment, read_row, reference, spelled_out, tidy
from intake.core.errors import Invalid
from intake.core.importing import BadRows, understood
from intake.core.nearness import near
from intake.core.sheets import Line

NOUNS = (facts.REGIONS, facts.ORGANISATIONS, facts.TEAMS, facts.ROUNDS, facts.SITES)
REGISTER = Register(
    regions=spelled_out({"990121": "岚溪县", "990121100": "石桥镇", "990122100": "石桥镇"}),
    organisations=spelled_out({"岚溪鸿基建设有限公司": "岚溪鸿基建设有限公司"}) | {"鸿基公司": "岚溪鸿基建设有限公司"},
    teams=spelled_out({"team3": "岚溪县委第三巡察组", "team4": "岚溪县委第四巡察组"}),
    rounds=spelled_out({"第六轮": "第六轮"}),
)


@pytest.mark.parametrize("column", [column for noun in NOUNS for column in noun], ids=lambda column: column.id)
@given(text=st.text(max_size=60))
def test_what_was_read_is_read_again_as_itself(column: Column, text: str) -> None:
    """So that an export that is brought in again changes nothing, in the texts and in the words of pages."""
    canonical = ""
    with suppress(ValueError):
        canonical = column.read(REGISTER, tidy(text)) if tidy(text) else ""
    for shown in {canonical, column.show(canonical)} - {""}:
        assert tidy(shown) == shown
        assert column.read(REGISTER, shown) == canonical


@given(st.text())
def test_a_tidy_text_holds_nothing_that_nobody_sees(text: str) -> None:
    seen = tidy(text)
    assert seen == tidy(seen)
    assert not set(seen) & set("\0\n\r\t\u200b\u202e\ufeff\x1b")
    seen.encode()


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2026-09-14 08:00", "2026-09-14 08:00"), ("2026年9月14日 8时", "2026-09-14 08:00"),
        ("2026/9/14 18:30", "2026-09-14 18:30"), ("2026-09-14T18:30", "2026-09-14 18:30"),
        ("2026-09-14 18:30:00", "2026-09-14 18:30"), ("2026年12月11日18点", "2026-12-11 18:00"),
        ("2026-12-11 24:00", None), ("2026-12-11", None), ("2026-02-30 08:00", None), ("8:00", None), ("明天", None),
    ],
)  # fmt: skip
def test_a_day_and_an_hour_as_people_write_them(text: str, canonical: str | None) -> None:
    if canonical is None:
        with pytest.raises(ValueError, match="2026-09-01 08:00"):
            moment(REGISTER, text)
    else:
        assert moment(REGISTER, text) == canonical


def test_a_reference_by_number_name_or_alias_and_the_near_ones_for_an_unknown_one() -> None:
    team, region, firm = reference("teams", "组"), reference("regions", "地方"), reference("organisations", "单位")
    assert team(REGISTER, "team3") == team(REGISTER, "岚溪县委第三巡察组") == team(REGISTER, "ＴＥＡＭ3") == "team3"
    assert firm(REGISTER, "鸿基公司") == "岚溪鸿基建设有限公司"
    with pytest.raises(ValueError, match="不止一个，请写它的编号"):
        region(REGISTER, "石桥镇")
    assert region(REGISTER, "990122100") == "990122100"
    with pytest.raises(ValueError, match="没有“第三巡查组”这个组。是不是：岚溪县委第三巡察组（team3）"):
        team(REGISTER, "第三巡查组")
    with pytest.raises(ValueError, match="请先把它登记好"):
        team(Register(), "第三巡查组")


def test_a_new_row_needs_what_an_old_one_may_leave_out_and_a_column_that_is_not_there_says_nothing() -> None:
    with pytest.raises(Invalid) as refusal:
        read_row(facts.SITES, REGISTER, {"site_no": "GC-1", "team_id": "team9"}, before=None)
    assert set(refusal.value.fields) == {"kind", "name", "team_id"}
    assert read_row(facts.SITES, REGISTER, {"site_no": "gc-1"}, before={"site_no": "GC-1"}) == {"site_no": "GC-1"}
    with pytest.raises(Invalid) as refusal:
        read_row(facts.SITES, REGISTER, {"site_no": "GC-1", "name": " "}, before={"site_no": "GC-1"})
    assert refusal.value.fields == {"name": "请写名称。"}
    assert read_row(facts.SITES, REGISTER, {"site_no": "GC-1", "phone": ""}, before={})["phone"] == ""


@given(st.text(max_size=200), st.dictionaries(st.text(max_size=20), st.integers(), max_size=20))
def test_suggestions_are_few_and_known(wanted: str, spelled: dict[str, int]) -> None:
    found = near(wanted, spelled)
    assert len(found) <= 4
    assert set(found) <= set(spelled.values())


def test_every_bad_line_is_named_and_a_key_counts_once() -> None:
    lines = [Line(2, {"n": "1"}), Line(3, {"n": "x"}), Line(5, {"n": "1"})]

    def read(line: Line) -> int:
        if not line.values["n"].isdigit():
            raise Invalid({"n": "不是数"})
        return int(line.values["n"])

    with pytest.raises(BadRows) as refusal:
        understood(lines, read, lambda number: number)
    assert refusal.value.rows == ((3, "不是数"), (5, "和第 2 行说的是同一件事，请留一行。"))
    assert understood(lines[:1], read, lambda number: number) == [1]


def test_every_column_explains_itself_and_its_example_can_be_taken() -> None:
    examples = {
        noun: spelled_out({column.example: "" for of in NOUNS for column in of if column.refers == noun})
        for noun in ("regions", "organisations")
    }
    known = replace(REGISTER, regions=examples["regions"], organisations=examples["organisations"])
    for noun in NOUNS:
        assert len({column.words for column in noun}) == len(noun)
        for column in noun:
            assert column.hint
            if column.example:
                column.read(known, column.example)
