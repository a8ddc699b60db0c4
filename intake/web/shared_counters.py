"""The limits' counters in Redis: shared by workers, outliving any of them. ADR 0021.

Everything in it has an end, nothing in it names anybody, and Redis must not write it to disk (`findings` asks).
While Redis does not answer this process counts by itself: a report is taken either way, and said once in the log.
Redis keeps the machine's time; over demo data with a clock of its own the windows still go by that clock.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from limits.storage import Storage

from config import Problem
from intake.core.clock import Clock
from intake.web.counters import Counters, Pace

log = logging.getLogger("msx")

_PREFIX: Final = "msx:"
_PATIENCE_SECONDS: Final = 0.25  # an answer takes a tenth of a millisecond; a citizen waits for none
_LEFT_ALONE_SECONDS: Final = 5.0  # after a failure: not every request has to find out again
# One round trip, and no count without an end, whatever happens between.
_INCR: Final = """
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
if count == tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return count
"""
# `Window` of `counters`, for all keys in one round trip: now, whether to count, and the seconds of each.
_PACES: Final = """
local now, paces = tonumber(ARGV[1]), {}
for at, key in ipairs(KEYS) do
  local seconds = tonumber(ARGV[at + 2])
  local kept = redis.call('HMGET', key, 'begun', 'count', 'before')
  local begun, count, before = tonumber(kept[1]) or now, tonumber(kept[2]) or 0, tonumber(kept[3]) or 0
  local passed = math.floor((now - begun) / seconds)
  if passed > 0 then
    begun, before, count = begun + passed * seconds, passed == 1 and count or 0, 0
  end
  if ARGV[2] == '1' then
    count = count + 1
    redis.call('HSET', key, 'begun', string.format('%.3f', begun), 'count', count, 'before', before)
    redis.call('EXPIRE', key, 2 * seconds)
  end
  paces[at] = string.format('%.3f', count + before * math.max(0, 1 - (now - begun) / seconds))
end
return paces
"""
Answer = TypeVar("Answer")


class SharedCounters(Storage):
    """Counts in Redis; addressed as `shared://`, with the address of Redis as `url`."""

    STORAGE_SCHEME = ["shared"]  # noqa: RUF012 - the registry of `limits` reads this very attribute
    DEPENDENCIES = ["redis"]  # noqa: RUF012 - and imports what is named here where it is used, not before

    def __init__(
        self, uri: str | None = None, wrap_exceptions: bool = False, *, url: str, clock: Clock, **options: Any
    ) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        redis: Any = self.dependencies["redis"].module
        self._redis = redis.from_url(
            url, socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS,
            retry=None, health_check_interval=30,
        )  # fmt: skip
        self._errors: tuple[type[Exception], ...] = (redis.RedisError, OSError)
        self._incr = self._redis.register_script(_INCR)
        self._paces = self._redis.register_script(_PACES)
        self._own = Counters(clock=clock)
        self._out_until = 0.0
        self._out = False
        self.now: Callable[[], float] = self._own.now

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        return self._errors

    @property
    def shared(self) -> bool:
        return not self._out

    def _ask(self, question: Callable[[], Answer], otherwise: Callable[[], Answer]) -> Answer:
        """What Redis answers; while it does not, what this process knows."""
        if time.monotonic() < self._out_until:
            return otherwise()
        try:
            answer = question()
        except self._errors as error:
            self._out_until = time.monotonic() + _LEFT_ALONE_SECONDS
            if not self._out:
                self._out = True
                what = type(error).__name__  # its message may hold a key or an address
                log.warning("limits: redis does not answer (%s), this process counts alone", what)
            return otherwise()
        if self._out:
            self._out = False
            log.warning("limits: redis answers again")
        return answer

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        return self._ask(
            lambda: int(self._incr(keys=[_PREFIX + key], args=[amount, round(expiry * 1000)])),
            lambda: self._own.incr(key, expiry, amount),
        )

    def get(self, key: str) -> int:
        return self._ask(lambda: int(self._redis.get(_PREFIX + key) or 0), lambda: self._own.get(key))

    def get_expiry(self, key: str) -> float:
        def left() -> float:
            return self.now() + max(0, int(self._redis.pttl(_PREFIX + key))) / 1000

        return self._ask(left, lambda: self._own.get_expiry(key))

    def paces(self, keys: Sequence[Pace], *, count: bool = True) -> list[float]:
        if not keys:
            return []

        def counted() -> list[float]:
            arguments = [f"{self.now():.3f}", int(count), *(seconds for _, seconds in keys)]
            return [float(pace) for pace in self._paces(keys=[_PREFIX + key for key, _ in keys], args=arguments)]

        return self._ask(counted, lambda: self._own.paces(keys, count=count))

    def take(self, key: str, value: str, expiry: int) -> bool:
        return self._ask(
            lambda: self._kept(key, value.encode(), expiry) == value.encode(),
            lambda: self._own.take(key, value, expiry),
        )

    def salt(self, name: str, expiry: int) -> bytes:
        """While Redis is away, and for one that came back empty, the salt that this process has from before."""
        own = self._own.salt(name, expiry)
        found = self._ask(lambda: self._kept(f"salt:{name}", own, expiry), lambda: own)
        if found != own:
            self._own.adopt_salt(name, found, expiry)
        return found

    def _kept(self, key: str, value: bytes, expiry: int) -> bytes:
        """What lies under the key: `value`, unless something is there already."""
        found: bytes | None = self._redis.set(_PREFIX + key, value, nx=True, ex=max(1, expiry), get=True)
        return value if found is None else found

    def check(self) -> bool:
        return bool(self._ask(self._redis.ping, lambda: False))

    def reset(self) -> int:
        gone = 0
        for key in self._redis.scan_iter(f"{_PREFIX}*", count=1000):
            gone += int(self._redis.delete(key))
        return gone

    def clear(self, key: str) -> None:
        self._ask(lambda: self._redis.delete(_PREFIX + key), lambda: None)
        self._own.clear(key)

    def config(self, name: str) -> str | None:
        """A setting of Redis itself; None where it may not be asked."""
        try:
            found = self._redis.config_get(name)
        except self.dependencies["redis"].module.ResponseError:  # renamed, forbidden, or another kind of server
            return None
        return str(found[name]) if name in found else None


def findings(url: str, clock: Clock) -> tuple[list[Problem], list[Problem]]:
    """(what keeps this Redis from being used, what should be known of it). Its address is said nowhere: it may
    hold a password."""
    try:
        shared = SharedCounters(url=url, clock=clock)
    except ValueError:
        return [Problem("redis.url", "MSX_REDIS_URL looks like redis://host:6379/0 or unix:///path")], []
    try:
        answers = shared.check()
        saves, appends = (shared.config("save"), shared.config("appendonly")) if answers else (None, None)
    except shared.base_exceptions:
        answers = False
    if not answers:
        return [Problem("redis.unreachable", "MSX_REDIS_URL does not answer")], []
    if saves is None or appends is None:
        hint = "this Redis does not say whether it writes to disk (CONFIG is forbidden): make sure that it does not"
        return [], [Problem("redis.unknown", hint)]
    if saves.strip() or appends != "no":
        hint = "this Redis writes to disk what the limits count: set save \"\" and appendonly no"
        return [Problem("redis.persists", hint)], []
    return [], []
