"""People and machines in front of boards, on a clock that runs faster than ours: what `bench/abuse` is made of.

Each is a generator that acts over HTTP and yields how many seconds of the world it does something else. A few
threads carry them all. Source addresses go through `X-Forwarded-For`, as from a gateway of one's own.
"""

import heapq
import itertools
import json
import random
import re
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

from altcha import v1 as altcha

from bench.load import BOUNDARY, Connection, body_of, multipart
from intake.core import vault
from intake.core.secretfile import Secrets
from intake.reports import questions

_TOKEN = re.compile(rb'name="token"[^>]*value="([^"]+)"')
_RECEIPT = re.compile(rb'data-testid="receipt"[^>]*>(.*?)</p>', re.DOTALL)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)"(?: id="\w+")? value="([^"]*)">')
_PUZZLE = re.compile(r'data-puzzle="([^"]+)"')
_TICK_SECONDS = 0.02
_MOST_QUESTIONS = 5
Act = Generator[float, None, None]


class WorldClock:
    """Writes the world's time where the server reads it; `speed` of its seconds pass in one of ours."""

    def __init__(self, file: Path, start: datetime, speed: float) -> None:
        self.file, self.start, self.speed = file, start, speed
        self._began = time.monotonic()
        self._written = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._write()

    def seconds(self) -> float:
        """Of the world, since the beginning: as the server knows it, however late this machine writes."""
        return self._written

    def _write(self) -> None:
        seconds = (time.monotonic() - self._began) * self.speed
        now = self.start + timedelta(seconds=seconds)
        draft = self.file.with_suffix(".new")
        draft.write_text(now.isoformat(), encoding="utf-8")
        draft.replace(self.file)
        self._written = seconds

    def _run(self) -> None:
        while not self._ended.wait(_TICK_SECONDS):
            self._write()

    def __enter__(self) -> "WorldClock":
        self._began = time.monotonic()
        self._write()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


@dataclass
class Told:
    """What became of one filing: its receipt, how often it was asked, what the server answered otherwise."""

    board: str
    honest: bool
    receipt: str = ""
    questions: int = 0
    status: int = 0


@dataclass
class Scene:
    """One scenario while it runs. Times are ours, in milliseconds, by board, of honest people's posts."""

    port: int
    clock: WorldClock
    secrets: Secrets
    offset: int = 0  # of the numbers of texts: nobody says the same in two plays
    told: list[Told] = field(default_factory=list)
    posts: dict[str, list[float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    requests: int = 0
    _queue: list[tuple[float, int, Act]] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _busy: int = 0

    def add(self, at: float, act: Act) -> None:
        with self._lock:
            heapq.heappush(self._queue, (at, next(self._numbers), act))

    def run(self, threads: int) -> None:
        """Until everybody is done."""
        workers = [threading.Thread(target=self._work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue and not self._busy:
                    return
                due = bool(self._queue) and self._queue[0][0] <= self.clock.seconds()
                act = heapq.heappop(self._queue)[2] if due else None
                self._busy += act is not None
            if act is None:
                time.sleep(0.003)
                continue
            try:
                self.add(self.clock.seconds() + next(act), act)
            except StopIteration:
                pass
            except (OSError, AssertionError) as error:
                self.failures.append(f"{type(error).__name__}: {error}")
            finally:
                with self._lock:
                    self._busy -= 1

    def ask(self, address: str, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, bytes]:
        connection = Connection(self.port, headers=f"X-Forwarded-For: {address}\r\n")
        try:
            body = multipart(fields) if fields is not None else b""
            self.requests += 1
            return connection.ask(method, path, f"multipart/form-data; boundary={BOUNDARY}", body)
        finally:
            connection.close()

    def answer_to(self, page: str, *, how: str) -> dict[str, str]:
        """The challenge page filled in: by the browser's own work (`work`), by reading (`words`), or wrongly."""
        fields = {name: unescape(value) for name, value in _HIDDEN.findall(page)}
        if how == "work":
            puzzle = json.loads(unescape(_PUZZLE.findall(page)[0]))
            return fields | {"answer": "", "altcha": _solved(puzzle)}
        seed = vault.mac(self.secrets.form_token_key, "question", fields["challenge_id"])
        return fields | {"answer": str(questions.question(seed).number) if how == "words" else "哈哈"}


def _solved(puzzle: dict[str, str | int]) -> str:
    """What the browser's script would send."""
    found = altcha.solve_challenge(
        challenge=str(puzzle["challenge"]), salt=str(puzzle["salt"]), algorithm="SHA-256",
        max_number=int(puzzle["maxNumber"]),
    )  # fmt: skip
    assert found is not None
    payload = altcha.Payload("SHA-256", str(puzzle["challenge"]), found.number, str(puzzle["salt"]),
                             str(puzzle["signature"]))  # fmt: skip
    return payload.to_base64()


def person(scene: Scene, draw: random.Random, number: int, *, address: str, board: str, typing: float) -> Act:
    """Somebody with something to tell: opens the form, writes, sends, answers what is asked."""
    told = Told(board, honest=True)
    scene.told.append(told)
    _, page = scene.ask(address, "GET", f"/b/{board}/report")
    token = _TOKEN.search(page)
    assert token is not None
    yield typing
    fields = {"token": token[1].decode(), "body": body_of(scene.offset + number), "identity": "anonymous"}
    how = "work" if draw.random() < 0.7 else "words"
    for _ in range(_MOST_QUESTIONS):
        began = time.perf_counter()
        told.status, page = scene.ask(address, "POST", f"/b/{board}/report", fields)
        scene.posts.setdefault(board, []).append((time.perf_counter() - began) * 1000)
        if (found := _RECEIPT.search(page)) is not None:
            told.receipt = re.sub(r"\D", "", re.sub(r"<[^>]+>", "", found[1].decode()))
            return
        if b'data-testid="challenge"' not in page:
            return
        told.questions += 1
        yield draw.uniform(2, 8)
        slip = how == "words" and draw.random() < 0.1  # one in ten misreads
        fields = scene.answer_to(page.decode(), how="wrong" if slip else how)


def machine(scene: Scene, number: int, *, address: str, board: str, patience: float, how: str, body: str) -> Act:
    """One report of an attack: waits long enough to look like a person; `how` as in `answer_to`, or "no"."""
    told = Told(board, honest=False)
    scene.told.append(told)
    _, page = scene.ask(address, "GET", f"/b/{board}/report")
    token = _TOKEN.search(page)
    if token is None:
        return
    yield patience
    fields = {"token": token[1].decode(), "body": body, "identity": "anonymous"}
    for _ in range(_MOST_QUESTIONS):
        told.status, page = scene.ask(address, "POST", f"/b/{board}/report", fields)
        if (found := _RECEIPT.search(page)) is not None:
            told.receipt = re.sub(r"\D", "", re.sub(r"<[^>]+>", "", found[1].decode()))
            return
        if b'data-testid="challenge"' not in page or how == "no":
            return
        told.questions += 1
        yield 1.0
        fields = scene.answer_to(page.decode(), how=how)


def start_of_day() -> datetime:
    """A morning, for every scenario the same."""
    return datetime.now(UTC).replace(hour=1, minute=0, second=0, microsecond=0)
