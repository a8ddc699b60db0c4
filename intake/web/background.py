"""Work that outlasts its request: one thread, one thing after the other, nothing that must survive a restart.

Whoever starts something keeps a row that says how far it is, so that a restart in the middle is told, not hidden.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from flask import current_app

log = logging.getLogger("msx")
EXTENSION = "msx_background"


class Background(Protocol):
    """Something that gets work done besides the request."""

    def start(self, name: str, work: Callable[[], None]) -> None: ...

    def waiting(self) -> list[str]: ...


class Worker:
    """A thread that is there while there is work. It never holds up the end of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: deque[tuple[str, Callable[[], None]]] = deque()
        self._busy = False

    def start(self, name: str, work: Callable[[], None]) -> None:
        with self._lock:
            self._queue.append((name, work))
            if self._busy:
                return
            self._busy = True
        threading.Thread(target=self._work, name="msx-background", daemon=True).start()

    def waiting(self) -> list[str]:
        """The names of what has not begun yet."""
        with self._lock:
            return [name for name, _ in self._queue]

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._busy = False
                    return
                _, work = self._queue.popleft()
            try:
                work()
            except Exception:  # the next one in the queue has no part in it
                log.exception("work in the background failed")


class AtOnce:
    """Does it in the request itself: for tests."""

    def start(self, name: str, work: Callable[[], None]) -> None:
        work()

    def waiting(self) -> list[str]:
        return []


def background() -> Background:
    """The background of the current application."""
    found: Background = current_app.extensions[EXTENSION]
    return found
