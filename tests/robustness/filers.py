"""Citizens who file with photos until the server is gone, remember what they were shown, and try again."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.robustness.album import photo
from tests.robustness.visitor import Cut, Page, Visitor

PHOTOS = 16
_WAIT_SECONDS = 60.0


@dataclass
class Later:
    """A photo added on the receipt page. `told`: the page said so before the server was gone."""

    token: str
    number: int
    told: bool = False


@dataclass
class Attempt:
    """One filing: what was sent, and the receipt that was shown, if it was."""

    board: str
    token: str
    body: str
    numbers: tuple[int, ...]
    receipt: str | None = None
    later: Later | None = None

    @property
    def fields(self) -> dict[str, str]:
        return {"token": self.token, "body": self.body, "identity": "anonymous", "contact": "13800000000"}

    @property
    def photos(self) -> frozenset[int]:
        """Numbers of all photos that the report must have once everything was tried again."""
        return frozenset(self.numbers) | ({self.later.number} if self.later else frozenset())

    def send(self, visitor: Visitor) -> Page:
        files = [(f"IMG_{number}.jpg", photo(number)) for number in self.numbers]
        return visitor.send(f"/b/{self.board}/report", self.fields, files)

    def send_later(self, visitor: Visitor) -> Page:
        assert self.later is not None
        assert self.receipt is not None
        fields = {"receipt": self.receipt, "token": self.later.token, "page": "receipt"}
        return visitor.send("/receipt/files", fields, [("IMG_later.jpg", photo(self.later.number))])


@dataclass
class Round:
    """What eight citizens did between one start of the server and its end."""

    attempts: list[Attempt] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)

    @property
    def shown(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.receipt is not None]


def file_until_killed(visitors: Sequence[Visitor], boards: Sequence[str], *, kill: Callable[[], None], when: int,
                      name: str) -> Round:  # fmt: skip
    """Everybody files; after `when` receipts and a moment more the server is killed under them."""
    done, draw = Round(), random.Random()
    threads = [
        threading.Thread(target=_file_again_and_again, args=(visitor, boards, done, f"{name}-{number}"))
        for number, visitor in enumerate(visitors)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + _WAIT_SECONDS
    while len(done.shown) < when and not done.strange:
        assert time.monotonic() < deadline, f"{len(done.shown)} of {when} receipts in {_WAIT_SECONDS} s"
        time.sleep(0.002)
    time.sleep(draw.uniform(0, 0.2))
    kill()
    for thread in threads:
        thread.join()
    return done


def _file_again_and_again(visitor: Visitor, boards: Sequence[str], done: Round, name: str) -> None:
    draw, count = random.Random(name), 0
    try:
        while True:
            count += 1
            board = draw.choice(boards)
            numbers = tuple(draw.sample(range(PHOTOS), draw.randint(0, 2)))
            token = visitor.open_form(board)
            attempt = Attempt(board, token, f"第{name}-{count}封：路灯坏了两个月，没有人来修。", numbers)
            done.attempts.append(attempt)
            page = attempt.send(visitor)
            attempt.receipt = page.receipt
            if draw.random() < 0.5:
                rest = sorted(set(range(PHOTOS)) - set(numbers))
                attempt.later = Later(page.token, draw.choice(rest))
                attempt.later.told = attempt.send_later(visitor).status == 200
    except Cut:
        return  # the server is gone
    except AssertionError as error:
        done.strange.append(f"{name}: {error}")


def try_again(attempt: Attempt, visitor: Visitor) -> None:
    """What a citizen does whose page never came: the same form again. It answers as it would have, and again."""
    for _ in range(2):
        digits = attempt.send(visitor).receipt
        assert attempt.receipt in (None, digits), "the same form gave another receipt"
        attempt.receipt = digits
    if attempt.later is not None:
        assert attempt.send_later(visitor).status == 200
