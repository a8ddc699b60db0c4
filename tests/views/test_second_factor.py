"""The second factor through the pages, under the default setting: set up first, then sign in with both."""

import html
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

import config
from config import Settings
from intake.core.access import READER_ROLES, Role
from intake.core.clock import FixedClock
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.people import services, totp
from intake.people.services import codes
from intake.web import throttle
from qr import symbol
from tests.cast import PASSWORD, build_cast
from tests.client import PageClient
from tests.phone import Phone
from tests.views.desk import Desk, hidden, words

HALF_A_MINUTE = timedelta(seconds=30)
NEW_PASSWORD = "井台上的青苔今年又绿了一层"
WRONG = "登录名、口令或动态码不对，或者还没有设口令。每个动态码只能用一次，用过请等下一个。"
SET_UP = "/staff/second-factor/set-up"
(DEFAULT,) = (setting.default for setting in config.SETTINGS if setting.attribute == "second_factor_roles")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """What a county has that has set nothing."""
    assert DEFAULT is not None
    return replace(settings, second_factor_roles=tuple(DEFAULT.split(",")))


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    return Desk(world, build_cast(world, recovery), client)


def sign_in(
    desk: Desk, login: str = "leader4", password: str = PASSWORD, code: str = "", path: str = ""
) -> TestResponse:
    path = path or "/staff/login"
    token = hidden(desk.get(path), "token")
    data = {"token": token, "login": login, "password": password, "code": code}
    return desk.client.post(path, data=data)


def press(desk: Desk, page: TestResponse, path: str, **data: str) -> TestResponse:
    """The form of this page, sent with its hidden fields."""
    sent = {"csrf_token": hidden(page, "csrf_token"), "offer": hidden(page, "offer"), **data}
    return desk.client.post(path, data=sent)


def phone_of(desk: Desk, page: TestResponse) -> Phone:
    (shown,) = words(page, "totp-secret")
    return Phone.scanned(desk.world, shown)


def spare_codes_on(page: TestResponse) -> list[str]:
    return re.findall(r"<li>(\d{4} \d{4} \d{4})</li>", page.text)


def set_up(desk: Desk, login: str = "leader4") -> tuple[Phone, list[str]]:
    """Signed in for the first time, set up, and half a minute later; the session goes on."""
    sign_in(desk, login)
    page = desk.get(SET_UP)
    phone = phone_of(desk, page)
    answer = press(desk, page, SET_UP, code=phone.shows())
    assert answer.status_code == 200
    assert isinstance(desk.world.clock, FixedClock)
    desk.world.clock.advance(HALF_A_MINUTE)
    return phone, spare_codes_on(answer)


def problem_on(page: TestResponse) -> str:
    (said,) = words(page, "error-summary")
    return said


class TestRequiredByRole:
    def test_who_opens_reports_or_adds_people_is_asked_by_default(self, desk: Desk) -> None:
        assert {role for role in Role if role.value in desk.world.settings.second_factor_roles} == (
            READER_ROLES | {Role.sysadmin}
        )

    def test_after_the_password_it_comes_before_anything_else(self, desk: Desk) -> None:
        answer = sign_in(desk)
        assert answer.status_code == 303
        for path in (
            "/staff/queue",
            "/staff/keys",
            "/staff/password",
            "/staff/second-factor",
            "/staff/confirm-password",
        ):
            led = desk.get(path)
            assert led.status_code == 303
            assert led.headers["Location"].startswith(SET_UP)
        page = desk.get(SET_UP)
        assert page.status_code == 200
        assert "设好这一页，就能接着做别的" in page.text
        assert 'href="/staff/queue"' not in page.text, "no way round it in the bar"

    def test_nothing_can_be_done_past_it(self, desk: Desk) -> None:
        sign_in(desk)
        token = hidden(desk.get(SET_UP), "csrf_token")
        for path in ("/staff/password", "/staff/keys/x/confirm", "/staff/reports/x/note", "/staff/confirm-password"):
            answer = desk.client.post(path, data={"csrf_token": token, "text": "写了半天的话"})
            assert answer.status_code == 403
            assert "请先设好动态码" in answer.text
        assert "写了半天的话" in desk.client.post("/staff/reports/x/note", data={"text": "写了半天的话"}).text

    def test_signing_out_is_always_possible(self, desk: Desk) -> None:
        sign_in(desk)
        token = hidden(desk.get(SET_UP), "csrf_token")
        answer = desk.client.post("/staff/logout", data={"csrf_token": token})
        assert answer.headers["Location"] == "/staff/login?done=signed_out"

    def test_afterwards_the_way_goes_on_to_where_one_wanted(self, desk: Desk) -> None:
        answer = sign_in(desk, path="/staff/login?next=/staff/keys")
        led = desk.get(answer.headers["Location"])
        page = desk.get(led.headers["Location"])
        phone = phone_of(desk, page)
        (action,) = re.findall(r'<form method="post" action="(/staff/second-factor/[^"]*)"', page.text)
        done = press(desk, page, html.unescape(action), code=phone.shows())
        assert 'href="/staff/keys"' in done.text
        assert desk.get("/staff/keys").status_code == 200

    def test_it_never_leads_elsewhere(self, desk: Desk) -> None:
        sign_in(desk)
        path = SET_UP + "?next=https://evil.example/"
        page = desk.get(path)
        done = press(desk, page, path, code=phone_of(desk, page).shows())
        assert "evil.example" not in done.text

    def test_a_role_that_is_not_asked_works_without(self, desk: Desk) -> None:
        assert sign_in(desk, "auditor1").headers["Location"] == "/staff/password"
        assert desk.get("/staff/password").status_code == 200

    def test_the_activation_page_says_to_bring_the_phone(self, desk: Desk) -> None:
        administrator = desk.cast.administrator.actor
        for member, said in ((desk.cast.leader, True), (desk.cast.auditor, False)):
            token = services.new_activation_link(desk.world, administrator, person_id=member.person_id)
            assert ("请带上手机" in desk.get(f"/staff/activate/{token}").text) is said

    def test_the_administrator_sees_who_has_none(self, desk: Desk) -> None:
        set_up(desk, "sysadmin1")
        page = desk.get("/admin/people").text
        rows = {
            login: page.split(f'data-login="{login}"')[1].split("</tr>")[0]
            for login in ("sysadmin1", "leader4", "auditor1")
        }
        assert "有动态码" in rows["sysadmin1"]
        assert "还没有设动态码" in rows["leader4"]
        assert "动态码" not in rows["auditor1"]


class TestSettingUp:
    def test_the_page_shows_the_same_secret_as_symbol_and_letters(self, desk: Desk) -> None:
        sign_in(desk)
        page = desk.get(SET_UP)
        phone = phone_of(desk, page)
        said = totp.otpauth(phone.secret, login="leader4", issuer="码上巡")
        assert symbol.svg(symbol.of_text(said), title="给验证器 App 扫的码") in page.text
        assert page.headers["Cache-Control"] == "no-store"

    def test_a_wrong_code_keeps_the_page_and_its_secret(self, desk: Desk) -> None:
        sign_in(desk)
        page = desk.get(SET_UP)
        phone = phone_of(desk, page)
        for code, said in ((phone.wrong(), "这个数不对"), ("", "请写手机上现在的六位数")):
            again = press(desk, page, SET_UP, code=code)
            assert again.status_code == 422
            assert said in again.text
            assert phone_of(desk, again).secret == phone.secret
            assert 'aria-invalid="true"' in again.text
        assert desk.get("/staff/queue").status_code == 303, "not set up yet"

    def test_an_offer_that_was_not_ours_is_not_taken(self, desk: Desk) -> None:
        sign_in(desk)
        page = desk.get(SET_UP)
        phone = phone_of(desk, page)
        answer = press(desk, page, SET_UP, offer="AAAA", code=phone.shows())
        assert answer.status_code == 422
        assert phone_of(desk, answer).secret != phone.secret

    def test_without_the_sessions_token_nothing_is_set(self, desk: Desk) -> None:
        sign_in(desk)
        page = desk.get(SET_UP)
        answer = press(desk, page, SET_UP, csrf_token="0" * 64, code=phone_of(desk, page).shows())
        assert answer.status_code == 400
        assert desk.get("/staff/queue").status_code == 303

    def test_the_spare_codes_are_shown_once_and_the_page_works(self, desk: Desk) -> None:
        sign_in(desk)
        page = desk.get(SET_UP)
        done = press(desk, page, SET_UP, code=phone_of(desk, page).shows())
        assert len(set(spare_codes_on(done))) == codes.SPARE_CODES
        assert done.headers["Cache-Control"] == "no-store"
        own = desk.get("/staff/second-factor")
        assert words(own, "spare-left") == [str(codes.SPARE_CODES)]
        assert not any(code in own.text for code in spare_codes_on(done))
        out = desk.client.post("/staff/logout", data={"csrf_token": hidden(done, "csrf_token")})
        assert out.status_code == 303, "the button on that very page belongs to the new session"

    def test_who_is_not_asked_may_and_repeats_the_password_first(self, desk: Desk) -> None:
        desk.enter(desk.cast.auditor)
        assert "还没有设" in desk.get("/staff/second-factor").text
        led = desk.get(SET_UP)
        assert led.headers["Location"].startswith("/staff/confirm-password?next=/staff/second-factor/set-up")
        desk.enter(desk.cast.auditor, confirmed=True)
        page = desk.get(SET_UP)
        assert press(desk, page, SET_UP, code=phone_of(desk, page).shows()).status_code == 200

    def test_another_phone_needs_the_old_one(self, desk: Desk, clock: FixedClock) -> None:
        old, _ = set_up(desk)
        desk.post("/staff/confirm-password", password=PASSWORD)
        page = desk.get(SET_UP)
        new = phone_of(desk, page)
        refused = press(desk, page, SET_UP, code=new.shows(), current=new.shows())
        assert refused.status_code == 422
        assert 'id="current-e"' in refused.text
        clock.advance(HALF_A_MINUTE)
        settle(desk)
        done = press(desk, refused, SET_UP, code=new.shows(), current=old.shows())
        assert done.status_code == 200
        desk.leave()
        clock.advance(HALF_A_MINUTE)
        assert sign_in(desk, code=old.shows()).status_code == 422
        settle(desk)
        assert sign_in(desk, code=new.shows()).status_code == 303


class TestSigningIn:
    def test_the_field_is_one_that_phones_fill_in(self, desk: Desk) -> None:
        (field,) = re.findall(r'<input id="code"[^>]*>', desk.get("/staff/login").text)
        assert 'autocomplete="one-time-code"' in field
        assert 'inputmode="numeric"' in field

    def test_with_password_and_code(self, desk: Desk) -> None:
        phone, _ = set_up(desk)
        desk.leave()
        assert sign_in(desk, code=phone.shows()).headers["Location"] == "/staff/queue"
        assert desk.get("/staff/queue").status_code == 200

    def test_whichever_was_wrong_the_answer_is_the_same_page(self, desk: Desk) -> None:
        phone, _ = set_up(desk)
        desk.leave()
        attempts = [
            ("leader4", PASSWORD, ""),
            ("leader4", PASSWORD, phone.wrong()),
            ("leader4", "不是这一句不是这一句", phone.shows()),
            ("leader4", "不是这一句不是这一句", phone.wrong()),
            ("nobody", PASSWORD, phone.shows()),
        ]
        said: set[str] = set()
        for login, password, code in attempts:
            settle(desk)
            answer = sign_in(desk, login, password, code)
            assert answer.status_code == 422
            assert "Set-Cookie" not in answer.headers
            assert code == "" or code not in answer.text
            said.add(problem_on(answer))
        assert said == {WRONG}

    def test_a_wrong_code_waits_like_a_wrong_password(self, desk: Desk) -> None:
        phone, _ = set_up(desk)
        desk.leave()
        assert sign_in(desk, code=phone.wrong()).status_code == 422
        answer = sign_in(desk, code=phone.shows())
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) >= 1

    def test_a_spare_code_opens_once(self, desk: Desk) -> None:
        _, spare = set_up(desk)
        desk.leave()
        assert sign_in(desk, code=spare[0]).status_code == 303
        assert words(desk.get("/staff/second-factor"), "spare-left") == [str(codes.SPARE_CODES - 1)]
        desk.leave()
        assert sign_in(desk, code=spare[0]).status_code == 422

    def test_many_wrong_codes_stop_codes_from_every_network_and_tell_nobody(self, desk: Desk) -> None:
        phone, _ = set_up(desk)
        desk.leave()
        for number in range(7):
            assert elsewhere(desk, number, code=phone.wrong()).status_code == 422
        stopped = elsewhere(desk, 100, code=phone.shows())
        assert stopped.status_code == 422
        assert problem_on(stopped) == WRONG, "429 would say that the password was right"
        settle(
            desk,
        )
        assert elsewhere(desk, 101, code=phone.shows()).status_code == 303

    def test_wrong_passwords_never_stop_anybodys_code(self, desk: Desk) -> None:
        phone, _ = set_up(desk)
        desk.leave()
        for number in range(20):
            answer = elsewhere(desk, number, password="不是这一句不是这一句", code=phone.wrong())
            assert answer.status_code == 422
        assert elsewhere(desk, 100, code=phone.shows()).status_code == 303


class TestOldSessionsAreDead:
    """ACCEPTANCE T7."""

    def test_a_code_that_somebody_watched_opens_nothing_more(self, desk: Desk) -> None:
        phone, _ = set_up(desk)
        desk.leave()
        seen = phone.shows()
        assert sign_in(desk, code=seen).status_code == 303
        desk.leave()
        assert sign_in(desk, code=seen).status_code == 422

    def test_a_session_from_before_the_set_up_is_dead_and_another_cookie_goes_on(self, desk: Desk) -> None:
        sign_in(desk)
        before = cookie(desk)
        page = desk.get(SET_UP)
        press(desk, page, SET_UP, code=phone_of(desk, page).shows())
        assert cookie(desk) != before
        desk.client.set_cookie("msx", before)
        assert desk.get(SET_UP).headers["Location"].startswith("/staff/login")

    def test_a_cookie_planted_before_signing_in_is_not_taken_over(self, desk: Desk) -> None:
        set_up(desk)
        mine = cookie(desk)
        desk.client.set_cookie("msx", mine)
        settle(desk)
        sign_in(desk, "liaison4")
        assert cookie(desk) != mine

    def test_signing_out_ends_it_for_every_copy(self, desk: Desk) -> None:
        set_up(desk)
        copy = cookie(desk)
        desk.post("/staff/logout")
        desk.client.set_cookie("msx", copy)
        assert desk.get("/staff/queue").headers["Location"].startswith("/staff/login")

    def test_a_changed_password_ends_the_others_and_the_phone_stays(self, desk: Desk, clock: FixedClock) -> None:
        phone, _ = set_up(desk)
        here = cookie(desk)
        desk.leave()
        sign_in(desk, code=phone.shows())
        other = cookie(desk)
        desk.post("/staff/password", old=PASSWORD, new=NEW_PASSWORD, again=NEW_PASSWORD)
        for dead in (here, other):
            desk.client.set_cookie("msx", dead)
            assert desk.get("/staff/queue").headers["Location"].startswith("/staff/login")
        desk.leave()
        clock.advance(HALF_A_MINUTE)
        assert sign_in(desk, code=phone.shows()).status_code == 422, "the old password"
        settle(desk)
        assert sign_in(desk, password=NEW_PASSWORD).status_code == 422, "no code"
        settle(desk)
        assert sign_in(desk, password=NEW_PASSWORD, code=phone.shows()).status_code == 303


def cookie(desk: Desk) -> str:
    found = desk.client.get_cookie("msx")
    assert found is not None
    return found.value


def settle(desk: Desk) -> None:
    """As if the wait after a wrong try were over."""
    limiter = desk.client.application.extensions[throttle.EXTENSION]
    limiter.storage.reset()


def elsewhere(desk: Desk, network: int, *, password: str = PASSWORD, code: str) -> TestResponse:
    """A try from a network of its own."""
    token = hidden(desk.get("/staff/login"), "token")
    data = {"token": token, "login": "leader4", "password": password, "code": code}
    return desk.client.post("/staff/login", data=data, environ_base={"REMOTE_ADDR": f"10.9.{network}.7"})
