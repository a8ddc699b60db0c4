"""Names in texts: found however they are spelled, the longest first, nothing inside a longer one."""

import csv
import random
import string
import unicodedata
from pathlib import Path

import opencc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from intake.routing.aliases import LENGTH_MAX, AliasTable, BadAlias, Entry, Hit, checked, fold
from tools import variants

COUNTY = Path(__file__).parents[2] / "intake" / "demo" / "county"
INVISIBLE = ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\ufe0f", "\u0336", "\u3164", "\u202e", "\U000e0101"]
BETWEEN = [*INVISIBLE, " ", "\u3000", "\u00a0", "\n", "·", "•", "・", "-", "—", "。", "“", "*", "|", "_", "~", "★"]

hanzi = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)
words = st.text(st.one_of(hanzi, st.sampled_from(string.ascii_letters)), max_size=12)
anything = st.text(max_size=40)


def team(text: str) -> Entry:
    return Entry(text, "team", "team3")


def texts(table: AliasTable, text: str) -> list[str]:
    return [hit.text for hit in table.find(text)]


# --- Folding ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelled",
    [
        "第三巡察组", "第 三 巡察组", "第3巡察组", "第３巡察组", "第 ３ 巡·察組", "第三巡察組", "第③巡察组",
        "第㈢巡察组", "第叁巡察组", "第叄巡察組", "第Ⅲ巡察组", "第03巡察组", "第٣巡察组",
        "第三“巡察”组", "第三\n巡察组", "第三巡\u200b察组", "第三\u0336巡\u0336察\u0336组", "第_三_巡_察_组",
        "第３\u3164巡察组", "第\U000e0101三巡察组",
    ],
)  # fmt: skip
def test_every_spelling_of_a_name_is_one_name(spelled: str) -> None:
    assert fold(spelled) == "第三巡察组"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1", "一"), ("10", "十"), ("12", "十二"), ("20", "二十"), ("99", "九十九"), ("07", "七"), ("0", "零"),
        ("00", "零零"), ("100", "一零零"), ("2026年", "二零二六年"), ("二〇二六", "二零二六"), ("二○二六", "二零二六"),
        ("1.86", "一八十六"), ("１２", "十二"), ("⑫", "十二"), ("ⅻ", "十二"), ("DN300", "dn三零零"),
    ],
)  # fmt: skip
def test_numbers_become_words(written: str, read: str) -> None:
    assert fold(written) == read


def test_parts_of_characters_out_of_a_pdf_are_the_characters() -> None:
    assert fold("县⻓") == fold("縣⾧") == "县长"
    assert fold("⼈⺠政府") == "人民政府"


@given(anything)
@example("İ")
@example("ᄀ ᅡ")
@example("e\u200b\u0301")
@example("½ ㎡ ＃ﾞ ｶﾞ か\u3099")
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(anything, anything)
def test_what_is_left_is_letters_and_no_number_or_sign(one: str, two: str) -> None:
    for character in fold(one + two):
        assert unicodedata.category(character)[0] in "LNM"
        assert unicodedata.category(character) != "Nd"


@given(words, st.lists(st.tuples(st.integers(0, 40), st.sampled_from(BETWEEN)), max_size=12))
def test_what_stands_between_characters_does_not_matter(text: str, noise: list[tuple[int, str]]) -> None:
    spoilt = text
    for place, mark in noise:
        spoilt = spoilt[:place] + mark + spoilt[place:]
    assert fold(spoilt) == fold(text)


@given(st.from_regex(r"[0-9]{1,6}", fullmatch=True), st.sampled_from(INVISIBLE))
def test_what_nobody_sees_parts_no_number(digits: str, mark: str) -> None:
    assert fold(mark.join(digits)) == fold(digits)
    assert fold("".join(chr(ord(digit) + 0xFEE0) for digit in digits)) == fold(digits)


def _names() -> list[str]:
    names = []
    for file in ("regions", "organisations", "sites", "teams", "staff"):
        with (COUNTY / f"{file}.csv").open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                names += [row["name"], row.get("place") or "", *(row.get("aliases") or "").split(";")]
    return [name for name in names if name]


@pytest.mark.parametrize("way", ["s2t", "s2tw", "s2hk"])
def test_every_name_of_the_county_is_the_same_in_every_script(way: str) -> None:
    traditional = opencc.OpenCC(way)
    assert len(_names()) > 40
    for name in _names():
        assert fold(traditional.convert(name)) == fold(name)
        for character in name:
            assert fold(traditional.convert(character)) == fold(character)


def test_every_traditional_character_folds_like_its_simplified_one() -> None:
    simplified = opencc.OpenCC("t2s")
    table = variants.groups()
    assert len(table) > 4000
    for character, to in table.items():
        assert fold(character) == fold(to) == fold(simplified.convert(character))


def test_the_table_is_the_one_that_the_dictionaries_give() -> None:
    assert variants.main(["check"]) == 0


# --- Finding ----------------------------------------------------------------------------------------------


def test_a_hit_says_who_in_the_spelling_of_the_entry() -> None:
    table = AliasTable([team("第三巡察组"), Entry("鴻基公司", "organisation", "org1")])
    assert table.find("你们第 3 巡察組的人，和鸿基 公司的老板，第三巡察组！") == (
        Hit("team", "team3", "第三巡察组"),
        Hit("organisation", "org1", "鴻基公司"),
    )
    assert table.find("没有提到谁") == ()
    assert AliasTable([]).find("第三巡察组") == ()


def test_the_longest_name_wins_at_every_place() -> None:
    above = [Entry("县长", "level", "above"), Entry("副县长", "level", "above"), Entry("副县长秘书", "person", "p1")]
    assert texts(AliasTable(above), "县长") == ["县长"]
    assert texts(AliasTable(above), "一位副县长打招呼") == ["副县长"]
    assert texts(AliasTable(above), "副县长秘书来过") == ["副县长秘书"]
    assert texts(AliasTable(above), "副县长秘和县长") == ["副县长", "县长"]


def test_behind_a_deputy_mark_a_post_or_level_is_somebody_else() -> None:
    table = AliasTable([Entry("县长", "level", "above"), Entry("站长", "post", "chief"), team("三组")])
    assert table.find("副县长和副 站長") == ()
    assert texts(table, "副三组") == ["三组"]
    assert texts(table, "副县长，县长") == ["县长"]


def test_behind_a_deputy_mark_a_shorter_name_of_another_kind_still_counts() -> None:
    table = AliasTable([Entry("三组组长", "post", "chief"), team("三组")])
    assert texts(table, "三组组长") == ["三组组长"]
    assert texts(table, "副三组组长") == ["三组"]


def test_a_word_to_ignore_shields_what_stands_in_it_or_begins_in_it() -> None:
    table = AliasTable([Entry("鸿基", "organisation", "o"), Entry("鸿基建设", "organisation", "o"),
                        Entry("新鸿基", "ignore", "")])  # fmt: skip
    assert table.find("新鸿基的人") == ()
    assert table.find("新鴻 基建设") == ()
    assert texts(table, "新鸿基和鸿基") == ["鸿基"]
    assert texts(AliasTable([Entry("新鸿基建设公司", "organisation", "n"), *_entries(table)]), "新鸿基建设公司") == [
        "新鸿基建设公司"
    ]


def _entries(table: AliasTable) -> list[Entry]:
    return [entry for same in table._entries.values() for entry in same]


def test_names_that_only_overlap_are_both_meant() -> None:
    table = AliasTable([team("县委办主任"), Entry("主任张三", "person", "p1")])
    assert texts(table, "县委办主任张三") == ["县委办主任", "主任张三"]


def test_one_spelling_may_mean_several_and_ignoring_it_means_nobody() -> None:
    two = [team("专项组"), Entry("專項組", "person", "p1")]
    assert [hit.target for hit in AliasTable(two).find("专项组")] == ["team3", "p1"]
    assert AliasTable([*two, Entry("专项组", "ignore", "")]).find("专项组") == ()


@pytest.mark.parametrize("text", ["", " ", "“”", "\u200b", "王", "王 ", "3", "·王·", "长" * (LENGTH_MAX + 1)])
def test_an_alias_that_would_fire_everywhere_is_refused(text: str) -> None:
    with pytest.raises(BadAlias):
        AliasTable([team(text)])
    with pytest.raises(BadAlias):
        checked(text)


few = st.text(st.sampled_from("甲乙丙副"), min_size=2, max_size=4)
kinds = st.sampled_from(["team", "person", "organisation", "level", "post", "ignore"])
tables = st.lists(st.builds(Entry, few, kinds, st.sampled_from(["a", "b"])), max_size=8)


@given(tables, st.text(st.sampled_from("甲乙丙副 "), max_size=20))
def test_against_a_search_by_hand(entries: list[Entry], text: str) -> None:
    assert set(AliasTable(entries).find(text)) == _by_hand(entries, fold(text))


def _by_hand(entries: list[Entry], text: str) -> set[Hit]:
    """The longest entry at each place; then from left to right, leaving out what a kept one covers."""
    ignored = {entry.text for entry in entries if entry.kind == "ignore"}
    found, covered, shielded = set(), 0, 0
    for start in range(len(text)):
        deputy = start > 0 and text[start - 1] == "副"
        here = [
            entry
            for entry in entries
            if text.startswith(entry.text, start)
            and not (deputy and entry.kind in ("post", "level"))
            and not (deputy and entry.text in ignored and entry.kind != "ignore")
        ]
        longest = max((len(entry.text) for entry in here), default=0)
        end, best = start + longest, {entry for entry in here if len(entry.text) == longest}
        shield = any(entry.kind == "ignore" for entry in best)
        if not best or end <= covered or (start < shielded and not shield):
            continue
        covered = end
        if shield:
            shielded = end
        else:
            found |= {Hit(entry.kind, entry.target, entry.text) for entry in best}
    return found


@given(tables, st.text(st.sampled_from("甲乙丙副 "), max_size=20), st.lists(st.sampled_from(BETWEEN), max_size=3))
def test_spelling_hides_nobody(entries: list[Entry], text: str, noise: list[str]) -> None:
    rng = random.Random(len(text))
    marks = list(text)
    for mark in noise:
        marks.insert(rng.randint(0, len(marks)), mark)
    assert AliasTable(entries).find("".join(marks)) == AliasTable(entries).find(text)


@given(tables, few, st.text(st.sampled_from("甲乙丙 "), max_size=20))
def test_a_new_name_takes_nobody_out_unless_it_is_the_longer_word(old: list[Entry], new: str, text: str) -> None:
    """Adding a name may hide a shorter one inside it, never one beside it."""
    old = [entry for entry in old if entry.kind != "ignore"]
    before, after = AliasTable(old).find(text), AliasTable([*old, Entry(new, "team", "new")]).find(text)
    for hit in set(before) - set(after):
        assert hit.text in new
        assert hit.text != new


def test_thousands_of_hits_in_a_hostile_text_are_one() -> None:
    table = AliasTable([team("第三巡察组"), team("三巡"), Entry("甲" * 60, "ignore", ""), team("甲甲")])
    assert texts(table, "第三巡察组" * 1000) == ["第三巡察组"]
    assert texts(table, "甲" * 59 + "乙") == ["甲甲"]
    assert texts(table, "甲" * 5000) == []


@given(tables, few, st.text(st.sampled_from("甲乙丙副"), max_size=8))
def test_words_to_ignore_that_hide_somebody_are_known_to_do_so(entries: list[Entry], shield: str, text: str) -> None:
    """Whoever adds them is asked: also words that only end as a name begins keep that name quiet."""
    before, after = AliasTable(entries), AliasTable([*entries, Entry(shield, "ignore", "")])
    seen, still = ({(hit.kind, hit.target) for hit in table.find(text)} for table in (before, after))
    for kind, target in seen - still:
        assert before.would_hush(checked(shield), kind, target)


def test_words_that_end_as_a_name_begins_hide_it() -> None:
    table = AliasTable([Entry("老桂", "person", "p1"), team("第三巡察组")])
    for shield, text in (("办的老", "是巡察办的老桂"), ("老桂", "是巡察办的老桂"), ("找老桂家", "去找老桂家里坐")):
        assert table.would_hush(checked(shield), "person", "p1")
        assert AliasTable([*_entries(table), Entry(shield, "ignore", "")]).find(text) == ()
    assert not table.would_hush(checked("桂花巷"), "person", "p1")
    assert not table.would_hush(checked("老桂"), "person", "p2")
