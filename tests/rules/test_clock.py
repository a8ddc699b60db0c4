"""What time it is, and which day that makes it for the people of the place."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.core.clock import FileClock, FixedClock, SystemClock, local_day

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_the_system_clock_is_aware_and_now() -> None:
    before = datetime.now(UTC)
    assert before <= SystemClock().now() <= datetime.now(UTC)
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_the_fixed_clock_moves_only_when_told() -> None:
    clock = FixedClock(NOON)
    assert clock.now() == clock.now() == NOON
    clock.advance(timedelta(minutes=20))
    assert clock.now() == datetime(2026, 11, 22, 12, 20, tzinfo=UTC)


def test_an_instant_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 11, 22, 12, 0)  # noqa: DTZ001 - the mistake under test
    with pytest.raises(ValueError, match="time zone"):
        FixedClock(naive)
    with pytest.raises(ValueError, match="time zone"):
        local_day(naive, "Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-22T12:00:00+00:00", NOON),
        ("2026-11-22T12:00:00Z\n", NOON),
        ("2026-11-22T20:00:00+08:00", NOON),
        ("2026-11-22T20:00:00", NOON),
        ("2026-11-22 20:00", NOON),
        ("2026-11-22", datetime(2026, 11, 21, 16, 0, tzinfo=UTC)),
    ],
)
def test_the_file_clock_reads_iso_times_of_every_kind(tmp_path: Path, text: str, instant: datetime) -> None:
    file = tmp_path / "clock"
    file.write_text(text)
    now = FileClock(file).now()
    assert now == instant
    assert now.utcoffset() == timedelta(0)


def test_the_file_clock_reads_the_file_at_each_call(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text("2026-11-22T12:00:00Z")
    clock = FileClock(str(file))
    assert clock.now() == NOON
    file.write_text("2027-01-01T00:00:00Z")
    assert clock.now() == datetime(2027, 1, 1, tzinfo=UTC)


def test_without_its_file_the_file_clock_tells_the_real_time(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    assert FileClock(tmp_path / "none").now() >= before


def test_a_half_written_file_leaves_the_last_time_in_force(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text("2026-11-22T12:00:00Z")
    clock = FileClock(file)
    assert clock.now() == NOON
    for torn in ("", "2026-1"):
        file.write_text(torn)
        assert clock.now() == NOON


def test_a_file_that_never_held_a_time_is_named(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text("tomorrow")
    with pytest.raises(ValueError, match=str(file)):
        FileClock(file).now()


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2026, 12, 31, 16, 0, 0, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2028, 2, 28, 16, 0, 0, tzinfo=UTC), date(2028, 2, 29)),
        (datetime(2028, 2, 29, 16, 0, 0, tzinfo=UTC), date(2028, 3, 1)),
    ],
)
def test_the_day_begins_at_midnight_of_the_place(instant: datetime, day: date) -> None:
    assert local_day(instant, "Asia/Shanghai") == day


@given(
    st.datetimes(min_value=datetime(1995, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001 - bounds are naive
    st.integers(-12, 14),
)
def test_the_day_depends_on_the_instant_not_on_how_it_is_written(moment: datetime, offset: int) -> None:
    instant = moment.replace(tzinfo=UTC)
    elsewhere = instant.astimezone(timezone(timedelta(hours=offset)))
    assert local_day(elsewhere, "Asia/Shanghai") == local_day(instant, "Asia/Shanghai")
    assert local_day(instant, "Asia/Shanghai") == (instant + timedelta(hours=8)).date()
