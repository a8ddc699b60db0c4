"""The second person's part of the case page, deadlines on it and in the queue, and what the citizen then reads."""

from datetime import date, timedelta

import pytest

from intake.core.clock import FixedClock
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.reports import services as reports
from tests.cast import build_cast
from tests.client import PageClient
from tests.views.desk import Case, Desk, hidden, marked, words


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    return desk


@pytest.fixture
def case(desk: Desk) -> Case:
    return desk.file(identity="named", contact="13800138000")


def propose(desk: Desk, case: Case) -> None:
    desk.enter(desk.cast.liaison)
    answer = desk.post(
        f"{case.path}/move", to="closed", result="not_verified", text="问过三户。", version=desk.version(case)
    )
    assert answer.headers["Location"] == f"{case.path}?done=proposed"


class TestSecondPerson:
    def test_the_proposer_reads_that_it_waits_and_has_no_button_to_agree(self, desk: Desk, case: Case) -> None:
        propose(desk, case)
        page = desk.get(f"{case.path}?done=proposed")
        assert "等第二个人同意：办结" in page.text
        assert "问过三户。" in page.text
        assert marked(page, "second-agree") == []
        assert marked(page, "second-withdraw") != []
        assert 'data-testid="move-' not in page.text

    def test_a_colleague_agrees_and_both_names_stand_there(self, desk: Desk, case: Case) -> None:
        propose(desk, case)
        desk.enter(desk.cast.leader)
        page = desk.get(case.path)
        assert "等您作第二个人：办结" in page.text
        assert "示例戊" in page.text
        answer = desk.post(f"{case.path}/second", decision="agree", version=hidden(page, "version"))
        assert answer.headers["Location"] == f"{case.path}?done=agreed"
        page = desk.get(answer.headers["Location"])
        assert "示例庚同意示例戊提出的：办结，不属实。" in page.text
        assert desk.row(case).state == "closed"

    def test_declining_without_a_word_is_named_beside_the_field(self, desk: Desk, case: Case) -> None:
        propose(desk, case)
        desk.enter(desk.cast.leader)
        answer = desk.post(f"{case.path}/second", decision="decline", version=2)
        assert answer.status_code == 422
        assert 'href="#second-text"' in answer.text
        assert "请写明为什么" in answer.text
        answer = desk.post(f"{case.path}/second", decision="decline", text="还有一户没问。", version=2)
        assert answer.headers["Location"] == f"{case.path}?done=declined"
        assert "还有一户没问。" in desk.get(case.path).text

    def test_ones_own_is_403_and_an_older_page_409_with_the_words(self, desk: Desk, case: Case) -> None:
        propose(desk, case)
        assert desk.post(f"{case.path}/second", decision="agree", version=2).status_code == 403
        desk.enter(desk.cast.leader)
        answer = desk.post(f"{case.path}/second", decision="decline", text="还有一户没问。", version=1)
        assert answer.status_code == 409
        assert "还有一户没问。" in answer.text
        assert desk.post(f"{case.path}/second", decision="perhaps", version=2).status_code == 422
        assert desk.row(case).state == "received"

    def test_another_step_meanwhile_is_422_and_the_words_are_kept(self, desk: Desk, case: Case) -> None:
        propose(desk, case)
        desk.enter(desk.cast.leader)
        answer = desk.post(f"{case.path}/move", to="accepted", text="这几句话不能丢", version=2)
        assert answer.status_code == 422
        assert "等第二个人同意" in answer.text
        assert "这几句话不能丢" in answer.text

    @pytest.mark.parametrize("act", ["second", "reveal"])
    def test_to_a_stranger_it_is_nothing_even_without_a_token(self, desk: Desk, case: Case, act: str) -> None:
        propose(desk, case)
        member = desk.cast.stranger if act == "second" else desk.cast.superior
        desk.enter(member)
        answer = desk.client.post(f"{case.path}/{act}", data={"decision": "agree"})
        expected = 404 if act == "second" else 403  # the superior's role opens no contact at all
        assert answer.status_code == expected
        assert desk.row(case).state == "received"

    def test_the_contact_is_asked_for_on_the_page_and_agreed_to_by_a_liaison(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.leader, confirmed=True)
        answer = desk.post(f"{case.path}/reveal", version=1)
        assert answer.status_code == 422
        assert 'href="#reveal-reason"' in answer.text
        answer = desk.post(f"{case.path}/reveal", reason="feedback", version=1)
        assert answer.headers["Location"] == f"{case.path}?done=proposed"
        desk.enter(desk.cast.liaison)
        page = desk.get(case.path)
        assert "等您作第二个人：开启联系方式" in page.text
        assert "向署名的反映人反馈结果" in page.text
        assert marked(page, "move-accepted") != []
        desk.post(f"{case.path}/second", decision="agree", version=hidden(page, "version"))
        desk.enter(desk.cast.leader, confirmed=True)
        assert words(desk.post(f"{case.path}/contact"), "contact") == ["13800138000"]
        assert "示例戊同意示例庚开启联系方式" in desk.get(case.path).text

    def test_a_purged_report_is_in_no_queue_and_its_page_says_so(self, desk: Desk) -> None:
        case = desk.file("低价办贷款，电话见图，秒批秒放。")
        desk.enter(desk.cast.liaison)
        assert desk.post(f"{case.path}/move", to="spam", reason="advertising", version=1).status_code == 303
        desk.enter(desk.cast.leader)
        desk.post(f"{case.path}/move", to="purged", reason="advertising", version=2)
        desk.enter(desk.cast.liaison)
        answer = desk.post(f"{case.path}/second", decision="agree", version=3)
        assert answer.headers["Location"] == f"{case.path}?done=agreed"
        page = desk.get(case.path)
        assert "已清除。原文、照片和信箱都已销毁" in page.text
        assert "低价" not in page.text
        for query in ("", "?state=purged", "?lane=held"):
            assert marked(desk.get(f"/staff/queue{query}"), "queue-row") == []


class TestDeadlines:
    def test_a_deadline_stands_on_page_and_row(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.liaison)
        for path in (case.path, "/staff/queue"):
            (mark,) = marked(desk.get(path), "deadline")
            assert 'data-due="2026-12-14"' in mark
            assert "data-provisional" not in mark
        assert "剩 15 个工作日" in desk.get(case.path).text

    def test_beyond_the_published_year_it_is_provisional(self, desk: Desk, clock: FixedClock, world: World) -> None:
        clock.advance(date(2026, 12, 18) - world.today())
        case = desk.file("年底的一件事，请来看看这里的路。")
        desk.enter(desk.cast.liaison)
        for path in (case.path, "/staff/queue"):
            (mark,) = marked(desk.get(path), "deadline")
            assert 'data-due="2027-01-08"' in mark
            assert 'data-provisional="true"' in mark
        assert "暂定" in desk.get(case.path).text

    def test_late_today_and_paused_are_said_in_words(self, desk: Desk, case: Case, clock: FixedClock) -> None:
        clock.advance(timedelta(days=21))  # 2026-12-14
        desk.enter(desk.cast.liaison)
        assert "今天到期" in desk.get(case.path).text
        assert [len(marked(desk.get(f"/staff/queue?due={due}"), "queue-row")) for due in ("today", "week", "late")] == [
            1, 1, 0,
        ]  # fmt: skip
        clock.advance(timedelta(days=1))
        desk.enter(desk.cast.liaison)
        page = desk.get("/staff/queue?due=late")
        assert "逾期 1 个工作日" in page.text
        desk.post(f"{case.path}/answer", text="请问是哪一年？", ask="y", version=1)
        page = desk.get("/staff/queue")
        (mark,) = marked(page, "deadline")
        assert 'data-due=""' in mark
        assert "暂停，等补充" in page.text
        assert marked(desk.get("/staff/queue?due=late"), "queue-row") == []
        assert len(marked(desk.get("/staff/queue?due=none"), "queue-row")) == 1

    def test_after_the_answer_as_much_time_is_left_as_there_was(
        self, desk: Desk, case: Case, clock: FixedClock
    ) -> None:
        clock.advance(timedelta(days=7))  # 2026-11-30: ten working days left
        desk.enter(desk.cast.liaison)
        desk.post(f"{case.path}/answer", text="请问是哪一年？", ask="y", version=1)
        clock.advance(timedelta(days=1))
        desk.enter(desk.cast.liaison)
        desk.post(f"{case.path}/answer", text="还想问在哪里？", ask="y", version=2)
        clock.advance(timedelta(days=8))  # 2026-12-09
        desk.write_again(case, "是2024年，在村口。")
        desk.enter(desk.cast.liaison)
        page = desk.get(case.path)
        assert "剩 10 个工作日" in page.text
        assert 'data-due="2026-12-23"' in marked(page, "deadline")[0]

    def test_accepting_winds_the_next_clock_and_working_on_does_not(
        self, desk: Desk, case: Case, clock: FixedClock
    ) -> None:
        desk.enter(desk.cast.liaison)
        desk.post(f"{case.path}/move", to="accepted", version=1)
        assert 'data-due="2027-01-22"' in marked(desk.get(case.path), "deadline")[0]
        clock.advance(timedelta(days=3))
        desk.enter(desk.cast.liaison)
        desk.post(f"{case.path}/move", to="in_progress", version=2)
        assert 'data-due="2027-01-22"' in marked(desk.get(case.path), "deadline")[0]

    def test_a_day_without_work_rolls_forward_and_both_days_are_shown(
        self, desk: Desk, clock: FixedClock, world: World
    ) -> None:
        clock.advance(date(2026, 12, 4) - world.today())  # sixty days on is a Tuesday; one day later, rolled below
        case = desk.file("一件要办两个月的事，请来看看。")
        clock.advance(timedelta(days=1))
        desk.enter(desk.cast.liaison)
        clock.advance(timedelta(days=3))
        desk.enter(desk.cast.liaison)
        desk.post(f"{case.path}/move", to="accepted", version=1)  # on 2026-12-08: ends on Saturday 2027-02-06
        page = desk.get(case.path)
        assert 'data-due="2027-02-08"' in marked(page, "deadline")[0]
        assert "顺延" in page.text

    def test_a_held_report_starts_no_clock(self, desk: Desk) -> None:
        desk.file(held=("rate_board",))
        desk.enter(desk.cast.liaison)
        page = desk.get("/staff/queue?lane=held")
        assert len(marked(page, "queue-row")) == 1
        assert marked(page, "deadline") == []


class TestWhatTheCitizenReads:
    @pytest.mark.parametrize(
        ("moves", "state", "track"),
        [
            ([("registered", {})], "in_review", ["received", "in_review", "in_progress", "closed"]),
            ([("spam", {"reason": "flooding"})], "received", ["received", "in_progress", "closed"]),
            (
                [("no_substance", {"text": "请写明是哪个村。"})],
                "needs_info",
                ["received", "needs_info", "in_progress", "closed"],
            ),
            ([("accepted", {}), ("in_progress", {})], "in_progress", ["received", "in_progress", "closed"]),
            (
                [("accepted", {}), ("closed", {"result": "fixed"}), ("in_progress", {"reason": "new_facts"})],
                "in_progress",
                ["received", "in_progress", "closed"],
            ),
            ([("closed", {"result": "fixed"}), ("archived", {})], "closed", ["received", "closed"]),
        ],
    )
    def test_every_path_has_a_track(
        self,
        desk: Desk,
        case: Case,
        moves: list[tuple[str, dict[str, str]]],
        state: str,
        track: list[str],
    ) -> None:
        desk.enter(desk.cast.leader)
        for to, fields in moves:
            answer = desk.post(f"{case.path}/move", to=to, version=desk.version(case), **fields)
            assert answer.headers["Location"] == f"{case.path}?done={to}"
        box = reports.open_box(desk.world, digits=case.digits)
        assert box.state == state
        assert [step.state for step in box.steps] == track
        assert [step.state for step in box.steps if step.status == "now"] == [state]

    def test_what_is_for_colleagues_never_reaches_the_box(self, desk: Desk, case: Case) -> None:
        desk.enter(desk.cast.leader)
        desk.post(f"{case.path}/move", to="spam", reason="flooding", text="同一个人发了十次。", version=1)
        desk.post(f"{case.path}/move", to="screening", reason="other", text="看错了。", version=2)
        assert reports.open_box(desk.world, digits=case.digits).messages == ()
        page = desk.get(case.path)
        assert "同一个人发了十次。" in page.text
        assert "看错了。" in page.text
