"""Pages of handing on: the look before it leaves, the sheet, and what the receiving unit sees."""

import re
from datetime import timedelta

import pytest

from intake.core.clock import FixedClock
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from qr import pdf
from tests.cast import Member, build_cast
from tests.client import PageClient
from tests.services.test_handing_on import ITEM, TEXT, add_conflict, add_town, hand_on
from tests.views.desk import BODY, CONTACT, RESTRICTION, Case, Desk, marked, words

FORM = {"to": "delegated", "receiver": "team:town_fl", "title": ITEM.title, "text": TEXT}


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    return desk


@pytest.fixture
def case(desk: Desk, clock: FixedClock) -> Case:
    """Filed three days before it is handed on."""
    filed = desk.file(
        category="three_assets", place="河口村林场", subject="会计", contact=CONTACT, contact_restriction=RESTRICTION,
        identity="named",
    )  # fmt: skip
    clock.advance(timedelta(days=3))
    return filed


@pytest.fixture
def town(desk: Desk) -> Member:
    return add_town(desk, "town_fl2", "示例卯")


def traces(desk: Desk, case: Case) -> tuple[str, ...]:
    """Everything that would lead from an item back to the report and to whoever wrote it."""
    row = desk.row(case)
    day = row.day
    return (
        BODY, BODY[:12], CONTACT, "13800138000", RESTRICTION, "河口村林场", "河口村公告栏", "CJ-990121101202",
        desk.codes["team4"], case.report_id, case.digits, row.register_no, day.isoformat(),
        f"{day.month}月{day.day}日", "署名", "会计",
    )  # fmt: skip


class TestSending:
    def test_the_look_shows_the_original_what_leaves_and_who_gets_it(
        self, desk: Desk, case: Case, town: Member
    ) -> None:
        desk.enter(desk.cast.leader)
        assert marked(desk.get(case.path), "move-delegated")
        page = desk.post(f"{case.path}/handovers", version=desk.version(case), **FORM)
        assert page.status_code == 200
        assert BODY in page.text
        assert words(page, "restatement") == [TEXT]
        assert "示例卯" in page.text
        assert marked(page, "restatement-clean")
        assert desk.row(case).state == "received"

    def test_copied_words_are_marked_and_the_button_says_so(self, desk: Desk, case: Case, town: Member) -> None:
        desk.enter(desk.cast.leader)
        page = desk.post(f"{case.path}/handovers", version=desk.version(case), **{**FORM, "text": BODY})
        assert marked(page, "restatement-warnings")
        assert "<mark>" in page.text
        assert "还是这样发出" in page.text

    def test_back_to_the_form_with_what_was_typed(self, desk: Desk, case: Case, town: Member) -> None:
        desk.enter(desk.cast.leader)
        page = desk.post(f"{case.path}/handovers", version=desk.version(case), edit="y", **FORM)
        assert TEXT in page.text
        assert desk.row(case).state == "received"

    def test_confirmed_it_leaves(self, desk: Desk, case: Case, town: Member) -> None:
        desk.enter(desk.cast.leader)
        done = desk.post(f"{case.path}/handovers", version=desk.version(case), confirmed="y", **FORM)
        assert (done.status_code, desk.row(case).state) == (303, "delegated")
        page = desk.get(done.location)
        assert "转述已经发出" in page.text
        assert marked(page, "handed-on") == ['<div class="msg memo" data-testid="handed-on" data-state="sent">']
        assert "能打开：示例卯" in page.text

    def test_a_mistake_comes_back_beside_its_field(self, desk: Desk, case: Case, town: Member) -> None:
        desk.enter(desk.cast.leader)
        page = desk.post(f"{case.path}/handovers", version=desk.version(case), **{**FORM, "receiver": "out:12345"})
        assert page.status_code == 422
        assert 'href="#handover-receiver"' in page.text
        assert TEXT in page.text

    def test_an_old_page_gives_the_words_back(self, desk: Desk, case: Case, town: Member) -> None:
        desk.enter(desk.cast.leader)
        version = desk.version(case)
        desk.post(f"{case.path}/handovers", version=version, confirmed="y", **FORM)
        page = desk.post(f"{case.path}/handovers", version=version, **FORM)
        assert page.status_code == 409
        assert TEXT in page.text

    @pytest.mark.parametrize(("name", "status"), [("liaison", 403), ("office", 403), ("stranger", 403)])
    def test_who_may_not(self, desk: Desk, case: Case, town: Member, name: str, status: int) -> None:
        desk.enter(getattr(desk.cast, name))
        answer = desk.post(f"{case.path}/handovers", version=desk.version(case), confirmed="y", **FORM)
        assert (answer.status_code, desk.row(case).state) == (status, "received")

    def test_a_leader_of_another_team_finds_nothing(self, desk: Desk, case: Case, town: Member) -> None:
        elsewhere = desk.file(BODY + "别处", team="team3")
        desk.enter(desk.cast.leader)
        answer = desk.post(f"{elsewhere.path}/handovers", version=1, confirmed="y", **FORM)
        assert answer.status_code == 404
        assert answer.data == desk.get("/staff/nothing").data

    def test_without_the_token_nothing_leaves(self, desk: Desk, case: Case, town: Member) -> None:
        desk.enter(desk.cast.leader)
        data = {**FORM, "confirmed": "y", "version": str(desk.version(case))}
        assert desk.client.post(f"{case.path}/handovers", data=data).status_code == 400
        assert desk.row(case).state == "received"

    def test_keys_for_newcomers(self, desk: Desk, case: Case, town: Member) -> None:
        item_id = hand_on(desk, case)
        newcomer = add_town(desk, "town_fl3", "示例辰")
        desk.enter(newcomer)
        assert "还没有这一件的钥匙" in desk.get(f"/staff/items/{item_id}").text
        desk.enter(desk.cast.leader)
        assert desk.post(f"{case.path}/handovers/{item_id}/keys").status_code == 303
        assert "示例卯、示例辰" in desk.get(case.path).text or "示例辰、示例卯" in desk.get(case.path).text
        desk.enter(newcomer)
        assert TEXT in desk.get(f"/staff/items/{item_id}").text


class TestReceiving:
    def test_the_list_and_the_item_hold_no_trace_of_the_report(self, desk: Desk, case: Case, town: Member) -> None:
        item_id = hand_on(desk, case)
        desk.enter(town)
        listed, page = desk.get("/staff/items"), desk.get(f"/staff/items/{item_id}")
        assert len(marked(listed, "item-row")) == 1
        assert words(page, "item-text") == [TEXT]
        for trace in traces(desk, case):
            assert trace not in listed.text
            assert trace not in page.text

    def test_their_queue_holds_no_original(self, desk: Desk, case: Case, town: Member) -> None:
        hand_on(desk, case)
        desk.enter(town)
        page = desk.get("/staff/queue")
        assert marked(page, "queue-row") == []
        assert 'data-reports="0"' in page.text
        assert desk.get(case.path).status_code == 404

    def test_accepted_reported_and_read_by_the_sender(self, desk: Desk, case: Case, town: Member) -> None:
        item_id = hand_on(desk, case)
        desk.enter(town)
        assert desk.post(f"/staff/items/{item_id}/accept").status_code == 303
        assert desk.post(f"/staff/items/{item_id}/report", text=" ").status_code == 422
        done = desk.post(f"/staff/items/{item_id}/report", text="已查清，钱已入账。")
        assert "结果已经报回" in desk.get(done.location).text
        again = desk.post(f"/staff/items/{item_id}/report", text="再报一次的话。")
        assert again.status_code == 422
        assert "再报一次的话。" in again.text
        desk.enter(desk.cast.leader)
        assert words(desk.get(case.path), "item-reply") == ["已查清，钱已入账。"]
        assert "示例卯报来办理结果" in desk.get(case.path).text

    def test_returned_with_a_reason(self, desk: Desk, case: Case, town: Member) -> None:
        item_id = hand_on(desk, case)
        desk.enter(town)
        assert desk.post(f"/staff/items/{item_id}/return", text="").status_code == 422
        assert desk.post(f"/staff/items/{item_id}/return", text="不归本乡管。").status_code == 303
        desk.enter(desk.cast.leader)
        assert words(desk.get(case.path), "item-reply") == ["不归本乡管。"]

    def test_the_recused_find_nothing_at_every_address(self, desk: Desk, case: Case, town: Member) -> None:
        kin = add_town(desk, "town_fl1", "示例癸")
        add_conflict(desk, kin, case)
        item_id = hand_on(desk, case)
        desk.enter(kin)
        assert marked(desk.get("/staff/items"), "item-row") == []
        nothing = desk.get("/staff/items/" + "a" * 26)
        for path in (f"/staff/items/{item_id}", f"/staff/items/{item_id}.pdf"):
            answer = desk.get(path)
            assert (answer.status_code, answer.data) == (404, nothing.data)
        for act in ("accept", "return", "report"):
            answer = desk.post(f"/staff/items/{item_id}/{act}", text="想办法看看。")
            assert (answer.status_code, answer.data) == (404, nothing.data)

    @pytest.mark.parametrize("name", ["liaison", "leader", "office", "superior", "auditor", "administrator"])
    def test_the_pages_belong_to_receiving_roles(self, desk: Desk, name: str) -> None:
        desk.enter(getattr(desk.cast, name))
        assert desk.get("/staff/items").status_code == 403

    def test_a_receiver_begins_at_the_items(self, desk: Desk, town: Member) -> None:
        desk.enter(town)
        page = desk.get("/staff/items")
        assert "现在没有件" in page.text
        assert 'href="/staff/items" aria-current="page"' in page.text

    def test_a_token_is_needed(self, desk: Desk, case: Case, town: Member) -> None:
        item_id = hand_on(desk, case)
        desk.enter(town)
        assert desk.client.post(f"/staff/items/{item_id}/accept").status_code == 400
        assert desk.client.post(f"/staff/items/{item_id}/report", data={"text": "已查清。"}).status_code == 400
        assert desk.events(case)[-1] == "item_opened"  # the page that came back


class TestSheets:
    @pytest.mark.parametrize("side", ["sender", "receiver"])
    def test_no_field_of_a_sheet_leads_back(self, desk: Desk, case: Case, town: Member, side: str) -> None:
        item_id = hand_on(desk, case)
        desk.enter(desk.cast.leader if side == "sender" else town)
        path = f"{case.path}/handovers/{item_id}.pdf" if side == "sender" else f"/staff/items/{item_id}.pdf"
        answer = desk.get(path)
        assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
        text = re.sub(r"\s", "", pdf.words(answer.data))
        for trace in traces(desk, case):
            assert re.sub(r"\s", "", trace) not in text
            assert trace.encode() not in answer.data
        for wanted in ("交办单", "凤岭乡纪委", "岚溪县委第四巡察组", re.sub(r"\s", "", TEXT), "2027年1月25日"):
            assert wanted in text
        assert desk.events(case)[-1] == "item_printed"

    def test_each_copy_says_whose_it_is(self, desk: Desk, case: Case, town: Member) -> None:
        item_id = hand_on(desk, case)
        desk.enter(town)
        printed = pdf.words(desk.get(f"/staff/items/{item_id}.pdf").data)
        assert printed.count("凤岭乡纪委 示例卯") > 4

    def test_a_sheet_of_an_item_that_one_may_not_see_is_nothing(self, desk: Desk, case: Case, town: Member) -> None:
        item_id, other = hand_on(desk, case), desk.file(BODY + "另一件")
        desk.enter(desk.cast.leader)
        assert desk.get(f"{other.path}/handovers/{item_id}.pdf").status_code == 404
        desk.enter(desk.cast.office)
        assert desk.get(f"{case.path}/handovers/{item_id}.pdf").status_code == 404
