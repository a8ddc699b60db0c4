"""The held lane: one line for the same words, nobody recused by spam, many at once, two to destroy, no clock."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from intake.core.access import Role, SignedIn
from intake.core.clock import FixedClock
from intake.core.errors import Invalid, MoveForbidden, NotFound
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.reports import services as reports
from intake.reports.models import Report
from intake.reports.services import auditing
from intake.reports.services.clocks import deadline_of
from intake.routing.models import Grant, Link, Placement, Sketch
from intake.routing.queries import visible_reports
from intake.routing.services import grant_backlog
from intake.routing.services.declaring import Typed, declare
from intake.routing.services.settling import Hand, settle_everything
from intake.triage import services
from intake.triage.queries import Flock, QueueFilters, QueuePage, board_pressures, flocks_of, queue
from intake.triage.services import held
from intake.triage.services.attention import attention
from intake.triage.services.held import Outcome, Pick
from tests.cast import Member, add_member, build_cast, enter
from tests.client import PageClient
from tests.views.desk import Case, Desk

HELD = ("rate_board",)
SPAM = "加我微信办理各种证件贷款发票，价格优惠快速放款，无抵押当天到账，机会难得请尽快联系我们客服！"
HONEST = "村口的水渠修了两年还没有通水，钱早就拨下来了，账上写着已经完工验收，群众都不知道钱去了哪里。"
WIDE = "第三巡察组的人收了工程队的好处。"  # a name of the machinery: whoever reads it last recuses that team


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    return desk


def who(desk: Desk, member: Member) -> SignedIn:
    return enter(desk.world, member).signed_in


def page(desk: Desk, signed_in: SignedIn, **filters: str) -> QueuePage:
    with desk.world.db.read() as session:
        return queue(desk.world, session, signed_in, filters=QueueFilters(**filters))


def place(desk: Desk, case: Case) -> Placement:
    with desk.world.db.read() as session:
        return session.get_one(Placement, case.report_id)


def lines(desk: Desk, signed_in: SignedIn, cases: Sequence[Case]) -> tuple[Flock, ...]:
    with desk.world.db.read() as session:
        return flocks_of(desk.world, session, signed_in, [case.report_id for case in cases])


def picks(desk: Desk, cases: Sequence[Case]) -> list[Pick]:
    return [Pick(case.report_id, desk.version(case)) for case in cases]


def do(
    desk: Desk, signed_in: SignedIn, act: str, chosen: Sequence[Pick], *, reason: str = "flooding", batch: str = "b1"
) -> Outcome:
    return held.perform(desk.world, signed_in, act=act, picks=chosen, reason=reason, batch=batch)


def flood(desk: Desk, n: int, **more: object) -> list[Case]:
    return [desk.file(f"{SPAM}{n}", held=HELD, **more) for n in range(n)]  # type: ignore[arg-type]  # fields of a form


def grants(world: World, case: Case) -> int:
    with world.db.read() as session:
        wanted = select(func.count()).where(Grant.report_id == case.report_id, Grant.envelope == "report")
        return session.scalar(wanted) or 0


class TestOneLine:
    def test_the_same_words_are_one_line_that_counts_them_and_the_originals_stay(self, desk: Desk) -> None:
        cases = flood(desk, 4)
        other = desk.file("这里写的是另外一件完全不同的事，说的是路灯坏了三个月没有人修。", held=HELD)
        seen = page(desk, who(desk, desk.cast.liaison), lane="held")
        assert sorted(row.count for row in seen.rows) == [1, 4]
        assert (seen.count, seen.reports, seen.held.count) == (2, 5, 5)
        singly = page(desk, who(desk, desk.cast.liaison), lane="held", near=cases[2].report_id)
        assert {row.report_id for row in singly.rows} == {case.report_id for case in cases}
        assert place(desk, other).flock == other.report_id
        for case in cases:
            assert reports.open_box(desk.world, digits=case.digits).state == "received"

    def test_a_few_words_are_a_line_in_the_held_lane_and_are_never_linked(self, desk: Desk) -> None:
        short = [desk.file("加微信办证贷款，当天到账。", held=HELD) for _ in range(3)]
        honest = [desk.file("加微信办证贷款，当天到账。") for _ in range(2)]
        seen = page(desk, who(desk, desk.cast.liaison), lane="held")
        assert [row.count for row in seen.rows] == [3]
        assert [row.count for row in page(desk, who(desk, desk.cast.liaison)).rows] == [1, 1]
        assert {place(desk, case).cluster for case in (*short, *honest)} == {c.report_id for c in (*short, *honest)}

    def test_thirty_seven_copies_of_an_ordinary_report_are_one_line_of_the_plain_queue(self, desk: Desk) -> None:
        """R24: every one keeps its receipt; they are linked, as copies of what is not held always were."""
        cases = [desk.file(HONEST + "。" * (n % 3)) for n in range(37)]
        (row,) = page(desk, who(desk, desk.cast.liaison)).rows
        assert row.count == 37
        assert len({case.digits for case in cases}) == 37
        assert len({place(desk, case).cluster for case in cases}) == 1

    def test_a_line_counts_only_what_its_reader_may_see(self, desk: Desk) -> None:
        ours = flood(desk, 3)
        theirs = desk.file(SPAM + "9", team="team3", held=HELD)
        assert place(desk, theirs).flock == place(desk, ours[0]).flock
        assert [row.count for row in page(desk, who(desk, desk.cast.liaison), lane="held").rows] == [3]
        assert [row.count for row in page(desk, who(desk, desk.cast.stranger), lane="held").rows] == [1]
        by_team = {row.team_name: row.count for row in page(desk, who(desk, desk.cast.office), lane="held").rows}
        assert sorted(by_team.values()) == [1, 3]

    def test_what_was_decided_about_one_of_them_stands_in_a_line_of_its_own(self, desk: Desk) -> None:
        cases = flood(desk, 3)
        do(desk, who(desk, desk.cast.liaison), "spam", picks(desk, cases[:1]))
        seen = page(desk, who(desk, desk.cast.liaison), lane="held")
        assert [(row.state, row.count) for row in seen.rows] == [("received", 2), ("spam", 1)]

    def test_a_flood_of_the_same_words_leaves_one_sketch(self, desk: Desk) -> None:
        flood(desk, 5)
        with desk.world.db.read() as session:
            assert session.scalar(select(func.count()).select_from(Sketch)) == 1


class TestNobodyIsRecusedBySpam:
    def test_a_held_copy_is_tied_to_nothing_and_takes_nobody_away(self, desk: Desk) -> None:
        honest = desk.file(HONEST)
        copy = desk.file(HONEST + "！", team="team3", held=HELD)
        with desk.world.db.read() as session:
            assert session.scalar(select(func.count()).select_from(Link)) == 0
        assert (place(desk, copy).behind, place(desk, copy).cluster) == (honest.report_id, copy.report_id)
        keys = grants(desk.world, honest)
        desk.write_again(copy, WIDE)  # the spammer names a team through the receipt of the copy
        assert place(desk, honest).team_id == "team4"
        assert grants(desk.world, honest) == keys
        assert honest.report_id in {row.report_id for row in page(desk, who(desk, desk.cast.leader)).rows}

    def test_a_held_flood_that_names_people_shuts_no_honest_copy_that_comes_after(self, desk: Desk) -> None:
        for n in range(3):
            desk.file(f"{HONEST}{WIDE}{n}", held=HELD)
        honest = desk.file(HONEST + "另外河口的闸门也坏了。")
        assert place(desk, honest).team_id == "team4"
        assert place(desk, honest).cluster == honest.report_id

    def test_whoever_is_out_of_the_honest_one_is_out_of_its_held_copy(self, desk: Desk) -> None:
        """The words are the same: a copy posted at another board must not be a way to read them."""
        declare_site(desk, desk.cast.stranger, "CJ-990121101202")
        desk.file(HONEST)  # at the board of the conflict
        copy = desk.file(HONEST + "！", team="team3", held=HELD)
        stranger = who(desk, desk.cast.stranger)
        assert page(desk, stranger, lane="held").rows == ()
        assert page(desk, stranger, lane="held").held.count == 0
        with pytest.raises(NotFound):
            services.open_case(desk.world, stranger, copy.report_id)
        with desk.world.db.read() as session:
            holders = set(session.scalars(select(Grant.holder).where(Grant.report_id == copy.report_id)))
        assert desk.cast.stranger.person_id not in holders

    def test_a_conflict_declared_later_takes_the_key_of_the_held_copy_too(self, desk: Desk) -> None:
        desk.file(HONEST)
        copy = desk.file(HONEST + "！", team="team3", held=HELD)
        stranger = who(desk, desk.cast.stranger)
        assert page(desk, stranger, lane="held").count == 1
        declare_site(desk, desk.cast.stranger, "CJ-990121101202")
        assert page(desk, stranger, lane="held").count == 0
        hand = Hand.of(desk.world, "sweep")
        desk.world.db.write(lambda session: settle_everything(session, hand))
        with desk.world.db.read() as session:
            held_by = select(Grant.envelope).where(
                Grant.report_id == copy.report_id, Grant.holder == desk.cast.stranger.person_id
            )
            assert session.scalars(held_by).all() == []

    def test_a_twin_is_never_what_was_set_aside_as_spam(self, desk: Desk) -> None:
        first = desk.file(HONEST)
        services.move(desk.world, who(desk, desk.cast.leader), first.report_id, to="spam", reason="other", version=1,
                      text="看起来是群发的。")  # fmt: skip
        second = desk.file(HONEST + "！")
        assert place(desk, second).cluster == second.report_id

    def test_its_mark_is_watched_like_any(self, desk: Desk) -> None:
        desk.file(HONEST)
        copy = desk.file(HONEST + "！", held=HELD)
        assert auditing.verify(desk.world).broken is None

        def move_behind_our_back(session: Session) -> None:
            session.get_one(Placement, copy.report_id).behind = None

        desk.world.db.write(move_behind_our_back)
        assert auditing.verify(desk.world).broken == f"{copy.report_id} placement"


class TestLettingThrough:
    def test_it_joins_the_queue_its_twin_and_its_clock_counts_from_the_day_of_receipt(
        self, desk: Desk, clock: FixedClock
    ) -> None:
        honest = desk.file(HONEST)
        copy = desk.file(HONEST + "！", held=HELD)
        clock.advance(timedelta(days=9))
        assert deadline(desk, copy) is None
        done = do(desk, who(desk, desk.cast.liaison), "release", picks(desk, [copy]))
        assert (done.done, done.stuck) == (1, ())
        found = place(desk, copy)
        assert (found.lane, found.behind) == ("ordinary", None)
        assert found.cluster == place(desk, honest).cluster
        assert deadline(desk, copy) == deadline(desk, honest)
        assert desk.events(copy) == ["let_through"]
        assert auditing.verify(desk.world).broken is None
        (row,) = page(desk, who(desk, desk.cast.liaison)).rows
        assert row.count == 2

    def test_danger_stands_on_top_again(self, desk: Desk) -> None:
        copy = desk.file(HONEST, held=HELD)

        def urgent(session: Session) -> None:
            session.get_one(Placement, copy.report_id).urgent = ["hazard"]

        desk.world.db.write(urgent)
        do(desk, who(desk, desk.cast.liaison), "release", picks(desk, [copy]))
        assert place(desk, copy).lane == "urgent"

    def test_deciding_about_one_lets_it_out_and_calling_it_spam_does_not(self, desk: Desk, clock: FixedClock) -> None:
        accepted, refused = desk.file(HONEST, held=HELD), desk.file(SPAM, held=HELD)
        clock.advance(timedelta(days=5))
        leader = who(desk, desk.cast.leader)
        services.move(desk.world, leader, accepted.report_id, to="accepted", version=1)
        services.move(desk.world, leader, refused.report_id, to="spam", reason="advertising", version=1)
        assert (place(desk, accepted).lane, place(desk, refused).lane) == ("ordinary", "held")
        assert reports.open_box(desk.world, digits=refused.digits).state == "received"
        services.move(desk.world, leader, refused.report_id, to="screening", reason="genuine", version=2)
        assert place(desk, refused).lane == "ordinary"
        assert desk.row(refused).since == desk.row(refused).day  # the five days in the lane count
        assert auditing.verify(desk.world).broken is None

    def test_a_held_report_that_goes_to_another_team_goes_as_an_ordinary_one(self, desk: Desk) -> None:
        case = desk.file(HONEST, held=HELD)
        leader = who(desk, desk.cast.leader)
        services.move(desk.world, leader, case.report_id, to="assigned", team_id="team3", text="归三组。", version=1)
        assert (place(desk, case).team_id, place(desk, case).lane) == ("team3", "ordinary")
        assert auditing.verify(desk.world).broken is None


class TestManyAtOnce:
    def test_the_row_filter_stands_before_each(self, desk: Desk) -> None:
        ours, theirs = desk.file(SPAM, held=HELD), desk.file(SPAM + "1", team="team3", held=HELD)
        found = do(desk, who(desk, desk.cast.liaison), "spam", picks(desk, [ours, theirs]))
        assert (found.done, found.unseen, found.stuck) == (1, 1, ())
        assert (desk.row(ours).state, desk.row(theirs).state) == ("spam", "received")
        assert len(lines(desk, who(desk, desk.cast.liaison), [ours, theirs])) == 1

    def test_pressed_twice_each_counts_once(self, desk: Desk) -> None:
        chosen = picks(desk, flood(desk, 3))
        liaison = who(desk, desk.cast.liaison)
        first, again = (do(desk, liaison, "spam", chosen) for _ in range(2))
        assert (first.done, again.done, again.stuck) == (3, 3, ())
        assert desk.events(Case(chosen[0].report_id, "")) == ["move"]

    def test_what_changed_since_is_named_and_left(self, desk: Desk) -> None:
        cases = flood(desk, 3)
        chosen = picks(desk, cases)
        desk.write_again(cases[1], "我是认真反映的，请看一看。")
        found = do(desk, who(desk, desk.cast.liaison), "spam", chosen)
        assert found.done == 2
        (stuck,) = found.stuck
        assert (stuck.report_id, stuck.register_no) == (cases[1].report_id, desk.row(cases[1]).register_no)
        assert "刚刚有了变化" in stuck.why
        assert desk.row(cases[1]).state == "received"

    def test_it_is_destroyed_by_two_and_by_nobody_alone(self, desk: Desk) -> None:
        cases = flood(desk, 3)
        leader, second = who(desk, desk.cast.leader), who(desk, another_leader(desk))
        do(desk, who(desk, desk.cast.liaison), "spam", picks(desk, cases), batch="b0")
        asked = do(desk, leader, "purge", picks(desk, cases), batch="b1")
        assert (asked.done, asked.proposed) == (0, 3)
        assert {desk.row(case).state for case in cases} == {"spam"}
        (row,) = page(desk, leader, lane="held").rows
        assert (row.count, row.purge_by) == (3, desk.cast.leader.name)
        alone = do(desk, leader, "purge", picks(desk, cases), batch="b2")
        assert (alone.done, alone.proposed, len(alone.stuck)) == (0, 0, 3)
        agreed = do(desk, second, "purge", picks(desk, cases), batch="b3")
        assert (agreed.done, agreed.proposed) == (3, 0)
        assert {desk.row(case).state for case in cases} == {"purged"}
        assert sum(grants(desk.world, case) for case in cases) == 0
        with pytest.raises(NotFound):
            reports.open_box(desk.world, digits=cases[0].digits)
        assert auditing.verify(desk.world).broken is None

    def test_a_liaison_may_not_destroy(self, desk: Desk) -> None:
        cases = flood(desk, 1)
        liaison = who(desk, desk.cast.liaison)
        do(desk, liaison, "spam", picks(desk, cases), batch="b0")
        found = do(desk, liaison, "purge", picks(desk, cases), batch="b1")
        assert (found.done, found.proposed, len(found.stuck)) == (0, 0, 1)

    def test_spam_is_let_through_again(self, desk: Desk) -> None:
        (case,) = flood(desk, 1)
        liaison = who(desk, desk.cast.liaison)
        do(desk, liaison, "spam", picks(desk, [case]), batch="b0")
        assert do(desk, liaison, "release", picks(desk, [case]), batch="b1").done == 1
        assert (desk.row(case).state, place(desk, case).lane) == ("screening", "ordinary")

    @pytest.mark.parametrize(
        ("act", "reason", "chosen"),
        [("burn", "flooding", 1), ("spam", "", 1), ("spam", "genuine", 1), ("spam", "flooding", 0),
         ("spam", "flooding", held.BATCH + 1)],
    )  # fmt: skip
    def test_what_cannot_be_understood_does_nothing(self, desk: Desk, act: str, reason: str, chosen: int) -> None:
        some = [Pick(f"report{n}", 1) for n in range(chosen)]
        with pytest.raises(Invalid):
            do(desk, who(desk, desk.cast.liaison), act, some, reason=reason)

    def test_what_is_not_held_is_not_let_through(self, desk: Desk) -> None:
        case = desk.file(HONEST)
        with pytest.raises(MoveForbidden):
            held.let_through(desk.world, who(desk, desk.cast.liaison), case.report_id, version=1)


class TestAge:
    def test_two_working_days_and_not_the_weekend(self, desk: Desk, clock: FixedClock) -> None:
        desk.file(SPAM, held=HELD)  # on Monday, 23 November
        liaison, office = desk.cast.liaison, desk.cast.office
        for days, late in ((2, 0), (1, 1)):  # to the end of Wednesday, then Thursday
            clock.advance(timedelta(days=days))
            found = page(desk, who(desk, liaison), lane="held")
            assert (found.held.late, found.rows[0].held_late) == (late, bool(late))
            with desk.world.db.read() as session:
                seen = attention(desk.world, session, who(desk, office))
            assert seen is not None
            assert seen.held_late == ((("岚溪县委第四巡察组", 1),) if late else ())
        clock.advance(timedelta(days=4))  # Monday
        fresh = desk.file(SPAM + "新", held=HELD)
        clock.advance(timedelta(days=-3 + 4))
        found = page(desk, who(desk, liaison), lane="held", near=fresh.report_id)
        assert [row.held_for for row in found.rows] == [6, 1]

    def test_what_was_set_aside_waits_no_more(self, desk: Desk, clock: FixedClock) -> None:
        (case,) = flood(desk, 1)
        do(desk, who(desk, desk.cast.liaison), "spam", picks(desk, [case]))
        clock.advance(timedelta(days=10))
        found = page(desk, who(desk, desk.cast.liaison), lane="held")
        assert (found.held.count, found.held.late, found.rows[0].held_for) == (0, 0, None)


class TestPressure:
    def test_a_team_sees_its_own_boards_and_the_office_all(self, desk: Desk) -> None:
        flood(desk, 6)
        desk.file(HONEST, team="team3")
        with desk.world.db.read() as session:
            ours = board_pressures(desk.world, session, who(desk, desk.cast.liaison))
            all_ = board_pressures(desk.world, session, who(desk, desk.cast.office))
        assert [(b.site_no, b.today, b.held_today, b.waiting) for b in ours] == [("CJ-990121101202", 6, 6, 6)]
        assert {b.site_no for b in all_} == {"CJ-990121101202", "GC-2026-001"}

    def test_whoever_is_recused_sees_no_board_of_it(self, desk: Desk) -> None:
        declare_site(desk, desk.cast.recused, "CJ-990121101202")
        flood(desk, 6)
        with desk.world.db.read() as session:
            assert board_pressures(desk.world, session, who(desk, desk.cast.recused)) == ()


def deadline(desk: Desk, case: Case) -> date | None:
    with desk.world.db.read() as session:
        report, placement = session.get_one(Report, case.report_id), session.get_one(Placement, case.report_id)
        found = deadline_of(report, lane=placement.lane, today=desk.world.today())
    return found.due.day if found is not None else None


def declare_site(desk: Desk, member: Member, site_no: str) -> None:
    typed = Typed(
        who=member.login, kind="site", target=site_no, ground="近三年在那里任职",
        from_day=date(2026, 9, 1), to_day=None, approved_by=desk.cast.leader.login,
    )  # fmt: skip
    declare(desk.world, desk.cast.office.actor, typed)


def another_leader(desk: Desk) -> Member:
    """One more leader of team4, who is given what the team has by a colleague."""
    made = add_member(desk.world, "leader4b", "示例午", Role.team_leader, "team4", signer=desk.cast.office)
    grant_backlog(desk.world, who(desk, desk.cast.leader), person_id=made.person_id)
    return made


def test_what_somebody_linked_with_a_held_copy_is_shut_with_it(desk: Desk) -> None:
    """The copy shuts whoever is out of the words it repeats; linking shuts all that is linked, by row and by key."""
    first = desk.file(HONEST)
    services.recuse_self(desk.world, who(desk, desk.cast.liaison), first.report_id, ground="kin")
    copy = desk.file(HONEST, held=HELD)
    other = desk.file("村委会的大喇叭每天早上五点就响，老人孩子都睡不好，说了几次也没有人管。")
    leader, me = who(desk, desk.cast.leader), desk.cast.liaison.person_id
    assert place(desk, copy).behind == first.report_id
    with desk.world.db.read() as session:
        number = session.get_one(Report, other.report_id).register_no
    services.link(desk.world, leader, copy.report_id, report=number, version=desk.version(copy))
    with desk.world.db.read() as session:
        seen = set(session.scalars(visible_reports(who(desk, desk.cast.liaison).actor)))
        held_by_me = set(session.scalars(select(Grant.report_id).where(Grant.holder == me)))
    assert not {first.report_id, copy.report_id, other.report_id} & (seen | held_by_me)
