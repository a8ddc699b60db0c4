"""Pages of what belongs together: linking, the corrected place, splitting, stepping back, a round's hand-over."""

import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards.models import Region
from intake.core.access import Role
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.reports.models import Report
from intake.routing.models import Mention, Placement
from intake.routing.services import reseal
from intake.triage.services import transferring
from tests.cast import Member, add_member, build_cast
from tests.client import PageClient
from tests.services.test_recusal import conflict
from tests.views.desk import BODY, Case, Desk, marked, words

OTHER = "水渠修到一半就停了，剩下的管子堆在路边被人拉走，村里问起来都说不知道，已经半年没有人来管过这件事。"


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    return desk


@pytest.fixture
def case(desk: Desk) -> Case:
    return desk.file()


@pytest.fixture
def leader3(desk: Desk) -> Member:
    return add_member(desk.world, "leader3", "示例丁", Role.team_leader, "team3", signer=desk.cast.stranger)


def regions(desk: Desk, *, against: Member | None = None) -> None:
    """A town; `against`: who must not handle what lies there."""
    key, today = desk.world.secrets.routing_key, desk.world.today()

    def write(session: Session) -> None:
        session.add(Region(code="990121101", level="town", name="柳湾镇", parent_code=None))
        if against is not None:
            session.add(conflict(against, "region", "990121101", today))
        reseal(session, key)

    desk.world.db.write(write)


def placement(desk: Desk, case: Case) -> Placement:
    with desk.world.db.read() as session:
        return session.get_one(Placement, case.report_id)


def listed(desk: Desk, case: Case) -> list[tuple[str, str]]:
    tags = marked(desk.get(case.path), "linked-report")
    return [(re.findall(r'data-report-id="(\w+)"', t)[0], re.findall(r'data-how="(\w+)"', t)[0]) for t in tags]


class TestLinking:
    def test_both_pages_name_each_other_and_a_leader_takes_them_apart(self, desk: Desk, case: Case) -> None:
        other = desk.file(OTHER)
        desk.enter(desk.cast.liaison)
        answer = desk.post(f"{case.path}/links", report=desk.row(other).register_no.lower(), version=desk.version(case))
        assert (answer.status_code, answer.location) == (303, f"{case.path}?done=linked")
        assert listed(desk, case) == [(other.report_id, "repeat")]
        assert listed(desk, other) == [(case.report_id, "repeat")]
        page = desk.get(case.path)
        assert f"{desk.cast.liaison.name}<time" in page.text
        assert "拆开这两件" not in page.text
        desk.enter(desk.cast.leader)
        assert "拆开这两件" in desk.get(case.path).text
        address = f"{case.path}/links/{other.report_id}/remove"
        refused = desk.post(address, reason="", version=desk.version(case))
        assert (refused.status_code, "请选一个理由" in refused.text) == (422, True)
        done = desk.post(address, reason="other_matter", version=desk.version(case))
        assert (done.status_code, done.location) == (303, f"{case.path}?done=unlinked")
        assert listed(desk, case) == []

    def test_a_repeat_by_its_register_number(self, desk: Desk, case: Case) -> None:
        other = desk.file(OTHER)
        desk.enter(desk.cast.liaison)
        send = {"to": "duplicate_linked", "version": desk.version(other), "text": "同一件事"}
        missing = desk.post(f"{other.path}/move", **send)
        assert missing.status_code == 422
        wrong = desk.post(f"{other.path}/move", report="AAA-000", **send)
        assert wrong.status_code == 422
        assert 'href="#duplicate_linked-report"' in wrong.text
        assert "同一件事" in wrong.text
        done = desk.post(f"{other.path}/move", report=desk.row(case).register_no, **send)
        assert done.status_code == 303
        assert desk.row(other).state == "duplicate_linked"
        assert listed(desk, other) == [(case.report_id, "repeat")]

    def test_nobody_links_what_they_may_not_see(self, desk: Desk, case: Case) -> None:
        theirs = desk.file(OTHER, team="team3")
        desk.enter(desk.cast.liaison)
        shut = desk.post(f"{case.path}/links", report=desk.row(theirs).register_no, version=desk.version(case))
        nothing = desk.post(f"{case.path}/links", report="000-000", version=desk.version(case))
        assert shut.status_code == nothing.status_code == 422
        assert words(shut, "error-summary") == words(nothing, "error-summary")
        assert desk.post(f"{case.path}/links/{theirs.report_id}/remove", reason="x").status_code == 404
        desk.enter(desk.cast.stranger)
        assert desk.post(f"{case.path}/links", report="000-000").status_code == 404
        desk.enter(desk.cast.office)
        assert desk.post(f"{case.path}/links", report="000-000").status_code == 403


class TestThePlace:
    def test_it_is_corrected_at_the_one_address_of_moves(self, desk: Desk, case: Case) -> None:
        regions(desk)
        desk.enter(desk.cast.liaison)
        wrong = desk.post(f"{case.path}/move", place="柳弯镇", text="说的是那边", version=desk.version(case))
        assert wrong.status_code == 422
        assert "是不是：柳湾镇（990121101）" in wrong.text
        assert 'href="#place-place"' in wrong.text
        assert 'value="柳弯镇"' in wrong.text
        assert "说的是那边" in wrong.text
        done = desk.post(f"{case.path}/move", place="990121101", text="说的是那边", version=desk.version(case))
        assert (done.status_code, done.location) == (303, f"{case.path}?done=placed")
        assert placement(desk, case).place_code == "990121101"
        page = desk.get(case.path)
        assert words(page, "corrected-place") == ["地点更正为柳湾镇（990121101）"]
        assert "说的是那边" in page.text
        stale = desk.post(f"{case.path}/move", place="990121101", version=1)
        assert stale.status_code == 409

    def test_whoever_corrects_themselves_out_is_sent_to_the_queue(self, desk: Desk, case: Case) -> None:
        regions(desk, against=desk.cast.liaison)
        desk.enter(desk.cast.liaison)
        done = desk.post(f"{case.path}/move", place="柳湾镇", version=desk.version(case))
        assert (done.status_code, done.location) == (303, "/staff/queue?done=placed")
        assert desk.get(case.path).status_code == 404
        desk.enter(desk.cast.leader)
        assert desk.get(case.path).status_code == 200


class TestTransfer:
    def test_the_leader_hands_it_over_and_finds_nothing_afterwards(
        self, desk: Desk, case: Case, leader3: Member
    ) -> None:
        desk.enter(desk.cast.liaison)
        assert "move-assigned" not in desk.get(case.path).text
        desk.enter(desk.cast.leader)
        page = desk.get(case.path)
        assert re.findall(r'<option value="(team\d|office|town\w+)"', page.text)[:2] == ["office", "team3"]
        send = {"to": "assigned", "version": desk.version(case)}
        for missing in ({"text": "归你们"}, {"team_id": "team3"}, {"team_id": "town_lw", "text": "归你们"}):
            assert desk.post(f"{case.path}/move", **send, **missing).status_code == 422
        done = desk.post(f"{case.path}/move", team_id="team3", text="归你们组", **send)
        assert (done.status_code, done.location) == (303, "/staff/queue?done=assigned")
        for member in (desk.cast.leader, desk.cast.liaison, desk.cast.recused):
            desk.enter(member)
            assert desk.get(case.path).data == desk.get("/staff/reports/nothing").data
            assert case.report_id not in desk.get("/staff/queue").text
        desk.enter(leader3)
        page = desk.get(case.path)
        assert words(page, "case-body") == [BODY]
        assert "归你们组" in page.text
        assert words(page, "routing-reason")[-1].endswith("由岚溪县委第四巡察组移交岚溪县委第三巡察组。")


class TestSplitting:
    def items(self, *texts: str) -> dict[str, str]:
        return {f"text{number}": text for number, text in enumerate(texts, 1)}

    def test_items_are_listed_on_both_sides(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.liaison)
        send = self.items("林场卖树的钱没有进账，要查账。", "会计一个人管账，没有人复核。")
        done = desk.post(f"{case.path}/split", version=desk.version(case), category1="three_assets", **send)
        assert (done.status_code, done.location) == (303, f"{case.path}?done=split")
        with desk.world.db.read() as session:
            rows = session.scalars(select(Report).where(Report.parent_id == case.report_id)).all()
        first, second = sorted(rows, key=lambda row: row.category is None)
        assert (first.category, second.category) == ("three_assets", None)
        assert sorted(listed(desk, case)) == sorted([(first.id, "item"), (second.id, "item")])
        page = desk.get(f"/staff/reports/{first.id}")
        assert words(page, "case-body") == ["林场卖树的钱没有进账，要查账。"]
        assert (case.report_id, "origin") in listed(desk, Case(first.id, ""))
        for gone in ("answer-text", "split-report"):
            assert gone not in page.text

    def test_nothing_typed_is_lost(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.liaison)
        seven = {"text7": "第七项写在后面，也要留着。"}
        one = desk.post(f"{case.path}/split", version=desk.version(case), category7="bidding", **seven)
        assert one.status_code == 422
        assert "第七项写在后面" in one.text
        assert '<option value="bidding" selected>' in one.text
        short = desk.post(
            f"{case.path}/split", version=desk.version(case), **self.items("短", "会计一个人管账，没有人复核。")
        )
        assert (short.status_code, 'href="#split-text1"' in short.text) == (422, True)
        stale = desk.post(f"{case.path}/split", version=99, **seven)
        assert (stale.status_code, "第七项写在后面" in stale.text) == (409, True)
        desk.post(f"{case.path}/move", to="closed", result="fixed", version=desk.version(case))
        late = desk.post(
            f"{case.path}/split", version=desk.version(case), **self.items(*["林场卖树的钱没有进账。"] * 2)
        )
        assert (late.status_code, "林场卖树的钱没有进账" in late.text) == (422, True)

    def test_only_those_who_work_on_it(self, desk: Desk, case: Case) -> None:
        for member, status in ((desk.cast.stranger, 404), (desk.cast.office, 403), (desk.cast.superior, 404)):
            desk.enter(member)
            assert desk.post(f"{case.path}/split", version=1).status_code == status


class TestSteppingBack:
    def test_the_page_is_gone_and_the_notice_is_neutral(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.liaison)
        assert "recuse-self" in desk.get(case.path).text
        missing = desk.post(f"{case.path}/recuse", ground="")
        assert (missing.status_code, 'href="#recuse-ground"' in missing.text) == (422, True)
        done = desk.post(f"{case.path}/recuse", ground="kin")
        assert (done.status_code, done.location) == (303, "/staff/queue?done=recused")
        queue = desk.get("/staff/queue?done=recused")
        assert "这一件不再由您经手" in queue.text
        assert case.report_id not in queue.text
        assert desk.get(case.path).data == desk.get("/staff/reports/nothing").data
        assert desk.post(f"{case.path}/recuse", ground="kin").status_code == 404
        desk.enter(desk.cast.leader)
        page = desk.get(case.path)
        assert page.status_code == 200
        assert "亲属" not in page.text.split('id="h-h"')[1]

    def test_the_office_steps_back_from_what_it_sees_of_a_team(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.office)
        assert desk.post(f"{case.path}/recuse", ground="interest").status_code == 303
        assert desk.get(case.path).status_code == 404
        with desk.world.db.read() as session:
            assert session.get(Mention, (case.report_id, "recused", desk.cast.office.person_id)) is not None

    def test_who_may_see_nothing_steps_back_from_nothing(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.stranger)
        assert desk.post(f"{case.path}/recuse", ground="kin").status_code == 404
        desk.enter(desk.cast.auditor)
        assert desk.post(f"{case.path}/recuse", ground="kin").status_code == 403


class TestARound:
    def test_batches_with_progress(
        self, desk: Desk, case: Case, leader3: Member, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        more = [desk.file(OTHER), desk.file(OTHER[::-1])]
        monkeypatch.setattr(transferring, "BATCH", 2)
        desk.enter(desk.cast.leader, confirmed=True)
        assert "<b>3</b> 件没有办完" in desk.get("/staff/handover-round").text
        send = {"team_id": "team3", "text": "本轮结束"}
        first = desk.post("/staff/handover-round", done="0", **send)
        assert first.status_code == 200
        assert words(first, "round-progress") == ["已移交 2 件，还有 1 件"]
        assert "移交下一批" in first.text
        last = desk.post("/staff/handover-round", done="2", **send)
        assert words(last, "round-progress") == ["已移交 3 件，全部交完"]
        desk.enter(leader3)
        assert [desk.get(one.path).status_code for one in (case, *more)] == [200] * 3

    def test_the_office_chooses_whose(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.office, confirmed=True)
        page = desk.get("/staff/handover-round")
        assert "岚溪县委第四巡察组（1 件）" in page.text
        done = desk.post("/staff/handover-round", from_team="team4", team_id="team3", text="组已撤销")
        assert words(done, "round-progress") == ["已移交 1 件，全部交完"]
        assert placement(desk, case).team_id == "team3"

    def test_what_is_missing_and_who_may_not(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.leader)
        elsewhere = desk.post("/staff/handover-round", team_id="team3", text="本轮结束")
        assert elsewhere.status_code == 303
        assert "/staff/confirm-password" in str(elsewhere.location)
        desk.enter(desk.cast.leader, confirmed=True)
        for send in ({"team_id": "team3"}, {"text": "本轮结束"}, {"team_id": "superior", "text": "本轮结束"}):
            answer = desk.post("/staff/handover-round", **send)
            assert (answer.status_code, "error-summary" in answer.text) == (422, True)
        assert desk.post("/staff/handover-round", from_team="team3", team_id="office", text="x").status_code == 403
        for member in (desk.cast.liaison, desk.cast.superior, desk.cast.auditor):
            desk.enter(member, confirmed=True)
            assert desk.get("/staff/handover-round").status_code == 403
        assert placement(desk, case).team_id == "team4"
        desk.enter(desk.cast.leader)
        assert "/staff/handover-round" in desk.get("/staff/keys").text
        desk.enter(desk.cast.liaison)
        assert "/staff/handover-round" not in desk.get("/staff/keys").text
