"""The office's registers: who may, lists that search and page, forms that keep what was typed, sheets in and out."""

import re
from datetime import timedelta
from typing import TypeVar

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from intake.boards.models import Board, BoardEvent, Organisation, OrganisationAlias, Region, Round, Site
from intake.boards.services.sites import SITES
from intake.core.clock import FixedClock
from intake.core.secretfile import RecoveryKeys
from intake.core.sheets import read_table
from intake.core.tables import Base
from intake.core.world import World
from intake.people.models import Person
from intake.routing.models import Placement, Rule
from intake.routing.services import reseal, seal_is_broken
from tests.cast import build_cast
from tests.client import PageClient
from tests.multipart import post
from tests.views.desk import Desk, hidden, marked, words

NOUNS = ("sites", "organisations", "regions", "teams", "rounds")
SHEET = (
    "点位编号,种类,名称,所在地方,负责的组,施工单位\n"
    "A-1,工程,甲路,990121,team3,甲公司\n"
    "A-2,村居,乙村公告栏,岚溪县,team4,\n"
)
ROUND = {"name": "第六轮", "committee": "中共岚溪县委", "opens_at": "2026-11-24 08:00", "closes_at": "2026-12-01 18:00"}


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    routing_key = world.secrets.routing_key

    def write(session: Session) -> None:
        for code, parent, level, name in (
            ("990121", None, "county", "岚溪县"), ("990121100", "990121", "town", "石桥镇"),
            ("990121100201", "990121100", "village", "石桥村"),
        ):  # fmt: skip
            session.add(Region(code=code, parent_code=parent, level=level, name=name))
            session.flush()
        session.add(Organisation(id="o" * 26, name="甲公司", kind="contractor"))
        session.flush()
        reseal(session, routing_key)

    world.db.write(write)
    desk.enter(desk.cast.office)
    return desk


def rows_of(page: TestResponse) -> list[str]:
    return [key for tag in marked(page, "row") for key in re.findall(r'data-key="([^"]+)"', tag)]


def upload(desk: Desk, text: str | bytes, *, noun: str = "sites", name: str = "点位.csv") -> TestResponse:
    data = text.encode() if isinstance(text, str) else text
    token = hidden(desk.get("/staff/password"), "csrf_token")
    return post(desk.client, f"/admin/{noun}/import", {"csrf_token": token}, [(name, data)], field="file")


def agree(desk: Desk, page: TestResponse, *, noun: str = "sites") -> TestResponse:
    sheet = {name: hidden(page, name) for name in ("sheet", "seen")}
    return desk.post(f"/admin/{noun}/import", confirmed="y", **sheet)


Rows = TypeVar("Rows", bound=Base)


def found(desk: Desk, rows: type[Rows], **by: str) -> list[Rows]:
    with desk.world.db.read() as session:
        return list(session.scalars(select(rows).filter_by(**by)))


class TestWho:
    @pytest.mark.parametrize("name", ["liaison", "leader", "superior", "auditor"])
    def test_others_have_no_such_page(self, desk: Desk, name: str) -> None:
        desk.enter(getattr(desk.cast, name))
        for noun in NOUNS:
            assert desk.get(f"/admin/{noun}").status_code == 403
        for path in ("/new", "/import", "/export.xlsx", "/template.csv", "/GC-2026-001"):
            assert desk.get(f"/admin/sites{path}").status_code == 403
        for path in ("/new", "/import", "/GC-2026-001", "/GC-2026-001/delete"):
            assert desk.client.post(f"/admin/sites{path}", data={"confirmed": "y"}).status_code == 403

    @pytest.mark.parametrize("name", ["office", "administrator"])
    def test_the_office_and_the_administrator_have(self, desk: Desk, name: str) -> None:
        desk.enter(getattr(desk.cast, name))
        for noun in NOUNS:
            for path in ("", "/new", "/import", "/export.xlsx", "/template.csv", "/template.xlsx"):
                assert desk.get(f"/admin/{noun}{path}").status_code == 200, (noun, path)
            assert desk.get(f"/admin/{noun}/nothing").status_code == 404
            assert desk.post(f"/admin/{noun}/nothing/delete", confirmed="y").status_code == 404
        assert "点位" in desk.get("/staff/password").text


class TestLists:
    def test_search_and_filters(self, desk: Desk) -> None:
        agree(desk, upload(desk, SHEET + "A-3,村居,石桥村公告栏,石桥村,,\n"))
        everything = rows_of(desk.get("/admin/sites"))
        assert everything == ["A-1", "A-2", "A-3", "CJ-990121101202", "GC-2026-001"]
        for query, keys in (
            ("q=a-", ["A-1", "A-2", "A-3"]), ("q=公告栏", ["A-2", "A-3", "CJ-990121101202"]), ("q=%25", []),
            ("kind=project", ["A-1", "GC-2026-001"]), ("team=none", ["A-3"]), ("team=team3&q=甲", ["A-1"]),
            ("region=岚溪县", ["A-1", "A-2", "A-3"]), ("region=990121100", ["A-3"]), ("region=没有", []),
            ("state=live", ["CJ-990121101202", "GC-2026-001"]), ("round=none", everything), ("kind=<b>", []),
        ):  # fmt: skip
            assert rows_of(desk.get(f"/admin/sites?{query}")) == keys, query
        assert rows_of(desk.get("/admin/organisations?q=甲")) == ["o" * 26]
        assert rows_of(desk.get("/admin/regions?level=town")) == ["990121100"]
        assert rows_of(desk.get("/admin/teams?kind=office")) == ["office"]

    def test_a_page_at_a_time_and_as_many_questions_however_many_rows(self, desk: Desk) -> None:
        def questions(path: str) -> int:
            asked: list[str] = []
            engines = (desk.world.db._readers, desk.world.db.engine)
            for engine in engines:
                event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
            page = desk.get(path)
            assert page.status_code == 200
            return len(asked)

        few = questions("/admin/sites?q=B-")
        lines = "".join(f"B-{n:04},村居,第{n}村公告栏,990121100201,team4,\n" for n in range(120))
        assert agree(desk, upload(desk, SHEET.splitlines()[0] + "\n" + lines)).status_code == 303
        page = desk.get("/admin/sites?q=B-&kind=village")
        assert len(rows_of(page)) == 50
        assert 'data-count="120"' in page.text
        after = re.search(r'rel="next" href="([^"]+)"', page.text)
        assert after is not None
        assert rows_of(desk.get(after.group(1).replace("&amp;", "&")))[0] == "B-0050"
        assert rows_of(desk.get("/admin/sites?q=B-&page=99"))[-1] == "B-0119"
        assert rows_of(desk.get("/admin/sites?q=B-&page=x"))[0] == "B-0000"
        assert questions("/admin/sites?q=B-") <= 2 * few + 4  # the list's own, counted by two listeners


class TestForms:
    def test_what_cannot_be_taken_is_named_and_everything_typed_is_kept(self, desk: Desk) -> None:
        typed = {
            "site_no": "A 1/2", "kind": "castle", "name": "", "region_code": "石桥真", "team_id": "team3",
            "contractor": "乙公司", "starts_on": "明天", "content": "<script>alert(1)</script>", "phone": "0990-1",
        }  # fmt: skip
        page = desk.post("/admin/sites/new", **typed)
        assert page.status_code == 422
        (summary,) = words(page, "error-summary")
        for said in ("点位编号", "没有“castle”", "请写名称", "石桥镇（990121100）", "没有“乙公司”", "“明天”不是日子"):
            assert said in summary
        for value in ("A 1/2", "石桥真", "乙公司", "0990-1", "明天", "&lt;script&gt;alert(1)&lt;/script&gt;"):
            assert value in page.text
        assert "<script>" not in page.text
        assert found(desk, Site, name="") == []

    def test_a_new_site_has_a_draft_board_and_its_number_stays(self, desk: Desk) -> None:
        typed = {"site_no": "a-9", "kind": "project", "name": "甲路", "contractor": "甲公司", "team_id": "team3"}
        answer = desk.post("/admin/sites/new", **typed)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/sites?done=row_added")
        (site,) = found(desk, Site, site_no="A-9")
        (board,) = found(desk, Board, site_id=site.id)
        (made,) = found(desk, BoardEvent, board_code=board.code)
        assert (board.state, made.kind, made.actor) == ("draft", "made", "office1")
        again = desk.post("/admin/sites/new", **typed)
        assert again.status_code == 422
        assert "“A-9”已经有了" in again.text
        answer = desk.post("/admin/sites/A-9", **typed, phone="0990-2")
        assert answer.status_code == 303
        (site,) = found(desk, Site, site_no="A-9")
        assert (site.phone, site.contractor_id) == ("0990-2", "o" * 26)
        assert desk.post("/admin/sites/A-9", **{**typed, "site_no": "Z-1"}).status_code == 303
        assert len(found(desk, Site, site_no="A-9")) == 1
        assert not seal_is_broken(desk.world)

    def test_an_organisation_is_renamed_and_keeps_what_refers_to_it(self, desk: Desk) -> None:
        path = f"/admin/organisations/{'o' * 26}"
        assert desk.post(path, name="甲集团", kind="contractor", aliases="老甲；甲建").status_code == 303
        (row,) = found(desk, Organisation, name="甲集团")
        assert row.id == "o" * 26
        assert {alias.text for alias in found(desk, OrganisationAlias, organisation_id=row.id)} == {"老甲", "甲建"}
        desk.post("/admin/organisations/new", name="乙公司", kind="owner")
        refused = desk.post("/admin/organisations/new", name="丙公司", kind="owner", aliases="老甲")
        assert (refused.status_code, "也是甲集团的叫法" in refused.text) == (422, True)
        assert desk.post(path, name="乙公司", kind="contractor").status_code == 422
        assert not seal_is_broken(desk.world)

    def test_a_team_and_a_region_are_added_and_an_address_that_is_a_page_is_no_number(self, desk: Desk) -> None:
        team = {"name": "岚溪县委第五巡察组", "kind": "inspection_team"}
        assert desk.post("/admin/teams/new", team_id="team5", region_code="岚溪县", **team).status_code == 303
        assert desk.post("/admin/teams/new", team_id="new", **{**team, "name": "另一组"}).status_code == 422
        region = {"name": "新村", "level": "village", "parent_code": "石桥镇"}
        assert desk.post("/admin/regions/new", code="990121100299", **region).status_code == 303
        assert desk.post("/admin/regions/new", code="import", **region).status_code == 422
        assert desk.get("/admin/teams/team5").status_code == desk.get("/admin/regions/990121100299").status_code == 200


class TestSheets:
    def test_shown_first_then_exactly_that(self, desk: Desk) -> None:
        page = upload(desk, SHEET.encode("gb18030"))
        assert page.status_code == 200
        assert marked(page, "sums")[0].endswith('data-new="2" data-changed="0" data-same="0">')
        assert len(marked(page, "change")) == 2
        assert found(desk, Site, site_no="A-1") == []
        assert agree(desk, page).headers["Location"] == "/admin/sites?done=sheet_in"
        assert len(found(desk, Site, site_no="A-1")) == 1
        again = upload(desk, SHEET)
        assert "没有要改的" in again.text
        assert marked(again, "change") == []

    def test_what_somebody_changed_meanwhile_is_shown_again(self, desk: Desk) -> None:
        page = upload(desk, SHEET)
        desk.post("/admin/sites/new", site_no="A-2", kind="village", name="乙村旧公告栏")
        stale = agree(desk, page)
        assert stale.status_code == 409
        assert "有人改过这里的数据" in stale.text
        assert marked(stale, "sums")[0].endswith('data-new="1" data-changed="1" data-same="0">')
        assert found(desk, Site, site_no="A-1") == []
        assert agree(desk, stale).status_code == 303
        assert found(desk, Site, site_no="A-2")[0].name == "乙村公告栏"

    def test_every_bad_row_is_named_and_nothing_is_written(self, desk: Desk) -> None:
        page = upload(desk, SHEET.replace("甲公司", "甲公司厂") + "A-2,村居,丙,,,\n<b>,村居,丁,,,\n")
        assert page.status_code == 422
        assert [re.findall(r'data-line="(\d+)"', tag) for tag in marked(page, "bad-row")] == [["2"], ["4"], ["5"]]
        assert "是不是：甲公司？" in page.text
        assert "<b>，" not in page.text
        assert found(desk, Site, site_no="A-2") == []

    @pytest.mark.parametrize(
        ("data", "name", "says"),
        [
            (b"", "x.csv", "是空的"), (b"name\n1", "x.csv", "缺少这几列"), (b"\xd0\xcf\x11\xe0", "x.xls", "旧的 .xls"),
            (b"PK\x03\x04", "x.xlsx", "不是能读的"), (b"x" * (4_500_000), "x.csv", "超过 4 MB"),
            (b"x" * (11 << 20), "x.csv", "超过 4 MB"), (b"site_no\n", "x.csv", "只有列名"), (b"1", "", "请选一个"),
        ],
        ids=range(8),
    )  # fmt: skip
    def test_a_file_that_is_none_is_refused_in_words(self, desk: Desk, data: bytes, name: str, says: str) -> None:
        page = upload(desk, data, name=name)
        assert page.status_code == 422
        assert says in page.text

    def test_a_sheet_that_is_not_ours_counts_for_nothing(self, desk: Desk) -> None:
        page = upload(desk, SHEET)
        sheet, seen = hidden(page, "sheet"), hidden(page, "seen")
        for forged in ("", "x", "x.y", sheet[:-4] + "AAAA", f"{'0' * 64}.{sheet.partition('.')[2]}", "é.é"):
            answer = desk.post("/admin/sites/import", confirmed="y", sheet=forged, seen=seen)
            assert answer.status_code == 400
        desk.enter(desk.cast.office)  # another session of the same person
        assert desk.post("/admin/sites/import", confirmed="y", sheet=sheet, seen=seen).status_code == 400
        assert found(desk, Site, site_no="A-1") == []

    @pytest.mark.parametrize("noun", NOUNS)
    def test_a_template_can_be_brought_in_and_its_example_is_nobodys_row(self, desk: Desk, noun: str) -> None:
        for kind in ("xlsx", "csv"):
            answer = desk.get(f"/admin/{noun}/template.{kind}")
            assert answer.headers["Content-Disposition"] == f'attachment; filename="{noun}-template.{kind}"'
            page = upload(desk, answer.get_data(), noun=noun, name=f"t.{kind}")
            assert page.status_code == 200
            assert marked(page, "sums")[0].endswith('data-new="0" data-changed="0" data-same="0">')

    def test_the_register_goes_out_inert_and_comes_in_unchanged(self, desk: Desk) -> None:
        hostile = SHEET + '=cmd()|A1,工程,"=1+1","","",\n'
        assert upload(desk, hostile).status_code == 422  # no number
        agree(desk, upload(desk, SHEET.replace("甲路", "=HYPERLINK(1)")))
        data = desk.get("/admin/sites/export.xlsx").get_data()
        table = read_table(data, "x.xlsx", required=["site_no"], headings=SITES.headings)
        (row,) = [line.values for line in table.lines if line.values["site_no"] == "A-1"]
        assert (row["name"], row["牌子的状态"], row["组名"]) == ("=HYPERLINK(1)", "待挂牌", "岚溪县委第三巡察组")
        for noun in NOUNS:
            data = desk.get(f"/admin/{noun}/export.xlsx").get_data()
            page = upload(desk, data, noun=noun, name="x.xlsx")
            assert "没有用到的列" not in page.text
            if noun != "rounds":  # there is none yet
                assert "没有要改的" in page.text


class TestTakingOut:
    def test_what_something_refers_to_stays_and_the_page_says_what(self, desk: Desk) -> None:
        agree(desk, upload(desk, SHEET + "A-3,村居,石桥村公告栏,石桥村,,\n"))
        for path, said in (
            ("/admin/regions/990121100201", ["1 个点位在这里"]),
            ("/admin/regions/990121", ["下面还有 1 个地方", "2 个点位在这里"]),
            (f"/admin/organisations/{'o' * 26}", ["1 个点位写着它"]),
            ("/admin/teams/team3", ["2 个点位归它", "有过 1 位组员"]),
            ("/admin/sites/GC-2026-001", ["它的 1 块牌子挂出去过（不再用的，请到牌子那里关闭或停用）"]),
        ):  # fmt: skip
            for confirmed in ("", "y"):
                page = desk.post(f"{path}/delete", confirmed=confirmed)
                assert page.status_code == (422 if confirmed else 200)
                (refers,) = words(page, "refers")
                for phrase in said:
                    assert phrase in refers
            assert desk.get(path).status_code == 200

    def test_what_nothing_refers_to_goes_after_a_question(self, desk: Desk) -> None:
        agree(desk, upload(desk, SHEET))
        asked = desk.post("/admin/sites/A-1/delete")
        assert (asked.status_code, "不能撤回" in asked.text) == (200, True)
        assert len(found(desk, Site, site_no="A-1")) == 1
        for path in ("/admin/sites/A-1", f"/admin/organisations/{'o' * 26}", "/admin/regions/990121100201"):
            assert desk.post(f"{path}/delete", confirmed="y").status_code == 303
            assert desk.get(path).status_code == 404
        assert found(desk, Organisation) == []
        assert not seal_is_broken(desk.world)

    def test_a_rule_and_a_report_are_told_in_the_same_words(self, desk: Desk) -> None:
        """Whoever may not see reports must not learn by trying that one was corrected to a village."""
        case = desk.file()
        key = desk.world.secrets.routing_key

        def write(session: Session) -> None:
            placement = session.get_one(Placement, case.report_id)
            placement.place_code = "990121100201"
            session.add(Rule(position=1, team_id="team3", region_code="990121100", why="x", made_by="x",
                             made_at=desk.world.clock.now()))  # fmt: skip
            reseal(session, key)

        desk.world.db.write(write)
        desk.enter(desk.cast.administrator)
        by_report = words(desk.post("/admin/regions/990121100201/delete"), "refers")
        by_rule = words(desk.post("/admin/regions/990121100/delete"), "refers")
        assert by_report == ["分件规则、回避、称呼或别的记录里用到它"]
        assert by_report[0] in by_rule[0]


class TestRounds:
    def test_a_board_takes_reports_from_the_first_hour_to_the_last(self, desk: Desk, clock: FixedClock) -> None:
        """Nothing runs at either of them: it is 10:30 on the 23rd, and the clock is moved on."""
        code = desk.codes["team3"]
        assert desk.post("/admin/rounds/new", **ROUND).status_code == 303
        agree(desk, upload(desk, "点位编号,轮次\nGC-2026-001,第六轮\n"))
        desk.leave()
        page = desk.get(f"/b/{code}")
        assert "从 2026-11-24 08:00 开始收" in page.text
        assert 'data-testid="board-number"' in page.text
        assert "report-form" not in desk.get(f"/b/{code}/report").text
        assert "2026-11-24 08:00" in desk.get(f"/b/{code}/report?lang=en").text
        clock.advance(timedelta(days=1))
        assert 'data-testid="report-form"' in desk.get(f"/b/{code}/report").text
        clock.advance(timedelta(days=7, hours=7))  # 17:30 of the last day
        form = desk.get(f"/b/{code}/report")
        body = "路面没有按图纸铺，厚度差了一半，村里人都看见了。"
        fields = {"token": hidden(form, "token"), "body": body, "identity": "anonymous"}
        clock.advance(timedelta(hours=1))
        for path in (f"/b/{code}", f"/b/{code}/report"):
            closed = desk.get(path)
            assert (closed.status_code, "收到 2026-12-01 18:00 为止" in closed.text) == (200, True)
        answer = desk.client.post(f"/b/{code}/report", data=fields)
        assert 'data-testid="receipt"' in answer.text
        with desk.world.db.read() as session:
            assert "两小时内照收" in session.scalars(select(Placement)).one().reasons[-1]
        clock.advance(timedelta(hours=3))
        late = desk.client.post(f"/b/{code}/report", data={**fields, "body": body + "又及。"})
        assert (late.status_code, body in late.text) == (422, True)
        desk.enter(desk.cast.office)
        assert "已经截止" in desk.get("/admin/rounds").text

    def test_its_hours_are_moved_and_it_is_renamed(self, desk: Desk) -> None:
        desk.post("/admin/rounds/new", **ROUND)
        (row,) = found(desk, Round)
        assert desk.post(f"/admin/rounds/{row.id}", **{**ROUND, "closes_at": "2026-11-24 08:00"}).status_code == 422
        moved = {**ROUND, "name": "第六轮巡察", "closes_at": "2027年1月5日 17:30"}
        assert desk.post(f"/admin/rounds/{row.id}", **moved).status_code == 303
        (row,) = found(desk, Round)
        assert (row.name, row.closes_at.isoformat()) == ("第六轮巡察", "2027-01-05T09:30:00+00:00")


class TestPeople:
    SHEET = "登录名,姓名,职务,组\nliaison9,示例未,联络员,team4\nliaison4,示例戊,联络员,team4\n"

    def test_only_the_administrator_brings_them_in(self, desk: Desk) -> None:
        for path in ("/admin/people/import", "/admin/people/template.xlsx"):
            assert desk.get(path).status_code == 403
        assert desk.post("/admin/people/import", confirmed="y").status_code == 403

    def test_new_people_have_a_link_each_shown_once(self, desk: Desk) -> None:
        desk.enter(desk.cast.administrator)
        page = upload(desk, self.SHEET, noun="people")
        assert marked(page, "sums")[0].endswith('data-new="1" data-changed="0" data-same="1">')
        assert found(desk, Person, login="liaison9") == []
        done = agree(desk, page, noun="people")
        (link,) = words(done, "activation-link")
        assert link.startswith("http://localhost/staff/activate/")
        assert "示例未" in desk.get(link.removeprefix("http://localhost")).text
        assert marked(desk.get("/admin/people"), "activation-link") == []

    def test_bad_rows_and_somebody_with_a_key(self, desk: Desk) -> None:
        desk.enter(desk.cast.administrator)
        page = upload(desk, self.SHEET.replace("示例戊,联络员", "示例戊,组长"), noun="people")
        assert (page.status_code, "已经有钥匙" in page.text) == (422, True)
        template = desk.get("/admin/people/template.csv").get_data()
        assert "没有要改的" in upload(desk, template, noun="people").text

    def test_the_list_is_searched(self, desk: Desk) -> None:
        desk.enter(desk.cast.administrator)
        (shown,) = marked(desk.get("/admin/people?q=示例戊"), "person")
        assert 'data-login="liaison4"' in shown
        assert len(marked(desk.get("/admin/people?team=team4&state=ready"), "person")) == 3
        assert "没有这样的人" in desk.get("/admin/people?q=没有").text
