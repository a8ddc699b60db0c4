"""The queue: what a team sees of its reports, what the office sees of them, and what strangers do not."""

import re

import pytest

from intake.core.access import Role
from intake.core.errors import Busy
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.triage import queries, services
from tests.cast import Cast, add_member, build_cast, enter
from tests.client import PageClient
from tests.views.desk import BODY, Case, Desk, marked, words


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    return desk


def rows(desk: Desk, address: str = "/staff/queue") -> list[str]:
    """Report ids of the page, as they stand."""
    page = desk.get(address)
    assert page.status_code == 200
    return [attribute(tag, "report-id") for tag in marked(page, "queue-row")]


def attribute(tag: str, name: str) -> str:
    found = re.search(rf'data-{name}="([^"]*)"', tag)
    assert found is not None, tag
    return found.group(1)


def accept(desk: Desk, case: Case, cast: Cast) -> None:
    signed_in = enter(desk.world, cast.leader).signed_in
    services.move(desk.world, signed_in, case.report_id, to="accepted", version=desk.version(case))


def test_a_row_says_what_scripts_and_people_need(desk: Desk) -> None:
    case = desk.file(category="three_assets")
    desk.enter(desk.cast.liaison)
    page = desk.get("/staff/queue")
    (row,) = marked(page, "queue-row")
    assert attribute(row, "report-id") == case.report_id
    assert attribute(row, "state") == "received"
    assert attribute(row, "lane") == "ordinary"
    assert attribute(row, "count") == "1"
    assert "村集体林场" in page.text
    assert "河口村公告栏" in page.text
    assert "集体钱物" in page.text
    assert f'href="{case.path}"' in page.text
    (count,) = marked(page, "queue-count")
    assert attribute(count, "reports") == "1"
    assert words(page, "queue-count") == ["1 行"]


def test_no_time_of_day_stands_on_the_page(desk: Desk) -> None:
    desk.file()
    desk.enter(desk.cast.liaison)
    page = desk.get("/staff/queue")
    assert "11月23日" in page.text
    assert not re.search(r"\d{1,2}:\d{2}", page.text)


def test_telephone_and_identity_numbers_are_masked(desk: Desk) -> None:
    desk.file("我叫何某，电话13800138000，身份证990121198001010028，我要实名反映林场卖树的钱。")
    desk.enter(desk.cast.liaison)
    page = desk.get("/staff/queue")
    assert "13800138000" not in page.text
    assert "990121198001010028" not in page.text
    assert page.text.count('class="mask"') == 2


def test_another_teams_report_is_no_row_no_count_and_no_filter(desk: Desk) -> None:
    desk.file()
    desk.enter(desk.cast.stranger)
    page = desk.get("/staff/queue")
    assert marked(page, "queue-row") == []
    assert words(page, "queue-count") == ["0 行"]
    assert "河口村公告栏" not in page.text
    assert "第四巡察组" not in page.text
    assert "现在没有件" in page.text


def test_the_office_sees_where_it_lies_and_not_a_word_of_it(desk: Desk) -> None:
    case = desk.file()
    desk.enter(desk.cast.office)
    page = desk.get("/staff/queue")
    assert rows(desk) == [case.report_id]
    assert BODY[:6] not in page.text
    assert "原文封存，由岚溪县委第四巡察组打开" in page.text


def test_the_office_reads_what_lies_with_the_office(desk: Desk) -> None:
    desk.file(about_handler=True)
    desk.enter(desk.cast.office)
    assert BODY[:6] in desk.get("/staff/queue").text
    desk.enter(desk.cast.leader)
    assert rows(desk) == []


def test_stored_markup_is_text(desk: Desk) -> None:
    desk.file("<script>alert(1)</script> 这里写的是一段标记，不该被当成页面")
    desk.enter(desk.cast.liaison)
    assert "&lt;script&gt;" in desk.get("/staff/queue").text


def test_held_reports_stand_in_a_lane_of_their_own(desk: Desk) -> None:
    case = desk.file(held=("rate_board",))
    desk.enter(desk.cast.liaison)
    page = desk.get("/staff/queue")
    assert marked(page, "queue-row") == []
    assert 'href="/staff/queue?lane=held"' in page.text
    assert "待核 1 件" in page.text
    assert rows(desk, "/staff/queue?lane=held") == [case.report_id]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=received", {"plain", "with"}),
        ("state=accepted", {"done"}),
        ("state=closed", set()),
        ("state=awaiting_citizen", set()),
        ("category=none", {"plain", "done"}),
        ("category=three_assets", {"with"}),
        ("board=CJ-990121101202", {"plain", "with", "done"}),
        ("board=none", set()),
        ("assignee=none", {"plain", "with"}),
        ("due=none", set()),
        ("due=2026-12-14", {"plain", "with"}),
        ("due=2027-01-22", {"done"}),
        ("due=soon", set()),
        ("due=late", set()),
        ("category=three_assets&state=accepted", set()),
        ("lane=&state=&category=&board=&team=&assignee=&due=", {"plain", "with", "done"}),
    ],
)
def test_filters_narrow_and_none_is_a_value(desk: Desk, query: str, found: set[str]) -> None:
    cases = {
        "plain": desk.file("第一件，什么都没有选，说的是补贴的事。"),
        "with": desk.file("第二件，选了类别，说的是林场卖树的事。", category="three_assets"),
        "done": desk.file("第三件，组长已经受理，说的是低保的事。"),
    }
    accept(desk, cases["done"], desk.cast)
    desk.enter(desk.cast.liaison)
    assert set(rows(desk, f"/staff/queue?{query}")) == {cases[name].report_id for name in found}


def test_a_set_filter_stays_chosen_and_an_empty_result_says_why(desk: Desk) -> None:
    desk.file()
    desk.enter(desk.cast.liaison)
    page = desk.get("/staff/queue?state=closed&assignee=none")
    assert '<option value="closed" selected>' in page.text
    assert "没有“状态：办结”而且“承办：还没有人”的件" in page.text
    assert "全部去掉" in page.text


def test_a_long_queue_turns_pages_without_losing_a_row(desk: Desk) -> None:
    filed = {desk.file(f"第 {n} 件，修水渠每户收了两百块，没有收据。").report_id for n in range(53)}
    desk.enter(desk.cast.liaison)
    page = desk.get("/staff/queue?state=received")
    (onward,) = re.findall(r'<a[^>]*rel="next"[^>]*href="([^"]+)"', page.text)
    assert "state=received" in onward
    first = rows(desk, "/staff/queue?state=received")
    second = rows(desk, onward.replace("&amp;", "&"))
    assert len(first) == 50
    assert len(second) == 3
    assert set(first) | set(second) == filed
    assert 'rel="next"' not in desk.get(onward.replace("&amp;", "&")).text


@pytest.mark.parametrize("cursor", ["x", "A" * 4000, "bm9uZQ", "9", "W10", "WzAsIjIwMjYtMTEtMjMiXQ"])
def test_a_cursor_nobody_made_is_the_first_page(desk: Desk, cursor: str) -> None:
    case = desk.file()
    desk.enter(desk.cast.liaison)
    assert rows(desk, f"/staff/queue?cursor={cursor}") == [case.report_id]


def test_a_newcomer_is_told_what_is_missing(desk: Desk) -> None:
    desk.file()
    newcomer = add_member(desk.world, "leader4b", "示例午", Role.team_leader, "team4")
    desk.enter(newcomer)
    page = desk.get("/staff/queue")
    assert "您的钥匙还没有人确认" in page.text
    assert BODY[:6] not in page.text


class TestTrouble:
    """When the machine fails, the page says so without repeating anything."""

    def fail(self, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
        def broken(*args: object, **kwargs: object) -> None:
            raise error

        monkeypatch.setattr(queries, "queue", broken)

    def test_an_error_of_ours_has_a_page_without_a_trace(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fail(monkeypatch, RuntimeError("卖树的钱"))
        desk.enter(desk.cast.leader)
        answer = desk.get("/staff/queue")
        assert answer.status_code == 500
        assert "系统出错了" in answer.text
        assert "示例庚" in answer.text
        for inside in ("卖树的钱", "RuntimeError", "Traceback", ".py"):
            assert inside not in answer.text

    def test_a_full_machine_says_when_to_come_back(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fail(monkeypatch, Busy(7))
        desk.enter(desk.cast.leader)
        answer = desk.get("/staff/queue")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "7"
        assert "7 秒" in answer.text

    def test_an_act_is_no_page_to_look_at(self, desk: Desk) -> None:
        case = desk.file()
        desk.enter(desk.cast.leader)
        answer = desk.get(f"{case.path}/move")
        assert answer.status_code == 405
        assert "不能这样打开" in answer.text
