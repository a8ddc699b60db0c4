"""Limits. What they count is kept under a key of the day that no file and no store alone can undo. ADR 0021.

Everything is counted before the work, in one step that no second request comes between; each surface under a name
of its own, so that none eats another's allowance.
"""

import hashlib
import ipaddress
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from functools import cache
from threading import Lock
from typing import Final, cast
from zoneinfo import ZoneInfo

from flask import Flask, current_app, request
from flask_limiter import Limiter
from flask_limiter.constants import ConfigVars
from limits import RateLimitItem, parse

from intake.core import vault
from intake.core.errors import TooMany
from intake.core.secretfile import Secrets
from intake.core.world import World
from intake.web.context import world
from intake.web.counters import Counters, Store
from intake.web.shared_counters import SharedCounters

EXTENSION: Final = "msx_limiter"
DAY_KEY: Final = "msx_day_key"
_FAILS_KEPT_SECONDS = 900
_WRONG_CODES_KEPT_SECONDS = 86_400
_WRONG_CODES_FREE = 5
_DAY_SECONDS: Final = 86_400
_SALT_ASKED_EVERY_SECONDS: Final = 30.0  # a Redis that lost it gets it back that soon


class DayKey:
    """HKDF(secret file, random salt of the day): after midnight yesterday's counts name nobody.

    The salt lies in the store and is forgotten there when the day ends; in the secret file it never was.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._day: date | None = None
        self._key = b""
        self._ask_at = 0.0

    def get(self, world: World, store: Store) -> bytes:
        day, moment = world.today(), time.monotonic()
        with self._lock:
            if day != self._day or moment >= self._ask_at:
                self._day, self._ask_at = day, moment + _SALT_ASKED_EVERY_SECONDS
                salt = store.salt(day.isoformat(), _seconds_left(world, day))
                self._key = key_of_day(world.secrets, salt)
            return self._key

    def ask_again(self) -> None:
        """At the next count, whatever the time."""
        self._ask_at = 0.0


def key_of_day(secrets: Secrets, salt: bytes) -> bytes:
    """Both are needed."""
    return vault.derive(secrets.limiter_key + salt, "msx-limiter-day")


def mac_of_day(key: bytes, *parts: str) -> str:
    return vault.mac(key, *parts).hex()[:32]


def _seconds_left(world: World, day: date) -> int:
    """Until midnight, where the installation is."""
    zone = ZoneInfo(world.settings.timezone)
    midnight = datetime.combine(day + timedelta(days=1), clock_time(), zone).astimezone(UTC)
    return max(60, int((midnight - world.clock.now()).total_seconds()) + 60)


def install(app: Flask, world: World) -> None:
    """The store that the settings name, for this application alone."""
    shared = world.settings.redis_url
    app.config[ConfigVars.STORAGE_URI] = f"{(SharedCounters if shared else Counters).STORAGE_SCHEME[0]}://"
    app.config[ConfigVars.STORAGE_OPTIONS] = {"clock": world.clock} | ({"url": shared} if shared else {})
    limiter = Limiter(key_func=network_key, headers_enabled=False, default_limits=[])
    # Its own look before every request is for decorators, and no route has one: the lanes count by themselves.
    app.extensions.setdefault("limiter", set()).add(limiter)
    limiter.init_app(app)
    app.extensions[EXTENSION] = limiter
    app.extensions[DAY_KEY] = DayKey()


def _limiter() -> Limiter:
    found: Limiter = current_app.extensions[EXTENSION]
    return found


def store() -> Store:
    """The counts of the application that serves this request."""
    return cast(Store, _limiter().storage)


def network_prefix(address: str | None) -> str:
    """/24 of IPv4 (also mapped into IPv6), /64 of IPv6; "-" for what is no address."""
    try:
        ip = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "-"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            return str(ipaddress.ip_network((ip, 64), strict=False))
        ip = ip.ipv4_mapped
    return str(ipaddress.ip_network((ip, 24), strict=False))


def _today_key() -> bytes:
    day_key: DayKey = current_app.extensions[DAY_KEY]
    return day_key.get(world(), store())


def day_mac(*parts: str) -> str:
    """A name for the store that says nothing without today's key."""
    return mac_of_day(_today_key(), *parts)


def network_key() -> str:
    """Who asks, as the limits know it: a keyed hash of the network under today's key."""
    return day_mac("network", network_prefix(request.remote_addr))


@cache
def rate_of(text: str) -> RateLimitItem:
    """A limit as the settings write it: 120/hour."""
    return parse(text)


def _within(text: str, *identifiers: str) -> bool:
    """Count one; whether it is within this limit."""
    return _limiter().limiter.hit(rate_of(text), *identifiers)


# --- Reports ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rates:
    """How much came within the window of each setting, this one included: estimates."""

    pace: float  # of the network, in seconds
    network_board: float
    network: float
    board: float  # a network counts for a few at most
    copies: int  # of nearly the same words, within a day


def weigh_report(board_code: str, words: Sequence[str], *, count: bool) -> Rates:
    """Count one filing before the work (or only look), and say what it comes on top of.

    `words`: of `words_keys`. What one network sends counts for a few of the board at most: nobody alone
    can make a rush of a board on which others would be asked.
    """
    settings, counts, key = world().settings, store(), _today_key()
    network = mac_of_day(key, "network", network_prefix(request.remote_addr))
    board = mac_of_day(key, "board", board_code)
    limits = [
        (f"pace:{network}", settings.report_pace),
        (f"network-board:{network}:{board}", settings.report_limit_board),
        (f"network:{network}", settings.report_limit_network),
        (f"share:{network}:{board}", settings.board_burst),
    ]
    keys = [(name, rate_of(text).get_expiry()) for name, text in limits]
    pace, network_board, whole, share = counts.paces(keys, count=count)
    counted = count and share <= settings.board_network_share
    looked_at = [(f"board:{board}", rate_of(settings.board_burst).get_expiry())]
    rush = counts.paces(looked_at, count=counted)[0]
    found = counts.paces([(name, _DAY_SECONDS) for name in words], count=False) if words else []
    # Two texts that are nearly the same share six of eight bands, strangers one in two hundred.
    copies = int(sorted(found)[len(found) // 2]) if found else 0
    return Rates(pace, network_board, whole, rush, copies)


def board_key(board_code: str) -> str:
    """Under which the rush of a board is counted today."""
    return f"board:{day_mac('board', board_code)}"


def remember_words(words: Sequence[str]) -> None:
    """One more of these words, today. Not for what goes up sealed: nothing is compared with that."""
    if words:
        store().paces([(name, _DAY_SECONDS) for name in words])


def words_keys(bands: Sequence[int]) -> list[str]:
    """The bands of a sketch, as the store knows them today."""
    if not bands:
        return []
    key = _today_key()
    return [
        "words:" + hashlib.blake2b(b"%d:%d" % (at, value), key=key, digest_size=16).hexdigest()
        for at, value in enumerate(bands)
    ]


# --- Looking up, and what is added later --------------------------------------------------------------------


def lookup_is_free() -> bool:
    """Count one look-up of a receipt before the work; False over the limit, where a question comes first."""
    return _within(world().settings.lookup_limit, "lookup", network_key())


def addition_is_free(kind: str, digits: str, count: int = 1) -> bool:
    """Count what is added through one receipt today (`kind`: message, photo), before the work."""
    settings = world().settings
    most = settings.photos_a_day if kind == "photo" else settings.messages_a_day
    return store().incr(_addition_key(kind, digits), _DAY_SECONDS, count) <= most


def free_additions(digits: str) -> None:
    """A question was answered: as much again."""
    for kind in ("message", "photo"):
        store().clear(_addition_key(kind, digits))


def _addition_key(kind: str, digits: str) -> str:
    return f"added:{kind}:{day_mac('added', digits)}"


def count_activation() -> None:
    """Count one look at an activation link before the work; raises `TooMany`."""
    settings = world().settings
    if not _within(settings.activation_limit, "activation", network_key()):
        raise TooMany(settings.signin_wait_most)


def word_counts(board_code: str) -> bool:
    """Count one 牌子坏了 before the work; False over a limit, where it is thanked for and not written down."""
    settings, key = world().settings, network_key()
    within_board = _within(settings.word_limit_board, "word-board", key, day_mac("board", board_code))
    return within_board and _within(settings.word_limit_network, "word-network", key)


# --- Signing in ---------------------------------------------------------------------------------------------


def _sign_in_keys(login: str) -> tuple[str, str]:
    who = vault.mac(world().secrets.limiter_key, "login", login.strip().casefold()).hex()[:32]
    return f"signin-wait:{network_key()}:{who}", f"signin-fails:{network_key()}:{who}"


def sign_in_gate(login: str) -> None:
    """Count one attempt for this account from this network, before the work; raises `TooMany`.

    The wait doubles with each failure and another network never meets it. A network that tries many
    accounts meets its own ceiling: each attempt costs this machine 19 MiB and 20 ms.
    While processes that share their counts cannot, each of them asks for the longest wait at once.
    """
    settings, counts = world().settings, store()
    if not _within(settings.signin_limit_network, "signin-network", network_key()):
        raise TooMany(settings.signin_wait_most)
    wait_key, fails_key = _sign_in_keys(login)
    fails = counts.get(fails_key)
    wait = min(settings.signin_wait_first * 2 ** min(fails, 20), settings.signin_wait_most)
    if not counts.shared:
        wait = settings.signin_wait_most
    if wait and counts.incr(wait_key, wait) > 1:
        raise TooMany(max(1, round(counts.get_expiry(wait_key) - counts.now() + 0.5)))
    counts.incr(fails_key, _FAILS_KEPT_SECONDS)


def sign_in_worked(login: str) -> None:
    """The password was right: nothing is remembered of earlier attempts."""
    for key in _sign_in_keys(login):
        store().clear(key)


def _code_keys(login: str) -> tuple[str, str]:
    who = vault.mac(world().secrets.limiter_key, "code", login.strip().casefold()).hex()[:32]
    return f"code-wait:{who}", f"code-fails:{who}"


def code_was_wrong(login: str) -> None:
    """The password was right and the code was not: whoever does that may be asking from a thousand networks.

    After a few in a day each further one stops codes of this account for a while, from every network.
    Nobody without the password can bring that about.
    """
    wait_key, fails_key = _code_keys(login)
    if store().incr(fails_key, _WRONG_CODES_KEPT_SECONDS) > _WRONG_CODES_FREE:
        store().incr(wait_key, max(1, world().settings.signin_wait_most))


def codes_count_now(login: str) -> bool:
    """False for a while after too many wrong codes. Not to be told to anyone: it would say the password was right."""
    return not store().get(_code_keys(login)[0])
