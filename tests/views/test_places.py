"""Requests and the turnstile: slow lines hold no place, and every answer gives its place back."""

import threading
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from intake.core.turnstile import Turnstile
from intake.core.world import World
from intake.web import places
from tests.cast import Cast
from tests.journeys import digits_in, fields, form_token, live_board, look_up, send

SLOW_LINES = 8


class SlowLine(BytesIO):
    """A body whose second half comes when the test says so."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.asked = threading.Event()
        self.comes = threading.Event()

    def readinto(self, buffer: Any) -> int:
        half = len(self.getvalue()) // 2
        if self.tell() >= half:
            self.asked.set()
            self.comes.wait()
            return super().readinto(buffer)
        return super().readinto(memoryview(buffer)[:half])


@pytest.fixture
def board(world: World, cast: Cast) -> str:
    return live_board(world)


def turnstile_of(app: Flask) -> Turnstile:
    found: Turnstile = app.extensions[places.EXTENSION]
    return found


def test_slow_lines_hold_no_place(app: Flask, board: str) -> None:
    lines, statuses = [SlowLine(b"receipt=" + b"0" * 64) for _ in range(SLOW_LINES)], list[int]()

    def post(line: SlowLine) -> None:
        answer = FlaskClient(app).post(
            "/receipt", input_stream=line, content_length=len(line.getvalue()),
            content_type="application/x-www-form-urlencoded",
        )  # fmt: skip
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=post, args=(line,), daemon=True) for line in lines]
    for thread, line in zip(threads, lines, strict=True):
        thread.start()
        line.asked.wait()
    assert (turnstile_of(app).inside, turnstile_of(app).waiting) == (0, 0)
    assert FlaskClient(app).get(f"/b/{board}").status_code == 200
    for thread, line in zip(threads, lines, strict=True):
        line.comes.set()
        thread.join()
    assert statuses == [422] * SLOW_LINES
    assert turnstile_of(app).inside == 0


def test_every_answer_gives_its_place_back(app: Flask, board: str) -> None:
    client = FlaskClient(app)
    digits = digits_in(send(client, board, fields(form_token(client, board), "村口的路灯坏了，晚上看不见路。")))
    assert look_up(client, digits).status_code == 200
    assert client.get("/b/NOBOARD").status_code == 404
    assert client.post("/receipt", data=b"--y", content_type="multipart/form-data; boundary=x").status_code == 400
    assert turnstile_of(app).inside == 0


def test_a_view_runs_inside(app: Flask, board: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def look(*_: object) -> None:
        seen.append(turnstile_of(app).inside)

    app.before_request_funcs.setdefault(None, []).append(look)
    FlaskClient(app).get(f"/b/{board}")
    assert seen == [1]
