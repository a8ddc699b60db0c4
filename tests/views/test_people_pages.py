"""Adding people, their one-time link, the password they choose, and leaving."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from intake.core.clock import FixedClock
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.people.models import PersonKey
from tests.cast import build_cast
from tests.client import PageClient
from tests.views.desk import BODY, Desk, hidden, marked, words

PHRASE = "井台上的青苔今年又绿了一层"
NEWCOMER = {"login": "leader4b", "name": "示例午", "role": "team_leader", "team_id": "team4"}


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    desk.enter(desk.cast.administrator)
    return desk


def link_on(page: TestResponse) -> str:
    """The path of the activation link that the page shows."""
    (shown,) = words(page, "activation-link")
    assert shown.startswith("http://localhost/staff/activate/")
    return shown.removeprefix("http://localhost")


def activate(desk: Desk, link: str, password: str = PHRASE, again: str | None = None) -> TestResponse:
    token = hidden(desk.get(link), "token")
    return desk.client.post(link, data={"token": token, "password": password, "again": again or password})


def line_of(page: TestResponse, login: str) -> str:
    (found,) = [tag for tag in marked(page, "person") if f'data-login="{login}"' in tag]
    return found


def person_path(page: TestResponse, name: str, act: str) -> str:
    """Where the button of this person's line leads."""
    row = next(row for row in page.text.split("<tr")[1:] if name in row)
    found = re.search(rf'action="(/admin/people/[a-z0-9]+/{act})"', row)
    assert found is not None
    return found.group(1)


class TestAdding:
    def test_a_new_person_has_a_link_that_is_shown_once(self, desk: Desk) -> None:
        page = desk.post("/admin/people", **NEWCOMER)
        assert page.status_code == 200
        link = link_on(page)
        assert 'data-state="linked"' in line_of(page, "leader4b")
        again = desk.get("/admin/people")
        assert link not in again.text
        assert marked(again, "activation-link") == []

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"login": "leader4"}, "login"),
            ({"login": "有空 格"}, "login"),
            ({"login": ""}, "login"),
            ({"name": ""}, "name"),
            ({"role": ""}, "role"),
            ({"role": "king"}, "role"),
            ({"team_id": ""}, "team_id"),
            ({"team_id": "office"}, "team_id"),
            ({"team_id": "nowhere"}, "team_id"),
        ],
    )
    def test_what_cannot_be_taken_is_named_and_the_rest_kept(
        self, desk: Desk, change: dict[str, str], field: str
    ) -> None:
        data = {**NEWCOMER, "name": "示例未", **change}
        answer = desk.post("/admin/people", **data)
        assert answer.status_code == 422
        assert f'href="#{field}"' in answer.text
        assert f'id="{field}-e"' in answer.text
        assert data["name"] == "" or 'value="示例未"' in answer.text
        assert marked(answer, "activation-link") == []

    def test_only_administrators_have_the_page(self, desk: Desk) -> None:
        for member in (desk.cast.leader, desk.cast.office, desk.cast.auditor):
            desk.enter(member)
            assert desk.get("/admin/people").status_code == 403
            assert desk.post("/admin/people", **NEWCOMER).status_code == 403

    def test_a_wrong_token_adds_nobody(self, desk: Desk) -> None:
        answer = desk.client.post("/admin/people", data={**NEWCOMER, "csrf_token": "0"})
        assert answer.status_code == 400
        assert 'data-login="leader4b"' not in desk.get("/admin/people").text

    def test_markup_in_a_name_is_text(self, desk: Desk) -> None:
        page = desk.post("/admin/people", **{**NEWCOMER, "name": "<b>示例</b>"})
        assert "&lt;b&gt;示例" in page.text
        assert "<b>示例" not in page.text


class TestActivation:
    @pytest.fixture
    def link(self, desk: Desk) -> str:
        link = link_on(desk.post("/admin/people", **NEWCOMER))
        desk.leave()
        return link

    def test_the_page_says_whose_it_is_and_what_happens(self, desk: Desk, link: str) -> None:
        page = desk.get(link)
        assert "示例午，请设口令" in page.text
        assert "您的钥匙现在产生" in page.text
        assert page.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in page.headers

    def test_the_password_is_the_persons_own_and_signs_them_in(self, desk: Desk, link: str) -> None:
        answer = activate(desk, link)
        assert answer.headers["Location"] == "/staff/login?done=activated"
        token = hidden(desk.get("/staff/login"), "token")
        data = {"token": token, "login": "leader4b", "password": PHRASE}
        assert desk.client.post("/staff/login", data=data).status_code == 303
        assert "您的钥匙还没有人确认" in desk.get("/staff/queue").text

    def test_a_link_works_once(self, desk: Desk, link: str) -> None:
        activate(desk, link)
        used, never = desk.get(link), desk.get("/staff/activate/" + "x" * 43)
        assert used.status_code == never.status_code == 404
        assert used.data == never.data

    def test_a_link_ends(self, desk: Desk, link: str, clock: FixedClock) -> None:
        clock.advance(timedelta(hours=73))
        assert desk.get(link).status_code == 404

    @pytest.mark.parametrize(
        ("password", "again", "problem"),
        [
            ("短", "短", "至少"),
            ("123456789012", "123456789012", "太常见"),
            (PHRASE, PHRASE + "啊", "两次写的不一样"),
            ("", "", "请写口令"),
        ],
    )
    def test_a_password_that_will_not_do_is_refused_and_the_link_stays(
        self, desk: Desk, link: str, password: str, again: str, problem: str
    ) -> None:
        answer = activate(desk, link, password, again)
        assert answer.status_code == 422
        assert problem in answer.text
        assert marked(answer, "error-summary")
        assert PHRASE not in answer.text
        assert activate(desk, link).status_code == 303

    def test_another_pages_token_is_refused(self, desk: Desk, link: str) -> None:
        token = hidden(desk.get("/staff/login"), "token")
        data = {"token": token, "password": PHRASE, "again": PHRASE}
        assert desk.client.post(link, data=data).status_code == 400


class TestAnotherLink:
    def test_a_second_link_replaces_the_first(self, desk: Desk) -> None:
        page = desk.post("/admin/people", **NEWCOMER)
        first = link_on(page)
        second = link_on(desk.post(person_path(page, "示例午", "link")))
        desk.leave()
        assert desk.get(first).status_code == 404
        assert desk.get(second).status_code == 200

    def test_a_lost_password_means_a_new_key_and_no_old_report(self, desk: Desk) -> None:
        case = desk.file()
        link = link_on(desk.post(person_path(desk.get("/admin/people"), "示例戊", "link")))
        desk.leave()
        activate(desk, link)
        token = hidden(desk.get("/staff/login"), "token")
        data = {"token": token, "login": "liaison4", "password": PHRASE}
        assert desk.client.post("/staff/login", data=data).status_code == 303
        assert desk.get(case.path).status_code == 404, "until a colleague confirms the new key nothing is there"
        assert marked(desk.get("/staff/queue"), "queue-row") == []

    def test_for_nobody_it_is_nothing(self, desk: Desk) -> None:
        assert desk.post("/admin/people/" + "a" * 26 + "/link").status_code == 404
        assert desk.client.post("/admin/people/" + "a" * 26 + "/leave").status_code == 404


class TestLeaving:
    def test_it_asks_first_and_changes_nothing_yet(self, desk: Desk) -> None:
        path = person_path(desk.get("/admin/people"), "示例戊", "leave")
        page = desk.post(path)
        assert page.status_code == 200
        assert "示例戊离开？" in page.text
        assert "当场收回" in page.text
        desk.enter(desk.cast.liaison)
        assert desk.get("/staff/queue").status_code == 200

    def test_confirmed_it_takes_sessions_keys_and_reports_at_once(self, desk: Desk) -> None:
        case = desk.file()
        desk.enter(desk.cast.liaison)
        theirs = desk.client.get_cookie("msx")
        assert theirs is not None
        assert BODY in desk.get(case.path).text
        desk.enter(desk.cast.administrator)
        path = person_path(desk.get("/admin/people"), "示例戊", "leave")
        answer = desk.post(path, confirmed="y")
        assert answer.headers["Location"] == "/admin/people?done=left"
        assert 'data-state="left"' in line_of(desk.get(answer.headers["Location"]), "liaison4")
        desk.client.set_cookie("msx", theirs.value)
        assert desk.get(case.path).status_code == 303
        with desk.world.db.read() as session:
            keys = select(PersonKey.retired_on).where(PersonKey.person_id == desk.cast.liaison.person_id)
            assert session.scalars(keys).all() == [desk.world.today()]

    def test_without_the_token_nobody_leaves(self, desk: Desk) -> None:
        path = person_path(desk.get("/admin/people"), "示例戊", "leave")
        assert desk.client.post(path, data={"confirmed": "y"}).status_code == 400
        assert 'data-state="ready"' in line_of(desk.get("/admin/people"), "liaison4")

    def test_nobody_sends_themselves_away(self, desk: Desk) -> None:
        page = desk.get("/admin/people")
        row = next(row for row in page.text.split("<tr") if 'data-login="sysadmin1"' in row)
        assert "/leave" not in row
        me = desk.cast.administrator.person_id
        assert desk.post(f"/admin/people/{me}/leave", confirmed="y").status_code == 422
        assert desk.get("/admin/people").status_code == 200

    def test_who_has_left_has_no_button_and_no_link(self, desk: Desk) -> None:
        path = person_path(desk.get("/admin/people"), "示例戊", "leave")
        desk.post(path, confirmed="y")
        assert desk.post(path, confirmed="y").status_code == 404
        assert desk.post(path.replace("/leave", "/link")).status_code == 404


@pytest.mark.parametrize("field", ["login", "name", "role", "team_id"])
def test_a_nul_is_never_an_error_of_ours(desk: Desk, field: str) -> None:
    answer = desk.post("/admin/people", **{**NEWCOMER, field: "a\0b"})
    assert answer.status_code in (200, 422)
    assert desk.get("/admin/people").status_code == 200
