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
from intake.web import pressure, throttle
from intake.web.counters import Counters
from tests.answering import answer, is_challenge, kept, right_answer
from tests.cast import PASSWORD, Cast
from tests.journeys import digits_in, fields, form_token, live_board, look_up, report_of, send, token_in
from tests.robustness.installation import installed

HERE, ELSEWHERE = "198.51.100.7", "203.0.113.9"
WRONG = "不是这一句不是这一句"


class Moment:
    """The limits keep the installation's clock; it is moved by hand here."""

    def __init__(self, clock: FixedClock) -> None:
        self._clock = clock

    def time(self) -> float:
        return self._clock.now().timestamp()

    def pass_by(self, seconds: float) -> None:
        self._clock.advance(timedelta(seconds=seconds))


@pytest.fixture
def moment(clock: FixedClock) -> Moment:
    return Moment(clock)


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

    def counted(self, address: str, board: str, count: int, *, seconds: float) -> None:
        """So many filings from there, as the limits know them; nothing else of a filing is done."""
        with self.app.test_request_context(environ_base={"REMOTE_ADDR": address}):
            for _ in range(count):
                throttle.weigh_report(board, (), count=True)
                self.moment.pass_by(seconds)

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


def test_the_121st_in_an_hour_is_asked_one_question_and_then_ordinary(street: Street) -> None:
    client, board = street.at(HERE), street.boards[0]
    street.counted(HERE, board, 119, seconds=25)
    assert street.lane(digits_in(street.file(client, board, 119))) == "ordinary"
    asked = street.file(client, board, 120)
    assert is_challenge(asked)
    assert asked.status_code == 200
    digits = digits_in(answer(client, board, asked))
    assert street.lane(digits) == "ordinary"
    with street.world.db.read() as session:
        assert session.query(Report).count() == 2
    opened = look_up(client, digits)
    assert opened.status_code == 200
    assert 'data-state="received"' in opened.get_data(as_text=True)


def test_a_machine_that_answers_nothing_gets_a_receipt_and_waits_for_a_person(street: Street) -> None:
    client, board = street.at(HERE), street.boards[0]
    ordinary = street.file(client, board, 0)
    page = crowded(street, client, board)
    for _ in range(2):
        page = answer(client, board, page, right=False)
        assert is_challenge(page)
        assert "换了一题" in page.get_data(as_text=True)
    held = answer(client, board, page, right=False)
    assert alike(held) == alike(ordinary)
    assert street.lane(digits_in(held)) == "held"
    report = report_of(street.world, digits_in(held))
    with street.world.db.read() as session:
        reasons = session.get_one(Placement, report.id).reasons
    assert any("小问题几次没有答对" in reason for reason in reasons)
    assert any("几秒钟里接连" in reason for reason in reasons)


def crowded(street: Street, client: FlaskClient, board: str) -> TestResponse:
    """The sixth within a moment from one network: a question."""
    tokens = [form_token(client, board) for _ in range(6)]
    street.moment.pass_by(20)
    pages = [send(client, board, fields(token, f"第{n}户：水管三天没有水。")) for n, token in enumerate(tokens)]
    assert [is_challenge(page) for page in pages] == [False] * 5 + [True]
    return pages[-1]


def alike(page: TestResponse) -> str:
    """A receipt page without what is different in each: digits and token."""
    text = page.get_data(as_text=True).replace(token_in(page), "")
    return re.sub(r"\d", "", text)


def test_a_full_board_slows_no_other_board_and_no_other_network(street: Street) -> None:
    first, second, _ = street.boards
    client = street.at(HERE)
    street.counted(HERE, first, 124, seconds=5)
    assert is_challenge(street.file(client, first, 125, seconds=5))
    assert street.lane(digits_in(street.file(client, second, 1))) == "ordinary"
    assert street.lane(digits_in(street.file(street.at(ELSEWHERE), first, 2))) == "ordinary"
    street.moment.pass_by(2 * 3600)
    assert street.lane(digits_in(street.file(client, first, 3))) == "ordinary"


def test_five_hundred_villagers_behind_one_carrier_are_none_of_them_asked(street: Street) -> None:
    """Counted without the filing: the 500 of an hour at five boards, and where the network's own limit begins."""
    rates = []
    with street.app.test_request_context(environ_base={"REMOTE_ADDR": HERE}):
        for number in range(602):
            rates.append(throttle.weigh_report(f"BOARD{number % 6}", (), count=True))
            street.moment.pass_by(3.0)
    assert max(rate.network_board for rate in rates) <= 120
    assert max(rate.pace for rate in rates) <= 5
    assert max(rate.board for rate in rates) <= 5, "one network is no rush"
    assert [rate.network > 600 for rate in rates] == [False] * 600 + [True] * 2


def test_a_board_pressed_from_many_networks_asks_and_no_other_board_does(street: Street) -> None:
    first, second, _ = street.boards
    for number in range(29):
        street.counted(f"10.1.{number}.9", first, 1, seconds=5)
    pages = [street.file(street.at(f"10.1.{number}.9"), first, number, seconds=5) for number in (30, 31, 32)]
    assert [is_challenge(page) for page in pages] == [False, True, True]
    assert not is_challenge(street.file(street.at("10.1.77.9"), second, 1, seconds=5))
    late = street.file(street.at("10.1.78.9"), first, 99, seconds=5)
    assert street.lane(digits_in(answer(street.at("10.1.78.9"), first, late))) == "ordinary"
    with street.app.test_request_context():
        pressed = pressure.today(street.boards[:2])
    assert [(board.rush, board.asked, board.held) for board in pressed] == [(True, 3, 0), (False, 0, 0)]


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
    assert statuses(lambda _: client, 1_000) == {404: 60, 200: 940}


def test_forged_forwarded_addresses_gain_nothing(street: Street) -> None:
    def forged(number: int) -> FlaskClient:
        address = f"10.{number // 250}.{number % 250}.7"
        return street.at(HERE, X_FORWARDED_FOR=address, FORWARDED=f"for={address}", X_REAL_IP=address)

    assert statuses(forged, 1_000) == {404: 60, 200: 940}


def test_a_hop_that_is_not_ours_gains_nothing_either(street: Street) -> None:
    """With one proxy of ours the last address counts; what stands before it is what the sender wrote."""
    behind = behind_proxies(street, 1)
    assert statuses(lambda n: behind.at("10.0.0.1", X_FORWARDED_FOR=f"10.9.{n}.1, {HERE}"), 100) == {404: 60, 200: 40}
    assert look_up(behind.at("10.0.0.1", X_FORWARDED_FOR=ELSEWHERE), wrong_receipt(1)).status_code == 404


def test_the_right_receipt_works_from_elsewhere_and_after_the_window(street: Street) -> None:
    digits = digits_in(street.file(street.at(ELSEWHERE), street.boards[0], 1))
    client = street.at(HERE)
    statuses(lambda _: client, 61)
    asked = look_up(client, digits)
    assert is_challenge(asked)
    assert look_up(street.at(ELSEWHERE), digits).status_code == 200
    street.moment.pass_by(1200)
    assert not is_challenge(look_up(client, digits))


def test_over_the_limit_a_look_up_is_one_question_away(street: Street) -> None:
    digits = digits_in(street.file(street.at(ELSEWHERE), street.boards[0], 1))
    client = street.at(HERE)
    statuses(lambda _: client, 60)
    asked = look_up(client, digits)
    assert is_challenge(asked)
    wrong = client.post("/receipt", data=kept(asked) | {"answer": "不知道"})
    assert is_challenge(wrong)
    opened = client.post("/receipt", data=kept(wrong) | {"answer": right_answer(client, wrong)})
    assert 'data-testid="report-state"' in opened.get_data(as_text=True)
    assert is_challenge(look_up(client, wrong_receipt(3))), "one answer, one look"


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
        (lambda n: f"198.51.100.{n}", {404: 60, 200: 20}),
        (lambda n: f"::ffff:198.51.100.{n}" if n % 2 else f"198.51.100.{n}", {404: 60, 200: 20}),
        (lambda n: f"2001:db8:7:8:{n:x}:{n * 31:x}::{n:x}", {404: 60, 200: 20}),
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
        assert [page.status for page in answers] == [404] * 60 + [200] * 4
        assert 'data-testid="challenge"' in answers[-1].text
        assert 'data-testid="challenge"' in installation.visitor("127.0.5.200").look_up(digits).text
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


def test_counting_starts_no_thread_and_forgets_what_has_run_out(moment: Moment, clock: FixedClock) -> None:
    counters, threads = Counters(clock=clock), threading.active_count()
    assert [counters.incr("a", 10), counters.incr("a", 10), counters.incr("b", 100)] == [1, 2, 1]
    assert counters.get_expiry("a") == moment.time() + 10
    moment.pass_by(10)
    assert (counters.get("a"), counters.get("b"), counters.get("c")) == (0, 1, 0)
    assert counters.incr("a", 10) == 1, "it begins again"
    moment.pass_by(3600)
    counters.incr("c", 10)
    assert counters.reset() == 1, "a and b have run out and are gone"
    assert threading.active_count() == threads


def test_eight_threads_count_every_one(clock: FixedClock) -> None:
    counters = Counters(clock=clock)
    with ThreadPoolExecutor(8) as pool:
        counted = list(pool.map(lambda _: counters.incr("a", 1000), range(2_000)))
    assert sorted(counted) == list(range(1, 2_001))
