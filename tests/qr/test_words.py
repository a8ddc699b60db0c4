"""Check words: enough of them, each readable, and no two that sound alike to anyone."""

from __future__ import annotations

from collections import Counter

import pytest

from qr.fonts import missing
from qr.words import WORDS, build, pick


def test_there_are_2048_words_of_two_printable_characters() -> None:
    assert len(WORDS) == len(set(WORDS)) == build.COUNT == 2048
    assert {len(word) for word in WORDS} == {2}
    assert missing("".join(WORDS), whole_family=False) == ""


def test_no_two_words_sound_alike() -> None:
    heard = Counter(build.sound(word) for word in WORDS)
    assert [sound for sound, count in heard.items() if count > 1] == []


def test_the_list_is_what_the_candidates_give() -> None:
    assert tuple(build.chosen()) == WORDS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("河南", "荷兰"),
        ("诗人", "私人"),
        ("飞机", "灰鸡"),
        ("陈旧", "成就"),
        ("知道", "字稻"),
        ("花草", "发草"),
        ("金银", "经营"),
    ],
)
def test_sounds_that_regions_do_not_part_are_one(one: str, other: str) -> None:
    assert build.sound(one) == build.sound(other)


@pytest.mark.parametrize(("one", "other"), [("白鹭", "灯笼"), ("水牛", "水井"), ("龙眼", "蓝天"), ("绿豆", "路灯")])
def test_other_sounds_are_parted(one: str, other: str) -> None:
    assert build.sound(one) != build.sound(other)


def test_what_is_no_pinyin_is_an_error() -> None:
    with pytest.raises(ValueError, match="pinyin"):
        build.heard("")


# Characters whose words could frighten, insult, threaten or take sides on an official board.
FORBIDDEN = set("党共军枪炮弹刀血死尸墓坟棺鬼魔妖病癌毒贪贿钱财赌嫖淫奶乳狱囚杀骂贱奴")
HARMLESS = {"弹珠", "弹琴", "弹簧", "刀叉", "瓦刀", "剪刀", "刀鱼", "鞭炮", "魔方", "魔术", "评弹", "酸奶", "奶牛"}
HARMLESS |= {"奶茶", "牛奶", "豆奶", "羊奶", "腐乳", "榆钱"}


def test_no_word_has_a_character_that_does_not_belong_on_a_board() -> None:
    assert {word for word in WORDS if FORBIDDEN & set(word)} <= HARMLESS


def test_three_different_words_are_drawn_and_every_draw_is_another() -> None:
    draws = [pick() for _ in range(200)]
    assert all(len(set(draw)) == 3 and set(draw) <= set(WORDS) for draw in draws)
    assert len(set(draws)) > 190
    assert len(pick(5)) == 5
