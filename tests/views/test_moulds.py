"""Pages drawn once: each goes out with its own digits and token, and the kept page has nobody's."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from intake.core.world import World
from intake.reports import receipt
from intake.web import moulds
from tests.cast import Cast
from tests.journeys import digits_in, fields, form_token, live_board, look_up, send, token_in

_NAMES = ("token", "digits", "group1", "group2", "group3", "group4", "group5")


@pytest.fixture
def board(world: World, cast: Cast) -> str:
    return live_board(world)


def filed(client: FlaskClient, board: str, number: int) -> TestResponse:
    token = form_token(client, board)
    return send(client, board, fields(token, f"第{number}封：村口的路灯坏了，晚上看不见路。"))


def test_each_receipt_page_has_its_own_digits_and_token(client: FlaskClient, board: str) -> None:
    pages = [filed(client, board, number) for number in range(3)]
    digits, tokens = [digits_in(page) for page in pages], [token_in(page) for page in pages]
    assert len({*digits}) == len({*tokens}) == 3
    for page, own in zip(pages, digits, strict=True):
        text = page.get_data(as_text=True)
        assert f'name="receipt" value="{own}"' in text
        assert re.findall(r"<span>([0-9]{4})</span>", text) == receipt.groups(own)
        assert not any(other in text for other in digits if other != own)
        assert not any(moulds.mark(name) in text for name in _NAMES)


def test_each_box_has_its_own_digits_and_works_with_its_own_token(client: FlaskClient, board: str) -> None:
    digits = [digits_in(filed(client, board, number)) for number in range(3)]
    for own in digits:
        page = look_up(client, own)
        text = page.get_data(as_text=True)
        assert re.findall(r'name="receipt" value="([^"]*)"', text) == [own]
        assert not any(moulds.mark(name) in text for name in _NAMES)
        sent = {"receipt": own, "token": token_in(page), "body": "还有一盏也坏了。"}
        assert client.post("/receipt/message", data=sent, content_type="multipart/form-data").status_code == 200


def test_what_is_kept_has_nobodys_digits(app: Flask, client: FlaskClient, board: str) -> None:
    digits = digits_in(filed(client, board, 1))
    look_up(client, digits)
    kept = repr(app.extensions["msx_moulds"])
    assert 'data-testid="receipt"' in kept.replace('\\"', '"')
    assert not any(group in kept for group in (digits, f"<span>{digits[:4]}</span>"))


def test_another_language_is_drawn_for_itself(client: FlaskClient, board: str) -> None:
    digits = digits_in(filed(client, board, 1))
    usual = look_up(client, digits).get_data(as_text=True)
    english = client.post("/receipt?lang=en", data={"receipt": digits}).get_data(as_text=True)
    assert 'lang="zh-Hans"' in usual
    assert '<html lang="en"' in english
    assert look_up(client, digits).get_data(as_text=True).startswith(usual[:200])
