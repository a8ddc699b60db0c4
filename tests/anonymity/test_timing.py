"""R3 and R5: unknown and deleted receipts are one answer to the byte, and no time tells right from wrong."""

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from werkzeug.test import TestResponse

from intake.app import create_app
from intake.core.clock import FixedClock
from intake.core.world import World
from intake.reports import receipt
from intake.triage.services import move
from intake.triage.services.retention import keep_to_terms
from tests.anonymity.timing import Pair, compared, measured
from tests.cast import Cast, enter
from tests.client import PageClient
from tests.journeys import look_up
from tests.views.desk import Case, Desk

TEXTS = ("机井的水泵坏了半年，浇不上地。", "低保名单贴出来又撕了，没有看清。", "卫生室经常锁门，拿不到药。")
pytestmark = pytest.mark.sqlite  # the same statements on both; one of the two is measured


@pytest.fixture
def unlimited(world: World, cast: Cast, compiled_templates: FileSystemBytecodeCache) -> FlaskClient:
    """An installation that lets the test look up as often as it likes."""
    settings = replace(world.settings, lookup_limit="100000/minute")
    app = create_app(settings, world=replace(world, settings=settings))
    app.jinja_env.bytecode_cache = compiled_templates
    return FlaskClient(app)


def unknown() -> Iterator[str]:
    """Receipts that pass their check and open nothing."""
    for number in itertools.count(1):
        digits = f"{number * 7_919:019d}"
        yield digits + receipt.damm(digits)


def alike(page: TestResponse) -> tuple[int, list[tuple[str, str]], bytes]:
    return page.status_code, page.headers.to_wsgi_list(), page.get_data()


@pytest.fixture
def desk(world: World, cast: Cast, client: PageClient) -> Desk:
    desk = Desk(world, cast, client)
    desk.open_boards()
    return desk


def close(desk: Desk, case: Case) -> None:
    leader = enter(desk.world, desk.cast.leader).signed_in
    move(desk.world, leader, case.report_id, to="closed", result="fixed", version=desk.version(case))


@pytest.fixture
def receipts(desk: Desk, clock: FixedClock) -> dict[str, str]:
    """One whose time is over and whose report is locked away, one whose report is erased, one that still opens."""
    world, settings = desk.world, desk.world.settings
    erased = desk.file(TEXTS[0])
    close(desk, erased)
    clock.advance(timedelta(days=settings.retention_days))
    assert keep_to_terms(world).locked == 1
    expired = desk.file(TEXTS[1])
    close(desk, expired)
    clock.advance(timedelta(days=settings.retention_days))
    kept = keep_to_terms(world)
    assert (kept.locked, kept.erased) == (1, 1)
    return {"expired": expired.digits, "deleted": erased.digits, "right": desk.file(TEXTS[2]).digits}


def test_unknown_expired_and_deleted_receipts_are_one_answer(
    unlimited: FlaskClient, receipts: dict[str, str]
) -> None:
    """Status, headers and body, to the byte; for the look-up and for whatever else one may try with it."""
    gone = [receipts["expired"], receipts["deleted"], *itertools.islice(unknown(), 3)]
    answers = [alike(look_up(unlimited, one)) for one in gone]
    assert answers[0][0] == 404
    assert all(answer == answers[0] for answer in answers)
    for act in ("message", "files", "rating"):
        data = {"body": "还没有人来。", "token": "x", "score": "5"}
        asked = [alike(unlimited.post(f"/receipt/{act}", data=data | {"receipt": one})) for one in gone]
        assert asked[0][0] == 404
        assert all(answer == asked[0] for answer in asked)


def test_time_tells_neither_a_right_receipt_nor_one_that_was(unlimited: FlaskClient, receipts: dict[str, str]) -> None:
    """Locked away and erased are the same to a look-up: its mark is not there. One of them is measured."""
    wrong = unknown()
    for what, status in {"right": 200, "deleted": 404}.items():
        known = itertools.repeat(receipts[what])
        pairs = measured(_asks(unlimited, known, status), _asks(unlimited, wrong, 404))
        assert not compared(pairs).differs, f"{what} against unknown: {compared(pairs)}"
        slowed = [(one * 1.2, other) for one, other in pairs]
        assert compared(slowed).differs, f"a fifth more would not be seen: {compared(slowed)}"


def _asks(client: FlaskClient, digits: Iterator[str], status: int) -> Callable[[], object]:
    def ask() -> None:
        assert look_up(client, next(digits)).status_code == status

    return ask


# The test's own test


def made_up(ratio: float, *, noise: float, count: int = 240) -> list[Pair]:
    """Times of a busy machine: now and then something takes twice as long."""
    draw = random.Random(17)

    def one() -> float:
        return 0.005 * (1 + abs(draw.gauss(0, noise))) * (2 if draw.random() < 0.1 else 1)

    return [(one() * ratio, one()) for _ in range(count)]


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.3])
@pytest.mark.parametrize(("ratio", "differs"), [(1.0, False), (1.04, False), (0.97, False), (1.25, True), (0.8, True)])
def test_the_comparison_finds_a_difference_and_invents_none(ratio: float, differs: bool, noise: float) -> None:
    assert compared(made_up(ratio, noise=noise)).differs is differs


def test_little_data_shows_nothing() -> None:
    assert not compared(made_up(1.1, noise=0.5, count=10)).differs
