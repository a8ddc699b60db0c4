"""Limits in Redis: shared, outliving a worker, naming nobody; and what happens while Redis is away."""

import json
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from intake.app import create_app
from intake.core.clock import FixedClock
from intake.core.errors import TooMany
from intake.core.world import World
from intake.web import shared_counters, throttle
from intake.web.counters import Counters
from intake.web.shared_counters import SharedCounters
from tests.answering import answer, is_challenge
from tests.cast import Cast
from tests.client import PageClient
from tests.journeys import digits_in, fields, form_token, live_board, look_up, send
from tests.redis_server import RedisServer
from tests.robustness.installation import installed
from tests.robustness.test_limits import wrong_receipt
from tests.robustness.visitor import Cut, Page

pytestmark = pytest.mark.redis
HERE = "203.0.113.77"
LAMP = "门口的路灯坏了两个多月，老人晚上摔过跤，跟村里说了三次，没有人来修理它。"


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer() as running:
        yield running


@pytest.fixture
def redis(server: RedisServer) -> Any:
    client = server.client()
    client.flushall()
    return client


@pytest.fixture
def shared(world: World, server: RedisServer, redis: Any) -> World:
    return replace(world, settings=replace(world.settings, redis_url=server.url, lookup_limit="4/10minutes"))


def worker(world: World) -> Flask:
    """One process of several: its own application over the same database and the same Redis."""
    app = create_app(world.settings, world=world)
    app.test_client_class = PageClient
    return app


def at(app: Flask, address: str = HERE) -> PageClient:
    client = app.test_client()
    assert isinstance(client, PageClient)
    client.environ_base["REMOTE_ADDR"] = address
    return client


def everything(redis: Any) -> dict[str, str]:
    """Key → what lies under it, as text."""
    found = {}
    for key in redis.scan_iter("*"):
        kind = redis.type(key).decode()
        value = redis.hgetall(key) if kind == "hash" else redis.get(key)
        found[key.decode()] = str(value)
    return found


# Shared, and outliving a worker


def test_workers_count_together_and_a_restart_forgets_nothing(shared: World, cast: Cast) -> None:
    one, other = at(worker(shared)), at(worker(shared))
    for number in range(4):
        assert look_up(one if number % 2 else other, wrong_receipt(number)).status_code == 404
    assert is_challenge(look_up(one, wrong_receipt(5)))
    assert is_challenge(look_up(at(worker(shared)), wrong_receipt(6))), "a worker that came back"
    assert look_up(at(worker(shared), "198.51.100.1"), wrong_receipt(7)).status_code == 404


def test_a_rotating_64_is_one_source_for_all_of_them(shared: World, cast: Cast) -> None:
    pages = [look_up(at(worker(shared), f"2001:db8:9:9:{n:x}::{n:x}"), wrong_receipt(n)) for n in range(6)]
    assert [is_challenge(page) for page in pages] == [False] * 4 + [True] * 2


def test_an_answer_given_to_one_worker_is_spent_for_every_other(
    shared: World, cast: Cast, clock: FixedClock
) -> None:
    code, apps = live_board(shared), (worker(shared), worker(shared))
    tokens = [form_token(at(apps[0]), code) for _ in range(6)]
    clock.advance(timedelta(seconds=20))
    pages = [send(at(apps[n % 2]), code, fields(token, f"第{n}户：水管三天没有水。")) for n, token in enumerate(tokens)]
    assert [is_challenge(page) for page in pages] == [False] * 5 + [True]
    digits = digits_in(answer(at(apps[0]), code, pages[-1]))
    assert digits_in(answer(at(apps[1]), code, pages[-1])) == digits, "the same form again"
    changed = answer(at(apps[1]), code, pages[-1], body="另一件事：会计一个人管着账，从来没有公开。")
    assert is_challenge(changed), "one answer, one report"


@pytest.mark.postgresql
def test_two_workers_served_by_one_command_count_together(tmp_path: Path, database_url: str, redis: Any) -> None:
    """`msx serve --workers 2`: what one counts the other knows, and one that was killed comes back knowing it."""
    url = f"unix://{redis.connection_pool.connection_kwargs['path']}"
    environment = {"MSX_REDIS_URL": url, "MSX_LOOKUP_LIMIT": "20/10minutes"}
    with installed(tmp_path, database_url, environment=environment) as installation:
        installation.server.command += ["--workers", "2"]
        with installation.server:
            visitors = [installation.visitor(f"127.0.7.{n + 1}") for n in range(24)]
            pages = [visitor.look_up(wrong_receipt(n)) for n, visitor in enumerate(visitors)]
            assert [page.status for page in pages] == [404] * 20 + [200] * 4
            for worker in installation.server.workers():
                os.kill(worker, signal.SIGKILL)
            again = retried(lambda: installation.visitor("127.0.7.99").look_up(wrong_receipt(99)))
            assert 'data-testid="challenge"' in again.text


def retried(look: Callable[[], Page]) -> Page:
    """Until a worker is there again."""
    for _ in range(200):
        try:
            return look()
        except (OSError, Cut):
            time.sleep(0.05)
    raise AssertionError("no worker came back")


# Nothing in it names anybody


def test_after_a_hundred_requests_nothing_in_redis_leads_back(
    shared: World, cast: Cast, clock: FixedClock, redis: Any
) -> None:
    code = live_board(shared)
    app = worker(shared)
    client = at(app)
    digits = []
    for number in range(20):
        token = form_token(client, code)
        clock.advance(timedelta(seconds=30))
        page = send(client, code, fields(token, f"第{number}户{LAMP}"))
        digits.append(digits_in(page if not is_challenge(page) else answer(client, code, page)))
    for number in range(80):
        look_up(client, wrong_receipt(number) if number % 3 else digits[number % 20])
    dump = json.dumps(everything(redis), ensure_ascii=False)
    assert len(everything(redis)) > 12
    needles = (HERE, "203.0.113", "203.0.113.0/24", code, "路灯", *digits, "cb007100", "CB00714D")
    assert [needle for needle in needles if needle in dump] == []
    assert all(redis.ttl(key) > 0 for key in redis.scan_iter("*")), "everything has an end"
    # Every prefix there is, under what the secret file alone gives: none of them is in it.
    guess = shared_prefix_keys(shared)
    assert not [key for key in guess if key in dump]


def shared_prefix_keys(world: World) -> list[str]:
    """What somebody with the secret file and without the salt could compute for this network."""
    from_file = [throttle.key_of_day(world.secrets, salt) for salt in (b"", bytes(32))]
    return [throttle.mac_of_day(key, "network", throttle.network_prefix(HERE)) for key in from_file]


def test_after_the_key_is_replaced_the_same_address_maps_elsewhere(
    shared: World, clock: FixedClock, redis: Any
) -> None:
    app, keys = worker(shared), set()
    for step in (timedelta(), timedelta(days=1)):
        clock.advance(step)
        with app.test_request_context(environ_base={"REMOTE_ADDR": HERE}):
            keys.add(throttle.network_key())
    redis.flushall()
    with worker(shared).test_request_context(environ_base={"REMOTE_ADDR": HERE}):
        keys.add(throttle.network_key())
    assert len(keys) == 3
    [salt] = list(redis.scan_iter("*salt*"))
    assert 0 < redis.ttl(salt) <= 86_400 + 60


def test_a_worker_gives_the_salt_back_to_a_redis_that_lost_it(shared: World, redis: Any) -> None:
    app = worker(shared)
    with app.test_request_context(environ_base={"REMOTE_ADDR": HERE}):
        before = throttle.network_key()
        redis.flushall()
        app.extensions[throttle.DAY_KEY].ask_again()
        assert throttle.network_key() == before
    with worker(shared).test_request_context(environ_base={"REMOTE_ADDR": HERE}):
        assert throttle.network_key() == before


# The same arithmetic in both


def test_memory_and_redis_count_alike(server: RedisServer, redis: Any, clock: FixedClock) -> None:
    both = (Counters(clock=clock), SharedCounters(url=server.url, clock=clock))
    for step in (0, 1, 3, 0, 7, 4, 0, 25, 1, 9, 10):
        clock.advance(timedelta(seconds=step))
        for count in (True, False):
            found = [store.paces([("a", 10), ("b", 3)], count=count) for store in both]
            assert found[0] == pytest.approx(found[1], abs=0.01)
    for store in both:
        assert [store.incr("n", 100), store.incr("n", 100, 5), store.get("n"), store.get("other")] == [1, 6, 6, 0]
        assert store.get_expiry("n") - store.now() == pytest.approx(100, abs=2)
        store.clear("n")
        assert store.get("n") == 0
        assert [store.take("t", "x", 60), store.take("t", "x", 60), store.take("t", "y", 60)] == [True, True, False]
        assert store.salt("2026-11-28", 60) == store.salt("2026-11-28", 60) != store.salt("2026-11-29", 60)
        assert store.paces([]) == []


# Redis away


def test_while_redis_is_away_reports_are_taken_and_sign_ins_slowed(
    world: World, cast: Cast, clock: FixedClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_counters, "_LEFT_ALONE_SECONDS", 0.0)
    with RedisServer() as server, caplog.at_level(logging.WARNING, logger="msx"):
        served = replace(world, settings=replace(world.settings, redis_url=server.url))
        app, code = worker(served), live_board(served)
        token = form_token(at(app), code)
        clock.advance(timedelta(seconds=20))
        assert digits_in(send(at(app), code, fields(token)))
        server.stop()
        token = form_token(at(app), code)
        clock.advance(timedelta(seconds=20))
        digits = digits_in(send(at(app), code, fields(token, "水管三天两头没有水，问了几回都没有人管。")))
        assert look_up(at(app), digits).status_code == 200
        with app.test_request_context(environ_base={"REMOTE_ADDR": HERE}):
            throttle.sign_in_gate("leader4")
            with pytest.raises(TooMany) as wait:
                throttle.sign_in_gate("leader4")
            assert wait.value.retry_after >= world.settings.signin_wait_most - 1
        server.start()
        assert look_up(at(app), digits).status_code == 200
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if "does not answer" in line]) == 1
    assert len([line for line in said if "answers again" in line]) == 1
    assert not [line for line in said if HERE in line or code in line or digits in line]


# What is asked before it serves


def findings(url: str) -> tuple[set[str], set[str]]:
    problems, notices = shared_counters.findings(url, FixedClock(datetime(2026, 11, 28, tzinfo=UTC)))
    assert not [p for p in (*problems, *notices) if url in p.hint]
    return {p.id for p in problems}, {p.id for p in notices}


def test_a_redis_that_forgets_is_fine(server: RedisServer) -> None:
    assert findings(server.url) == (set(), set())


@pytest.mark.parametrize("option", [{"save": "60 1"}, {"appendonly": "yes"}])
def test_a_redis_that_writes_to_disk_is_a_problem(server: RedisServer, option: dict[str, str]) -> None:
    client = server.client()
    [(name, value)] = option.items()
    before = client.config_get(name)[name]
    client.config_set(name, value)
    try:
        assert findings(server.url) == ({"redis.persists"}, set())
    finally:
        client.config_set(name, before)


def test_a_redis_that_does_not_say_is_a_notice() -> None:
    with RedisServer(**{"rename-command": "CONFIG "}) as managed:
        assert findings(managed.url) == (set(), {"redis.unknown"})


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "unix:///nowhere/at/all"])
def test_no_redis_there_is_a_problem(url: str) -> None:
    assert findings(url)[0] == {"redis.unreachable"}


def test_an_address_that_is_none_is_a_problem() -> None:
    assert findings("http://user:geheim@host/")[0] == {"redis.url"}
