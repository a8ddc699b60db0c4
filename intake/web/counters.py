"""The limits' counters in memory. Nothing runs beside the requests: what has run out is forgotten in passing.

The store that `limits` brings starts a thread at nearly every count, which costs more than the count itself.
"""

import time
from threading import Lock
from typing import Any

from limits.storage import Storage

_FORGET_SECONDS = 60.0


class Counters(Storage):
    """Counts by key, each until its own end; addressed as `counters://`."""

    STORAGE_SCHEME = ["counters"]  # noqa: RUF012 - the registry of `limits` reads this very attribute

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: Any) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self._lock = Lock()
        self._counts: dict[str, tuple[int, float]] = {}  # key → count, when it runs out
        self._forget_at = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count; a key that is new or has run out begins again and lasts `expiry` seconds."""
        now = time.time()
        with self._lock:
            self._forget(now)
            count, until = self._counts.get(key, (0, 0.0))
            if until <= now:
                count, until = 0, now + expiry
            self._counts[key] = count + amount, until
            return count + amount

    def get(self, key: str) -> int:
        count, until = self._counts.get(key, (0, 0.0))
        return count if until > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """When the key runs out, as `time.time` counts; now for one that is not there."""
        return self._counts.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        with self._lock:
            gone = len(self._counts)
            self._counts.clear()
            return gone

    def clear(self, key: str) -> None:
        with self._lock:
            self._counts.pop(key, None)

    def _forget(self, now: float) -> None:
        """At most once a minute, let go of all that has run out."""
        if now >= self._forget_at:
            self._forget_at = now + _FORGET_SECONDS
            self._counts = {key: kept for key, kept in self._counts.items() if kept[1] > now}
