"""Working days of the Chinese calendar, 调休 included. Pure: what the county knows better comes in as `overrides`.

The published calendar ends with a year; beyond it Monday to Friday stand in and everything counted over them is
provisional. Callers recompute at every look, so nothing has to be corrected once the next year is published.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import chinese_calendar

Overrides = Mapping[date, bool]  # day → whether people work on it; stands above the published calendar
NOTHING: Overrides = {}

_DAY = timedelta(days=1)
_SATURDAY = 5
_NEVER = 40  # days in a row without work: no calendar has them, an override table could


@dataclass(frozen=True, slots=True)
class Due:
    """The last day of a time limit. `counted` is where it fell before it was rolled to a working day."""

    day: date
    provisional: bool  # a day in it is not in the published calendar yet
    counted: date

    @property
    def rolled(self) -> bool:
        return self.day != self.counted


@cache
def _published(day: date) -> bool | None:
    """Whether people work on `day`; None where no calendar is published."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None


def is_provisional(day: date, overrides: Overrides = NOTHING) -> bool:
    """Whether it is only supposed, from the day of the week, that people work on `day`."""
    return day not in overrides and _published(day) is None


def is_working_day(day: date, overrides: Overrides = NOTHING) -> bool:
    if day in overrides:
        return overrides[day]
    published = _published(day)
    return day.weekday() < _SATURDAY if published is None else published


def roll_forward(day: date, overrides: Overrides = NOTHING) -> Due:
    """`day`, or the first working day after it."""
    at, provisional = day, is_provisional(day, overrides)
    while not is_working_day(at, overrides):
        at += _DAY
        provisional = provisional or is_provisional(at, overrides)
        if (at - day).days > _NEVER:
            raise ValueError(f"the override table leaves no working day after {day}")
    return Due(at, provisional, day)


def add_working_days(day: date, n: int, overrides: Overrides = NOTHING) -> Due:
    """The `n`th working day after `day`, which itself never counts; `n` 0 is `day` rolled forward."""
    if n < 0:
        raise ValueError("working days are counted forward")
    at, provisional = day, False
    for _ in range(n):
        found = roll_forward(at + _DAY, overrides)
        at, provisional = found.day, provisional or found.provisional
    return Due(at, provisional, at) if n else roll_forward(day, overrides)


def working_days_between(start: date, end: date, overrides: Overrides = NOTHING) -> int:
    """Working days after `start` up to `end`, both ways: negative where `end` lies before `start`."""
    if end < start:
        return -working_days_between(end, start, overrides)
    return sum(is_working_day(start + _DAY * n, overrides) for n in range(1, (end - start).days + 1))


def add_months(day: date, n: int) -> date:
    """The same day `n` months on, or that month's last where it is shorter."""
    months = day.year * 12 + day.month - 1 + n
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def quarter_end(day: date) -> date:
    """The last day of the quarter in which `day` lies."""
    month = (day.month + 2) // 3 * 3
    return date(day.year, month, monthrange(day.year, month)[1])
