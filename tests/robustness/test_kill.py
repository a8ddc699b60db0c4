"""Kill -9 at random moments while eight citizens file with photos: every receipt shown opens, nothing is half there."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from intake.core.access import SignedIn
from intake.reports.models import Report
from tests.cast import enter
from tests.journeys import report_of
from tests.robustness.album import as_kept, photo
from tests.robustness.filers import PHOTOS, Attempt, Round, file_until_killed, try_again
from tests.robustness.installation import UNLIMITED, Installation, installed
from tests.robustness.visitor import Visitor
from tests.robustness.whole import check_report, check_rows, check_sweep

CITIZENS = 8
BOARDS = 3


@pytest.fixture
def installation(tmp_path: Path, database_url: str) -> Iterator[Installation]:
    with installed(tmp_path, database_url, boards_count=BOARDS, environment=UNLIMITED) as found:
        yield found


@pytest.fixture
def reader(installation: Installation) -> SignedIn:
    """The liaison of the boards' team."""
    return enter(installation.world, installation.cast.liaison).signed_in


def unbroken_album(installation: Installation, reader: SignedIn) -> dict[int, bytes]:
    """Every photo as the reader opens it after an undisturbed filing."""
    album = {number: as_kept(photo(number), installation.settings) for number in range(PHOTOS)}
    visitor = installation.visitor()
    for first in range(0, PHOTOS, 4):
        numbers = range(first, first + 4)
        body = f"没有人打扰的一封，照片 {first} 到 {first + 3}。"
        digits = visitor.file(installation.board, body, [(f"{n}.jpg", photo(n)) for n in numbers])
        report_id = report_of(installation.world, digits).id
        check_report(installation.world, reader, report_id, body=body, photos=numbers, album=album)
    return album


def count_reports(installation: Installation) -> int:
    with installation.world.db.read() as session:
        return session.scalar(select(func.count()).select_from(Report)) or 0


def check_round(installation: Installation, reader: SignedIn, album: dict[int, bytes], done: Round, before: int) -> int:
    """After the restart: what was shown opens, what was cut is whole or not there, and trying again mends it."""
    world, visitor = installation.world, installation.visitor()
    assert done.strange == []
    there = check_rows(world)
    assert before + len(done.shown) <= there <= before + len(done.attempts)
    for attempt in done.shown:
        check_opens(visitor, attempt)
    for attempt in done.attempts:
        # Who was told that the photo came does not send it again.
        if attempt.receipt is None or (attempt.later is not None and not attempt.later.told):
            try_again(attempt, visitor)
    assert check_rows(world) == before + len(done.attempts), "a filing was lost, or filed twice"
    for attempt in done.attempts:
        check_opens(visitor, attempt)
        assert attempt.receipt is not None
        report = report_of(world, attempt.receipt)
        check_report(world, reader, report.id, body=attempt.body, photos=attempt.photos, album=album)
    return before + len(done.attempts)


def check_opens(visitor: Visitor, attempt: Attempt) -> None:
    assert attempt.receipt is not None
    page = visitor.look_up(attempt.receipt)
    assert page.status == 200, "a receipt that was shown does not open"
    assert 'data-testid="report-state"' in page.text
    assert 'data-state="received"' in page.text


def kill_again_and_again(installation: Installation, reader: SignedIn, *, times: int) -> None:
    installation.server.start()
    album = unbroken_album(installation, reader)
    visitors = [installation.visitor(f"127.0.{number + 1}.1") for number in range(CITIZENS)]
    count, receipts = count_reports(installation), set[str]()
    for number in range(times):
        done = file_until_killed(
            visitors, installation.boards, kill=installation.server.kill, when=random.randint(1, 20), name=str(number)
        )
        installation.server.start()
        count = check_round(installation, reader, album, done, count)
        receipts |= {attempt.receipt for attempt in done.attempts if attempt.receipt is not None}
        assert len(receipts) == count - PHOTOS // 4, "two reports share a receipt"
    installation.server.stop()
    check_sweep(installation.world)
    assert check_rows(installation.world) == count


def test_five_kills_lose_nothing(installation: Installation, reader: SignedIn) -> None:
    kill_again_and_again(installation, reader, times=5)


@pytest.mark.prove
def test_forty_kills_lose_nothing(installation: Installation, reader: SignedIn) -> None:
    kill_again_and_again(installation, reader, times=int(os.environ.get("MSX_KILLS", "40")))
