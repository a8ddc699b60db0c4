"""What may be counted and shown of people at a board: no robots, fixed moments, no small sums, days that are over."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.boards import counting

PEOPLE = (
    "Mozilla/5.0 (Linux; Android 4.4.4; HM NOTE 1LTE) Version/4.0 Chrome/33.0.0.0 MicroMessenger/6.0.0.54_r849063.501",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.49",
    "Mozilla/5.0 (Linux; U; Android 10; zh-cn; OPPO) AppleWebKit/537.36 MQQBrowser/12.1 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 12; Cubot) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36 QRScanner/2.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
)
ROBOTS = (
    "",
    "   ",
    "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Sogou web spider/4.0",
    "curl/8.5.0",
    "python-requests/2.32",
    "Go-http-client/1.1",
    "okhttp/4.12.0",
    "Dalvik/2.1.0 (Linux; U; Android 9)",
    "WhatsApp/2.24",
    "Mozilla/5.0 HeadlessChrome/131.0",
)
days = st.dates(date(2026, 1, 1), date(2030, 12, 31))
moments = st.integers(1_767_225_600_000_000, 1_900_000_000_000_000).map(
    lambda micros: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)
)


@pytest.mark.parametrize("agent", PEOPLE)
def test_a_telephone_is_a_person(agent: str) -> None:
    assert not counting.is_robot(agent)


@pytest.mark.parametrize("agent", ROBOTS)
def test_a_program_is_none(agent: str) -> None:
    assert counting.is_robot(agent)


@given(moments)
def test_flushes_come_at_fixed_moments_whatever_anybody_does(now: datetime) -> None:
    following = counting.next_flush(now)
    assert timedelta() < following - now <= counting.FLUSH_EVERY
    assert (following.minute % 5, following.second, following.microsecond) == (0, 0, 0)
    assert counting.next_flush(following - timedelta(microseconds=1)) == following


@given(st.integers(0, 10_000))
def test_a_sum_of_fewer_than_five_is_not_told_from_none(count: int) -> None:
    assert counting.shown(count) == (count if count >= 5 else counting.shown(0))


@given(days)
def test_only_days_and_weeks_that_are_over_are_shown(today: date) -> None:
    first, last = counting.whole_weeks(today)
    assert (first.weekday(), last.weekday()) == (0, 6)
    assert (last - first).days == 27
    assert timedelta(days=1) <= today - last <= timedelta(days=7)
    over = counting.days_over(today)
    assert len(over) == 28
    assert over == sorted(over)
    assert over[-1] == today - timedelta(days=1)


@given(days)
def test_sums_of_weeks_stand_still_for_a_week(today: date) -> None:
    """Nobody gets a day's small sum by subtracting what was shown on one day from what is shown on the next."""
    monday = today - timedelta(days=today.weekday())
    assert {counting.whole_weeks(monday + timedelta(days=day)) for day in range(7)} == {counting.whole_weeks(monday)}
