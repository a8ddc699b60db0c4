"""How each kind of setting is read from text: a value, or a ValueError that says what it should look like."""

import ipaddress
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

# What a term of keeping may hang on: lanes, settled states, results.
KEPT_BY: Final = (
    "urgent|ordinary|sealed|spam|not_accepted|duplicate_linked|referred|archived"
    "|verified|partly_verified|not_verified|unverifiable|referred_out|fixed|clarified"
)


def _int(raw: str, _: str) -> int:
    if not raw.strip().isascii() or not raw.strip().isdigit():
        raise ValueError("a whole number, 0 or more")
    return int(raw)


def _choice(raw: str, options: str) -> str:
    if raw not in options.split("|"):
        raise ValueError("one of " + ", ".join(options.split("|")))
    return raw


def _some(raw: str, options: str) -> tuple[str, ...]:
    chosen = tuple(part.strip() for part in raw.split(","))
    if chosen == ("none",):
        return ()
    if not set(chosen) <= set(options.split("|")):
        raise ValueError("none, or with commas any of " + ", ".join(options.split("|")))
    return chosen


def _url(raw: str, _: str) -> str:
    parts = urlsplit(raw)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("https://host, without a path")
    if parts.query or parts.fragment or parts.username:
        raise ValueError("https://host, nothing after it")
    _ = str(parts.port)  # a bad port raises here
    return raw.rstrip("/")


def _days(raw: str, _: str) -> Mapping[date, bool]:
    """Day → whether people work on it."""
    found = {}
    for part in filter(None, (part.strip() for part in raw.split(","))):
        day, _sep, what = part.partition(":")
        if what not in ("work", "off"):
            raise ValueError("days as 2027-02-06:work,2027-02-08:off")
        found[date.fromisoformat(day)] = what == "work"
    return MappingProxyType(found)


def _periods(raw: str, options: str) -> Mapping[str, int]:
    """What → days."""
    found = {}
    for part in filter(None, (part.strip() for part in raw.split(","))):
        name, _sep, days = part.partition(":")
        if name not in options.split("|") or not (days.isascii() and days.isdigit()) or not 0 < int(days) < 36_525:
            raise ValueError("days as spam:180,verified:1825; the names are " + ", ".join(options.split("|")))
        found[name] = int(days)
    return MappingProxyType(found)


def _rate(raw: str, _: str) -> str:
    count, slash, per = raw.partition("/")
    unit = per.lstrip("0123456789 ").rstrip("s")
    if not slash or not count.strip().isdigit() or unit not in ("second", "minute", "hour", "day"):
        raise ValueError("a rate such as 120/hour or 60/10minutes")
    return raw


def _zone(raw: str, _: str) -> str:
    ZoneInfo(raw)
    return raw


READERS: Final = {
    "path": lambda raw, _: Path(raw),
    "text": lambda raw, _: raw,
    "url": _url,
    "int": _int,
    "choice": _choice,
    "some": _some,
    "rate": _rate,
    "zone": _zone,
    "days": _days,
    "periods": _periods,
}


def is_private(host: str) -> bool:
    """Whether an address is of this machine or of a network of its own."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private
