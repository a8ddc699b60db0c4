"""Working days, 调休 and what lies beyond the published calendar; and the table of time limits."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.core.calendar import (
    Due,
    add_months,
    add_working_days,
    is_provisional,
    is_working_day,
    quarter_end,
    roll_forward,
    working_days_between,
)
from intake.reports.deadlines import LIMITS, Unit, due, latest_start, resumed

DAY = timedelta(days=1)
DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31))
OVERRIDES = st.dictionaries(st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.booleans(), max_size=12)
KEYS = st.sampled_from(sorted(LIMITS))


class TestKnownDays:
    @pytest.mark.parametrize(
        ("start", "n", "end", "provisional"),
        [
            (date(2026, 9, 25), 15, date(2026, 10, 22), False),  # 中秋 and 国庆, with a Saturday and a Sunday worked
            (date(2026, 2, 10), 15, date(2026, 3, 9), False),  # 春节
            (date(2026, 12, 18), 15, date(2027, 1, 8), True),  # beyond the published year: Monday to Friday
            (date(2026, 12, 18), 9, date(2026, 12, 31), False),  # the last day that is published
            (date(2026, 12, 18), 10, date(2027, 1, 1), True),
            (date(2024, 2, 28), 1, date(2024, 2, 29), False),  # a leap day is worked like another
            (date(2026, 11, 20), 1, date(2026, 11, 23), False),
        ],
    )
    def test_counted_by_hand(self, start: date, n: int, end: date, provisional: bool) -> None:
        assert add_working_days(start, n) == Due(end, provisional, end)

    def test_a_saturday_may_be_worked_and_a_monday_may_be_free(self) -> None:
        assert is_working_day(date(2026, 10, 10))
        assert not is_working_day(date(2026, 10, 5))
        assert not is_working_day(date(2026, 11, 22))

    def test_beyond_the_calendar_the_week_stands_in(self) -> None:
        assert is_provisional(date(2027, 1, 1))
        assert is_working_day(date(2027, 1, 1))
        assert not is_working_day(date(2027, 1, 2))
        assert not is_provisional(date(2026, 12, 31))

    def test_what_the_county_knows_stands_above_and_is_not_provisional(self) -> None:
        known = {date(2027, 1, 1): False, date(2027, 1, 2): True}
        assert add_working_days(date(2026, 12, 31), 1, known) == Due(date(2027, 1, 2), False, date(2027, 1, 2))
        assert add_working_days(date(2026, 12, 31), 2, known).provisional

    def test_a_table_without_any_working_day_is_refused(self) -> None:
        never = {date(2026, 11, 1) + DAY * n: False for n in range(60)}
        with pytest.raises(ValueError, match="no working day"):
            add_working_days(date(2026, 11, 1), 1, never)

    def test_days_are_counted_forward_only(self) -> None:
        with pytest.raises(ValueError, match="forward"):
            add_working_days(date(2026, 11, 23), -1)

    def test_months_and_quarters(self) -> None:
        assert add_months(date(2026, 11, 30), 3) == date(2027, 2, 28)
        assert add_months(date(2023, 11, 30), 3) == date(2024, 2, 29)
        assert add_months(date(2026, 12, 5), 1) == date(2027, 1, 5)
        assert quarter_end(date(2026, 11, 23)) == date(2026, 12, 31)
        assert quarter_end(date(2026, 2, 1)) == date(2026, 3, 31)


class TestCounting:
    @given(DAYS, st.integers(0, 60), OVERRIDES)
    def test_it_ends_on_a_working_day_after_exactly_so_many(
        self, start: date, n: int, overrides: dict[date, bool]
    ) -> None:
        found = add_working_days(start, n, overrides)
        assert is_working_day(found.day, overrides)
        if n:
            assert working_days_between(start, found.day, overrides) == n
            assert found.day > start

    @given(DAYS, st.integers(0, 30), st.integers(1, 30), OVERRIDES)
    def test_two_counts_on_end_make_one(self, start: date, a: int, b: int, overrides: dict[date, bool]) -> None:
        first = add_working_days(start, a, overrides) if a else Due(start, False, start)
        assert add_working_days(first.day, b, overrides).day == add_working_days(start, a + b, overrides).day

    @given(DAYS, st.integers(0, 60))
    def test_provisional_exactly_where_a_day_counted_over_is_not_published(self, start: date, n: int) -> None:
        found = add_working_days(start, n)
        over = [start + DAY * k for k in range(0 if n == 0 else 1, (found.day - start).days + 1)]
        assert found.provisional is any(is_provisional(day) for day in over)

    @given(DAYS, DAYS, OVERRIDES)
    def test_between_is_the_same_both_ways(self, a: date, b: date, overrides: dict[date, bool]) -> None:
        assert working_days_between(a, b, overrides) == -working_days_between(b, a, overrides)

    @given(DAYS, OVERRIDES)
    def test_rolling_never_goes_back_and_rests_once_there(self, day: date, overrides: dict[date, bool]) -> None:
        found = roll_forward(day, overrides)
        assert found.day >= day
        assert found.counted == day
        assert found.rolled is not is_working_day(day, overrides)
        assert roll_forward(found.day, overrides).day == found.day


class TestLimits:
    def test_the_table_is_the_one_that_was_looked_up(self) -> None:
        assert {key: (limit.amount, limit.unit.value) for key, limit in LIMITS.items()} == {
            "ack_real_name": (15, "working_days"),
            "feedback_real_name": (15, "working_days"),
            "transfer_up": (5, "working_days"),
            "lower_accept": (5, "working_days"),
            "transfer_other_supervision": (5, "working_days"),
            "quarterly_feedback": (1, "quarter"),
            "lead_opinion": (1, "months"),
            "talk_report": (30, "calendar_days"),
            "lead_feedback_to_xuncha": (3, "months"),
            "xf_forward": (15, "calendar_days"),
            "xf_tell": (15, "calendar_days"),
            "xf_object": (5, "working_days"),
            "xf_close": (60, "calendar_days"),
            "xf_close_extended": (90, "calendar_days"),
            "xf_review": (30, "calendar_days"),
            "xf_recheck": (30, "calendar_days"),
            "rect_plan": (1, "months"),
            "rect_concentrated": (6, "months"),
            "immediate_fix": (15, "calendar_days"),
        }
        assert all(limit.what and limit.basis for limit in LIMITS.values())

    @pytest.mark.parametrize(
        ("key", "start", "end", "counted", "provisional"),
        [
            ("ack_real_name", date(2026, 9, 25), date(2026, 10, 22), date(2026, 10, 22), False),
            ("transfer_up", date(2026, 11, 22), date(2026, 11, 27), date(2026, 11, 27), False),
            ("xf_tell", date(2026, 9, 17), date(2026, 10, 8), date(2026, 10, 2), False),  # rolls over 国庆
            ("lead_opinion", date(2026, 1, 31), date(2026, 2, 28), date(2026, 2, 28), False),  # a Saturday worked
            ("lead_feedback_to_xuncha", date(2026, 10, 9), date(2027, 1, 11), date(2027, 1, 9), True),
            ("quarterly_feedback", date(2026, 11, 23), date(2026, 12, 31), date(2026, 12, 31), False),
        ],
    )
    def test_ends_counted_by_hand(self, key: str, start: date, end: date, counted: date, provisional: bool) -> None:
        assert due(key, start) == Due(end, provisional, counted)

    @given(KEYS, DAYS, OVERRIDES)
    def test_it_ends_on_a_working_day_and_never_before_it_began(
        self, key: str, start: date, overrides: dict[date, bool]
    ) -> None:
        found = due(key, start, overrides)
        assert is_working_day(found.day, overrides)
        assert found.counted <= found.day
        assert found.day >= start

    @given(KEYS, DAYS, OVERRIDES)
    def test_one_day_splits_what_is_due_from_what_is_not(
        self, key: str, day: date, overrides: dict[date, bool]
    ) -> None:
        start = latest_start(key, day, overrides)
        assert due(key, start, overrides).day <= day
        assert all(due(key, start + DAY * n, overrides).day > day for n in range(1, 8))
        assert all(due(key, start - DAY * n, overrides).day <= day for n in range(8))

    def test_an_unknown_limit_is_an_error(self) -> None:
        with pytest.raises(KeyError):
            due("no_such_limit", date(2026, 11, 23))


class TestPauses:
    @given(
        st.sampled_from([key for key, limit in LIMITS.items() if limit.unit is Unit.working_days]),
        DAYS,
        st.integers(0, 30),
        st.integers(0, 60),
    )
    def test_as_many_working_days_are_left_as_were(self, key: str, since: date, used: int, paused: int) -> None:
        paused_on = since + DAY * used
        day = paused_on + DAY * paused
        left = working_days_between(paused_on, due(key, since).day)
        assert working_days_between(day, due(key, resumed(key, since, paused_on, day)).day) == left

    def test_calendar_days_move_on_by_the_pause(self) -> None:
        assert resumed("xf_close", date(2026, 11, 1), date(2026, 11, 5), date(2026, 11, 15)) == date(2026, 11, 11)

    def test_a_pause_that_ended_on_its_day_changes_nothing(self) -> None:
        assert resumed("ack_real_name", date(2026, 11, 2), date(2026, 11, 5), date(2026, 11, 5)) == date(2026, 11, 2)
