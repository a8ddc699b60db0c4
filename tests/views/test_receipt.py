"""What a receipt opens: the look-up, the box, messages, photos, rating."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from intake.app import create_app
from intake.core import vault
from intake.core.clock import FixedClock
from intake.core.errors import Busy
from intake.core.world import World
from intake.reports import receipt, services
from intake.reports.models import Addition, BoxMessage, Report, ReportFile
from tests import multipart
from tests.answering import is_challenge, kept
from tests.cast import Cast
from tests.client import PageClient
from tests.journeys import BODY, file_report, look_up, photo, report_of, token_in, upload
from tests.journeys import live_board as make_live_board

QUESTION = "请问是从哪里到哪里？\n还有谁清楚？"


@pytest.fixture
def digits(client: FlaskClient, world: World, cast: Cast, clock: FixedClock) -> str:
    """The receipt of a filed report."""
    return file_report(client, clock, make_live_board(world))


@pytest.fixture
def token(client: FlaskClient, digits: str) -> str:
    """The token of the box, opened."""
    return token_in(look_up(client, digits))


@pytest.fixture
def strict(world: World, cast: Cast) -> FlaskClient:
    """A client of an app that allows three look-ups."""
    settings = replace(world.settings, lookup_limit="3/10minutes")
    app = create_app(settings, world=replace(world, settings=settings))
    app.test_client_class = PageClient
    return app.test_client()


UNKNOWN = "0" * 19 + receipt.damm("0" * 19)


def text(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def write_to_the_box(world: World, digits: str, words: str, *, asks: bool) -> None:
    """As the team would, straight into the rows."""
    report = report_of(world, digits)
    keys = receipt.opened(digits, world.secrets.pepper)
    assert report.box_for_receipt is not None
    box_key = vault.decrypt(keys.key, report.box_for_receipt, ("report", report.id, "box_for_receipt"))
    with world.db.read() as session:
        seq = (session.scalar(select(func.count()).where(BoxMessage.report_id == report.id)) or 0) + 1
    sealed = vault.encrypt(box_key, words.encode(), ("box_message", f"{report.id}/{seq}", "text"))

    def write(session: Session) -> None:
        session.add(BoxMessage(report_id=report.id, seq=seq, day=world.today(), author_id="x", asks=asks, text=sealed))
        session.get_one(Report, report.id).awaiting_citizen = asks

    world.db.write(write)


def close(world: World, digits: str) -> None:
    report_id = report_of(world, digits).id

    def write(session: Session) -> None:
        session.get_one(Report, report_id).state = "closed"

    world.db.write(write)


def additions(world: World) -> list[str]:
    with world.db.read() as session:
        return list(session.scalars(select(Addition.kind).order_by(Addition.seq)))


# Looking up


def full_width(digits: str) -> str:
    return digits.translate({ord("0") + n: 0xFF10 + n for n in range(10)})


def test_a_receipt_opens_its_box_however_it_is_written(client: FlaskClient, digits: str) -> None:
    spaced = " ".join(receipt.groups(digits))
    for written in (digits, spaced, spaced.replace(" ", "-"), full_width(digits), f"\t{spaced}\r\n"):
        answer = look_up(client, written)
        assert answer.status_code == 200
        assert 'data-testid="report-state" data-state="received"' in text(answer)
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_box_never_repeats_the_report(client: FlaskClient, digits: str) -> None:
    page = text(look_up(client, digits))
    assert BODY[:8] not in page
    assert "坪上村" not in page
    assert "意见反映</title>" in page


def test_a_digit_is_wrong(client: FlaskClient, digits: str) -> None:
    wrong = digits[:5] + str((int(digits[5]) + 1) % 10) + digits[6:]
    answer = look_up(client, wrong)
    assert answer.status_code == 422
    assert "有一位数字不对" in text(answer)
    assert f'value="{wrong}"' in text(answer)


@pytest.mark.parametrize("typed", ["", "123", "1" * 21, "x" * 1_000_000, "٣" * 20, "<b>", "\0" * 20, "1234\u202e5678"])
def test_what_is_no_receipt_is_refused_quickly(client: FlaskClient, cast: Cast, typed: str) -> None:
    answer = look_up(client, typed)
    assert answer.status_code == 422
    assert len(answer.get_data()) < 20_000


def test_every_receipt_that_opens_nothing_gets_the_same_page(client: FlaskClient, digits: str) -> None:
    unknown = [f"{n:019d}" for n in (1, 12345678901234567)]
    pages = [look_up(client, one + receipt.damm(one)) for one in unknown]
    assert [page.status_code for page in pages] == [404, 404]
    assert pages[0].get_data() == pages[1].get_data()
    assert pages[0].headers.to_wsgi_list() == pages[1].headers.to_wsgi_list()


def test_too_many_look_ups_are_asked_a_question_and_never_refused(strict: FlaskClient) -> None:
    for _ in range(3):
        assert look_up(strict, UNKNOWN).status_code == 404
    asked = look_up(strict, UNKNOWN)
    assert asked.status_code == 200
    assert is_challenge(asked)
    assert "12388" in text(asked)
    assert kept(asked)["receipt"] == UNKNOWN  # not to be typed again


def test_who_has_opened_the_box_may_write_though_the_network_is_over_its_limit(
    strict: FlaskClient, world: World, clock: FixedClock
) -> None:
    digits = file_report(strict, clock, make_live_board(world))
    token = token_in(look_up(strict, digits))
    for _ in range(3):
        last = look_up(strict, UNKNOWN)
    assert is_challenge(last)
    answer = strict.post("/receipt/message", data={"receipt": digits, "token": token, "body": "就在桥头"})
    assert "您补充的收到了" in text(answer)


def test_guessed_digits_count_as_look_ups_wherever_they_are_sent(strict: FlaskClient) -> None:
    for address in ("message", "files", "rating"):
        assert strict.post(f"/receipt/{address}", data={"receipt": UNKNOWN}).status_code == 404
    answer = strict.post("/receipt/message", data={"receipt": UNKNOWN, "body": "打了很多字"})
    assert is_challenge(answer)
    assert kept(answer)["body"] == "打了很多字"


def test_language_and_size_travel_through_the_box(client: FlaskClient, digits: str) -> None:
    page = text(client.post("/receipt?lang=zh-Hant&size=large", data={"receipt": digits}))
    assert '<html lang="zh-Hant" class="large">' in page
    assert 'action="/receipt/message?lang=zh-Hant&amp;size=large"' in page
    assert "lang=en" not in page  # a page that answers a POST has no such link


# The box


def test_a_question_stands_first(client: FlaskClient, world: World, digits: str) -> None:
    write_to_the_box(world, digits, "已经登记。", asks=False)
    write_to_the_box(world, digits, QUESTION, asks=True)
    page = text(look_up(client, digits))
    assert 'data-state="needs_info"' in page
    messages = re.findall(r'data-testid="box-message"><p class="as">(.*?)</p>', page, re.S)
    assert messages == [QUESTION, "已经登记。"]
    assert page.index(QUESTION) < page.index("办到哪一步了") < page.index("已经登记。")


def test_an_answer_arrives_and_is_not_shown_again(client: FlaskClient, world: World, digits: str) -> None:
    write_to_the_box(world, digits, QUESTION, asks=True)
    token = token_in(look_up(client, digits))
    answer = client.post("/receipt/message", data={"receipt": digits, "token": token, "body": "从桥头到学校，老张清楚"})
    page = text(answer)
    assert answer.status_code == 200
    assert "您补充的收到了" in page
    assert "老张" not in page
    assert 'data-state="received"' in page
    assert "11月23日" in page
    assert additions(world) == ["message"]


def test_the_same_message_counts_once(client: FlaskClient, world: World, digits: str, token: str) -> None:
    for _ in range(2):
        data = {"receipt": digits, "token": token, "body": "就在桥头"}
        assert client.post("/receipt/message", data=data).status_code == 200
    assert additions(world) == ["message"]


def test_an_empty_message_is_said(client: FlaskClient, world: World, digits: str, token: str) -> None:
    answer = client.post("/receipt/message", data={"receipt": digits, "token": token, "body": " \r\n"})
    assert answer.status_code == 422
    assert "请写几个字，或者选一张照片" in text(answer)
    assert 'data-testid="error-summary"' in text(answer)
    assert additions(world) == []


def test_a_message_too_long_is_kept(client: FlaskClient, world: World, digits: str, token: str) -> None:
    answer = client.post("/receipt/message", data={"receipt": digits, "token": token, "body": "长" * 5001})
    assert answer.status_code == 422
    assert "长" * 5001 in text(answer)
    assert additions(world) == []


@pytest.mark.parametrize("bad", ["", "nonsense"])
def test_without_a_token_of_this_box_the_words_come_back(
    client: FlaskClient, world: World, digits: str, bad: str
) -> None:
    answer = client.post("/receipt/message", data={"receipt": digits, "token": bad, "body": "就在桥头"})
    assert answer.status_code == 422
    assert "就在桥头</textarea>" in text(answer)
    assert additions(world) == []
    again = client.post("/receipt/message", data={"receipt": digits, "token": token_in(answer), "body": "就在桥头"})
    assert again.status_code == 200
    assert additions(world) == ["message"]


def test_the_token_of_another_box_is_none(
    client: FlaskClient, world: World, clock: FixedClock, digits: str, token: str
) -> None:
    other = file_report(client, clock, make_live_board(world, site_no="CJ-990121200204"))
    assert client.post("/receipt/message", data={"receipt": other, "token": token, "body": "x"}).status_code == 422


def test_a_box_open_too_long_keeps_the_words(client: FlaskClient, clock: FixedClock, digits: str, token: str) -> None:
    clock.advance(timedelta(hours=3))
    answer = client.post("/receipt/message", data={"receipt": digits, "token": token, "body": "就在桥头"})
    assert answer.status_code == 422
    assert "就在桥头</textarea>" in text(answer)


def test_a_busy_machine_keeps_the_words(
    client: FlaskClient, digits: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise Busy(9)

    monkeypatch.setattr(services, "add_to_report", full)
    answer = client.post("/receipt/message", data={"receipt": digits, "token": token, "body": "就在桥头"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "9")
    assert "就在桥头</textarea>" in text(answer)


# Photos


def files(world: World) -> int:
    with world.db.read() as session:
        return session.scalar(select(func.count()).select_from(ReportFile)) or 0


def add(client: FlaskClient, digits: str, token: str, *uploads: object, **more: str) -> Any:
    return client.post(
        "/receipt/files", data={"receipt": digits, "token": token, **more, "files": list(uploads)},
        content_type="multipart/form-data",
    )  # fmt: skip


def test_photos_are_added_one_by_one(client: FlaskClient, world: World, digits: str, token: str) -> None:
    first = add(client, digits, token, upload(photo(50)))
    assert "又收到 1 张照片" in text(first)
    second = add(client, digits, token_in(first), upload(photo(150)))
    assert "又收到 1 张照片" in text(second)
    same = add(client, digits, token_in(second), upload(photo(150)))
    assert same.status_code == 200
    assert files(world) == 2


def test_the_receipt_page_stays_until_the_digits_are_noted(client: FlaskClient, digits: str, token: str) -> None:
    answer = add(client, digits, token, upload(photo(50)), page="receipt")
    page = text(answer)
    assert re.sub(r"\D", "", re.findall(r'data-testid="receipt">(.*?)</p>', page)[0]) == digits
    assert "又收到 1 张照片" in page
    assert "report-state" not in page


def test_a_file_that_cannot_be_taken_is_named(client: FlaskClient, world: World, digits: str, token: str) -> None:
    answer = add(client, digits, token, upload(b"ID3" + b"0" * 3000, "录音.mp3"))
    assert answer.status_code == 200
    assert text(answer).count('data-testid="file-problem"') == 1
    assert files(world) == 0


def test_photos_too_large_together(client: FlaskClient, digits: str, token: str) -> None:
    large = [(f"{n}.jpg", b"x" * 9 * 1024 * 1024) for n in range(4)]
    answer = multipart.post(client, "/receipt/files", {"receipt": digits, "token": token}, large)
    assert answer.status_code == 413
    assert "一张一张加" in text(answer)


# Rating


def rate(client: FlaskClient, digits: str, token: str, **more: str) -> Any:
    return client.post("/receipt/rating", data={"receipt": digits, "token": token, **more})


def test_rating_is_asked_once_the_report_is_closed(client: FlaskClient, world: World, digits: str, token: str) -> None:
    assert 'name="score"' not in text(look_up(client, digits))
    assert rate(client, digits, token, score="5").status_code == 422
    close(world, digits)
    assert 'name="score"' in text(look_up(client, digits))
    answer = rate(client, digits, token, score="4", text="还行")
    assert answer.status_code == 200
    assert "您的评分收到了" in text(answer)
    assert 'name="score"' not in text(answer)
    assert additions(world) == ["rating"]


@pytest.mark.parametrize("score", ["", "0", "6", "五", "1e1"])
def test_a_score_is_one_to_five(client: FlaskClient, world: World, digits: str, token: str, score: str) -> None:
    close(world, digits)
    answer = rate(client, digits, token, score=score, text="还行")
    assert answer.status_code == 422
    assert 'value="还行"' in text(answer)
    assert additions(world) == []
