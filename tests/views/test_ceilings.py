"""The machine at its limits: photos stop before reports, nothing typed is lost, and it recovers by itself."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

import config
from intake.core.clock import FixedClock
from intake.core.world import World
from intake.reports.models import ReportFile
from intake.web import ceilings
from intake.web.ceilings import Disk, disk_state
from intake.web.places import ARRIVED
from tests.cast import Cast
from tests.journeys import BODY, digits_in, fields, file_report, form_token, live_board, look_up, photo, send, token_in
from tests.journeys import upload as file_of

MB, GB = 1024 * 1024, 1024 * 1024 * 1024
SETTINGS = config.load({})


class FakeDisk:
    """A disk of 100 GB with as much room as the test says."""

    def __init__(self) -> None:
        self.free = 50 * GB

    def rooms(self) -> Sequence[tuple[int, int]]:
        return [(self.free, 100 * GB)]


@pytest.fixture
def disk(app: Flask) -> FakeDisk:
    probe = app.extensions[ceilings.EXTENSION] = FakeDisk()
    return probe


@pytest.fixture
def code(world: World, cast: Cast) -> str:
    return live_board(world)


def photos_kept(world: World) -> int:
    with world.db.read() as session:
        return session.query(ReportFile).count()


@pytest.mark.parametrize(
    ("free", "whole", "state"),
    [
        (50 * GB, 100 * GB, Disk.enough),
        (3 * GB - 1, 100 * GB, Disk.low),
        (3 * GB, 100 * GB, Disk.enough),
        (500 * MB - 1, 1 * GB, Disk.low),
        (500 * MB, 1 * GB, Disk.enough),
        (5_001 * MB, 2_000 * GB, Disk.enough),
        (4_999 * MB, 2_000 * GB, Disk.low),
        (100 * MB, 100 * GB, Disk.low),
        (100 * MB - 1, 100 * GB, Disk.full),
        (0, 0, Disk.full),
    ],
)
def test_three_per_cent_or_500_mb(free: int, whole: int, state: Disk) -> None:
    assert disk_state([(free, whole)], SETTINGS) is state
    assert disk_state([(900 * GB, 1_000 * GB), (free, whole)], SETTINGS) is state, "the place with the least room"


@given(st.integers(0, 10**14), st.integers(0, 10**14), st.integers(0, 10**13))
def test_more_room_is_never_worse(free: int, whole: int, more: int) -> None:
    order = [Disk.full, Disk.low, Disk.enough]
    first, second = (disk_state([(room, whole)], SETTINGS) for room in (free, free + more))
    assert order.index(second) >= order.index(first)


def test_a_disk_that_runs_low_takes_the_report_without_photos_and_says_so(
    client: FlaskClient, world: World, code: str, clock: FixedClock, disk: FakeDisk
) -> None:
    disk.free = 2 * GB
    form = client.get(f"/b/{code}/report")
    clock.advance(timedelta(seconds=20))
    page = send(client, code, fields(token_in(form), files=[file_of(photo(), "井.jpg")]))
    digits = digits_in(page)
    text = page.get_data(as_text=True)
    assert 'data-testid="file-problem"' in text
    assert "井.jpg" in text
    assert photos_kept(world) == 0
    disk.free = 50 * GB
    box = look_up(client, digits)
    data = {"receipt": digits, "token": token_in(box), "files": [file_of(photo())]}
    later = client.post("/receipt/files", data=data, content_type="multipart/form-data")
    assert "又收到 1 张照片" in later.get_data(as_text=True)
    assert photos_kept(world) == 1


def test_a_full_disk_keeps_the_text_and_says_when_to_come_back(
    client: FlaskClient, world: World, code: str, clock: FixedClock, disk: FakeDisk
) -> None:
    token = form_token(client, code)
    clock.advance(timedelta(seconds=20))
    disk.free = 50 * MB
    refused = send(client, code, fields(token, place="桥头"))
    text = refused.get_data(as_text=True)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "600")
    assert BODY in text
    assert "桥头" in text
    assert f'value="{token}"' in text
    disk.free = 50 * GB
    assert digits_in(send(client, code, fields(token, place="桥头"))), "by itself, with the same form"


def test_what_is_added_waits_too_and_is_kept(
    client: FlaskClient, world: World, code: str, clock: FixedClock, disk: FakeDisk
) -> None:
    digits = file_report(client, clock, code)
    token = token_in(look_up(client, digits))
    disk.free = 50 * MB
    data: dict[str, Any] = {"receipt": digits, "token": token, "body": "就在桥头往北"}
    refused = client.post("/receipt/message", data=data)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "600")
    assert "就在桥头往北" in refused.get_data(as_text=True)
    disk.free = 2 * GB
    assert "您补充的收到了" in client.post("/receipt/message", data=data).get_data(as_text=True)
    data = {"receipt": digits, "token": token, "files": [file_of(photo())]}
    photos = client.post("/receipt/files", data=data, content_type="multipart/form-data")
    assert photos.status_code == 503
    assert photos_kept(world) == 0


def test_photos_stop_before_reports_where_too_many_ask_at_once(
    client: FlaskClient, world: World, code: str, clock: FixedClock
) -> None:
    def sends(here: int) -> TestResponse:
        token = form_token(client, code)
        clock.advance(timedelta(seconds=20))
        return client.post(
            f"/b/{code}/report", data=fields(token, files=[file_of(photo())]), content_type="multipart/form-data",
            environ_overrides={ARRIVED: here},
        )  # fmt: skip

    for here, photos in ((42, 1), (43, 1), (56, 1)):
        assert digits_in(sends(here))
        assert photos_kept(world) == photos
    refused = sends(57)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "15")
    assert BODY in refused.get_data(as_text=True)
    assert 'href="tel:12388"' in refused.get_data(as_text=True)
    assert digits_in(send(client, code, fields(token_in(refused))))


def test_every_503_and_429_says_when_and_how_else(client: FlaskClient, code: str, disk: FakeDisk) -> None:
    disk.free = 0
    for lang, wait in (("", "秒"), ("zh-Hant", "秒"), ("en", "second")):
        answer = client.post("/receipt", query_string={"lang": lang}, data={"receipt": "0" * 20})
        text = answer.get_data(as_text=True)
        assert answer.status_code == 404, "looking up writes nothing"
        form = client.post(f"/b/{code}/report", query_string={"lang": lang}, data=fields("x"))
        text = form.get_data(as_text=True)
        assert form.status_code == 503
        assert wait in text
        assert 'href="tel:12388"' in text


def test_the_state_can_be_asked_for(app: Flask, disk: FakeDisk) -> None:
    disk.free = 1 * GB
    with app.test_request_context(environ_overrides={ARRIVED: 3}):
        found = ceilings.now()
    assert (found.disk, found.requests, found.takes_photos, found.takes_reports) == (Disk.low, 3, False, True)
    assert replace(found, disk=Disk.full).takes_reports is False
