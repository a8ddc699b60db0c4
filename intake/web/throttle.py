"""Limits. What they count is kept under a key of the day that no file and no store alone can undo."""

import ipaddress
import secrets as random
from datetime import date
from functools import cache
from threading import Lock
from time import time

from flask import current_app, request
from flask_limiter import Limiter
from limits import RateLimitItem, parse

from intake.core import vault
from intake.core.errors import TooMany
from intake.web.context import world

_FAILS_KEPT_SECONDS = 900
_WRONG_CODES_KEPT_SECONDS = 86_400
_WRONG_CODES_FREE = 5


class DayKey:
    """HKDF(secret file, random salt of the day): after midnight yesterday's counts name nobody."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._day: date | None = None
        self._key = b""

    def get(self, day: date, root: bytes) -> bytes:
        with self._lock:
            if day != self._day:
                self._day = day
                self._key = vault.derive(root + random.token_bytes(32), "msx-limiter-day")
            return self._key


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


def network_key() -> str:
    """Who asks, as the limits know it: a keyed hash of the network under today's key."""
    day_key: DayKey = current_app.extensions["msx_day_key"]
    key = day_key.get(world().today(), world().secrets.limiter_key)
    return vault.mac(key, "network", network_prefix(request.remote_addr)).hex()[:32]


limiter = Limiter(key_func=network_key, headers_enabled=False, default_limits=[])


@cache
def _limit(text: str) -> RateLimitItem:
    """A limit as the settings write it: 120/hour."""
    return parse(text)


def report_is_held(board_code: str) -> list[str]:
    """Count one filing; the reasons for which it waits for a person, empty for an ordinary one."""
    settings = world().settings
    key = network_key()
    reasons = []
    if not limiter.limiter.hit(_limit(settings.report_limit_board), "report-board", key, board_code):
        reasons.append("rate_board")
    if not limiter.limiter.hit(_limit(settings.report_limit_network), "report-network", key):
        reasons.append("rate_network")
    return reasons


def word_counts(board_code: str) -> bool:
    """Count one 牌子坏了 before the work; False over a limit, where it is thanked for and not written down."""
    settings, key = world().settings, network_key()
    within_board = limiter.limiter.hit(_limit(settings.word_limit_board), "word-board", key, board_code)
    return within_board and limiter.limiter.hit(_limit(settings.word_limit_network), "word-network", key)


def count_lookup() -> None:
    """Count one look-up of a receipt before the work; raises `TooMany` over the limit."""
    settings = world().settings
    if not limiter.limiter.hit(_limit(settings.lookup_limit), "lookup", network_key()):
        raise TooMany(settings.lookup_retry_seconds)


def _sign_in_keys(login: str) -> tuple[str, str]:
    who = vault.mac(world().secrets.limiter_key, "login", login.strip().casefold()).hex()[:32]
    return f"msx:signin-wait:{network_key()}:{who}", f"msx:signin-fails:{network_key()}:{who}"


def sign_in_gate(login: str) -> None:
    """Count one attempt for this account from this network, before the work; raises `TooMany`.

    The wait doubles with each failure and another network never meets it. A network that tries many
    accounts meets its own ceiling: each attempt costs this machine 19 MiB and 20 ms.
    """
    settings = world().settings
    if not limiter.limiter.hit(_limit(settings.signin_limit_network), "signin-network", network_key()):
        raise TooMany(settings.signin_wait_most)
    storage = limiter.storage
    wait_key, fails_key = _sign_in_keys(login)
    wait = min(settings.signin_wait_first * 2 ** min(storage.get(fails_key), 20), settings.signin_wait_most)
    if wait and storage.incr(wait_key, wait) > 1:
        raise TooMany(max(1, round(storage.get_expiry(wait_key) - time() + 0.5)))
    storage.incr(fails_key, _FAILS_KEPT_SECONDS)


def sign_in_worked(login: str) -> None:
    """The password was right: nothing is remembered of earlier attempts."""
    for key in _sign_in_keys(login):
        limiter.storage.clear(key)


def _code_keys(login: str) -> tuple[str, str]:
    who = vault.mac(world().secrets.limiter_key, "code", login.strip().casefold()).hex()[:32]
    return f"msx:code-wait:{who}", f"msx:code-fails:{who}"


def code_was_wrong(login: str) -> None:
    """The password was right and the code was not: whoever does that may be asking from a thousand networks.

    After a few in a day each further one stops codes of this account for a while, from every network.
    Nobody without the password can bring that about.
    """
    wait_key, fails_key = _code_keys(login)
    if limiter.storage.incr(fails_key, _WRONG_CODES_KEPT_SECONDS) > _WRONG_CODES_FREE:
        limiter.storage.incr(wait_key, max(1, world().settings.signin_wait_most))


def codes_count_now(login: str) -> bool:
    """False for a while after too many wrong codes. Not to be told to anyone: it would say the password was right."""
    return not limiter.storage.get(_code_keys(login)[0])
