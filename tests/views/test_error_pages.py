"""Citizens' error pages: in the reader's language, saying what to do, when, and how else; never a lost text."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from intake.core.clock import FixedClock
from intake.core.world import World
from intake.reports import services
from intake.web import errors
from tests import pagelint
from tests.cast import Cast
from tests.journeys import BODY, fields, form_token, live_board

CODES = (400, 403, 404, 405, 410, 413, 422, 429, 500, 503)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("lang", ["", "zh-Hant", "en"])
def test_each_says_what_to_do_and_how_else(app: Flask, code: int, lang: str) -> None:
    with app.test_request_context("/b/whatever", query_string={"lang": lang, "size": "large"}):
        answer = errors.error_page(code, retry_after=30 if code in (429, 503) else None, kept=BODY)
    page = answer.get_data(as_text=True)
    assert answer.status_code == code
    assert pagelint.problems(page, citizen=True) == []
    assert f'<html lang="{lang or "zh-Hans"}" class="large">' in page
    assert 'href="tel:12388"' in page
    assert BODY in page
    if code in (429, 503):
        assert answer.headers["Retry-After"] == "30"
        assert "30" in page


def test_a_fault_of_ours_keeps_the_text_and_says_nothing_of_itself(
    client: FlaskClient, app: Flask, world: World, cast: Cast, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    code = live_board(world)
    token = form_token(client, code)
    monkeypatch.setattr(services, "file_report", broken)
    answer = client.post(f"/b/{code}/report?lang=zh-Hant", data=fields(token))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert "我們這邊出了點問題" in page
    assert BODY in page
    assert "secret detail" not in page
    assert "Traceback" not in page
