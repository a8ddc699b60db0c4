"""Signing in: slowed, never locked, and never told which of the two was wrong."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from intake.core.clock import FixedClock
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from tests.cast import PASSWORD, Cast, build_cast
from tests.client import PageClient
from tests.views.desk import Desk, hidden, marked


@pytest.fixture
def cast(world: World, recovery: RecoveryKeys) -> Cast:
    return build_cast(world, recovery)


@pytest.fixture
def desk(world: World, cast: Cast, client: PageClient) -> Desk:
    return Desk(world, cast, client)


def sign_in(desk: Desk, login: str, password: str, *, path: str = "/staff/login") -> tuple[int, str]:
    """(status, where to) of one attempt."""
    token = hidden(desk.get(path), "token")
    answer = desk.client.post(path, data={"token": token, "login": login, "password": password})
    return answer.status_code, answer.headers.get("Location", answer.text)


def test_the_right_password_leads_to_the_work_of_the_role(desk: Desk) -> None:
    assert sign_in(desk, "leader4", PASSWORD) == (303, "/staff/queue")
    desk.leave()
    assert sign_in(desk, "sysadmin1", PASSWORD) == (303, "/admin/people")
    desk.leave()
    assert sign_in(desk, "auditor1", PASSWORD) == (303, "/staff/password")


def test_the_cookie_is_for_this_site_alone(desk: Desk) -> None:
    token = hidden(desk.get("/staff/login"), "token")
    data = {"token": token, "login": "leader4", "password": PASSWORD}
    cookie = desk.client.post("/staff/login", data=data).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Domain" not in cookie


def test_a_wrong_password_and_an_unknown_login_are_answered_alike(desk: Desk, clock: FixedClock) -> None:
    wrong, unknown = sign_in(desk, "leader4", "不是这一句不是这一句"), sign_in(desk, "nobody", "不是这一句不是这一句")
    assert wrong[0] == unknown[0] == 422

    def words(page: str) -> str:
        return page[page.index('data-testid="error-summary"') :].split("</div>", maxsplit=1)[0]

    assert words(wrong[1]) == words(unknown[1])
    assert desk.client.get_cookie("msx") is None


def test_what_was_typed_as_login_stays_and_the_password_never_comes_back(desk: Desk) -> None:
    _, page = sign_in(desk, "leader4", "不是这一句不是这一句")
    assert 'value="leader4"' in page
    assert "不是这一句" not in page


def test_a_second_try_at_once_waits_and_says_how_long(desk: Desk) -> None:
    sign_in(desk, "leader4", "不是这一句不是这一句")
    token = hidden(desk.get("/staff/login"), "token")
    answer = desk.client.post("/staff/login", data={"token": token, "login": "leader4", "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert "秒" in answer.text
    assert marked(answer, "error-summary")


def test_empty_fields_are_named(desk: Desk) -> None:
    status, page = sign_in(desk, "", "")
    assert status == 422
    assert "请写登录名" in page


def test_a_form_without_its_token_is_refused(desk: Desk) -> None:
    answer = desk.client.post("/staff/login", data={"login": "leader4", "password": PASSWORD})
    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        ("/staff/keys", "/staff/keys"),
        ("https://evil.example/staff/", "/staff/queue"),
        ("//evil.example/staff/", "/staff/queue"),
        ("/\\evil.example", "/staff/queue"),
        ("/receipt", "/staff/queue"),
        ("javascript:alert(1)", "/staff/queue"),
    ],
)
def test_signing_in_leads_on_to_own_staff_pages_only(desk: Desk, wanted: str, where: str) -> None:
    path = "/staff/login?next=" + wanted.replace(":", "%3A").replace("/", "%2F").replace("\\", "%5C")
    assert sign_in(desk, "leader4", PASSWORD, path=path) == (303, where)


def test_a_page_asked_for_without_a_session_comes_after_signing_in(desk: Desk) -> None:
    answer = desk.get("/staff/queue?state=received")
    assert answer.status_code == 303
    assert sign_in(desk, "leader4", PASSWORD, path=answer.headers["Location"]) == (
        303,
        "/staff/queue?state=received",
    )


def test_a_cookie_set_beforehand_is_worth_nothing_afterwards(desk: Desk) -> None:
    desk.client.set_cookie("msx", "A" * 64)
    sign_in(desk, "leader4", PASSWORD)
    cookie = desk.client.get_cookie("msx")
    assert cookie is not None
    assert cookie.value != "A" * 64


def test_signing_out_ends_the_session_for_copies_of_the_cookie_too(desk: Desk) -> None:
    desk.enter(desk.cast.leader)
    copy = desk.client.get_cookie("msx")
    assert copy is not None
    assert desk.post("/staff/logout").headers["Location"] == "/staff/login?done=signed_out"
    assert desk.client.get_cookie("msx") is None
    desk.client.set_cookie("msx", copy.value)
    assert desk.get("/staff/queue").status_code == 303


def test_signing_out_needs_the_sessions_own_token(desk: Desk) -> None:
    desk.enter(desk.cast.leader)
    assert desk.client.post("/staff/logout", data={"csrf_token": "0" * 64}).status_code == 400
    assert desk.get("/staff/queue").status_code == 200


def test_a_page_left_alone_asks_again(desk: Desk, clock: FixedClock) -> None:
    desk.enter(desk.cast.leader)
    clock.advance(timedelta(minutes=21))
    assert desk.get("/staff/queue").headers["Location"].startswith("/staff/login")


def test_a_role_without_a_page_is_told_so(desk: Desk) -> None:
    desk.enter(desk.cast.auditor)
    answer = desk.get("/staff/queue")
    assert answer.status_code == 403
    assert "职责" in answer.text
    assert "示例丑" in answer.text
    assert desk.get("/admin/people").status_code == 403


def test_nothing_at_all_is_a_page_with_a_way_on(desk: Desk) -> None:
    assert "去登录" in desk.get("/staff/nothing-here").text
    desk.enter(desk.cast.leader)
    answer = desk.get("/staff/nothing-here")
    assert answer.status_code == 404
    assert 'href="/staff/queue"' in answer.text


class TestOwnPassword:
    NEW = "井台上的青苔今年又绿了一层"

    def test_the_new_one_counts_and_other_sessions_are_dead(self, desk: Desk) -> None:
        desk.enter(desk.cast.leader)
        other = desk.client.get_cookie("msx")
        desk.enter(desk.cast.leader)
        answer = desk.post("/staff/password", old=PASSWORD, new=self.NEW, again=self.NEW)
        assert answer.headers["Location"] == "/staff/password?done=password"
        assert "口令已经换好" in desk.get(answer.headers["Location"]).text
        assert other is not None
        desk.client.set_cookie("msx", other.value)
        assert desk.get("/staff/queue").status_code == 303
        desk.leave()
        assert sign_in(desk, "leader4", self.NEW)[0] == 303

    @pytest.mark.parametrize(
        ("old", "new", "again", "words"),
        [
            (PASSWORD, "井台上的青苔今年又绿了一层", "井台上的青苔又绿了", "两次写的不一样"),
            ("不是这一句不是这一句", "井台上的青苔今年又绿了一层", "井台上的青苔今年又绿了一层", "不对"),
            (PASSWORD, "123456789012", "123456789012", "太常见"),
            (PASSWORD, "", "", "请写新口令"),
        ],
    )
    def test_what_cannot_be_taken_is_named_beside_its_field(
        self, desk: Desk, old: str, new: str, again: str, words: str
    ) -> None:
        desk.enter(desk.cast.leader)
        answer = desk.post("/staff/password", old=old, new=new, again=again)
        assert answer.status_code == 422
        assert words in answer.text
        assert 'aria-invalid="true"' in answer.text
        assert PASSWORD not in answer.text

    def test_a_stale_form_changes_nothing(self, desk: Desk) -> None:
        desk.enter(desk.cast.leader)
        data = {"csrf_token": "stale", "old": PASSWORD, "new": self.NEW, "again": self.NEW}
        assert desk.client.post("/staff/password", data=data).status_code == 400
        desk.leave()
        assert sign_in(desk, "leader4", PASSWORD)[0] == 303


class TestConfirmPassword:
    def test_it_leads_back_and_says_so(self, desk: Desk) -> None:
        desk.enter(desk.cast.leader)
        answer = desk.post("/staff/confirm-password?next=/staff/keys", password=PASSWORD)
        assert answer.headers["Location"] == "/staff/keys?done=confirmed"
        assert "口令已确认" in desk.get(answer.headers["Location"]).text

    def test_a_wrong_one_stays_and_a_quick_second_one_waits(self, desk: Desk) -> None:
        desk.enter(desk.cast.leader)
        assert desk.post("/staff/confirm-password", password="不是这一句不是这一句").status_code == 422
        answer = desk.post("/staff/confirm-password", password=PASSWORD)
        assert answer.status_code == 429
        assert answer.headers["Retry-After"]

    def test_it_never_leads_elsewhere(self, desk: Desk) -> None:
        desk.enter(desk.cast.leader)
        page = desk.get("/staff/confirm-password?next=https://evil.example/")
        assert "evil.example" not in page.text


@pytest.mark.parametrize("odd", ["a\0b", "\udcff", "\u202eleader4", "l" * 100_000, "<script>"])
def test_an_odd_login_is_only_a_wrong_one(desk: Desk, odd: str) -> None:
    token = hidden(desk.get("/staff/login"), "token")
    typed = quote(odd, errors="surrogateescape")
    data = f"token={quote(token)}&login={typed}&password={typed}"
    answer = desk.client.post("/staff/login", data=data, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 422
    assert "<script" not in answer.text
