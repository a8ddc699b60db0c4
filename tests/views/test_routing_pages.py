"""The office's pages of routing: aliases, rules, the dry run, reading old reports again."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from intake.boards.models import Organisation, Region, Site
from intake.core.access import Role
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.reports.models import Report, StaffEvent
from intake.reports.services import auditing
from intake.routing.models import Alarm, Alias, Grant, Mention, Placement, Rule, Sketch
from intake.routing.services import reseal
from intake.routing.services.declaring import Typed, declare
from intake.routing.services.marks import stamp
from intake.routing.services.naming import add_alias
from intake.triage.models import Pending
from intake.triage.services import move, rereading
from tests.cast import add_member, build_cast, enter
from tests.client import PageClient
from tests.views.desk import BODY, Case, Desk, marked, words

PAGE = "/admin/routing"
RULES, DRY, REREAD = f"{PAGE}/rules", f"{PAGE}/dry-run", f"{PAGE}/reread"
ALL = (PAGE, RULES, DRY, REREAD)


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    key = world.secrets.routing_key

    def county(session: Session) -> None:
        session.add(Region(code="990121101", parent_code=None, level="town", name="柳湾镇"))
        session.flush()
        for site in session.scalars(select(Site).where(Site.kind == "village")):
            site.region_code = "990121101"
        session.add(Organisation(id="org-h", name="岚溪鸿基建设有限公司", kind="contractor"))
        reseal(session, key)

    world.db.write(county)
    desk.enter(desk.cast.office)
    return desk


def named(desk: Desk, case: Case) -> set[tuple[str, str]]:
    with desk.world.db.read() as session:
        rows = session.scalars(select(Mention).where(Mention.report_id == case.report_id))
        return {(row.kind, row.target) for row in rows}


def lies(desk: Desk, case: Case) -> Placement:
    with desk.world.db.read() as session:
        return session.get_one(Placement, case.report_id)


def holders(desk: Desk, case: Case) -> set[str]:
    with desk.world.db.read() as session:
        return set(session.scalars(select(Grant.holder).where(Grant.report_id == case.report_id)))


class TestWhoMay:
    @pytest.mark.parametrize("who", ["liaison", "leader", "superior", "auditor", "administrator"])
    def test_the_office_alone(self, desk: Desk, who: str) -> None:
        add_alias(desk.world, desk.cast.office.actor, text="乡里那个组", kind="team", target="team3")
        desk.enter(getattr(desk.cast, who))
        for path in ALL:
            assert desk.get(path).status_code == 403
            assert desk.post(path).status_code == 403
        assert desk.post(f"{PAGE}/stop-alias", folded="乡里那个组", confirmed="y").status_code == 403
        assert desk.post(f"{RULES}/x/up").status_code == 403

    def test_each_page_leads_to_the_others(self, desk: Desk) -> None:
        for path in ALL:
            page = desk.get(path).text
            assert all(f'href="{other}"' in page for other in ALL)

    def test_nothing_without_its_token(self, desk: Desk) -> None:
        add_alias(desk.world, desk.cast.office.actor, text="乡里那个组", kind="team", target="team3")
        fields = {"text": "县里", "kind": "level", "folded": "乡里那个组", "confirmed": "y", "why": "为什么",
                  "team_id": "team3", "site_kind": "village", "board": "GC-2026-001"}  # fmt: skip
        for path in (*ALL, f"{PAGE}/stop-alias"):
            assert desk.client.post(path, data=fields).status_code == 400, path
        with desk.world.db.read() as session:
            assert len(session.scalars(select(Alias)).all()) == 1
            assert session.scalars(select(Rule)).all() == []


class TestAliases:
    def test_adding_finding_and_stopping_one(self, desk: Desk) -> None:
        assert "还没有称呼" in desk.get(PAGE).text
        added = desk.post(PAGE, text="三组联络员", kind="person", target="示例丙")
        assert added.headers["Location"] == f"{PAGE}?done=alias_added"
        desk.post(PAGE, text="县领导", kind="level", target="")
        desk.post(PAGE, text="新鸿基", kind="ignore", target="")
        page = desk.get(PAGE)
        assert len(marked(page, "alias")) == 3
        assert "示例丙（liaison3）" in page.text
        assert len(marked(desk.get(f"{PAGE}?q=示例丙"), "alias")) == 1
        assert "没有这样的称呼" in desk.get(f"{PAGE}?q=没有").text
        asked = desk.post(f"{PAGE}/stop-alias", folded="三组联络员")
        assert "停用“三组联络员”？" in asked.text
        assert desk.post(f"{PAGE}/stop-alias", folded="三组联络员", confirmed="y").status_code == 303
        assert desk.post(f"{PAGE}/stop-alias", folded="三组联络员", confirmed="y").status_code == 404
        assert desk.post(f"{PAGE}/stop-alias", folded="没有").status_code == 404

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"text": "王"}, "只有一个字"),
            ({"text": ""}, "空的"),
            ({"kind": ""}, "请选"),
            ({"target": "liaison33"}, "示例丙（liaison3）"),
            ({"kind": "organisation", "target": "鸿基"}, "岚溪鸿基建设有限公司"),
        ],
    )
    def test_what_cannot_be_taken_comes_back(self, desk: Desk, change: dict[str, str], says: str) -> None:
        page = desk.post(PAGE, **{"text": "那个人", "kind": "person", "target": "示例丙", **change})
        assert page.status_code == 422
        assert says in page.text


class TestRules:
    def path(self, desk: Desk, why: str, act: str) -> str:
        row = next(row for row in desk.get(RULES).text.split("<tr")[1:] if why in row)
        found = re.search(rf'action="({RULES}/[a-z0-9]+/{act})"', row)
        assert found is not None
        return found.group(1)

    def test_adding_moving_and_stopping(self, desk: Desk) -> None:
        assert "还没有规则" in desk.get(RULES).text
        for why, category in (("甲", "bidding"), ("乙", "wage_arrears")):
            added = desk.post(RULES, why=why, team_id="team3", region="柳湾镇", category=category)
            assert added.headers["Location"] == f"{RULES}?done=rule_added"
        assert desk.post(self.path(desk, "乙", "up")).status_code == 303
        page = desk.get(RULES)
        assert page.text.index("乙<br>") < page.text.index("甲<br>")
        assert "柳湾镇及以下" in page.text
        assert "拖欠工钱" in page.text
        desk.post(self.path(desk, "甲", "stop"))
        assert len(marked(desk.get(RULES), "rule")) == 1
        assert len(marked(desk.get(RULES), "rule-stopped")) == 1
        desk.post(self.path(desk, "甲", "start"))
        desk.post(self.path(desk, "乙", "down"))
        page = desk.get(RULES)
        assert page.text.index("甲<br>") < page.text.index("乙<br>")

    def test_what_is_not_there(self, desk: Desk) -> None:
        desk.post(RULES, why="甲", team_id="team3", site_kind="village")
        path = self.path(desk, "甲", "stop")
        assert desk.post(path.replace("/stop", "/burn")).status_code == 404
        assert desk.post(f"{RULES}/nothing/stop").status_code == 404

    def test_what_cannot_be_taken_comes_back(self, desk: Desk) -> None:
        page = desk.post(RULES, why="", team_id="", region="柳弯")
        assert page.status_code == 422
        for said in ("请选交给哪个组", "请写为什么", "柳湾镇（990121101）"):
            assert said in page.text


class TestDryRun:
    def test_it_says_where_why_and_who_is_kept_out(self, desk: Desk) -> None:
        add_alias(desk.world, desk.cast.office.actor, text="第四巡察组", kind="team", target="team4")
        page = desk.post(DRY, board="CJ-990121101202", text="第 4 巡察組的人收了钱。", category="three_assets")
        assert page.status_code == 200
        (lane,) = marked(page, "dry-lane")
        assert 'data-lane="ordinary"' in lane
        assert 'data-team="office"' in lane
        assert words(page, "routing-reason")[0].endswith("正文提到“第四巡察组”：该组回避，转巡察办。")
        shut = words(page, "shut")
        assert {text.split()[0] for text in shut} == {"示例戊", "示例庚", "示例己"}
        assert "示例辛" in page.text

    @pytest.mark.parametrize(
        ("fields", "team", "lane"),
        [
            ({}, "team4", "ordinary"),
            ({"about_handler": "y"}, "office", "ordinary"),
            ({"about_superior": "y"}, "superior", "sealed"),
            ({"urgent": "y"}, "team4", "urgent"),
            ({"category": "safety_hazard"}, "team4", "urgent"),
            ({"text": "小学生天天被后爸打，身上都是伤"}, "team4", "urgent"),
            ({"board": "上庄村道路硬化"}, "team3", "ordinary"),
            ({"board": "gc-2026-001"}, "team3", "ordinary"),
        ],
    )
    def test_it_decides_as_a_filing_would(self, desk: Desk, fields: dict[str, str], team: str, lane: str) -> None:
        sent = {"board": desk.codes["team4"], "text": BODY, **fields}
        (tag,) = marked(desk.post(DRY, **sent), "dry-lane")
        assert f'data-team="{team}"' in tag
        assert f'data-lane="{lane}"' in tag

    def test_a_conflict_shows_with_its_ground(self, desk: Desk) -> None:
        declare(desk.world, desk.cast.office.actor, Typed(
            "member4", "place", "柳湾镇", "三年内任职", desk.world.today(), None, "office1"))  # fmt: skip
        page = desk.post(DRY, board="CJ-990121101202", text=BODY)
        assert words(page, "shut") == ["示例己 岚溪县委第四巡察组，三年内任职"]

    def test_nothing_is_filed(self, desk: Desk) -> None:
        desk.post(DRY, board="CJ-990121101202", text=BODY)
        with desk.world.db.read() as session:
            assert session.scalars(select(Placement)).all() == []
            assert session.scalars(select(Report)).all() == []

    @pytest.mark.parametrize(
        ("fields", "says"),
        [
            ({"board": "没有的牌子"}, "没有叫"),
            ({"board": "GC-2026-01"}, "上庄村道路硬化（GC-2026-001）"),
            ({"board": ""}, "请写是哪个点位"),
            ({"text": ""}, "请写几句内容"),
            ({"text": "长" * 5001}, "最多 5000"),
        ],
    )
    def test_what_cannot_be_tried(self, desk: Desk, fields: dict[str, str], says: str) -> None:
        page = desk.post(DRY, **{"board": "GC-2026-001", "text": BODY, **fields})
        assert page.status_code == 422
        assert says in page.text


def press(desk: Desk) -> tuple[int, int, int]:
    """One batch by the button: (read, of them naming somebody, left)."""
    page = desk.post(REREAD)
    assert page.status_code == 200
    (done,) = re.findall(r'data-testid="reread" data-done="(\d+)" data-named="(\d+)"', page.text)
    (left,) = re.findall(r'data-testid="standing" data-done="\d+" data-left="(\d+)"', page.text)
    return int(done[0]), int(done[1]), int(left)


def numbered(desk: Desk, count: int) -> Iterator[Case]:
    for number in range(count):
        yield desk.file(f"{'甲乙丙丁戊己庚'[number] * 12}：村里第{number}笔账没有公开，钱去了哪里没有人说。")


class TestRereading:
    def test_an_old_report_is_read_under_the_new_name(self, desk: Desk) -> None:
        plain, about = desk.file(), desk.file("管村里的 那个組收了承包人的烟酒，鱼塘的事压了两个月，一直没有下文。")
        assert lies(desk, about).team_id == "team4"
        version = add_alias(desk.world, desk.cast.office.actor, text="管村里的那个组", kind="team", target="team4")
        assert 'data-left="2"' in desk.get(REREAD).text
        assert lies(desk, about).team_id == "team4"  # nobody has read it yet
        assert press(desk) == (2, 1, 0)
        assert named(desk, about) == {("team", "team4")}
        assert lies(desk, about).team_id == "office"
        assert desk.cast.liaison.person_id not in holders(desk, about)
        assert {lies(desk, case).alias_version for case in (plain, about)} == {version}
        assert lies(desk, plain).team_id == "team4"
        desk.enter(desk.cast.liaison)
        assert desk.get(about.path).status_code == 404
        assert desk.get(plain.path).status_code == 200
        desk.enter(desk.cast.office)
        assert press(desk) == (0, 0, 0)
        assert auditing.verify(desk.world, None).broken is None

    def test_batches_show_their_progress(self, desk: Desk) -> None:
        cases = list(numbered(desk, 5))
        add_alias(desk.world, desk.cast.office.actor, text="不相干的人", kind="team", target="team3")
        who = enter(desk.world, desk.cast.office).signed_in
        assert rereading.reread(desk.world, who, limit=2) == rereading.Reread(2, 3, 0)
        assert rereading.standing(desk.world, who) == rereading.Standing(2, 3)
        assert "读这 3 件" in desk.get(REREAD).text
        assert rereading.reread(desk.world, who, limit=2).left == 1
        assert rereading.reread(desk.world, who, limit=2) == rereading.Reread(1, 0, 0)
        assert {lies(desk, case).alias_version for case in cases} == {1}

    def test_what_came_later_is_read_too(self, desk: Desk) -> None:
        case = desk.file()
        desk.write_again(case, "补充一句，管村里的组那个人姓什么我不知道，开白车。")
        add_alias(desk.world, desk.cast.office.actor, text="管村里的组", kind="team", target="team4")
        assert press(desk) == (1, 1, 0)
        assert lies(desk, case).team_id == "office"

    @pytest.mark.parametrize(("kind", "target"), [("level", "above"), ("team", "office")])
    def test_what_is_about_the_level_above_goes_up_sealed(self, desk: Desk, kind: str, target: str) -> None:
        add_member(desk.world, "superior2", "示例辰", Role.superior, "superior", signer=desk.cast.superior)
        case = desk.file("分管的那位打了招呼，这个标才定下来的，三家公司报名电话是同一个号，开标那天我在场。")
        add_alias(desk.world, desk.cast.office.actor, text="分管的那位", kind=kind, target=target)
        leader = enter(desk.world, desk.cast.leader).signed_in
        assert not move(desk.world, leader, case.report_id, to="closed", result="not_verified", version=1)
        assert press(desk) == (1, 1, 0)
        with desk.world.db.read() as session:  # it is compared with nothing any more, and nothing waits where it was
            assert session.get(Sketch, case.report_id) is None
            assert session.get(Pending, case.report_id) is None
        assert (lies(desk, case).team_id, lies(desk, case).lane) == ("superior", "sealed")
        assert "重读旧件时发现正文提到“分管的那位”" in lies(desk, case).reasons[-1]
        assert desk.row(case).state == "sealed_up"
        assert not {m.person_id for m in (desk.cast.office, desk.cast.liaison)} & holders(desk, case)
        assert desk.cast.superior.person_id in holders(desk, case)
        assert desk.get(case.path).status_code == 404
        with desk.world.db.read() as session:
            up = session.scalars(select(Alarm).where(Alarm.kind == "went_up")).one()
            assert up.report_id is None
            assert "move" in set(session.scalars(select(StaffEvent.kind)))
        assert auditing.verify(desk.world, None).broken is None

    def test_a_firm_recuses_people_and_moves_nothing(self, desk: Desk) -> None:
        firm = Typed("member4", "organisation", "岚溪鸿基建设有限公司", "配偶任职", desk.world.today(), None, "office1")
        declare(desk.world, desk.cast.office.actor, firm)
        case = desk.file("老鸿那家公司拿了村里三个工程，哪一个都没有招标，账也没有公开过。")
        assert desk.cast.recused.person_id in holders(desk, case)
        add_alias(desk.world, desk.cast.office.actor, text="老鸿那家公司", kind="organisation",
                  target="岚溪鸿基建设有限公司")  # fmt: skip
        assert press(desk) == (1, 1, 0)
        assert lies(desk, case).team_id == "team4"
        assert desk.cast.recused.person_id not in holders(desk, case)
        assert desk.cast.liaison.person_id in holders(desk, case)

    def test_what_was_sent_back_stays_sent_back(self, desk: Desk) -> None:
        case = desk.file("分管的那位来视察，路面刚好坏了一大块，没有人管，请修一修。")
        key = desk.world.secrets.routing_key

        def dismissed(session: Session) -> None:
            session.add(Mention(report_id=case.report_id, kind="level", target="above", source="text", dismissed=True))
            stamp(session, key, [case.report_id])

        desk.world.db.write(dismissed)
        add_alias(desk.world, desk.cast.office.actor, text="分管的那位", kind="level", target="above")
        assert press(desk) == (1, 0, 0)
        assert lies(desk, case).team_id == "team4"

    def test_only_what_one_can_open_is_counted_and_read(self, desk: Desk) -> None:
        sealed, own = desk.file(about_superior=True), desk.file()
        add_alias(desk.world, desk.cast.office.actor, text="不相干的人", kind="team", target="team3")
        assert press(desk) == (1, 0, 0)
        assert lies(desk, own).alias_version == 1
        assert lies(desk, sealed).alias_version == 0

    def test_forged_rows_are_left_as_they_are(self, desk: Desk) -> None:
        case = desk.file()

        def forge(session: Session) -> None:
            session.get_one(Placement, case.report_id).team_id = "team3"

        desk.world.db.write(forge)
        add_alias(desk.world, desk.cast.office.actor, text="不相干的人", kind="team", target="team3")
        assert press(desk) == (0, 0, 1)
        assert lies(desk, case).alias_version == 0


class TestFromTheCasePage:
    def add(self, desk: Desk, case: Case, **change: str) -> TestResponse:
        fields = {"text": "管村里的那个组", "kind": "team", "target": "岚溪县委第四巡察组", **change}
        return desk.post(f"{case.path}/alias", **fields)

    def test_it_counts_for_this_report_at_once(self, desk: Desk) -> None:
        case = desk.file("管村里的那个組收了承包人的烟酒，鱼塘的事压了两个月，一直没有下文。")
        desk.enter(desk.cast.liaison)
        assert "有没认出来的" in desk.get(case.path).text
        added = self.add(desk, case)
        assert added.headers["Location"] == "/staff/queue?done=alias_counts"  # it is about her own team: it is gone
        assert desk.get(case.path).status_code == 404
        assert lies(desk, case).team_id == "office"
        with desk.world.db.read() as session:
            assert session.scalars(select(Alias.made_by)).one() == desk.cast.liaison.person_id

    def test_one_that_names_nobody_here_is_kept(self, desk: Desk) -> None:
        case = desk.file()
        desk.enter(desk.cast.liaison)
        assert self.add(desk, case).headers["Location"] == f"{case.path}?done=alias_added"
        assert lies(desk, case).team_id == "team4"

    @pytest.mark.parametrize(
        ("change", "says"),
        [({"text": "王"}, "只有一个字"), ({"kind": ""}, "请选指的是什么"), ({"target": "第四组"}, "是不是")],
    )
    def test_what_cannot_be_taken_comes_back(self, desk: Desk, change: dict[str, str], says: str) -> None:
        case = desk.file()
        desk.enter(desk.cast.liaison)
        page = self.add(desk, case, **change)
        assert page.status_code == 422
        assert says in page.text

    def test_shielding_a_word_is_the_offices(self, desk: Desk) -> None:
        case = desk.file()
        desk.enter(desk.cast.liaison)
        assert self.add(desk, case, kind="ignore", target="").status_code == 403

    def test_who_does_not_have_the_report_adds_nothing(self, desk: Desk) -> None:
        case = desk.file()
        for member, status in ((desk.cast.stranger, 404), (desk.cast.office, 403), (desk.cast.auditor, 403)):
            desk.enter(member)
            assert self.add(desk, case).status_code == status
        desk.enter(desk.cast.liaison)
        assert desk.client.post(f"{case.path}/alias", data={"text": "那个组"}).status_code == 400
        with desk.world.db.read() as session:
            assert session.scalars(select(Alias)).all() == []
