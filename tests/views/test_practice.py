"""试扫: the whole way through, with the citizens' pages and rules; nothing is filed, counted or stored."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from intake.boards import services as boards
from intake.boards.services.tally import Tally
from intake.boards.views import counted
from intake.core.tables import Base
from intake.core.world import World
from intake.reports import receipt
from intake.reports.views.practice import DIGITS
from tests.cast import Cast
from tests.client import PageClient
from tests.journeys import live_board, make_site, photo, token_in, upload
from tests.views.desk import Desk, hidden

TEXT = "演练：村口的牌子刚挂上，试着写几句。"


@pytest.fixture
def code(world: World, cast: Cast) -> str:
    return live_board(world)


@pytest.fixture
def desk(world: World, cast: Cast, client: PageClient) -> Desk:
    made = Desk(world, cast, client)
    made.enter(cast.liaison)
    return made


def everything(world: World) -> dict[str, list[Any]]:
    """Every row of every table, but for when the session was last seen."""
    with world.db.read() as session:
        tables = [table for table in Base.metadata.sorted_tables if table.name != "staff_session"]
        return {table.name: [tuple(row) for row in session.execute(select(table))] for table in tables}


@pytest.fixture
def untouched(app: Flask, world: World, cast: Cast, code: str) -> Iterator[None]:
    """Whatever a test does, afterwards nothing is written, counted or put into the store."""
    before, blobs = everything(world), set(world.storage.names())
    yield
    assert everything(world) == before
    assert set(world.storage.names()) == blobs
    tally: Tally = app.extensions[counted.EXTENSION]
    assert tally.take() == {}


def send(desk: Desk, code: str, page: Any, **fields: object) -> Any:
    data = {"csrf_token": hidden(page, "csrf_token"), "token": token_in(page), "identity": "anonymous", **fields}
    return desk.client.post(f"/staff/practice/{code}/report", data=data, content_type="multipart/form-data")


@pytest.mark.usefixtures("untouched")
def test_the_whole_way_through_leaves_nothing(desk: Desk, code: str) -> None:
    board = desk.get(f"/staff/practice/{code}")
    assert 'data-testid="practice"' in board.text
    assert f'href="/staff/practice/{code}/report"' in board.text
    form = desk.get(f"/staff/practice/{code}/report")
    assert f'action="/staff/practice/{code}/report"' in form.text
    short = send(desk, code, form, body="短")
    assert short.status_code == 422
    assert 'data-testid="error-summary"' in short.text
    confirm = send(desk, code, short, body=f"{TEXT}我的电话13900139000")
    assert 'data-testid="confirm"' in confirm.text
    assert 'data-testid="practice"' in confirm.text
    done = send(desk, code, confirm, body=f"{TEXT}我的电话13900139000", confirmed="y")
    assert done.status_code == 200
    shown = re.search(r'data-testid="receipt"[^>]*>(.*?)</p>', done.text, re.S)
    assert shown is not None
    assert re.sub(r"\D", "", re.sub(r"<[^>]+>", "", shown[1])) == DIGITS
    assert "演练" in done.text
    assert "/receipt/files" not in done.text
    assert not receipt.valid(DIGITS)
    assert desk.client.post("/receipt", data={"receipt": DIGITS}).status_code == 422


@pytest.mark.usefixtures("untouched")
def test_photos_are_judged_and_let_go(desk: Desk, code: str) -> None:
    form = desk.get(f"/staff/practice/{code}/report")
    done = send(desk, code, form, body=TEXT, files=[upload(photo()), upload(b"no picture", "坏的.jpg")])
    assert done.text.count('data-testid="file-problem"') == 1
    assert "坏的.jpg" in done.text


@pytest.mark.usefixtures("untouched")
def test_a_practised_form_is_worth_nothing_at_the_citizens_address(desk: Desk, code: str) -> None:
    form = desk.get(f"/staff/practice/{code}/report")
    data = {"token": token_in(form), "body": TEXT, "identity": "anonymous"}
    assert desk.client.post(f"/b/{code}/report", data=data).status_code == 422


@pytest.mark.usefixtures("untouched")
def test_without_the_sessions_token_nothing_comes_back(desk: Desk, code: str) -> None:
    data = {"token": token_in(desk.get(f"/staff/practice/{code}/report")), "body": TEXT}
    assert desk.client.post(f"/staff/practice/{code}/report", data=data).status_code == 400


def test_a_draft_is_practised_before_it_goes_live(desk: Desk, world: World, code: str) -> None:
    make_site(world, site_no="CJ-990121200299")
    draft = boards.make_board(world, "test", site_no="CJ-990121200299")
    assert desk.get(f"/b/{draft}").status_code == 404
    assert desk.get(f"/staff/practice/{draft}").status_code == 200
    assert f'href="/staff/practice/{draft}"' in desk.get(f"/staff/patrol/{draft}").text


def test_a_withdrawn_board_shows_its_warning(desk: Desk, world: World, code: str) -> None:
    boards.set_state(world, "test", code=code, state="revoked", reason="换牌")
    assert desk.get(f"/staff/practice/{code}").status_code == 410


def test_only_who_looks_after_the_board_practises(desk: Desk, code: str) -> None:
    desk.enter(desk.cast.stranger)
    for address in (f"/staff/practice/{code}", f"/staff/practice/{code}/report"):
        assert desk.get(address).status_code == 404
    assert desk.post(f"/staff/practice/{code}/report", body=TEXT).status_code == 404
    desk.enter(desk.cast.auditor)
    assert desk.get(f"/staff/practice/{code}").status_code == 403
