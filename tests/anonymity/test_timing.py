"""R3 and R5: unknown and deleted receipts are one answer to the byte, and no time tells right from wrong."""

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from intake.app import create_app
from intake.core.clock import FixedClock
from intake.core.world import World
from intake.reports import receipt
from intake.reports.models import Report
from tests.anonymity.timing import Pair, compared, measured
from tests.cast import Cast
from tests.journeys import BODY, file_report, live_board, look_up, report_of

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


def erase(world: World, digits: str) -> None:
    """As purging and retention leave the row: what the receipt found it by is gone."""
    report_id = report_of(world, digits).id

    def write(session: Session) -> None:
        report = session.get_one(Report, report_id)
        report.box_tag = report.box_for_receipt = report.box_for_staff = None
        report.content = report.contact = b""

    world.db.write(write)


def alike(page: TestResponse) -> tuple[int, list[tuple[str, str]], bytes]:
    return page.status_code, page.headers.to_wsgi_list(), page.get_data()


def test_unknown_expired_and_deleted_receipts_are_one_answer(
    unlimited: FlaskClient, world: World, clock: FixedClock
) -> None:
    code = live_board(world)
    digits = file_report(unlimited, clock, code, files=[])
    assert look_up(unlimited, digits).status_code == 200
    erase(world, digits)
    answers = [alike(look_up(unlimited, one)) for one in (digits, *itertools.islice(unknown(), 3))]
    assert answers[0][0] == 404
    assert all(answer == answers[0] for answer in answers)
    for act in ("message", "files", "rating"):
        asked = [
            alike(unlimited.post(f"/receipt/{act}", data={"receipt": one, "body": "还没有人来。", "token": "x"}))
            for one in (digits, next(unknown()))
        ]
        assert asked[0] == asked[1]
        assert asked[0][0] == 404


def test_time_tells_neither_a_right_receipt_nor_a_deleted_one(
    unlimited: FlaskClient, world: World, clock: FixedClock
) -> None:
    code = live_board(world)
    right, gone = (file_report(unlimited, clock, code, f"{BODY}第{n}件。") for n in range(2))
    erase(world, gone)
    wrong = unknown()
    by_right = measured(_asks(unlimited, itertools.repeat(right), 200), _asks(unlimited, wrong, 404))
    by_gone = measured(_asks(unlimited, itertools.repeat(gone), 404), _asks(unlimited, wrong, 404))
    for what, pairs in {"right": by_right, "deleted": by_gone}.items():
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
