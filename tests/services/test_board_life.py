"""The life of a board in rows: who, when and why; what goes live; one winner of two; T1 at once."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards import services as boards
from intake.boards.models import Board, BoardEvent, BoardRevision, Site
from intake.core.errors import Invalid, NotFound, Refusal
from intake.core.world import World
from intake.people import services as people
from intake.routing.models import Alarm
from qr import code as codes
from tests.cast import Cast
from tests.journeys import live_board, make_site

HERE, THERE = "CJ-990121200203", "CJ-990121200204"


@pytest.fixture
def code(world: World, cast: Cast) -> str:
    return live_board(world)


def board_of(world: World, code: str) -> Board:
    with world.db.read() as session:
        return session.get_one(Board, code)


def events(world: World, code: str) -> list[tuple[str, str, str, str]]:
    """What was done to it: kind, state, by whom, why; in the order of the table's own instants."""
    with world.db.read() as session:
        rows = session.scalars(select(BoardEvent).where(BoardEvent.board_code == code)).all()
    order = ["made", "live", "close", "move", "revoke", "rotate"]
    found = [(row.kind, row.state, row.actor, row.reason) for row in rows]
    return sorted(found, key=lambda row: order.index(row[0]))


def problem(call: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refused:
        call()
    return str(refused.value)


class TestStates:
    def test_every_change_says_who_and_why(self, world: World, code: str) -> None:
        boards.set_state(world, "office1", code=code, state="closed", reason="  本轮 受理结束 ")
        boards.set_state(world, "office1", code=code, state="live", reason="延长一周")
        boards.set_state(world, "office1", code=code, state="revoked", reason="被人贴了别的码")
        assert events(world, code) == [
            ("made", "draft", "test", "新建"),
            ("live", "live", "test", "挂牌"),
            ("live", "live", "office1", "延长一周"),
            ("close", "closed", "office1", "本轮 受理结束"),
            ("revoke", "revoked", "office1", "被人贴了别的码"),
        ]
        assert board_of(world, code).live_until == world.clock.now()

    def test_what_the_table_forbids_says_the_state_it_is_in(self, world: World, code: str) -> None:
        boards.set_state(world, "test", code=code, state="revoked", reason="坏了")
        said = problem(lambda: boards.set_state(world, "test", code=code, state="live", reason="再用"))
        assert "已停用" in said
        assert "上线" in said
        assert [kind for kind, *_ in events(world, code)] == ["made", "live", "revoke"]

    @pytest.mark.parametrize("reason", ["", " \n\t", "长" * 201, "坏\0了", "坏\u202e了"])
    def test_a_reason_is_needed_and_is_one_line(self, world: World, code: str, reason: str) -> None:
        for act in (
            lambda: boards.set_state(world, "t", code=code, state="closed", reason=reason),
            lambda: boards.rotate(world, "t", code=code, reason=reason),
            lambda: boards.move(world, "t", code=code, site_no=HERE, reason=reason),
        ):
            with pytest.raises(Invalid) as refused:
                act()
            assert set(refused.value.fields) == {"reason"}
        assert board_of(world, code).state == "live"

    def test_a_board_that_is_not_there(self, world: World, cast: Cast) -> None:
        make_site(world, site_no=THERE)
        for act in (
            lambda: boards.set_state(world, "t", code=codes.new_code(), state="live", reason="x"),
            lambda: boards.rotate(world, "t", code=codes.new_code(), reason="x"),
            lambda: boards.move(world, "t", code=codes.new_code(), site_no=THERE, reason="x"),
        ):
            with pytest.raises(NotFound):
                act()


class TestTeams:
    def test_without_an_active_member_it_does_not_go_live(self, world: World, cast: Cast) -> None:
        make_site(world, site_no=THERE, team_id="town_fl")
        code = boards.make_board(world, "test", site_no=THERE)
        assert "没有能打开来信的人" in problem(
            lambda: boards.set_state(world, "test", code=code, state="live", reason="挂牌")
        )
        assert board_of(world, code).state == "draft"

    def test_nor_is_a_live_one_moved_to_such_a_team(self, world: World, code: str) -> None:
        make_site(world, site_no=THERE, team_id="town_fl")
        assert "没有能打开来信的人" in problem(
            lambda: boards.move(world, "test", code=code, site_no=THERE, reason="搬了")
        )
        boards.set_state(world, "test", code=code, state="closed", reason="先关")
        boards.move(world, "test", code=code, site_no=THERE, reason="搬了")
        assert "没有能打开来信的人" in problem(
            lambda: boards.set_state(world, "test", code=code, state="live", reason="再开")
        )

    def test_when_the_last_of_its_team_leaves_the_alarm_rises_at_once(self, world: World, cast: Cast) -> None:
        live_board(world, team_id="team3")
        assert alarms(world) == []
        people.leave(world, cast.administrator.actor, person_id=cast.stranger.person_id)
        assert alarms(world) == [("empty", "team3")]

    def test_not_while_a_colleague_is_there(self, world: World, code: str, cast: Cast) -> None:
        for member in (cast.liaison, cast.recused):
            people.leave(world, cast.administrator.actor, person_id=member.person_id)
        assert alarms(world) == []
        people.leave(world, cast.administrator.actor, person_id=cast.leader.person_id)
        assert alarms(world) == [("empty", "team4")]

    def test_not_for_a_team_without_a_live_board(self, world: World, cast: Cast) -> None:
        closed = live_board(world, team_id="team3")
        boards.set_state(world, "test", code=closed, state="closed", reason="收完了")
        people.leave(world, cast.administrator.actor, person_id=cast.stranger.person_id)
        assert alarms(world) == []

    def test_two_who_leave_at_once_leave_an_alarm(self, world: World, code: str, cast: Cast) -> None:
        people.leave(world, cast.administrator.actor, person_id=cast.recused.person_id)
        at_once(
            lambda: people.leave(world, cast.administrator.actor, person_id=cast.leader.person_id),
            lambda: people.leave(world, cast.administrator.actor, person_id=cast.liaison.person_id),
        )
        assert alarms(world) == [("empty", "team4")]


def alarms(world: World) -> list[tuple[str, str | None]]:
    with world.db.read() as session:
        return [(row.kind, row.team_id) for row in session.scalars(select(Alarm)).all()]


class TestRotating:
    def test_a_new_code_revision_and_words_take_its_place(self, world: World, code: str) -> None:
        old_words = board_of(world, code).check_words
        fresh = boards.rotate(world, "office1", code=code, reason="被人换过")
        old, new = board_of(world, code), board_of(world, fresh)
        assert codes.check(fresh) == fresh != code
        assert (old.state, old.successor, old.revision) == ("rotated", fresh, 1)
        assert (new.state, new.revision, new.first_revision, new.site_id) == ("live", 2, 2, old.site_id)
        assert len(set(new.check_words)) == 3
        assert new.check_words != old_words == old.check_words
        assert events(world, code)[-1] == ("rotate", "rotated", "office1", "被人换过")
        assert events(world, fresh) == [("made", "live", "office1", "被人换过")]
        with world.db.read() as session:
            kept = session.get_one(BoardRevision, (fresh, 2))
        assert (kept.check_words, kept.made_by, kept.digest) == (new.check_words, "office1", None)

    def test_what_nobody_could_open_does_not_go_on_live(self, world: World, cast: Cast) -> None:
        code = live_board(world, team_id="team3")
        people.leave(world, cast.administrator.actor, person_id=cast.stranger.person_id)
        assert board_of(world, boards.rotate(world, "t", code=code, reason="坏了")).state == "draft"

    def test_a_rotated_one_names_its_successor(self, world: World, code: str) -> None:
        fresh = boards.rotate(world, "t", code=code, reason="坏了")
        said = problem(lambda: boards.rotate(world, "t", code=code, reason="再换"))
        assert codes.spaced(fresh) in said

    def test_of_two_at_once_one_wins_and_the_other_is_told(self, world: World, code: str) -> None:
        answers = at_once(*[lambda: boards.rotate(world, "t", code=code, reason="坏了")] * 2)
        fresh = [answer for answer in answers if isinstance(answer, str)]
        assert len(fresh) == 1
        [refused] = [answer for answer in answers if isinstance(answer, Exception)]
        assert isinstance(refused, Invalid)
        assert codes.spaced(fresh[0]) in str(refused)
        with world.db.read() as session:
            assert len(session.scalars(select(Board)).all()) == 2


def at_once(*calls: Callable[[], object]) -> list[object]:
    """What each answered or raised."""
    gate, answers = threading.Barrier(len(calls)), list[object]()

    def one(call: Callable[[], object]) -> None:
        gate.wait()
        try:
            answers.append(call())
        except Refusal as refused:
            answers.append(refused)

    threads = [threading.Thread(target=one, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return answers


class TestMoving:
    def test_what_is_wrong_is_said_all_at_once(self, world: World, code: str) -> None:
        with pytest.raises(Invalid) as refused:
            boards.move(world, "t", code=code, site_no="坪\0上", reason=" ")
        assert set(refused.value.fields) == {"site_no", "reason"}

    def test_it_stands_for_the_other_site(self, world: World, code: str) -> None:
        make_site(world, site_no=THERE)
        boards.move(world, "office1", code=code, site_no=THERE, reason="村委会搬了")
        board = board_of(world, code)
        with world.db.read() as session:
            assert session.get_one(Site, board.site_id).site_no == THERE
            event = session.scalars(select(BoardEvent).where(BoardEvent.kind == "move")).one()
        assert (board.state, board.revision) == ("live", 1)
        assert (event.data, event.actor, event.reason) == ({"from": HERE, "to": THERE}, "office1", "村委会搬了")

    def test_to_nowhere_or_where_it_is(self, world: World, code: str) -> None:
        for site_no, said in (("NO-1", "没有编号为"), (HERE, "本来就在")):
            with pytest.raises(Invalid, match=said) as refused:
                boards.move(world, "t", code=code, site_no=site_no, reason="x")
            assert set(refused.value.fields) == {"site_no"}


def test_a_new_board_keeps_its_words_with_its_first_revision(world: World, code: str) -> None:
    with world.db.read() as session:
        board, kept = session.get_one(Board, code), session.get_one(BoardRevision, (code, 1))
    assert (board.revision, board.first_revision, board.check_words) == (1, 1, kept.check_words)
    assert len(set(kept.check_words)) == 3


def test_events_are_never_written_over(world: World, code: str) -> None:
    def ids(session: Session) -> set[str]:
        return set(session.scalars(select(BoardEvent.id)))

    with world.db.read() as session:
        before = ids(session)
    boards.rotate(world, "t", code=code, reason="坏了")
    with world.db.read() as session:
        assert before < ids(session)
