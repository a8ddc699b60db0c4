"""What time it is: the only module that asks the machine for it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Answers with an aware instant in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """Stands still until it is told to advance: the clock of tests."""

    def __init__(self, when: datetime) -> None:
        self._now = _aware(when)

    def now(self) -> datetime:
        return self._now

    def advance(self, step: timedelta) -> None:
        self._now += step


class FileClock:
    """Reads an ISO time from a file at each call; the machine's time while the file is not there.

    A time without an offset is meant in `tz`. Whoever rewrites the file may be caught half-way: an
    unreadable text leaves the last readable time in force, and raises ValueError where there was none.
    """

    def __init__(self, path: Path | str, *, tz: str = "Asia/Shanghai") -> None:
        self._path = Path(path)
        self._zone = ZoneInfo(tz)
        self._last: datetime | None = None

    def now(self) -> datetime:
        try:
            text = self._path.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return datetime.now(UTC)
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            if self._last is None:
                raise ValueError(f"{self._path} holds no ISO time, like 2026-11-22T09:00:00+08:00") from None
            return self._last
        self._last = (when if when.tzinfo else when.replace(tzinfo=self._zone)).astimezone(UTC)
        return self._last


def local_day(when: datetime, tz: str) -> date:
    """The calendar day of an aware instant in the named time zone."""
    return _aware(when).astimezone(ZoneInfo(tz)).date()


def _aware(when: datetime) -> datetime:
    if when.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    return when.astimezone(UTC)
