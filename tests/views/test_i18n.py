"""Languages: each page in each of them, chosen by address alone."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from intake.core.clock import FixedClock
from intake.core.world import World
from intake.web import i18n
from tests.cast import Cast
from tests.journeys import BODY, fields, form_token, live_board, send

CHINESE = re.compile(r"[\u4e00-\u9fff]")
_AS_WRITTEN = re.compile(r'<(\w+)[^>]* lang="zh-Han[st]"[^>]*>.*?</\1>', re.S)
_TEXTAREA = re.compile(r"<textarea.*?</textarea>", re.S)


def untranslated(page: str) -> str:
    """Chinese on an English page that is neither printed on a board nor the citizen's own."""
    body = page[page.index("<body>") :]
    return "".join(CHINESE.findall(_AS_WRITTEN.sub("", _TEXTAREA.sub("", body))))


@pytest.fixture
def code(world: World, cast: Cast) -> str:
    return live_board(world)


def test_english_pages_are_in_english(client: FlaskClient, code: str, clock: FixedClock) -> None:
    addresses = ["/", f"/b/{code}", f"/b/{code}/report", "/receipt", "/verify", f"/verify?board={code}", "/leave",
                 "/nothing", "/b/7K3QX9TU", "/b/xx"]  # fmt: skip
    for address in addresses:
        page = client.get(address, query_string=None if "?" in address else {"lang": "en"})
        if "?" in address:
            page = client.get(address + "&lang=en")
        text = page.get_data(as_text=True)
        assert '<html lang="en">' in text
        assert untranslated(text) == "", address


def test_answers_are_in_the_language_of_the_form(client: FlaskClient, code: str) -> None:
    answers = [
        client.post(f"/b/{code}/report?lang=en", data=fields(form_token(client, code), "短", place="长" * 201)),
        client.post(f"/b/{code}/report?lang=en", data=fields("x")),
        client.post(f"/b/{code}/report?lang=en", data=fields(form_token(client, code))),
        client.post("/receipt?lang=en", data={"receipt": "1"}),
        client.post("/receipt?lang=en", data={"receipt": "00000000000000000000"}),
    ]
    for answer in answers:
        assert untranslated(answer.get_data(as_text=True)) == ""


def test_traditional_pages_are_not_simplified(client: FlaskClient, code: str) -> None:
    page = client.get(f"/b/{code}/report?lang=zh-hant").get_data(as_text=True)
    assert "發生了什麼事？" in page
    assert "发生了什么事" not in page


def test_a_report_may_be_in_any_writing(client: FlaskClient, code: str) -> None:
    for body in ("橋頭的路沒有填平，下雨天都是水。", "The road at the bridge was never filled.", "كتابة بلغة أخرى هنا"):
        token = form_token(client, code)
        assert 'data-testid="receipt"' in send(client, code, fields(token, body)).get_data(as_text=True)


def test_days_are_written_as_people_write_them(app: Flask, clock: FixedClock) -> None:
    today = clock.now().date()
    last_year = today.replace(year=today.year - 1, month=1, day=2)
    with app.test_request_context("/"):
        assert i18n.day(today) == "11月23日"
        assert i18n.day(last_year) == "2025年1月2日"
    with app.test_request_context("/?lang=en"):
        assert i18n.day(today) == "23 November"
        assert i18n.day(last_year) == "2 January 2025"


def test_staff_read_chinese_whatever_the_address_says(app: Flask) -> None:
    with app.test_request_context("/staff/queue?lang=en"):
        assert i18n.locale() == "zh-Hans"


def test_what_was_typed_is_not_translated(client: FlaskClient, code: str) -> None:
    page = client.post(f"/b/{code}/report?lang=zh-Hant", data=fields("x", BODY)).get_data(as_text=True)
    assert BODY in page
