"""《我们怎样保护你》 says what the suite proves: each sentence has its test, or is named as what nobody can protect."""

import ast
import re
from functools import cache
from xml.etree import ElementTree as ET

import html5lib
import pytest

from intake.core.world import World
from tests.cast import Cast
from tests.client import PageClient
from tests.guards.sources import ROOT
from tests.journeys import live_board

pytestmark = pytest.mark.sqlite  # what a page says is the same on both
MODEL = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
# What leads through the page and promises nothing.
FRAME = {
    "我们怎样保护你",
    "做得到的，一句一句写在前面。",
    "做不到的，也写明白。",
    "不知道您是谁",
    "该看的人才看得到",
    "回执号只在您手里",
    "哪些是我们管不到的",
    "您可以这样做",
    "回到开头",
    "回到这块牌子",
}
IN_WECHAT = {
    "您现在用的是微信。",
    "微信会记下您打开过这个网址。",
    "想更稳妥，把下面这一行复制到手机自带的浏览器里打开。",
    "也可以点右上角 ···，选“在浏览器打开”。",
}


def table(name: str) -> dict[str, str]:
    """The rows of the table under `<!-- name -->`: first column → second."""
    lines = MODEL.partition(f"<!-- {name} -->\n")[2].splitlines()
    rows = {}
    for line in lines[2:]:
        if not line.startswith("|"):
            break
        first, second = line.strip("| ").split(" | ", 1)
        assert first not in rows, first
        rows[first] = second
    assert rows, name
    return rows


def sentences(text: str) -> list[str]:
    """By full stop, question and exclamation mark, each with its own."""
    return [part.strip() for part in re.findall(r"[^。？！]+[。？！]?", text) if part.strip()]


def said(element: ET.Element) -> list[str]:
    """The sentences of an element, without the marks in front of its lines."""
    found = []
    for inner in element.iter():
        if inner.tag in ("li", "p", "h1", "h2", "a", "b", "small"):
            text = (inner.text or "") + "".join(child.tail or "" for child in inner if child.tag in ("i", "svg"))
            found += sentences(text)
    return found


def main_of(page: str) -> ET.Element:
    root: ET.Element = html5lib.HTMLParser(
        tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False
    ).parse(page)
    main = root.find(".//main")
    assert main is not None
    return main


@cache
def names_in(path: str) -> frozenset[str]:
    """Names of the test functions of a file, inside classes too."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_sentence_of_the_page_is_proven_or_named(client: PageClient) -> None:
    shown = said(main_of(client.get("/protection").get_data(as_text=True)))
    known = [set(table(name)) for name in ("promises", "not protected", "advice")]
    assert len(shown) == len(set(shown)) > 30
    assert set(shown) - FRAME == set.union(*known)
    assert sum(map(len, known)) == len(set.union(*known)), "a sentence is a promise or a warning, never both"


def test_what_has_a_tick_is_a_promise_and_what_has_none_is_not(client: PageClient) -> None:
    promises, beyond = set(table("promises")), set(table("not protected"))
    ticked, warned = set[str](), set[str]()
    for line in main_of(client.get("/protection").get_data(as_text=True)).iter("li"):
        mark = "".join(line.findtext("i") or "")
        if mark in "✓!":
            (ticked if mark == "✓" else warned).update(said(line))
    assert ticked < promises
    assert promises - ticked == {"前面打了勾的每一句，程序每改一次，都会重新查一遍。"}
    assert warned == beyond


def test_in_wechat_nothing_more_is_promised(client: PageClient) -> None:
    agent = {"User-Agent": "Mozilla/5.0 MicroMessenger/8.0"}
    plain, wechat = (
        set(said(main_of(client.get("/protection", headers=headers).get_data(as_text=True)))) for headers in ({}, agent)
    )
    assert {one for one in wechat - plain if not one.startswith("http")} == IN_WECHAT


def test_the_short_lines_of_board_and_home_are_proven_too(client: PageClient, world: World, cast: Cast) -> None:
    short = set(table("promises in short"))
    for path in (f"/b/{live_board(world)}", "/"):
        section = next(
            one for one in main_of(client.get(path).get_data(as_text=True)).iter("section")
            if one.findtext("h2") == "怎样保护您"
        )  # fmt: skip
        assert {word for line in section.iter("li") for word in said(line)} == short


@pytest.mark.parametrize("name", ["promises", "promises in short"])
def test_every_promise_names_tests_that_exist(name: str) -> None:
    for sentence, proof in table(name).items():
        named = NAMED.findall(proof)
        assert named, f"nothing proves: {sentence}"
        for path, test in named:
            assert test.startswith("test_"), test
            assert test in names_in(path), f"{path}::{test} is not there: {sentence}"


def test_what_is_not_protected_is_explained() -> None:
    for sentence, behind in table("not protected").items():
        assert len(behind) > 30, sentence
