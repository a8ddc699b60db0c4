"""Who handles what is told, for how long and with which rights; what the footer says and what it does not."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from intake.app import create_app
from intake.core.world import World
from intake.web.i18n import digits_of
from tests.cast import Cast
from tests.journeys import live_board

FOOTER = {
    "organiser": "岚溪县委巡察工作领导小组办公室",
    "icp_number": "青ICP备2026000001号-1",
    "police_number": "青公网安备99012102000001号",
    "site_mark": "9901210001",
}


def page(world: World, path: str = "/privacy", **changed: Any) -> str:
    """The page under other settings."""
    other = replace(world, settings=replace(world.settings, **changed))
    return create_app(other.settings, world=other).test_client().get(path).get_data(as_text=True)


def test_it_names_everything_that_the_law_wants_told(app: Flask) -> None:
    """Handler and contact, purpose and ground, kinds, whom it may be passed to, term, rights, minors."""
    text = app.test_client().get("/privacy").get_data(as_text=True)
    for section in ("handler", "purpose", "kinds", "whom", "term", "rights", "minors", "named"):
        assert f'id="{section}"' in text, section
    assert "12388" in text
    assert "第十三条" in text
    assert "第二十三条" in text
    assert "不满十四岁" in text


def test_it_asks_for_no_agreement_and_sets_nothing(app: Flask) -> None:
    answer = app.test_client().get("/privacy")
    assert "Set-Cookie" not in answer.headers
    assert "<form" not in answer.get_data(as_text=True)
    assert "checkbox" not in answer.get_data(as_text=True)


def test_every_citizens_page_with_links_leads_to_it(app: Flask, world: World, cast: Cast) -> None:
    code = live_board(world)
    client = app.test_client()
    for path in ("/", f"/b/{code}", "/receipt", "/verify", "/protection", "/nothing"):
        assert 'href="/privacy"' in client.get(path).get_data(as_text=True), path
    assert 'href="/privacy?lang=en&amp;size=large"' in client.get("/?lang=en&size=large").get_data(as_text=True)


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ({}, ["存 3 年", "再过 30 天", "存 180 天"]),
        ({"retention_days": 365, "retention_wait_days": 1, "retention_by": {}}, ["存 1 年", "再过 1 天"]),
        ({"retention_by": {"spam": 90, "verified": 1825}}, ["存 3 年", "最多 5 年", "存 90 天"]),
        ({"retention_by": {"fixed": 400}}, ["存 400 天", "最多 3 年"]),
    ],
)
def test_the_term_told_is_the_term_that_counts(world: World, terms: dict[str, Any], told: list[str]) -> None:
    text = page(world, **terms)
    sentence = text.split('data-testid="retention"')[1].split("</p>")[0]
    assert all(words in sentence for words in told)
    assert ("广告" in sentence) is ("spam" in {"retention_by": {"spam": 1}, **terms}["retention_by"])
    assert ("最多" in sentence) is any("最多" in words for words in told)


def test_terms_in_english_and_traditional(world: World) -> None:
    assert "kept for 3 years" in page(world, "/privacy?lang=en")
    assert "30 days later" in page(world, "/privacy?lang=en")
    assert "3 年" in page(world, "/privacy?lang=zh-Hant")


def test_the_operators_own_words_come_after(world: World) -> None:
    assert "档案按规定另存。" in page(world, retention_text="档案按规定另存。")


def test_what_is_not_set_is_not_shown(world: World) -> None:
    text = page(world, "/")
    for word in ("主办", "备案", "ICP", "公网安备", "网站标识码", "beian"):
        assert word not in text, word


def test_what_is_set_stands_in_the_footer_with_the_registers_links(world: World) -> None:
    text = page(world, "/", **FOOTER)
    assert all(value in text for value in FOOTER.values())
    assert 'href="https://beian.miit.gov.cn/"' in text
    assert 'href="https://beian.mps.gov.cn/#/query/webSearch?code=99012102000001"' in text
    assert "网站标识码：9901210001" in text
    assert text.count("<img") == 0
    assert "src=" not in text


@pytest.mark.parametrize("given", FOOTER)
def test_each_stands_alone(world: World, given: str) -> None:
    text = page(world, "/", **{given: FOOTER[given]})
    assert FOOTER[given] in text
    assert all(value not in text for name, value in FOOTER.items() if name != given)


def test_a_form_with_something_typed_carries_no_link_out(world: World, cast: Cast) -> None:
    code = live_board(world)
    text = page(world, f"/b/{code}/report", **FOOTER)
    assert FOOTER["icp_number"] in text
    assert "beian" not in text


def test_markup_in_a_setting_is_text(world: World) -> None:
    text = page(world, "/", organiser="<b>甲</b>", icp_number='"><script>', police_number='x"y1', site_mark="<i>")
    assert "<script>" not in text
    assert "<b>甲" not in text
    assert "webSearch?code=1&#34;" not in text
    assert digits_of("青公网安备 9901 号") == "9901"
