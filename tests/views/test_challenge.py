"""The challenge page: one small question, nothing typed is lost, and whatever comes back is judged."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from altcha import v1 as altcha
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from werkzeug.test import TestResponse

from intake.app import create_app
from intake.core.clock import FixedClock
from intake.core.world import World
from intake.reports import questions
from intake.reports.models import Report, ReportFile
from intake.reports.views.challenging import worded
from intake.routing.models import Placement
from intake.web import challenge
from tests.answering import answer, is_challenge, kept, right_answer
from tests.cast import Cast
from tests.client import PageClient
from tests.journeys import BODY, digits_in, fields, form_token, live_board, look_up, photo, report_of, send, token_in
from tests.journeys import upload as file_of

EVERYTHING = {"category": "medical", "place": "桥头", "subject": "村口道路", "contact": "示例人", "about_handler": "y"}


@pytest.fixture
def careful(world: World, compiled_templates: FileSystemBytecodeCache) -> Flask:
    """An installation that asks everybody; the browser's work is small."""
    settings = replace(
        world.settings, report_pace="0/5seconds", challenge_work=300, messages_a_day=2, photos_a_day=2
    )
    app = create_app(settings, world=replace(world, settings=settings))
    app.jinja_env.bytecode_cache = compiled_templates
    app.test_client_class = PageClient
    return app


@pytest.fixture
def client(careful: Flask) -> PageClient:
    found = careful.test_client()
    assert isinstance(found, PageClient)
    return found


@pytest.fixture
def code(world: World, cast: Cast) -> str:
    return live_board(world)


@pytest.fixture
def asked(client: PageClient, code: str, clock: FixedClock) -> TestResponse:
    token = form_token(client, code)
    clock.advance(timedelta(seconds=40))
    return send(client, code, fields(token, **EVERYTHING))


def puzzle_on(page: TestResponse) -> dict[str, Any]:
    text = page.get_data(as_text=True)
    found: dict[str, Any] = json.loads(unescape(text.split('data-puzzle="')[1].split('"')[0]))
    return found


def solved(puzzle: dict[str, Any]) -> str:
    """As the browser's script does."""
    found = altcha.solve_challenge(puzzle["challenge"], puzzle["salt"], "SHA-256", puzzle["maxNumber"])
    assert found is not None
    return altcha.Payload(
        "SHA-256", puzzle["challenge"], found.number, puzzle["salt"], puzzle["signature"]
    ).to_base64()  # fmt: skip


def filed(world: World) -> int:
    with world.db.read() as session:
        return session.query(Report).count()


def lane(world: World, page: TestResponse) -> str:
    report = report_of(world, digits_in(page))
    with world.db.read() as session:
        return session.get_one(Placement, report.id).lane


def test_everything_typed_goes_along_and_nothing_is_filed(asked: TestResponse, world: World) -> None:
    assert asked.status_code == 200
    assert is_challenge(asked)
    assert kept(asked).items() >= (EVERYTHING | {"body": BODY}).items()
    assert {"token", "challenge_id", "altcha"} <= set(kept(asked))
    assert "Set-Cookie" not in asked.headers
    assert filed(world) == 0


def test_its_headers_are_those_of_every_page_but_for_its_one_script(asked: TestResponse, client: PageClient) -> None:
    other = client.get("/receipt")
    policy = asked.headers["Content-Security-Policy"]
    assert policy.replace("script-src 'self'; ", "") == other.headers["Content-Security-Policy"]
    assert "script-src" not in other.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    for name in ("Referrer-Policy", "Cache-Control", "X-Frame-Options", "Server"):
        assert asked.headers[name] == other.headers[name]
    text = asked.get_data(as_text=True)
    assert text.count("<script") == 1
    address = text.split('<script src="')[1].split('"')[0]
    script = client.get(address)
    assert script.mimetype == "text/javascript"
    assert len(script.get_data()) < 6_000
    assert "12388" in text


def test_a_right_answer_files_it_with_all_that_was_typed(
    asked: TestResponse, client: PageClient, code: str, world: World
) -> None:
    page = answer(client, code, asked)
    digits = digits_in(page)
    assert lane(world, page) == "ordinary"
    report = report_of(world, digits)
    assert report.category == "medical"
    assert digits_in(answer(client, code, asked)) == digits, "sent twice, filed once"
    assert filed(world) == 1


def test_the_browsers_work_files_it_too(asked: TestResponse, client: PageClient, code: str, world: World) -> None:
    page = answer(client, code, asked, right=False, altcha=solved(puzzle_on(asked)))
    assert lane(world, page) == "ordinary"


def test_the_work_for_one_question_answers_no_other(
    asked: TestResponse, client: PageClient, code: str, clock: FixedClock
) -> None:
    payload = solved(puzzle_on(asked))
    token = form_token(client, code)
    clock.advance(timedelta(seconds=40))
    other = send(client, code, fields(token, BODY + "还有一件。"))
    assert is_challenge(answer(client, code, other, right=False, altcha=payload))


def test_an_answered_question_lets_no_other_text_through(
    asked: TestResponse, client: PageClient, code: str, world: World
) -> None:
    payload = solved(puzzle_on(asked))
    digits_in(answer(client, code, asked, altcha=payload))
    again = answer(client, code, asked, altcha=payload, body="这里写的是完全不同的另外一件事，说的是学校食堂。")
    assert is_challenge(again)
    assert filed(world) == 1


def test_a_question_waits_half_an_hour(
    asked: TestResponse, client: PageClient, code: str, clock: FixedClock, world: World
) -> None:
    clock.advance(timedelta(minutes=31))
    late = answer(client, code, asked)
    assert is_challenge(late)
    assert kept(late)["body"] == BODY
    assert lane(world, answer(client, code, late)) == "ordinary"


def _payload(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


HOSTILE = [
        "x", "{}", "=" * 50, "\0", "A" * 100_000, _payload([]), _payload(5), _payload(None), _payload("text"),
        _payload({"algorithm": "SHA-256"}), _payload([[]] * 300), base64.b64encode(b"[" * 1_400).decode(),
        _payload({"algorithm": "SHA-256", "challenge": 1, "number": {}, "salt": 3, "signature": []}),
        _payload({"algorithm": [], "challenge": "", "number": "", "salt": "", "signature": ""}),
]  # fmt: skip


def test_a_hostile_answer_is_a_wrong_one(
    asked: TestResponse, client: PageClient, code: str, careful: Flask
) -> None:
    with careful.test_request_context():
        challenge_of_page = challenge.issue("report", b"x")
        assert not any(challenge.is_solved(challenge_of_page, payload) for payload in HOSTILE)
    for payload in HOSTILE[:2]:
        assert is_challenge(answer(client, code, asked, right=False, altcha=payload))


def test_an_id_that_is_none_brings_a_new_question(asked: TestResponse, client: PageClient, code: str) -> None:
    for forged in ("", "x", "a.b", "🐄", "A" * 5_000, "WyJyZXBvcnQiXQ.sig"):
        page = answer(client, code, asked, challenge_id=forged)
        assert is_challenge(page)
        assert kept(page)["challenge_id"] != kept(asked)["challenge_id"]


def test_a_question_of_one_form_is_no_answer_for_another(
    asked: TestResponse, client: PageClient, code: str, clock: FixedClock
) -> None:
    token = form_token(client, code)
    clock.advance(timedelta(seconds=40))
    assert is_challenge(answer(client, code, asked, token=token))


def test_photos_are_added_afterwards_and_the_page_says_so(
    client: PageClient, code: str, clock: FixedClock, world: World
) -> None:
    token = form_token(client, code)
    clock.advance(timedelta(seconds=40))
    asked = send(client, code, fields(token, files=[file_of(photo())]))
    assert "照片没有跟过来" in asked.get_data(as_text=True)
    again = answer(client, code, asked, right=False)
    assert "照片没有跟过来" in again.get_data(as_text=True)
    page = answer(client, code, again)
    data = {"receipt": digits_in(page), "token": token_in(page), "page": "receipt", "files": [file_of(photo())]}
    added = client.post("/receipt/files", data=data, content_type="multipart/form-data")
    assert "又收到 1 张照片" in added.get_data(as_text=True)
    with world.db.read() as session:
        assert session.query(ReportFile).count() == 1


def test_numbers_in_the_text_are_asked_about_once(client: PageClient, code: str, clock: FixedClock) -> None:
    token = form_token(client, code)
    clock.advance(timedelta(seconds=40))
    confirm = send(client, code, fields(token, BODY + "电话13912345678"))
    assert 'data-testid="confirm"' in confirm.get_data(as_text=True)
    asked = send(client, code, fields(token, BODY + "电话13912345678", confirmed="y"))
    assert is_challenge(asked)
    assert digits_in(answer(client, code, asked))


@pytest.mark.parametrize(("lang", "words"), [("zh-Hant", "再答一個小問題"), ("en", "One small question")])
def test_it_speaks_the_language_of_the_page(
    client: PageClient, code: str, clock: FixedClock, lang: str, words: str
) -> None:
    token = form_token(client, code)
    clock.advance(timedelta(seconds=40))
    page = client.post(f"/b/{code}/report?lang={lang}", data=fields(token))
    text = page.get_data(as_text=True)
    assert words in text
    assert f'action="/b/{code}/report?lang={lang}"' in text
    answered = kept(page) | {"answer": right_answer(client, page)}
    assert digits_in(client.post(f"/b/{code}/report?lang={lang}", data=answered))


@pytest.mark.parametrize("lang", ["", "zh-Hant", "en"])
def test_each_kind_is_worded_and_its_own_words_answer_it(careful: Flask, lang: str) -> None:
    kinds = {}
    with careful.test_request_context(query_string={"lang": lang}):
        for number in range(600):
            asked = questions.question(number.to_bytes(2, "big"))
            kinds[asked.kind] = worded(asked)
            assert "%(" not in kinds[asked.kind]
    assert set(kinds) == set(questions.KINDS)
    assert len(set(kinds.values())) == 20


def test_how_hard_it_is_follows_the_pressure_of_the_board(careful: Flask) -> None:
    with careful.test_request_context():
        found = [challenge.issue("report", b"x", pressure=pressure).work for pressure in (0, 1, 2.5, 99)]
    assert found == [300, 300, 750, 1200]


def test_a_receipt_takes_many_words_and_photos_a_day_and_then_asks(
    client: PageClient, code: str, clock: FixedClock, world: World, asked: TestResponse
) -> None:
    digits = digits_in(answer(client, code, asked))
    token = token_in(look_up(client, digits))

    def says(text: str, **more: str) -> TestResponse:
        return client.post("/receipt/message", data={"receipt": digits, "token": token, "body": text, **more})

    for text in ("就在桥头", "往北一百米"):
        assert "您补充的收到了" in says(text).get_data(as_text=True)
    question = says("路边有一棵树")
    assert is_challenge(question)
    assert kept(question)["body"] == "路边有一棵树"
    again = says("", **kept(question) | {"answer": "不会"})
    freed = client.post("/receipt/message", data=kept(again) | {"answer": right_answer(client, again)})
    assert "您补充的收到了" in freed.get_data(as_text=True)
    for text in ("树下有一口井", "井盖没有了"):
        assert "您补充的收到了" in says(text).get_data(as_text=True)
    assert is_challenge(says("请快一点"))
    used = kept(again) | {"answer": right_answer(client, again), "body": "请快一点"}
    assert is_challenge(client.post("/receipt/message", data=used)), "an answer frees as much again, once"


def test_photos_over_the_day_are_one_question_away(
    client: PageClient, code: str, asked: TestResponse, world: World
) -> None:
    digits = digits_in(answer(client, code, asked))
    token = token_in(look_up(client, digits))

    def adds(shade: int) -> TestResponse:
        data = {"receipt": digits, "token": token, "files": [file_of(photo(shade))]}
        return client.post("/receipt/files", data=data, content_type="multipart/form-data")

    for shade in (10, 60):
        assert "又收到 1 张照片" in adds(shade).get_data(as_text=True)
    question = adds(110)
    assert is_challenge(question)
    freed = client.post("/receipt/files", data=kept(question) | {"answer": right_answer(client, question)})
    assert "请把照片再选一次" in freed.get_data(as_text=True)
    assert "又收到 1 张照片" in adds(110).get_data(as_text=True)


def test_one_surface_never_eats_anothers_allowance(
    client: PageClient, code: str, asked: TestResponse, careful: Flask
) -> None:
    """Photos are over; words, look-ups and sign-ins are not."""
    digits = digits_in(answer(client, code, asked))
    token = token_in(look_up(client, digits))
    for number in range(4):
        data = {"receipt": digits, "token": token, "files": [file_of(photo(number * 40 + 10))]}
        last = client.post("/receipt/files", data=data, content_type="multipart/form-data")
    assert is_challenge(last)
    said = client.post("/receipt/message", data={"receipt": digits, "token": token, "body": "就在桥头"})
    assert "您补充的收到了" in said.get_data(as_text=True)
    assert not is_challenge(look_up(client, digits))
    assert client.get("/staff/login").status_code == 200


def test_too_many_activation_links_are_told_to_wait(client: PageClient, careful: Flask, cast: Cast) -> None:
    statuses = [client.get(f"/staff/activate/nobody{number}").status_code for number in range(62)]
    assert statuses[:60] == [404] * 60
    assert statuses[60:] == [429] * 2
    page = client.get("/staff/activate/nobody")
    assert page.headers["Retry-After"] == "60"
    assert "60 秒" in page.get_data(as_text=True)
