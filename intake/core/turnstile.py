"""Few requests compute at once, the others wait in line: who came first is answered first.

Python runs one thread at a time. Eight requests that take turns every few milliseconds all end as late as the
last of them, and pay for the changing; two at a time end one after the other. Only work of milliseconds is
counted: a thread that waits for bytes or for a photo has stepped out, so that slow lines hold up nobody.

It orders, it never forbids. Whoever has waited for `PATIENCE_SECONDS` goes in beside the others: nothing can
be locked here, and long work costs those behind it that much at most.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

PATIENCE_SECONDS: Final = 0.5

_thread = threading.local()


class Turnstile:
    """`places` for those inside; a line before them in the order of coming."""

    def __init__(self, places: int, *, patience: float = PATIENCE_SECONDS) -> None:
        self._places = places
        self._patience = patience
        self._lock = threading.Lock()
        self._inside = 0
        self._line: deque[threading.Lock] = deque()

    @property
    def inside(self) -> int:
        """How many are in now, those included who lost patience."""
        return self._inside

    @property
    def waiting(self) -> int:
        return len(self._line)

    def enter(self, *, first: bool = False) -> None:
        """Wait for a place. `first`: before all who wait, for those who have been in already."""
        turn = threading.Lock()
        with self._lock:
            if self._inside < self._places:
                self._inside += 1
                return
            turn.acquire()
            if first:
                self._line.appendleft(turn)
            else:
                self._line.append(turn)
        if turn.acquire(timeout=self._patience):
            return  # by the one who left: the place was handed over
        with self._lock:
            if turn in self._line:
                self._line.remove(turn)
                self._inside += 1

    def leave(self) -> None:
        with self._lock:
            if self._line and self._inside <= self._places:
                self._line.popleft().release()
            else:
                self._inside -= 1

    @contextmanager
    def request(self) -> Iterator[None]:
        """While this thread serves a request: `step_in` comes in here, and its end leaves."""
        visit = _thread.visit = _Visit(self)
        try:
            yield
        finally:
            _thread.visit = None
            visit.out()


class _Visit:
    """What one thread has to do with the turnstile while it serves a request."""

    def __init__(self, turnstile: Turnstile) -> None:
        self._turnstile = turnstile
        self.inside = False

    def into(self, *, first: bool = False) -> None:
        if not self.inside:
            self._turnstile.enter(first=first)
            self.inside = True

    def out(self) -> None:
        if self.inside:
            self.inside = False
            self._turnstile.leave()


def step_in() -> None:
    """The request of this thread has arrived whole and is to be worked on. Nothing outside of requests."""
    visit: _Visit | None = getattr(_thread, "visit", None)
    if visit is not None:
        visit.into()


@contextmanager
def stepped_out() -> Iterator[None]:
    """Around waiting and around work that runs without Python's lock; afterwards before all who wait."""
    visit: _Visit | None = getattr(_thread, "visit", None)
    if visit is None or not visit.inside:
        yield
        return
    visit.out()
    try:
        yield
    finally:
        visit.into(first=True)
