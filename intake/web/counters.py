"""The limits' counters in memory. Nothing runs beside the requests: what has run out is forgotten in passing.

The store that `limits` brings starts a thread at nearly every count, which costs more than the count itself, and
keeps the machine's time. This one keeps the installation's clock, so that limits and pages mean the same hour.
`shared_counters` is the same in Redis.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Protocol

from limits.storage import Storage

from intake.core import vault
from intake.core.clock import Clock

_FORGET_SECONDS = 60.0
Pace = tuple[str, int]  # a key, and the seconds of its window


class Store(Protocol):
    """What counts: by key, each until its own end."""

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count; a key that is new or has run out begins again and lasts `expiry` seconds."""

    def get(self, key: str) -> int:
        """The count; 0 for what is not there."""

    def get_expiry(self, key: str) -> float:
        """When the key runs out, as the clock counts; now for one that is not there."""

    def clear(self, key: str) -> None:
        """As if it had never been counted."""

    def now(self) -> float:
        """The clock of the counts, in seconds."""

    def paces(self, keys: Sequence[Pace], *, count: bool = True) -> list[float]:
        """What was counted in the last `seconds` of each key, this one included; without `count` only looked at.

        An estimate from two windows, the first of which begins with the first count: exact until it ends, near
        enough afterwards, and never forgotten all at once.
        """

    def take(self, key: str, value: str, expiry: int) -> bool:
        """True for the first, and for whoever brings the same value again before it is forgotten."""

    def salt(self, name: str, expiry: int) -> bytes:
        """Random bytes under this name, the same for all who share the store, forgotten after `expiry` seconds."""

    @property
    def shared(self) -> bool:
        """Whether the counts are those of all processes at this moment."""


@dataclass(frozen=True, slots=True)
class Window:
    """Counts since `begun`, and what the window right before it held. `shared_counters` does the same in Lua."""

    begun: float
    count: int
    before: int

    def at(self, now: float, seconds: int) -> "Window":
        """As it is at this moment: moved on by whole windows."""
        passed = int((now - self.begun) // seconds)
        if passed <= 0:
            return self
        return Window(self.begun + passed * seconds, 0, self.count if passed == 1 else 0)

    def pace(self, now: float, seconds: int) -> float:
        return self.count + self.before * max(0.0, 1 - (now - self.begun) / seconds)


class Counters(Storage):
    """Counts of this process; addressed as `counters://`."""

    STORAGE_SCHEME = ["counters"]  # noqa: RUF012 - the registry of `limits` reads this very attribute

    def __init__(
        self, uri: str | None = None, wrap_exceptions: bool = False, *, clock: Clock, **options: Any
    ) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self.now: Callable[[], float] = lambda: clock.now().timestamp()
        self._lock = Lock()
        self._counts: dict[str, tuple[int, float]] = {}  # key → count, when it runs out
        self._values: dict[str, tuple[str, float]] = {}
        self._windows: dict[str, tuple[Window, float]] = {}
        self._forget_at = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    @property
    def shared(self) -> bool:
        return True  # with memory limits there is one process: `msx serve` sees to it

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = self.now()
        with self._lock:
            self._forget(now)
            count, until = self._counts.get(key, (0, 0.0))
            if until <= now:
                count, until = 0, now + expiry
            self._counts[key] = count + amount, until
            return count + amount

    def get(self, key: str) -> int:
        count, until = self._counts.get(key, (0, 0.0))
        return count if until > self.now() else 0

    def get_expiry(self, key: str) -> float:
        found = self._counts.get(key)
        return found[1] if found is not None else self.now()

    def paces(self, keys: Sequence[Pace], *, count: bool = True) -> list[float]:
        now = self.now()
        with self._lock:
            self._forget(now)
            return [self._pace(key, seconds, now, count) for key, seconds in keys]

    def _pace(self, key: str, seconds: int, now: float, count: bool) -> float:
        kept = self._windows.get(key)
        window = kept[0].at(now, seconds) if kept is not None else Window(now, 0, 0)
        if count:
            window = replace(window, count=window.count + 1)
            self._windows[key] = window, window.begun + 2 * seconds
        return window.pace(now, seconds)

    def take(self, key: str, value: str, expiry: int) -> bool:
        return self._kept(key, value, expiry) == value

    def salt(self, name: str, expiry: int) -> bytes:
        return bytes.fromhex(self._kept(f"salt:{name}", vault.random_bytes(32).hex(), expiry))

    def adopt_salt(self, name: str, found: bytes, expiry: int) -> None:
        """Somebody else's salt in place of ours."""
        with self._lock:
            self._values[f"salt:{name}"] = found.hex(), self.now() + expiry

    def _kept(self, key: str, value: str, expiry: int) -> str:
        """What lies under the key: `value`, unless something is there already."""
        now = self.now()
        with self._lock:
            self._forget(now)
            found, until = self._values.get(key, ("", 0.0))
            if until <= now:
                self._values[key] = found, _ = value, now + expiry
            return found

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        with self._lock:
            gone = len(self._counts)
            self._counts.clear()
            self._values.clear()
            self._windows.clear()
            return gone

    def clear(self, key: str) -> None:
        with self._lock:
            self._counts.pop(key, None)

    def _forget(self, now: float) -> None:
        """At most once a minute, let go of all that has run out."""
        if now >= self._forget_at:
            self._forget_at = now + _FORGET_SECONDS
            self._counts = {key: kept for key, kept in self._counts.items() if kept[1] > now}
            self._values = {key: kept for key, kept in self._values.items() if kept[1] > now}
            self._windows = {key: kept for key, kept in self._windows.items() if kept[1] > now}
