"""What is counted of people in front of a board, and what may be shown of it. ADR 0018.

Sums of a day for a board, nothing finer; a sum of fewer than five people says "少于 5" and nothing else.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

SCAN: Final = "scan"  # the page of a board was opened
STARTED: Final = "started"  # its form was opened
GONE: Final = "gone"  # the code of a board that hangs no more was opened
UNKNOWN: Final = "unknown"  # a code that no board ever had: one sum for all, and never the code
KINDS: Final = (SCAN, STARTED, GONE, UNKNOWN)
NO_BOARD: Final = ""  # what sums of unknown codes are kept under

SHOWN_FROM: Final = 5
FLUSH_EVERY: Final = timedelta(minutes=5)
WEEKS: Final = 4

# Programs by how they call themselves. What calls itself a browser counts as a person: nobody is looked at twice.
_ROBOT: Final = re.compile(
    r"(?<!cu)bot\b|spider|crawl|slurp|preview|scrapy|curl/|wget/|python|urllib|httpclient|http-client|okhttp|axios"
    r"|node-fetch|libwww|\bjava/|dalvik/|headless|phantomjs|lighthouse|zgrab|masscan|censys|nmap|monitor|uptime"
    r"|facebookexternalhit|whatsapp/",
    re.IGNORECASE,
)


def is_robot(agent: str) -> bool:
    """Whether a program asks; one that does not say what it is counts as one."""
    return not agent.strip() or _ROBOT.search(agent) is not None


def next_flush(now: datetime) -> datetime:
    """The first multiple of `FLUSH_EVERY` after `now`: fixed moments, that no act of anybody moves."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + ((now - midnight) // FLUSH_EVERY + 1) * FLUSH_EVERY


def shown(count: int) -> int | None:
    """The sum as pages may say it; None where it is so small that it could point at somebody."""
    return count if count >= SHOWN_FROM else None


def whole_weeks(today: date, weeks: int = WEEKS) -> tuple[date, date]:
    """First and last day of the last `weeks` weeks that are over, Monday to Sunday.

    Sums over moving windows would be taken apart by subtracting yesterday's from today's.
    """
    last = today - timedelta(days=today.weekday() + 1)
    return last - timedelta(days=7 * weeks - 1), last


def days_over(today: date, count: int = 7 * WEEKS) -> list[date]:
    """The last `count` days that are over: a sum that still grows would be a clock for whoever watches it."""
    return [today - timedelta(days=back) for back in range(count, 0, -1)]
