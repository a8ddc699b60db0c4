"""The sealed lane on pages: releasing, opening, sending back, and what the office is told."""

import re
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from intake.core.access import Role
from intake.core.clock import FixedClock
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.people import services as people
from intake.routing.services.naming import add_alias
from tests.cast import Member, add_member, build_cast
from tests.client import PageClient
from tests.views.desk import Case, Desk, hidden, marked, words

BODY = "今天有副县长来我们村视察，路面刚好坏了一大块，坑里积水，没人管，请来修一修。"
PLAIN = "村集体林场2024年卖树的钱11万没有进账，会计一个人管账，问了也不说。"
ACTS = ("release", "unseal", "take-back", "share-anew")


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    add_alias(world, desk.cast.office.actor, text="副县长", kind="level", target="above")
    return desk


@pytest.fixture
def two(desk: Desk) -> Member:
    """The second person of the superior."""
    return add_member(desk.world, "superior2", "示例辰", Role.superior, "superior", signer=desk.cast.superior)


@pytest.fixture
def case(desk: Desk, two: Member) -> Case:
    return desk.file(BODY)


def press(desk: Desk, member: Member, case: Case, act: str, **data: object) -> TestResponse:
    desk.enter(member, confirmed=True)
    return desk.post(f"{case.path}/{act}", **data)


def open_it(desk: Desk, case: Case, two: Member) -> None:
    assert press(desk, desk.cast.superior, case, "release", receiver=two.person_id).status_code == 303
    assert press(desk, two, case, "unseal").status_code == 303


class TestReleasing:
    def test_the_page_says_what_one_person_can_do(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.superior)
        page = desk.get(case.path)
        assert page.status_code == 200
        assert BODY[:8] not in page.text
        assert "一个人打不开" in page.text
        assert "示例辰" in page.text
        assert len(marked(page, "release")) == 1
        for testid in ("unseal", "share-anew", "case-body", "move-returned"):
            assert marked(page, testid) == []

    def test_releasing_and_opening_ask_for_the_password_again(self, desk: Desk, case: Case, two: Member) -> None:
        desk.enter(desk.cast.superior)
        for act in ACTS:
            answer = desk.post(f"{case.path}/{act}", receiver=two.person_id)
            assert answer.status_code == 303
            assert answer.headers["Location"].startswith("/staff/confirm-password?next=")
        assert desk.events(case) == []

    def test_released_then_opened_by_the_second(self, desk: Desk, case: Case, two: Member) -> None:
        answer = press(desk, desk.cast.superior, case, "release", receiver=two.person_id)
        assert answer.headers["Location"] == f"{case.path}?done=released"
        page = desk.get(answer.headers["Location"])
        assert words(page, "released-by-you") == ["您已放行给 示例辰，24 小时内有效（到 11月24日 10:30）。"]
        assert BODY[:8] not in page.text
        desk.enter(two, confirmed=True)
        page = desk.get(case.path)
        assert words(page, "released-to-you") == ["示例子 已放行给您，24 小时内有效（到 11月24日 10:30）。"]
        assert BODY[:8] not in page.text
        answer = desk.post(f"{case.path}/unseal")
        assert answer.headers["Location"] == f"{case.path}?done=unsealed"
        page = desk.get(answer.headers["Location"])
        assert words(page, "case-body") == [BODY]
        assert words(page, "unsealed") == ["您凭示例子的放行打开，11月24日 10:30 前有效。"]
        assert "示例辰凭示例子的放行打开。" in page.text
        assert len(marked(page, "move-returned")) == 1
        (tag,) = marked(page, "deadline")
        assert 'data-due="2026-11-30"' in tag

    def test_after_a_day_the_page_is_shut(self, desk: Desk, case: Case, two: Member, clock: FixedClock) -> None:
        open_it(desk, case, two)
        clock.advance(timedelta(days=1))
        desk.enter(two, confirmed=True)
        page = desk.get(case.path)
        assert BODY[:8] not in page.text
        assert marked(page, "unseal") == []
        answer = desk.post(f"{case.path}/unseal")
        assert answer.status_code == 403
        assert "还没有同事放行给您" in answer.text
        assert desk.post(f"{case.path}/move", to="accepted", version=desk.version(case)).status_code == 403

    def test_taken_back(self, desk: Desk, case: Case, two: Member) -> None:
        open_it(desk, case, two)
        assert press(desk, desk.cast.superior, case, "take-back").status_code == 303
        desk.enter(two)
        assert BODY[:8] not in desk.get(case.path).text

    def test_to_somebody_who_cannot_open_it_is_said_beside_the_field(self, desk: Desk, case: Case) -> None:
        answer = press(desk, desk.cast.superior, case, "release", receiver=desk.cast.office.person_id)
        assert answer.status_code == 422
        assert 'href="#release-receiver"' in answer.text

    def test_alone_in_the_house_the_way_out_is_named(self, desk: Desk) -> None:
        case = desk.file(BODY)
        desk.enter(desk.cast.superior, confirmed=True)
        page = desk.get(case.path)
        assert "现在没有第二个能打开的人" in page.text
        assert marked(page, "release") == []
        assert desk.post(f"{case.path}/release").status_code == 422

    def test_a_newcomer_is_named_and_the_report_shared_anew(self, desk: Desk, case: Case, two: Member) -> None:
        three = add_member(desk.world, "superior3", "示例申", Role.superior, "superior", signer=two)
        desk.enter(three)
        assert "您还没有这一件的一份钥匙" in desk.get(case.path).text
        assert press(desk, three, case, "release").status_code == 403
        open_it(desk, case, two)
        page = desk.get(case.path)
        assert "示例申 还没有这一件的一份钥匙" in page.text
        assert len(marked(page, "share-anew")) == 1
        assert press(desk, two, case, "share-anew").headers["Location"].endswith("done=shared_anew")
        desk.enter(three)
        assert len(marked(desk.get(case.path), "release")) == 1


class TestBelow:
    @pytest.mark.parametrize("name", ["liaison", "leader", "office", "stranger"])
    def test_it_is_nothing_to_others(self, desk: Desk, case: Case, name: str) -> None:
        member: Member = getattr(desk.cast, name)
        desk.enter(member, confirmed=True)
        nothing = desk.get("/staff/nothing")
        assert desk.get(case.path).data == nothing.data
        may_not = [desk.post(f"{case.path}/{act}", receiver="").status_code for act in ACTS]
        assert may_not == [403] * len(ACTS), "the acts are not of their role, whichever report"
        for lane in ("", "?lane=sealed", "?lane=held", "?team=superior"):
            page = desk.get(f"/staff/queue{lane}")
            assert marked(page, "queue-row") == []
            assert case.report_id not in page.text
        assert desk.events(case) == []

    def test_the_superiors_acts_on_what_is_not_theirs_answer_like_nothing(self, desk: Desk, two: Member) -> None:
        below = desk.file(PLAIN)
        for act in ACTS:
            answer = press(desk, two, below, act)
            assert answer.status_code == 404
            assert answer.data == desk.get("/staff/nothing").data

    def test_the_office_reads_a_day_and_a_number_without_a_link(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.office)
        page = desk.get("/staff/queue")
        (tag,) = marked(page, "went-up")
        assert 'data-day="2026-11-23"' in tag
        assert 'data-count="1"' in tag
        assert words(page, "went-up") == ["11月23日有 1 件径送上级"]
        assert case.report_id not in page.text
        assert desk.row(case).register_no not in page.text
        for member in (desk.cast.leader, desk.cast.superior):
            desk.enter(member)
            assert marked(desk.get("/staff/queue"), "attention") == []

    def test_with_nothing_to_look_after_the_office_is_told_so(self, desk: Desk) -> None:
        desk.enter(desk.cast.office)
        assert "现在没有。没有人可以经手的件" in desk.get("/staff/queue").text

    def test_what_the_office_guards_is_a_link(self, desk: Desk) -> None:
        case = desk.file(PLAIN)
        for member in (desk.cast.liaison, desk.cast.leader, desk.cast.recused):
            people.leave(desk.world, people.operator("test"), person_id=member.person_id)
        desk.enter(desk.cast.office)
        page = desk.get("/staff/queue")
        (alert,) = marked(page, "alert")
        assert 'data-kind="climbed"' in alert
        assert f'href="{case.path}"' in page.text


class TestTheLane:
    def test_the_superior_finds_it_under_its_own_lane_with_facts_alone(
        self, desk: Desk, case: Case, two: Member
    ) -> None:
        open_it(desk, case, two)
        plain = desk.get("/staff/queue")
        assert marked(plain, "queue-row") == []
        assert "径送 1 件" in plain.text
        page = desk.get("/staff/queue?lane=sealed")
        (row,) = marked(page, "queue-row")
        assert 'data-lane="sealed"' in row
        assert 'data-state="sealed_up"' in row
        assert "径送件，列表里不显示内容" in page.text
        assert BODY[:8] not in page.text
        (tag,) = marked(page, "deadline")
        assert 'data-due="2026-11-30"' in tag

    def test_an_empty_lane_says_what_comes_here(self, desk: Desk, two: Member) -> None:
        desk.enter(two)
        assert "没有径送件" in desk.get("/staff/queue?lane=sealed").text
        desk.enter(desk.cast.leader)
        assert "没有径送件" not in desk.get("/staff/queue?lane=sealed").text


class TestSendingBack:
    def test_from_the_page_with_the_boxes_as_they_stand(self, desk: Desk, case: Case, two: Member) -> None:
        open_it(desk, case, two)
        page = desk.get(case.path)
        assert "“副县长”：上一级管的人" in page.text
        boxes = re.findall(r'<input type="checkbox"[^>]*name="dismissed" value="([^"]*)"( checked)?', page.text)
        assert boxes == [("level:above", " checked")]
        answer = desk.post(
            f"{case.path}/move", to="returned", reason="alias_wrong", dismissed=["", "level:above"],
            version=hidden(page, "version"),
        )  # fmt: skip
        assert answer.headers["Location"] == "/staff/queue?done=returned"
        assert desk.get(case.path).status_code == 404
        desk.enter(desk.cast.liaison)
        page = desk.get(case.path)
        assert words(page, "case-body") == [BODY]
        reasons = words(page, "routing-reason")
        assert any("上级退回：称呼识别有误" in reason for reason in reasons)

    def test_with_nothing_ticked_it_stays_and_says_why(self, desk: Desk, case: Case, two: Member) -> None:
        open_it(desk, case, two)
        answer = desk.post(
            f"{case.path}/move", to="returned", reason="alias_wrong", dismissed="", version=desk.version(case)
        )
        assert answer.status_code == 422
        assert "退不下去" in answer.text
        assert 'value="level:above" checked' not in answer.text

    def test_a_script_without_boxes_takes_out_what_sent_it_up(self, desk: Desk, case: Case, two: Member) -> None:
        open_it(desk, case, two)
        version = desk.version(case)
        assert desk.post(f"{case.path}/move", to="returned", reason="alias_wrong", version=version).status_code == 303
        desk.enter(desk.cast.leader)
        assert desk.get(case.path).status_code == 200


class TestSealingUp:
    def test_a_leader_sends_it_up_and_it_is_nothing_to_the_county(self, desk: Desk, two: Member) -> None:
        case = desk.file(PLAIN)
        desk.enter(desk.cast.leader)
        page = desk.get(case.path)
        assert len(marked(page, "move-sealed_up")) == 1
        answer = desk.post(f"{case.path}/move", to="sealed_up", reason="above_level", version=hidden(page, "version"))
        assert answer.headers["Location"] == "/staff/queue?done=sealed_up"
        for member in (desk.cast.leader, desk.cast.liaison, desk.cast.office):
            desk.enter(member)
            assert desk.get(case.path).data == desk.get("/staff/nothing").data
        open_it(desk, case, two)
        assert words(desk.get(case.path), "case-body") == [PLAIN]

    def test_without_anybody_above_it_stays(self, desk: Desk) -> None:
        people.leave(desk.world, people.operator("test"), person_id=desk.cast.superior.person_id)
        case = desk.file(PLAIN)
        desk.enter(desk.cast.leader)
        answer = desk.post(f"{case.path}/move", to="sealed_up", reason="above_level", version=desk.version(case))
        assert answer.status_code == 422
        assert "上级现在没有可以打开它的人" in answer.text
        assert desk.get(case.path).status_code == 200
