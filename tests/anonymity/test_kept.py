"""What `intake.reports.privacy` says is kept is what the tables hold, and the rows say no more than it."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import Boolean, Date, Integer, LargeBinary, String, Table, select, text
from sqlalchemy.types import JSON, TypeEngine

import intake.app  # noqa: F401 - importing everything is what registers every table
from intake.core import vault
from intake.core.clock import FixedClock
from intake.core.tables import Base, UTCDateTime
from intake.core.world import World
from intake.reports import privacy
from intake.reports.models import CitizenEvent, Report
from intake.reports.privacy import Grain
from intake.web.access import access_of
from tests.cast import Cast
from tests.journeys import BODY, fields, file_report, form_token, live_board, look_up, photo, send, token_in, upload

TABLES = {table.name: table for table in Base.metadata.sorted_tables}
# A moment of which every writing can be looked for: 11:47:53 in Shanghai.
MOMENT = datetime(2026, 11, 23, 3, 47, 53, tzinfo=UTC)
ABOUT = ("/leave", "/protection", "/privacy")
CLOCK_TIME = re.compile(r"(?<!\d)(?:[01]?\d|2[0-3]):[0-5]\d(?!\d)")
TYPES: dict[Grain, tuple[type[TypeEngine[Any]], ...]] = {
    Grain.SEALED: (LargeBinary,),
    Grain.KEYED: (LargeBinary, String, Integer, JSON),
    Grain.RANDOM: (String,),
    Grain.DAY: (Date,),
    Grain.BOARD: (String,),
    Grain.CHOICE: (String, Boolean, JSON),
    Grain.NUMBER: (Integer, JSON),
    Grain.VERSION: (Integer,),
    Grain.STAFF: (String, Boolean, JSON),
}


# The list itself


def test_every_table_is_declared_once() -> None:
    """A new table says in `privacy.py` what of a citizen it holds, or that it holds nothing."""
    assert set(privacy.KEPT) & set(privacy.NOT_CITIZENS) == set()
    assert set(privacy.KEPT) | set(privacy.NOT_CITIZENS) == set(TABLES)
    assert all(privacy.NOT_CITIZENS.values())


@pytest.mark.parametrize("name", privacy.KEPT)
def test_every_column_is_declared_and_can_say_no_more_than_its_grain(name: str) -> None:
    columns = {column.name: column.type for column in TABLES[name].columns}
    declared = privacy.KEPT[name]
    assert set(columns) == set(declared)
    for column, grain in declared.items():
        assert isinstance(columns[column], UTCDateTime) == (grain is Grain.STAFF_TIME), f"{name}.{column}"
        if grain is not Grain.STAFF_TIME:
            assert isinstance(columns[column], TYPES[grain]), f"{name}.{column} is no {grain}"


def test_days_are_declared_as_days() -> None:
    """No date hides under another name, so that whoever reads the list sees all of them."""
    for name, declared in privacy.KEPT.items():
        for column in TABLES[name].columns:
            assert isinstance(column.type, Date) == (declared[column.name] is Grain.DAY), f"{name}.{column.name}"


# The database


def test_no_row_number_counts_citizens(world: World) -> None:
    """SQLite's hidden row number and PostgreSQL's sequences are clocks: tables of citizens' rows have neither."""
    with world.db.read() as session:
        if world.db.dialect == "postgresql":
            assert session.execute(text("SELECT sequence_name FROM information_schema.sequences")).all() == []
            return
        master = text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        made: dict[str, str] = dict(session.execute(master).all())
    assert set(privacy.KEPT) <= set(made)
    for name in privacy.KEPT:
        assert "WITHOUT ROWID" in made[name], name
    numbered = {name for name, statement in made.items() if "WITHOUT ROWID" not in statement}
    assert numbered <= set(privacy.NOT_CITIZENS) | {"alembic_version"}


@pytest.mark.parametrize("name", privacy.KEPT)
def test_no_key_of_a_citizens_row_is_a_number_of_its_own(name: str) -> None:
    """A number may order rows inside one report, and stands behind its id then."""
    keys = list(TABLES[name].primary_key.columns)
    assert keys
    assert not isinstance(keys[0].type, Integer | Date | UTCDateTime)


# The rows


def rows_of(world: World, table: Table) -> list[dict[str, Any]]:
    with world.db.read() as session:
        return [dict(row) for row in session.execute(select(table)).mappings()]


def values_in(value: object) -> Iterator[object]:
    """A value, and all that stands inside it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from values_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from values_in(inner)
    else:
        yield value


def is_a_time(value: object) -> bool:
    if isinstance(value, datetime):
        return True
    if isinstance(value, str):
        return bool(CLOCK_TIME.search(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        moment = MOMENT.timestamp()
        return any(abs(value - moment * scale) < 10 * 86400 * scale for scale in (1, 1000, 1_000_000))
    return False


def everything(client: FlaskClient, clock: FixedClock, code: str) -> str:
    """All that a citizen can do, at every address there is for them. The last receipt."""
    for path in ("/", f"/b/{code}", "/b/ZZZZZZZZ", "/receipt", "/sites", "/sites/990121", *ABOUT):
        client.get(path)
    client.get(f"/verify?board={code}")
    client.post("/verify", data={"code": code})
    client.post(f"/b/{code}/damaged", data={"token": token_in(client.get(f"/b/{code}/damaged"))})
    token = form_token(client, code)
    clock.advance(timedelta(seconds=40))
    sent = fields(token, BODY, place="坪上村", contact="13800138000", files=[upload(photo())])
    assert send(client, code, sent).status_code == 200
    digits = file_report(client, clock, code, "机井的水泵坏了半年，浇不上地。")
    box = {"receipt": digits, "token": token_in(look_up(client, digits))}
    for act, more in (
        ("message", {"body": "还没有人来修。", "files": [upload(photo(80))]}),
        ("files", {"files": [upload(photo(90))]}),
        ("rating", {"score": "5"}),
    ):
        client.post(f"/receipt/{act}", data=box | more, content_type="multipart/form-data")
    look_up(client, "0" * 20)
    return digits


def citizens_addresses(app: Flask) -> set[tuple[str, str]]:
    """Endpoint and method of every route that is marked as a citizen's."""
    found = set()
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        if access is not None and access.kind == "citizen":
            found |= {(rule.endpoint, method) for method in (rule.methods or set()) & {"GET", "POST"}}
    return found


@pytest.fixture
def filed(app: Flask, client: FlaskClient, world: World, cast: Cast, clock: FixedClock) -> str:
    """The receipt of somebody who did everything; no table that is declared to hold nothing of citizens has changed."""
    clock.advance(MOMENT - clock.now())
    asked: set[tuple[str, str]] = set()
    app.before_request(lambda: asked.add((str(request.endpoint), request.method)))
    before = not_citizens(world)
    code = live_board(world)
    after_board = not_citizens(world)
    assert before != after_board, "the comparison sees a change"
    digits = everything(client, clock, code)
    assert asked >= citizens_addresses(app), "an address of citizens that this test does not know"
    now = not_citizens(world)
    assert {name for name in now if now[name] != after_board[name]} == set()
    return digits


def not_citizens(world: World) -> dict[str, list[dict[str, Any]]]:
    return {name: rows_of(world, TABLES[name]) for name in privacy.NOT_CITIZENS}


def test_no_row_says_at_what_time_a_citizen_did_something(filed: str, world: World) -> None:
    assert is_a_time("11:47")
    assert is_a_time(int(MOMENT.timestamp() * 1000))
    assert not is_a_time("7QM-4KD")
    found = []
    for name, declared in privacy.KEPT.items():
        for row in rows_of(world, TABLES[name]):
            for column, value in row.items():
                if declared[column] is not Grain.STAFF_TIME and any(map(is_a_time, values_in(value))):
                    found.append(f"{name}.{column} = {value!r}")
    assert found == []
    assert rows_of(world, TABLES["staff_event"]) == [], "no act of a citizen stands among the staff's, with a time"


def test_days_are_days_events_say_little_and_lengths_fall_on_steps(filed: str, world: World) -> None:
    """A7: what is sealed is as long as its step, whatever was written."""
    days = [
        row[column]
        for name, declared in privacy.KEPT.items()
        for row in rows_of(world, TABLES[name])
        for column, grain in declared.items()
        if grain is Grain.DAY
    ]
    assert len(days) > 20
    assert all(type(day) is date for day in days if day is not None)
    with world.db.read() as session:
        events = list(session.scalars(select(CitizenEvent)))
        reports = list(session.scalars(select(Report)))
    assert {event.kind for event in events} >= {"filed", "message"}
    for event in events:
        assert set(event.data) <= privacy.CITIZEN_EVENT_DATA
    overhead = len(vault.encrypt(vault.new_key(), b"", ("a", "b", "c"))) - vault.field_step(0)
    assert len(reports) == 2
    for report in reports:
        for sealed in (report.content, report.contact):
            inner = len(sealed) - overhead
            assert vault.field_step(inner - 1) == inner
