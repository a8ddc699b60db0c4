"""Limits as those meet them who come honestly, and those who do not: held, slowed, never lost, never locked out."""

import re
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from intake.app import create_app
from intake.core.clock import FixedClock
from intake.core.world import World
from intake.reports import receipt
from intake.reports.models import Report
from intake.routing.models import Placement
from intake.web import throttle
from intake.web.counters import Counters
from tests.cast import PASSWORD, Cast
from tests.journeys import digits_in, fields, form_token, live_board, look_up, report_of, send, token_in
from tests.robustness.installation import installed

HERE, ELSEWHERE = "198.51.100.7", "203.0.113.9"
WRONG = "不是这一句不是这一句"


class Moment:
    """The limits' own clock, which is the machine's: moved by hand here."""

    def __init__(self, clock: FixedClock) -> None:
        self._clock = clock
        self._now = 1_800_000_000.0

    def time(self) -> float:
        return self._now

    def pass_by(self, seconds: float) -> None:
        """On the limits' clock and the installation's."""
        self._now += seconds
        self._clock.advance(timedelta(seconds=seconds))


@pytest.fixture
def moment(clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Moment:
    moment = Moment(clock)
    monkeypatch.setattr("intake.web.counters.time", moment)
    monkeypatch.setattr(throttle, "time", moment.time)
    return moment


@dataclass(frozen=True)
class Street:
    """Boards, and people in front of them, each at an address."""

    app: Flask
    world: World
    moment: Moment
    boards: tuple[str, ...]

    def at(self, address: str, **headers: str) -> FlaskClient:
        """Somebody's browser; `headers` such as X_FORWARDED_FOR go along."""
        client = FlaskClient(self.app)
        client.environ_base = {"REMOTE_ADDR": address} | {f"HTTP_{name}": value for name, value in headers.items()}
        return client

    def file(self, client: FlaskClient, board: str, number: int, *, seconds: float = 20.0) -> TestResponse:
        """One report with words of its own, written in `seconds`."""
        token = form_token(client, board)
        self.moment.pass_by(seconds)
        return send(client, board, fields(token, f"第{number}封：村口的路灯坏了，晚上看不见路。"))

    def lane(self, digits: str) -> str:
        report = report_of(self.world, digits)
        with self.world.db.read() as session:
            return session.get_one(Placement, report.id).lane


@pytest.fixture
def street(app: Flask, world: World, cast: Cast, moment: Moment) -> Street:
    boards = tuple(live_board(world, site_no=f"CJ-99012120020{number}") for number in range(3))
    return Street(app, world, moment, boards)


def behind_proxies(street: Street, count: int) -> Street:
    """The same installation with `count` proxies of its own in front."""
    world = replace(street.world, settings=replace(street.world.settings, trusted_proxies=count))
    return replace(street, app=create_app(world.settings, world=world), world=world)


# Reports


def test_thirty_reports_from_one_address_in_ten_minutes_are_ordinary(street: Street) -> None:
    client = street.at(HERE)
    filed = [digits_in(street.file(client, street.boards[0], number)) for number in range(30)]
    assert len(set(filed)) == 30
    assert Counter(street.lane(digits) for digits in filed) == {"ordinary": 30}
    assert {look_up(client, digits).status_code for digits in filed} == {200}


def test_the_121st_in_an_hour_is_held_and_looks_the_same(street: Street) -> None:
    client, board = street.at(HERE), street.boards[0]
    pages = [street.file(client, board, number, seconds=25) for number in range(121)]
    lanes = [street.lane(digits_in(page)) for page in pages]
    assert lanes == ["ordinary"] * 120 + ["held"]
    assert alike(pages[-1]) == alike(pages[0])
    report = report_of(street.world, digits_in(pages[-1]))
    with street.world.db.read() as session:
        assert any("同一网络" in reason for reason in session.get_one(Placement, report.id).reasons)
        assert session.query(Report).count() == 121
    opened = look_up(client, digits_in(pages[-1]))
    assert opened.status_code == 200
    assert 'data-state="received"' in opened.get_data(as_text=True)


def alike(page: TestResponse) -> str:
    """A receipt page without what is different in each: digits and token."""
    text = page.get_data(as_text=True).replace(token_in(page), "")
    return re.sub(r"\d", "", text)


def test_a_full_board_slows_no_other_board_and_no_other_network(street: Street) -> None:
    first, second, _ = street.boards
    client = street.at(HERE)
    flood = [digits_in(street.file(client, first, number, seconds=5)) for number in range(125)]
    assert street.lane(flood[-1]) == "held"
    assert street.lane(digits_in(street.file(client, second, 1))) == "ordinary"
    assert street.lane(digits_in(street.file(street.at(ELSEWHERE), first, 2))) == "ordinary"
    street.moment.pass_by(3600)
    assert street.lane(digits_in(street.file(client, first, 3))) == "ordinary"


def test_five_hundred_villagers_behind_one_carrier_are_none_of_them_held(street: Street) -> None:
    """Counted without the filing: the 500 of an hour at five boards, and where the network's own limit begins."""
    reasons = []
    with street.app.test_request_context(environ_base={"REMOTE_ADDR": HERE}):
        for number in range(602):
            reasons.append(throttle.report_is_held(f"BOARD{number % 6}"))
            street.moment.pass_by(3.0)
    assert reasons[:600] == [[]] * 600
    assert reasons[600:] == [["rate_network"]] * 2


# Looking up


def wrong_receipt(number: int) -> str:
    """A receipt that passes its check and opens nothing."""
    digits = f"{number:019d}"
    return digits + receipt.damm(digits)


def statuses(client_of: Callable[[int], FlaskClient], count: int) -> Counter[int]:
    """How `count` wrong receipts are answered."""
    return Counter(look_up(client_of(number), wrong_receipt(number)).status_code for number in range(count))


def test_a_thousand_wrong_receipts_from_one_address_are_slowed(street: Street) -> None:
    client = street.at(HERE)
    assert statuses(lambda _: client, 1_000) == {404: 60, 429: 940}


def test_forged_forwarded_addresses_gain_nothing(street: Street) -> None:
    def forged(number: int) -> FlaskClient:
        address = f"10.{number // 250}.{number % 250}.7"
        return street.at(HERE, X_FORWARDED_FOR=address, FORWARDED=f"for={address}", X_REAL_IP=address)

    assert statuses(forged, 1_000) == {404: 60, 429: 940}


def test_a_hop_that_is_not_ours_gains_nothing_either(street: Street) -> None:
    """With one proxy of ours the last address counts; what stands before it is what the sender wrote."""
    behind = behind_proxies(street, 1)
    assert statuses(lambda n: behind.at("10.0.0.1", X_FORWARDED_FOR=f"10.9.{n}.1, {HERE}"), 100) == {404: 60, 429: 40}
    assert look_up(behind.at("10.0.0.1", X_FORWARDED_FOR=ELSEWHERE), wrong_receipt(1)).status_code == 404


def test_the_right_receipt_works_from_elsewhere_and_after_the_window(street: Street) -> None:
    digits = digits_in(street.file(street.at(ELSEWHERE), street.boards[0], 1))
    client = street.at(HERE)
    statuses(lambda _: client, 61)
    refused = look_up(client, digits)
    assert refused.status_code == 429
    assert look_up(street.at(ELSEWHERE), digits).status_code == 200
    street.moment.pass_by(600)
    assert look_up(client, digits).status_code == 200


def test_a_refused_look_up_says_when_to_come_back_and_keeps_what_was_typed(street: Street) -> None:
    client = street.at(HERE)
    statuses(lambda _: client, 60)
    refused = look_up(client, wrong_receipt(7))
    assert refused.headers["Retry-After"] == "10"
    page = refused.get_data(as_text=True)
    assert "请等 10 秒再试" in page
    assert wrong_receipt(7) in page


def test_a_slip_of_the_pen_is_not_counted(street: Street) -> None:
    """What the check digit finds costs nothing and leads nowhere."""
    client = street.at(HERE)
    slips = Counter(
        look_up(client, wrong_receipt(n)[:19] + other(wrong_receipt(n)[19])).status_code for n in range(100)
    )
    assert slips == {422: 100}
    assert statuses(lambda _: client, 60) == {404: 60}


def other(digit: str) -> str:
    return str((int(digit) + 1) % 10)


@pytest.mark.parametrize(
    ("sources", "answers"),
    [
        (lambda n: f"198.51.100.{n}", {404: 60, 429: 20}),
        (lambda n: f"::ffff:198.51.100.{n}" if n % 2 else f"198.51.100.{n}", {404: 60, 429: 20}),
        (lambda n: f"2001:db8:7:8:{n:x}:{n * 31:x}::{n:x}", {404: 60, 429: 20}),
        (lambda n: f"2001:db8:7:{n:x}::1", {404: 80}),
        (lambda n: f"198.51.{n}.1", {404: 80}),
    ],
    ids=["one /24", "the same, mapped into IPv6", "one /64", "many /64", "many /24"],
)
def test_a_network_is_one_source(street: Street, sources: Callable[[int], str], answers: dict[int, int]) -> None:
    assert statuses(lambda number: street.at(sources(number)), 80) == answers


def test_over_real_connections_a_network_is_slowed_and_another_is_not(tmp_path: Path, database_url: str) -> None:
    with installed(tmp_path, database_url) as installation, installation.server:
        digits = installation.visitor("127.0.9.1").file(installation.board, "村口的路灯坏了两个月，没有人来修。")
        answers = [
            installation.visitor(f"127.0.5.{n + 1}", **{"X-Forwarded-For": f"10.0.{n}.1"}).look_up(wrong_receipt(n))
            for n in range(64)
        ]
        assert [page.status for page in answers] == [404] * 60 + [429] * 4
        assert answers[-1].headers["retry-after"] == "10"
        assert installation.visitor("127.0.5.200").look_up(digits).status == 429
        assert installation.visitor("127.0.6.1").look_up(digits).status == 200


# Signing in


def sign_in(client: FlaskClient, login: str, password: str) -> TestResponse:
    token = token_in(client.get("/staff/login"))
    return client.post("/staff/login", data={"token": token, "login": login, "password": password})


def test_waits_double_from_one_second_to_a_minute(street: Street) -> None:
    client = street.at(HERE)
    for wait in (1, 2, 4, 8, 16, 32, 60, 60, 60):
        assert sign_in(client, "leader4", WRONG).status_code == 422
        refused = sign_in(client, "leader4", WRONG)
        assert refused.status_code == 429
        assert wait <= int(refused.headers["Retry-After"]) <= wait + 1
        street.moment.pass_by(wait - 0.25)
        assert sign_in(client, "leader4", WRONG).status_code == 429, f"{wait} s were not waited for"
        street.moment.pass_by(0.25)


def test_a_refused_attempt_does_not_lengthen_the_wait(street: Street) -> None:
    client = street.at(HERE)
    sign_in(client, "leader4", WRONG)
    for _ in range(20):
        assert sign_in(client, "leader4", WRONG).status_code == 429
    street.moment.pass_by(1)
    assert sign_in(client, "leader4", PASSWORD).status_code == 303


def test_the_right_password_works_after_the_wait_and_ends_it(street: Street) -> None:
    client = street.at(HERE)
    for wait in (1, 2, 4, 8):
        assert sign_in(client, "leader4", WRONG).status_code == 422
        street.moment.pass_by(wait)
    sign_in(client, "leader4", WRONG)
    assert sign_in(client, "leader4", PASSWORD).status_code == 429, "the wait holds for everybody of this network"
    street.moment.pass_by(16)
    assert sign_in(client, "leader4", PASSWORD).status_code == 303
    assert sign_in(street.at(HERE), "leader4", WRONG).status_code == 422
    street.moment.pass_by(1)
    assert sign_in(street.at(HERE), "leader4", PASSWORD).status_code == 303


def test_another_network_and_another_account_are_never_slowed(street: Street) -> None:
    attacker = street.at(HERE)
    for _ in range(12):
        sign_in(attacker, "leader4", WRONG)
        street.moment.pass_by(60)
        assert sign_in(street.at(ELSEWHERE), "leader4", PASSWORD).status_code == 303
    assert sign_in(attacker, "leader4", WRONG).status_code == 422
    assert sign_in(attacker, "leader4", WRONG).status_code == 429
    assert sign_in(street.at(HERE), "liaison4", PASSWORD).status_code == 303


def test_a_login_in_other_letters_is_the_same_account(street: Street) -> None:
    client = street.at(HERE)
    assert sign_in(client, "leader4", WRONG).status_code == 422
    assert sign_in(client, " LEADER4 ", WRONG).status_code == 429


def test_forged_addresses_do_not_hurry_a_sign_in(street: Street) -> None:
    answers = Counter(
        sign_in(street.at(HERE, X_FORWARDED_FOR=f"10.3.{n}.1"), "leader4", WRONG).status_code for n in range(20)
    )
    assert answers == {422: 1, 429: 19}


# The counters


def test_counting_starts_no_thread_and_forgets_what_has_run_out(moment: Moment) -> None:
    counters, threads = Counters(), threading.active_count()
    assert [counters.incr("a", 10), counters.incr("a", 10), counters.incr("b", 100)] == [1, 2, 1]
    assert counters.get_expiry("a") == moment.time() + 10
    moment.pass_by(10)
    assert (counters.get("a"), counters.get("b"), counters.get("c")) == (0, 1, 0)
    assert counters.incr("a", 10) == 1, "it begins again"
    moment.pass_by(3600)
    counters.incr("c", 10)
    assert counters.reset() == 1, "a and b have run out and are gone"
    assert threading.active_count() == threads


def test_eight_threads_count_every_one() -> None:
    counters = Counters()
    with ThreadPoolExecutor(8) as pool:
        counted = list(pool.map(lambda _: counters.incr("a", 1000), range(2_000)))
    assert sorted(counted) == list(range(1, 2_001))
