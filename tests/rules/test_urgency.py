"""What cannot wait is seen, in the words that people use; what can wait is left alone."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.reports import urgency
from intake.reports.urgency import KINDS, NAMES, find
from intake.routing.aliases import fold

COUNTY = Path(__file__).parents[2] / "intake" / "demo" / "county"


def kinds(text: str, category: str | None = None, *, ticked: bool = False) -> tuple[str, ...]:
    return find(fold(text), category, ticked)


def demo() -> list[tuple[str, str, str | None]]:
    lines = (COUNTY / "reports.jsonl").read_text(encoding="utf-8").splitlines()
    return [(row["id"], row["text"], row["posted_category"] or None) for row in map(json.loads, lines)]


# One text a word.
CANNOT_WAIT = {
    "life": """
        再不解决我就从楼上跳楼 我真的不想活了 要死给你们看 我就死在镇政府门口 他说要杀我全家
        扬言要把我们弄死 支书拿着刀追我 昨晚他拿菜刀上门 再不来人要出人命了 他威胁要放火烧我家 他要放火
        我媽說她要喝農藥 把我关起来不让出门 他说再举报就打死我 不想·活·了 被村主任强奸
        站在楼顶上，不给工钱就跳 他要砍人 你们不管我就去跳河
    """,
    "minor": """
        小学生天天被打 老师猥亵女学生 他家暴孩子 工地上用未成年人 我今年12岁，爸爸老是打我
        邻居家的娃娃身上都是伤 校园霸凌没人管 女儿被老师性侵 砖厂有童工 班上同学一直欺负我，我不想活了
        学校里打学生耳光 十一岁的女孩怀孕了 他後媽不給飯，孩子天天挨打
    """,
    "hazard": """
        煤气泄漏了，味道很大 教室的墙要塌了 脚手架倒了一半 围挡倒在路上 电线掉在水沟里 路边井盖没了
        塔吊都歪了 工人从架子上摔下来了 学校学生集体上吐下泻，食物中毒 后山随时会滑坡 基坑边坡塌了
    """,
    "wages": """
        欠我们的工资再不给就爬塔吊 讨薪半年没人管，只好以死相逼 血汗钱不给就豁出去了
        包工头跑了，工钱没着落，大家说要跳楼
    """,
}
CAN_WAIT = """
    他以前杀过人 这桥去年塌过一次 打死我也不签字 打死也不说 跳楼价大甩卖 村里杀猪不让外面的人买
    要砍村口的大树 把树都砍了 六十八岁的老人被打伤没人管 支书的儿子打伤了人 拿命令压人 小学食堂没有肉
    孩子上学路太远 幼儿园收费太高 学生家长打电话没人接 我女儿在外打工 墙面开裂了要求返工 路面刚修就裂了
    拖欠工资三个月 工程款一直不结清 低保名单有问题 要拆人家的房子 他天天打牌不上班，孩子也不管
    豁出去了也要举报他 村里死人了也收费 我要举报 他骂我全家 干部态度差，气死我了 路灯坏了
"""

URGENT = {"R10": ("life", "wages"), "R20": ("minor",), "R26": ("hazard",)}


@pytest.mark.parametrize(("ref", "text", "category"), demo())
def test_three_of_the_demo_are_urgent_and_no_other(ref: str, text: str, category: str | None) -> None:
    assert kinds(text, category) == URGENT.get(ref, ())
    assert kinds(text) == URGENT.get(ref, ())  # by the words alone, whatever was chosen


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in CANNOT_WAIT.items() for text in texts.split()]
)
def test_words_that_cannot_wait(kind: str, text: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize("text", CAN_WAIT.split())
def test_words_that_can_wait(text: str) -> None:
    assert kinds(text) == ()


def test_the_category_of_a_danger_is_enough() -> None:
    assert kinds("你们来看看", "safety_hazard") == ("hazard",)
    assert kinds("你们来看看", "wage_arrears") == ()
    assert kinds("再不给就从楼顶跳楼", "wage_arrears") == ("life", "wages")


def test_the_citizens_own_tick_is_enough() -> None:
    assert kinds("你们来看看", ticked=True) == ("life",)


@given(st.text(max_size=60), st.sampled_from([None, "safety_hazard", "wage_arrears", "subsidy"]), st.booleans())
def test_kinds_come_in_order_each_once(text: str, category: str | None, ticked: bool) -> None:
    found = kinds(text, category, ticked=ticked)
    assert list(found) == [kind for kind in KINDS if kind in found]
    assert ("life" in found) >= ticked
    assert ("hazard" in found) >= (category == "safety_hazard")


words = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=30)


@given(words, words, st.sampled_from(["我不想活了", "煤气泄漏", "要塌了", "小学生被打", "拿刀砍人"]))
def test_what_is_said_around_it_does_not_quiet_it(before: str, after: str, word: str) -> None:
    assert set(kinds(before + word + "，真的，" + after)) >= set(kinds(word)) != set()


@given(words, st.sampled_from([None, "subsidy", "wage_arrears"]))
def test_a_tick_or_a_category_never_takes_a_kind_away(text: str, category: str | None) -> None:
    assert set(kinds(text, category)) >= set(kinds(text))
    assert set(kinds(text, category, ticked=True)) >= set(kinds(text, category))
    assert set(kinds(text, "safety_hazard")) >= set(kinds(text))


def test_every_word_is_written_as_texts_are_folded() -> None:
    """A word in Traditional, or with a digit, would never be met."""
    module = vars(urgency)
    patterns = [p for p in (*module.values(), *urgency._MINOR) if isinstance(p, re.Pattern)]
    written = set("".join(pattern.pattern for pattern in patterns))
    chinese = {character for character in written if character >= "\u4e00"}
    assert len(chinese) > 200
    assert {character for character in chinese if fold(character) != character} == set()


def test_every_kind_has_a_name() -> None:
    assert tuple(NAMES) == KINDS
