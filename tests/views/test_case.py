"""The case page and its acts: who reads it, what it keeps, and what a stale or forbidden act answers."""

from io import BytesIO

import pytest
from PIL import Image

from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.reports import services as reports
from intake.reports.services import Upload
from intake.triage import services
from tests.cast import PASSWORD, build_cast, enter
from tests.client import PageClient
from tests.views.desk import BODY, CONTACT, RESTRICTION, Case, Desk, hidden, marked, words

ACTS = ("move", "answer", "note", "contact", "second", "reveal")


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    return desk


@pytest.fixture
def case(desk: Desk) -> Case:
    """A named report with every field, lying with team4."""
    return desk.file(
        category="three_assets",
        place="河口村林场",
        happened_on="2024年3月",
        subject="会计",
        identity="named",
        contact=CONTACT,
        contact_restriction=RESTRICTION,
    )


def photo() -> Upload:
    file = BytesIO()
    Image.new("RGB", (64, 48), (90, 120, 60)).save(file, "JPEG")
    return Upload("账页.jpg", file.getvalue())


class TestReading:
    def test_the_team_reads_all_of_it(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.liaison)
        page = desk.get(case.path)
        assert words(page, "case-body") == [BODY]
        for text in ("河口村林场", "2024年3月", "会计", RESTRICTION, "集体钱物", "CJ-990121101202", "署名"):
            assert text in page.text
        assert words(page, "routing-reason") == ["1河口村公告栏归岚溪县委第四巡察组。"]
        assert CONTACT not in page.text

    def test_every_opening_is_on_record_with_the_name(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.liaison)
        desk.get(case.path)
        desk.get(case.path)
        desk.enter(desk.cast.leader)
        page = desk.get(case.path)
        assert desk.events(case) == ["opened"] * 3
        assert "打开过 2 次" in page.text
        assert "能打开，没有打开过" in page.text

    def test_a_stranger_gets_what_nothing_gets(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.stranger)
        theirs, nothing = desk.get(case.path), desk.get("/staff/reports/" + "a" * 26)
        assert theirs.status_code == nothing.status_code == 404
        assert theirs.data == nothing.data == desk.get("/staff/nothing").data
        assert desk.events(case) == []

    def test_the_office_is_told_that_it_is_sealed(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.office)
        page = desk.get(case.path)
        assert page.status_code == 200
        assert "原文封存，由岚溪县委第四巡察组打开" in page.text
        for text in (BODY[:6], RESTRICTION, "河口村林场", 'data-testid="move-', 'name="text"'):
            assert text not in page.text

    def test_without_a_grant_the_way_to_one_is_named(self, desk: Desk, case: Case) -> None:
        desk.drop_grants(desk.cast.recused)
        desk.enter(desk.cast.recused)
        page = desk.get(case.path)
        assert page.status_code == 200
        assert "您还没有这一件的钥匙" in page.text
        assert BODY[:6] not in page.text

    def test_markup_in_every_field_is_text(self, desk: Desk) -> None:
        evil = '"><script>alert(1)</script>'
        case = desk.file(evil * 2, place=evil, subject=evil, happened_on=evil, contact_restriction=evil)
        desk.enter(desk.cast.liaison)
        desk.post(f"{case.path}/note", text=evil)
        page = desk.get(case.path)
        assert "<script" not in page.text
        assert page.text.count("&lt;script&gt;") >= 6

    def test_lines_a_citizen_wrote_stay_lines(self, desk: Desk) -> None:
        case = desk.file("第一行写了什么事\n\n第三行写了什么时候")
        desk.enter(desk.cast.liaison)
        assert words(desk.get(case.path), "case-body") == ["第一行写了什么事\n\n第三行写了什么时候"]


class TestPhotos:
    @pytest.fixture
    def case(self, desk: Desk) -> Case:
        return desk.file(uploads=(photo(),))

    def test_a_photo_is_shown_and_served_as_an_attachment(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.liaison)
        page = desk.get(case.path)
        (link,) = marked(page, "case-file")
        address = link.split('href="')[1].split('"')[0]
        assert address.startswith(f"{case.path}/files/")
        assert f'<img src="{address}"' in page.text
        answer = desk.get(address)
        assert answer.status_code == 200
        assert answer.mimetype == "image/jpeg"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert Image.open(BytesIO(answer.data)).size == (64, 48)
        assert "账页" not in answer.headers["Content-Disposition"]

    def test_it_is_nothing_to_others_and_under_other_reports(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.liaison)
        address = marked(desk.get(case.path), "case-file")[0].split('href="')[1].split('"')[0]
        elsewhere = desk.file("另一件，也归第四组，没有照片。")
        assert desk.get(f"{elsewhere.path}/files/{address.rsplit('/', 1)[1]}").status_code == 404
        desk.enter(desk.cast.stranger)
        assert desk.get(address).data == desk.get("/staff/nothing").data
        desk.enter(desk.cast.office)
        assert desk.get(address).status_code == 404


class TestMoves:
    def test_accepting_moves_it_and_says_so(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.liaison)
        page = desk.get(case.path)
        for state in ("accepted", "not_accepted", "closed"):
            (button,) = marked(page, f"move-{state}")
            assert 'name="to"' in button
            assert f'value="{state}"' in button
        answer = desk.post(f"{case.path}/move", to="accepted", version=hidden(page, "version"))
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"{case.path}?done=accepted"
        page = desk.get(answer.headers["Location"])
        assert "已受理" in page.text
        assert "示例戊：受理。" in page.text
        assert marked(page, "move-accepted") == []
        assert marked(page, "move-closed") != []

    def test_not_accepting_tells_the_citizen_why(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.liaison)
        data = {"to": "not_accepted", "reason": "litigation", "text": "请看判决书上的上诉期。"}
        assert desk.post(f"{case.path}/move", version=1, **data).status_code == 303
        box = reports.open_box(desk.world, digits=case.digits)
        assert "诉讼" in box.messages[-1].text
        assert "上诉期" in box.messages[-1].text

    def test_a_missing_reason_or_result_is_named_and_nothing_typed_is_lost(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.liaison)
        answer = desk.post(f"{case.path}/move", to="closed", version=1, text="已经和本人说清。")
        assert answer.status_code == 422
        assert 'href="#closed-result"' in answer.text
        assert "请选一个结果" in answer.text
        assert "已经和本人说清。" in answer.text
        assert desk.row(case).state == "received"
        assert '<details name="move" open>' in answer.text

    @pytest.mark.parametrize("to", ["received", "referred", "", "删除"])
    def test_a_move_that_the_table_does_not_know_is_422(self, desk: Desk, case: Case, to: str) -> None:
        desk.enter(desk.cast.liaison)
        answer = desk.post(f"{case.path}/move", to=to, version=1, text="这几句话不能丢")
        assert answer.status_code == 422
        assert marked(answer, "error-summary")
        assert "这几句话不能丢" in answer.text
        assert desk.row(case).state == "received"

    def test_an_older_page_is_409_with_the_text_and_a_way_on(self, desk: Desk, case: Case) -> None:
        signed_in = enter(desk.world, desk.cast.leader).signed_in
        services.move(desk.world, signed_in, case.report_id, to="accepted", version=1)
        desk.enter(desk.cast.liaison)
        data = {"to": "closed", "result": "verified", "text": "查实以后已经退款。"}
        answer = desk.post(f"{case.path}/move", version=1, **data)
        assert answer.status_code == 409
        assert "刚才有人先办了" in answer.text
        assert "查实以后已经退款。" in answer.text
        assert desk.row(case).state == "accepted"
        again = desk.post(f"{case.path}/move", version=hidden(answer, "version"), **data)
        assert again.status_code == 303
        assert desk.row(case).state == "closed"

    def test_text_for_a_move_that_is_gone_is_copied_out(self, desk: Desk, case: Case) -> None:
        signed_in = enter(desk.world, desk.cast.leader).signed_in
        services.move(desk.world, signed_in, case.report_id, to="closed", version=1, result="fixed")
        desk.enter(desk.cast.liaison)
        answer = desk.post(f"{case.path}/move", to="accepted", version=1, text="这几句话不能丢")
        assert answer.status_code == 409
        assert "抄在这里" in answer.text
        assert "这几句话不能丢" in answer.text

    @pytest.mark.parametrize("version", ["", "x", "-1", "1" * 40, "１"])
    def test_a_version_that_is_none_is_an_old_page(self, desk: Desk, case: Case, version: str) -> None:
        desk.enter(desk.cast.liaison)
        assert desk.post(f"{case.path}/move", to="accepted", version=version).status_code == 409
        assert desk.row(case).state == "received"


class TestBox:
    def test_an_answer_reaches_the_citizen_and_theirs_comes_back(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.liaison)
        text = "卖树是哪一个月、经手人是谁？"
        answer = desk.post(f"{case.path}/answer", text=text, ask="y", version=1)
        assert answer.headers["Location"] == f"{case.path}?done=asked"
        box = reports.open_box(desk.world, digits=case.digits)
        assert box.state == "needs_info"
        assert box.messages[-1].text == text
        page = desk.get(case.path)
        assert "等群众补充" in page.text
        desk.write_again(case, "是2024年3月，林场的账一直是会计一个人管。")
        page = desk.get(case.path)
        mine, theirs = words(page, "box-message")
        assert text in mine
        assert "示例戊" in mine
        assert "2024年3月，林场" in theirs
        assert theirs.startswith("群众")
        assert "等群众补充" not in page.text.split("<h1>")[1].split('class="cols"')[0]

    def test_an_empty_answer_is_named_and_the_tick_kept(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.liaison)
        answer = desk.post(f"{case.path}/answer", text="  ", ask="y", version=1)
        assert answer.status_code == 422
        assert 'href="#answer-text"' in answer.text
        assert 'value="y" checked' in answer.text

    def test_a_stale_answer_is_409_and_comes_back_whole(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.liaison)
        desk.post(f"{case.path}/answer", text="第一封", version=1)
        answer = desk.post(f"{case.path}/answer", text="第二封 <b>", version=1)
        assert answer.status_code == 409
        assert "第二封 &lt;b&gt;</textarea>" in answer.text

    def test_too_long_is_named_and_not_cut(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.liaison)
        answer = desk.post(f"{case.path}/answer", text="长" * 5001, version=1)
        assert answer.status_code == 422
        assert "长" * 5001 in answer.text

    def test_a_note_is_for_colleagues_only(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.liaison)
        answer = desk.post(f"{case.path}/note", text="林场账在镇经管站有底。")
        assert answer.headers["Location"] == f"{case.path}?done=noted"
        desk.enter(desk.cast.leader)
        assert "林场账在镇经管站有底。" in desk.get(case.path).text
        box = reports.open_box(desk.world, digits=case.digits)
        assert box.messages == ()

    def test_a_rating_is_shown_to_the_team(self, desk: Desk, case: Case) -> None:
        signed_in = enter(desk.world, desk.cast.leader).signed_in
        services.move(desk.world, signed_in, case.report_id, to="closed", version=1, result="fixed")
        desk.rate(case, 4, "办得快")
        desk.enter(desk.cast.liaison)
        page = desk.get(case.path)
        assert "4 分" in page.text
        assert "办得快" in page.text
        assert "已整改" in page.text


def agreed(desk: Desk, case: Case) -> None:
    """The leader asked to open the contact, and the liaison agreed."""
    leader, liaison = (enter(desk.world, member).signed_in for member in (desk.cast.leader, desk.cast.liaison))
    services.ask_reveal(desk.world, leader, case.report_id, ground="verify", text="", version=desk.version(case))
    services.agree(desk.world, liaison, case.report_id, version=desk.version(case))


class TestContact:
    def test_a_leader_opens_it_after_a_second_person_and_the_password_and_it_is_on_record(
        self, desk: Desk, case: Case
    ) -> None:
        agreed(desk, case)
        desk.enter(desk.cast.leader)
        answer = desk.post(f"{case.path}/contact")
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/staff/confirm-password?next=")
        back = desk.post(answer.headers["Location"], password=PASSWORD).headers["Location"]
        assert back == f"{case.path}?done=confirmed"
        page = desk.post(f"{case.path}/contact")
        assert page.status_code == 200
        assert words(page, "contact") == [CONTACT]
        assert "contact_opened" in desk.events(case)
        assert CONTACT not in desk.get(case.path).text
        assert "示例庚开启了联系方式" in desk.get(case.path).text

    def test_alone_a_leader_cannot_open_it(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.leader, confirmed=True)
        assert "开启</button>" not in desk.get(case.path).text
        answer = desk.post(f"{case.path}/contact")
        assert answer.status_code == 403
        assert CONTACT not in answer.text
        assert "contact_opened" not in desk.events(case)

    def test_a_report_without_a_contact_says_so_to_the_leader_alone(self, desk: Desk) -> None:
        case = desk.file()
        agreed(desk, case)
        desk.enter(desk.cast.leader, confirmed=True)
        assert words(desk.post(f"{case.path}/contact"), "contact") == ["没有留。"]

    def test_a_liaison_has_no_such_act(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.liaison, confirmed=True)
        assert "开启</button>" not in desk.get(case.path).text
        assert desk.post(f"{case.path}/contact").status_code == 403

    def test_the_office_has_none_for_what_lies_elsewhere(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.office, confirmed=True)
        assert "开启</button>" not in desk.get(case.path).text
        assert desk.post(f"{case.path}/contact").status_code == 403


class TestAuthorityAndTokens:
    @pytest.mark.parametrize("act", ["move", "answer", "note"])
    def test_to_a_stranger_every_act_is_nothing_even_without_a_token(self, desk: Desk, case: Case, act: str) -> None:
        desk.enter(desk.cast.stranger)
        answer = desk.client.post(f"{case.path}/{act}", data={"text": "x"})
        assert answer.status_code == 404
        assert answer.data == desk.get("/staff/nothing").data

    @pytest.mark.parametrize("act", ACTS)
    def test_a_wrong_token_changes_nothing_and_keeps_the_text(self, desk: Desk, case: Case, act: str) -> None:
        desk.enter(desk.cast.leader, confirmed=True)
        data = {"csrf_token": "0" * 64, "to": "accepted", "text": "这几句话不能丢", "version": "1"}
        answer = desk.client.post(f"{case.path}/{act}", data=data)
        assert answer.status_code == 400
        assert act == "contact" or "这几句话不能丢" in answer.text
        assert desk.row(case).version == 1
        assert "contact_opened" not in desk.events(case)
        assert "proposed" not in desk.events(case)

    @pytest.mark.parametrize("act", ["move", "answer", "note"])
    def test_the_office_may_not_act_on_what_lies_elsewhere(self, desk: Desk, case: Case, act: str) -> None:
        desk.enter(desk.cast.office)
        answer = desk.post(f"{case.path}/{act}", to="accepted", text="一句", version=1)
        assert answer.status_code == 403
        assert desk.row(case).version == 1

    @pytest.mark.parametrize("act", ACTS)
    def test_a_role_without_reports_is_403_and_nobody_is_sent_to_sign_in(
        self, desk: Desk, case: Case, act: str
    ) -> None:
        desk.enter(desk.cast.administrator)
        assert desk.post(f"{case.path}/{act}", text="x").status_code == 403
        assert desk.get(case.path).status_code == 403
        desk.leave()
        assert desk.client.post(f"{case.path}/{act}", data={"text": "x"}).status_code in (303, 401)

    @pytest.mark.parametrize("field", ["to", "reason", "result", "text", "version"])
    def test_a_nul_is_never_an_error_of_ours(self, desk: Desk, case: Case, field: str) -> None:
        desk.enter(desk.cast.leader)
        data = {"to": "closed", "reason": "", "result": "fixed", "text": "", "version": "1", field: "a\0b"}
        assert desk.post(f"{case.path}/move", **data).status_code in (303, 409, 422)
        assert desk.post(f"{case.path}/answer", **data).status_code in (303, 409, 422)
        assert desk.get(case.path).status_code == 200
