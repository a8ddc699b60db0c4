"""Random writers, random failures and kills against the write seam.

What must hold whatever happens: a write that returned is there, one that raised left nothing, and no
write was lost under another.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from intake.core.db import Database
from tests.services.ledger import Account, Entry, book, entries, open_ledger, totals

ROOT = Path(__file__).resolve().parents[2]
THREADS = 8
EXAMPLES = 400 if os.environ.get("HYPOTHESIS_PROFILE") == "prove" else 40
VICTIM = "seam-victim"  # how PostgreSQL knows the victims' sessions


@pytest.fixture
def ledger(database_url: str) -> Iterator[Database]:
    database = open_ledger(database_url, accounts=2 * THREADS + 1)
    yield database
    database.close()


class ChangedMind(Exception):
    """A failure of the function's own."""


@dataclass(frozen=True)
class Step:
    """One write of a thread: on which account, how much, and what becomes of it."""

    key: str
    amount: int
    fate: str


FATES = ("kept", "slow", "part", "swallowed", "raises", "raises late", "exits", "doubled", "no account")
KEPT = frozenset({"kept", "slow", "part", "swallowed"})
steps = st.builds(Step, st.sampled_from(["a0", "a1", "a2"]), st.integers(1, 9), st.sampled_from(FATES))
plans = st.lists(st.lists(steps, min_size=1, max_size=8), min_size=2, max_size=THREADS)


def as_function(step: Step, number: int) -> Callable[[Session], int]:
    """The step as a function for write, which returns the account's new total."""
    booked = book(step.key, number, step.amount)

    def fn(session: Session) -> int:
        if step.fate == "raises":
            raise ChangedMind
        if step.fate == "swallowed":
            with suppress(IntegrityError), session.begin_nested():
                session.add(Entry(key="nobody", number=number, amount=1))
        total = booked(session)
        match step.fate:
            case "slow":
                time.sleep(0.002)
            case "part":
                with suppress(ChangedMind), session.begin_nested():
                    session.execute(update(Account).values(total=-1))
                    raise ChangedMind
            case "raises late":
                raise ChangedMind
            case "exits":
                raise SystemExit
            case "doubled":
                session.add(Account(key=step.key))
            case "no account":
                session.add(Entry(key="nobody", number=number, amount=1))
        return total

    return fn


def play(database: Database, number: int, plan: list[Step]) -> list[tuple[Step, int, int | None]]:
    """One thread's writes one after the other: each step, its entry's number, its result or None."""
    played: list[tuple[Step, int, int | None]] = []
    for position, step in enumerate(plan):
        entry = number * 100 + position
        try:
            played.append((step, entry, database.write(as_function(step, entry))))
        except (ChangedMind, SystemExit, IntegrityError):
            played.append((step, entry, None))
    return played


def empty(session: Session) -> None:
    session.execute(delete(Entry))
    session.execute(update(Account).values(total=0))


@given(plans)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_returned_is_there_and_what_raised_left_nothing(ledger: Database, plan: list[list[Step]]) -> None:
    ledger.write(empty)
    with ThreadPoolExecutor(len(plan)) as pool:
        played = list(pool.map(lambda pair: play(ledger, *pair), enumerate(plan)))

    for thread in played:
        for step, _, result in thread:
            assert (result is not None) == (step.fate in KEPT), step
    returned = {
        (step.key, entry): step.amount for thread in played for step, entry, total in thread if total is not None
    }
    assert entries(ledger) == returned
    check_no_update_was_lost(ledger, played)


def check_no_update_was_lost(database: Database, played: list[list[tuple[Step, int, int | None]]]) -> None:
    """The totals that were returned form one unbroken line per account, in which each thread keeps its order."""
    lines: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for thread in played:
        seen: dict[str, int] = defaultdict(int)
        for step, _, total in thread:
            if total is not None:
                assert total > seen[step.key], "a later write of a thread came before its earlier one"
                seen[step.key] = total
                lines[step.key].append((total, step.amount))
    found = totals(database)
    for key in ("a0", "a1", "a2"):
        reached = 0
        for total, amount in sorted(lines[key]):
            assert total == reached + amount
            reached = total
        assert found[key] == reached


class Victim:
    """A writing process, what it has confirmed so far, and the end of it."""

    def __init__(self, url: str, *, first: int = 0) -> None:
        command = [sys.executable, "-m", "tests.robustness.seam_victim", url, str(first), str(THREADS)]
        environment = os.environ | {"PGAPPNAME": VICTIM}
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._lines: list[bytes] = []
        assert self._process.stdout is not None
        self._reading = ThreadPoolExecutor(1)
        self._read = self._reading.submit(self._follow, self._process.stdout)

    def _follow(self, output: IO[bytes]) -> None:
        for line in output:
            self._lines.append(line)

    def wait_for(self, more: int) -> None:
        """Until it has confirmed so many writes more."""
        until, deadline = len(self._lines) + more, time.monotonic() + 60
        while len(self._lines) < until:
            assert self._process.poll() is None, self._process.communicate()[1].decode()
            assert time.monotonic() < deadline, f"{len(self._lines)} of {until} writes in a minute"
            time.sleep(0.002)

    def kill(self) -> dict[str, list[int]]:
        """SIGKILL; the numbers confirmed by then, by account."""
        self._process.send_signal(signal.SIGKILL)
        self._read.result(30)
        self._reading.shutdown()
        self._process.communicate()
        confirmed: dict[str, list[int]] = defaultdict(list)
        for line in self._lines:
            key, number = line.decode().split()
            confirmed[key].append(int(number))
        return confirmed


def check_after_kill(url: str, confirmed: dict[str, list[int]]) -> None:
    """Every confirmed write is there, whole; of the others at most the one a thread was in the middle of."""
    database = Database(url)
    if database.dialect == "sqlite":
        with database.read() as session:
            assert session.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
            assert session.execute(text("PRAGMA foreign_key_check")).all() == []
    else:
        _wait_for_server_to_notice(database)
    kept: dict[str, list[int]] = defaultdict(list)
    sums: dict[str, int] = defaultdict(int)
    for (key, number), amount in sorted(entries(database).items()):
        assert amount == number + 1
        kept[key].append(number)
        sums[key] += amount
    for key, numbers in confirmed.items():
        assert numbers == kept[key][: len(numbers)], "confirmed writes are missing or out of order"
        assert len(kept[key]) <= len(numbers) + 1
        assert kept[key] == [number for number in range(kept[key][-1] + 1) if number % 5 != 4]
    assert {key: total for key, total in totals(database).items() if total} == sums
    database.close()


def _wait_for_server_to_notice(database: Database) -> None:
    """PostgreSQL finishes or undoes what a killed client had begun; until then its sessions are still there."""
    left = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name")
    deadline = time.monotonic() + 20
    while True:
        with database.read() as session:
            if not session.execute(left, {"name": VICTIM}).scalar_one():
                return
        assert time.monotonic() < deadline
        time.sleep(0.02)


def kill_again_and_again(url: str, *, times: int) -> None:
    database = open_ledger(url)
    for _ in range(times):
        database.write(empty)
        victim = Victim(url)
        victim.wait_for(random.randint(1, 200))
        time.sleep(random.uniform(0, 0.1))
        check_after_kill(url, victim.kill())
    database.close()


def test_a_kill_loses_nothing_that_was_confirmed(database_url: str) -> None:
    kill_again_and_again(database_url, times=3)


@pytest.mark.prove
def test_forty_kills_lose_nothing_that_was_confirmed(database_url: str) -> None:
    kill_again_and_again(database_url, times=int(os.environ.get("MSX_KILLS", "40")))


def test_two_processes_write_at_once_and_one_outlives_the_other(ledger: Database, database_url: str) -> None:
    first, second = Victim(database_url), Victim(database_url, first=THREADS)
    first.wait_for(40)
    second.wait_for(40)
    for number in range(4):
        ledger.write(book(f"a{2 * THREADS}", number, number + 1))
    confirmed = first.kill()
    second.wait_for(40)
    confirmed |= second.kill()
    ledger.close()
    check_after_kill(database_url, confirmed)
