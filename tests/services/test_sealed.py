"""The sealed lane: two open what one cannot, for a day; sealing up, sending back, and sharing anew."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from intake.core import sharing, vault
from intake.core.access import Role, SignedIn
from intake.core.clock import FixedClock
from intake.core.errors import Forbidden, Invalid, MoveForbidden, NotFound
from intake.core.secretfile import RecoveryKeys, read_recovery_key
from intake.core.world import World
from intake.people import services as people
from intake.reports import content
from intake.reports import services as reports
from intake.reports.models import Addition, Report, ReportFile, StaffEvent
from intake.reports.services import Upload, auditing
from intake.routing import services as routing
from intake.routing.models import Alarm, Grant, Mention, Placement, Release, Sketch
from intake.routing.queries import SUPERIOR_RECOVERY
from intake.routing.services.declaring import Typed, declare
from intake.routing.services.naming import add_alias
from intake.triage import queries, services
from intake.triage.queries import QueueFilters
from intake.triage.services import sealed
from intake.triage.services.attention import attention
from intake.web.formtoken import FormToken
from tests.cast import Cast, Member, add_member, enter
from tests.journeys import live_board, photo, report_of

BODY = "今天有副县长来我们村视察，路面刚好坏了一大块，坑里积水，没人管，请来修一修，孩子们上学要绕路。"
PLAIN = "村口的路修了半截就停了，石子堆在学校门口，孩子每天绕着走，老人也过不去，请来看看。"
CONTACT = "何某，13800138000"
SITE = "CJ-990121200203"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Lane:
    """A sealed report and three of the superior's people, the third of whom plays no part unless said."""

    world: World
    cast: Cast
    one: Member
    two: Member
    three: Member
    board: str
    report_id: str
    digits: str

    def enter(self, member: Member) -> SignedIn:
        return enter(self.world, member).signed_in

    def case(self, member: Member) -> services.Case:
        return services.open_case(self.world, self.enter(member), self.report_id)

    def release(self, giver: Member, receiver: Member | None = None) -> None:
        to = receiver.person_id if receiver is not None else ""
        sealed.release(self.world, self.enter(giver), self.report_id, to=to)

    def unseal(self, member: Member) -> None:
        sealed.unseal(self.world, self.enter(member), self.report_id)

    def open(self) -> None:
        """One releases to two, and two opens."""
        self.release(self.one, self.two)
        self.unseal(self.two)

    def move(self, member: Member, to: str, **more: Any) -> bool:
        who, version = self.enter(member), self.report.version
        return services.move(self.world, who, self.report_id, to=to, version=version, **more)

    @property
    def report(self) -> Report:
        with self.world.db.read() as session:
            return session.get_one(Report, self.report_id)

    @property
    def placement(self) -> Placement:
        with self.world.db.read() as session:
            return session.get_one(Placement, self.report_id)

    def events(self) -> list[tuple[str, str, dict[str, Any]]]:
        with self.world.db.read() as session:
            rows = session.scalars(
                select(StaffEvent).where(StaffEvent.report_id == self.report_id).order_by(StaffEvent.seq)
            )
            return [(row.kind, row.actor_id, row.data) for row in rows if row.kind != "opened"]

    def grants(self) -> dict[tuple[str, str], bytes]:
        """(envelope, holder) → what is sealed to them."""
        with self.world.db.read() as session:
            rows = session.scalars(select(Grant).where(Grant.report_id == self.report_id))
            return {(row.envelope, row.holder): row.sealed for row in rows}


def file(world: World, board: str, body: str, **fields: Any) -> tuple[str, str]:
    token = FormToken("report", board, vault.random_bytes(16), world.clock.now())
    draft = content.normalised(body=body, identity="named", contact=CONTACT, **fields)
    digits = reports.file_report(world, token=token, draft=draft, uploads=[Upload("a.jpg", photo())]).digits
    return report_of(world, digits).id, digits


def lane_with(world: World, cast: Cast, body: str, **fields: Any) -> Lane:
    two = add_member(world, "superior2", "示例辰", Role.superior, "superior", signer=cast.superior)
    three = add_member(world, "superior3", "示例未", Role.superior, "superior", signer=cast.superior)
    board = live_board(world)
    add_alias(world, cast.office.actor, text="副县长", kind="level", target="above")
    report_id, digits = file(world, board, body, **fields)
    return Lane(world, cast, cast.superior, two, three, board, report_id, digits)


@pytest.fixture
def lane(world: World, cast: Cast) -> Lane:
    """A report about the level above: it went up by itself."""
    return lane_with(world, cast, BODY)


@pytest.fixture
def below(world: World, cast: Cast) -> Lane:
    """An ordinary report of team4, which is not sealed yet."""
    return lane_with(world, cast, PLAIN)


def opens_report(lane: Lane, key: bytes) -> bool:
    try:
        vault.decrypt(key, lane.report.content, ("report", lane.report_id, "content"))
    except vault.VaultError:
        return False
    return True


def share_of(lane: Lane, member: Member, envelope: str = "report") -> bytes:
    return vault.unseal(
        member.keys.reading, lane.grants()[envelope, member.person_id], ("report_grant", lane.report_id, envelope)
    )


class TestArithmetic:
    def test_it_lies_with_the_superior_and_with_nobody_else(self, lane: Lane) -> None:
        assert (lane.placement.team_id, lane.placement.lane, lane.report.state) == ("superior", "sealed", "sealed_up")
        people = {lane.one.person_id, lane.two.person_id, lane.three.person_id}
        assert lane.grants().keys() == {
            (envelope, holder) for envelope in ("report", "identity") for holder in people | {SUPERIOR_RECOVERY}
        }

    def test_one_share_opens_nothing_whatever_its_holder_computes(self, lane: Lane) -> None:
        own = share_of(lane, lane.one)
        with pytest.raises(sharing.SharesError):
            sharing.join(own, own)
        guesses = [own[:32], own[3:], own[2:34], bytes(32), *(vault.random_bytes(32) for _ in range(20))]
        for x in (2, 3, 500):  # a second share made up: whatever key comes out is not this one
            made_up = x.to_bytes(2) + vault.random_bytes(32).rjust(33, b"\0")
            try:
                guesses.append(sharing.join(own, made_up))
            except sharing.SharesError:
                continue
        assert not any(opens_report(lane, guess) for guess in guesses)

    def test_any_two_shares_open_it_and_so_does_the_superiors_recovery_key(
        self, lane: Lane, recovery: RecoveryKeys
    ) -> None:
        for pair in combinations((lane.one, lane.two, lane.three), 2):
            assert opens_report(lane, sharing.join(*(share_of(lane, member) for member in pair)))
        _, keys = read_recovery_key(recovery.superior)
        whole = vault.unseal(
            keys.reading, lane.grants()["report", SUPERIOR_RECOVERY], ("report_grant", lane.report_id, "report")
        )
        assert opens_report(lane, whole)

    def test_the_countys_recovery_key_opens_nothing_of_it(self, lane: Lane, recovery: RecoveryKeys) -> None:
        _, keys = read_recovery_key(recovery.county)
        for (envelope, _), box in lane.grants().items():
            with pytest.raises(vault.VaultError):
                vault.unseal(keys.reading, box, ("report_grant", lane.report_id, envelope))
        assert routing.regrant_from_recovery(lane.world, keys.reading).done == 0


class TestTwoPeople:
    def test_one_alone_reads_and_does_nothing(self, lane: Lane) -> None:
        case = lane.case(lane.one)
        assert (case.locked, case.body, case.files, case.moves, case.can_answer) == ("no_grant", None, (), (), False)
        who = lane.enter(lane.one)
        attempts: list[Callable[[], object]] = [
            lambda: sealed.unseal(lane.world, who, lane.report_id),
            lambda: sealed.share_anew(lane.world, who, lane.report_id),
            lambda: services.answer(lane.world, who, lane.report_id, text="您好", version=lane.report.version),
            lambda: services.add_note(lane.world, who, lane.report_id, text="备注"),
            lambda: lane.move(lane.one, "", place=SITE),
            lambda: services.link(lane.world, who, lane.report_id, report="AAA-AAA", version=lane.report.version),
            *(
                (lambda to=to: lane.move(lane.one, to, reason="other", text="看过"))
                for to in ("accepted", "returned", "closed", "spam")
            ),
        ]
        for attempt in attempts:
            with pytest.raises(Forbidden):
                attempt()
        assert lane.events() == []

    def test_released_by_one_and_opened_by_another_both_with_their_names(self, lane: Lane) -> None:
        lane.release(lane.one, lane.two)
        assert lane.case(lane.two).body is None, "a release alone shows nothing: the opening must be on record"
        lane.unseal(lane.two)
        case = lane.case(lane.two)
        assert (case.body, case.locked) == (BODY, None)
        opened = services.open_file(lane.world, lane.enter(lane.two), lane.report_id, case.files[0].id)
        assert opened.data.startswith(b"\xff\xd8")
        assert [(kind, actor) for kind, actor, _ in lane.events()][:2] == [
            ("released", lane.one.person_id), ("unsealed", lane.two.person_id),
        ]  # fmt: skip
        assert lane.events()[0][2]["to"] == [lane.two.person_id]
        assert lane.events()[1][2] == {"from": [lane.one.person_id]}
        told = [line.text for line in case.story]
        assert "示例子放行给示例辰，一天内有效。" in told
        assert "示例辰凭示例子的放行打开。" in told

    def test_nobody_opens_with_their_own_release(self, lane: Lane) -> None:
        lane.release(lane.one)  # to everybody else
        assert lane.case(lane.one).body is None
        with pytest.raises(Forbidden):
            lane.unseal(lane.one)
        for asked in (lane.one.person_id, lane.cast.office.person_id, "nobody"):
            with pytest.raises(Invalid):
                sealed.release(lane.world, lane.enter(lane.one), lane.report_id, to=asked)

    def test_a_release_forged_to_oneself_or_moved_to_another_opens_nothing(self, lane: Lane) -> None:
        lane.release(lane.one, lane.two)
        me = lane.three.person_id
        with lane.world.db.read() as session:
            real = session.scalars(select(Release).where(Release.envelope == "report")).one()
        copies = [
            (me, me, vault.seal(lane.three.keys.reading.public, share_of(lane, lane.three), ("release", "x", "y"))),
            (lane.one.person_id, me, real.sealed),
        ]
        for giver, receiver, box in copies:
            row = {"envelope": "report", "from_id": giver, "to_id": receiver, "sealed": box}

            def write(session: Session, row: dict[str, Any] = row) -> None:
                session.merge(
                    Release(report_id=lane.report_id, released_at=real.released_at, expires_at=real.expires_at, **row)
                )

            lane.world.db.write(write)
            with pytest.raises(Forbidden):
                lane.unseal(lane.three)
            assert lane.case(lane.three).body is None

    def test_released_to_all_each_may_open(self, lane: Lane) -> None:
        lane.release(lane.one)
        for member in (lane.two, lane.three):
            lane.unseal(member)
            assert lane.case(member).body == BODY

    def test_after_a_day_it_is_shut_again_also_for_who_has_it_open(self, lane: Lane, clock: FixedClock) -> None:
        lane.open()
        clock.advance(DAY - timedelta(seconds=1))
        assert lane.case(lane.two).body == BODY
        clock.advance(timedelta(seconds=1))
        assert lane.case(lane.two).body is None
        with pytest.raises(Forbidden):
            lane.unseal(lane.two)
        with pytest.raises(Forbidden):
            lane.move(lane.two, "accepted")
        assert routing.sweep_releases(lane.world) == 2
        assert routing.sweep_releases(lane.world) == 0
        lane.open()
        assert lane.case(lane.two).body == BODY

    def test_a_longer_life_written_into_the_row_gives_nothing(self, lane: Lane, clock: FixedClock) -> None:
        lane.open()
        clock.advance(DAY)
        longer = update(Release).values(expires_at=clock.now() + DAY)
        lane.world.db.write(lambda session: session.execute(longer))
        with pytest.raises(Forbidden):
            lane.unseal(lane.two)

    def test_what_was_released_can_be_taken_back(self, lane: Lane) -> None:
        lane.open()
        sealed.take_back(lane.world, lane.enter(lane.one), lane.report_id)
        assert lane.case(lane.two).body is None
        with pytest.raises(NotFound):
            sealed.take_back(lane.world, lane.enter(lane.one), lane.report_id)
        assert lane.events()[-1][0] == "release_taken_back"

    def test_the_case_works_for_the_second_during_the_day(self, lane: Lane) -> None:
        lane.open()
        who = lane.enter(lane.two)
        services.answer(lane.world, who, lane.report_id, text="收到了，正在看。", version=lane.report.version)
        services.add_note(lane.world, who, lane.report_id, text="先问清楚")
        assert [message.text for message in reports.open_box(lane.world, digits=lane.digits).messages] == [
            "收到了，正在看。"
        ]
        assert lane.move(lane.two, "accepted")
        case = lane.case(lane.two)
        assert (case.state, case.lane, [note.text for note in case.notes]) == ("accepted", "sealed", ["先问清楚"])
        assert not case.can_reveal
        assert auditing.verify(lane.world).broken is None


class TestWhatComesLater:
    def add(self, lane: Lane, body: str) -> None:
        token = FormToken("receipt", "", vault.random_bytes(16), lane.world.clock.now())
        reports.add_to_report(
            lane.world, digits=lane.digits, token=token, body=body, uploads=[Upload("b.jpg", photo(60))]
        )

    def test_it_is_shared_too_and_needs_a_release_of_its_own(self, lane: Lane) -> None:
        lane.open()
        self.add(lane, "还有一件事，上个月也坏过。")
        with lane.world.db.read() as session:
            addition = session.scalars(select(Addition)).one()
            photo_id = session.scalars(select(ReportFile.id).where(ReportFile.envelope == addition.id)).one()
        assert len(share_of(lane, lane.two, addition.id)) == sharing.SHARE_BYTES
        assert lane.case(lane.two).additions == ()
        with pytest.raises(NotFound):
            services.open_file(lane.world, lane.enter(lane.two), lane.report_id, photo_id)
        state = sealed.lane_of(lane.world, lane.enter(lane.two), lane.report_id)
        assert state is not None
        assert state.later
        for attempt in (
            lambda: lane.move(lane.two, "returned", reason="alias_wrong"),
            lambda: sealed.share_anew(lane.world, lane.enter(lane.two), lane.report_id),
        ):
            with pytest.raises(MoveForbidden, match="再放行一次"):
                attempt()
        lane.release(lane.one, lane.two)
        assert [a.text for a in lane.case(lane.two).additions] == ["还有一件事，上个月也坏过。"]


class TestRecused:
    def test_a_recused_member_of_the_superior_has_no_share_no_release_and_no_row(self, lane: Lane) -> None:
        lane.release(lane.one)
        declare(
            lane.world, lane.cast.office.actor,
            Typed("superior2", "site", SITE, "亲属在这里工作", date(2026, 11, 1), None, "office1"),
        )  # fmt: skip
        assert not [holder for _, holder in lane.grants() if holder == lane.two.person_id]
        with lane.world.db.read() as session:
            assert set(session.scalars(select(Release.to_id))) == {lane.three.person_id}
        for attempt in (lane.case, lane.unseal, lambda member: lane.release(member, lane.three)):
            with pytest.raises(NotFound):
                attempt(lane.two)
        with pytest.raises(Invalid):
            lane.release(lane.one, lane.two)
        lane.unseal(lane.three)
        assert lane.case(lane.three).body == BODY
        again, _ = file(lane.world, lane.board, BODY + "又坏了。")
        with lane.world.db.read() as session:
            holders = set(session.scalars(select(Grant.holder).where(Grant.report_id == again)))
        assert lane.two.person_id not in holders


class TestBelow:
    @pytest.mark.parametrize("name", ["liaison", "leader", "office", "stranger", "administrator", "auditor"])
    def test_others_find_no_row_no_count_and_nothing_at_its_address(self, lane: Lane, name: str) -> None:
        member: Member = getattr(lane.cast, name)
        who = lane.enter(member)
        with lane.world.db.read() as session:
            for wanted in ("", "sealed", "held"):
                page = queries.queue(lane.world, session, who, filters=QueueFilters(lane=wanted))
                assert (page.rows, page.count, page.reports, page.sealed, page.boards) == ((), 0, 0, None, ())
        for attempt in (
            lambda: lane.case(member),
            lambda: sealed.lane_of(lane.world, who, lane.report_id),
            lambda: sealed.release(lane.world, who, lane.report_id),
            lambda: sealed.unseal(lane.world, who, lane.report_id),
            lambda: sealed.take_back(lane.world, who, lane.report_id),
            lambda: sealed.share_anew(lane.world, who, lane.report_id),
        ):
            with pytest.raises(NotFound):
                attempt()

    def test_the_superior_sees_it_in_its_lane_alone_with_facts_and_the_clock_of_five_working_days(
        self, lane: Lane
    ) -> None:
        lane.open()
        who = lane.enter(lane.two)
        with lane.world.db.read() as session:
            plain = queries.queue(lane.world, session, who, filters=QueueFilters())
            page = queries.queue(lane.world, session, who, filters=QueueFilters(lane="sealed"))
        assert (plain.rows, plain.count) == ((), 0)
        assert plain.sealed is not None
        assert (plain.sealed.count, plain.sealed.oldest) == (1, date(2026, 11, 23))
        (row,) = page.rows
        assert (row.report_id, row.lane, row.text) == (lane.report_id, "sealed", ())
        assert row.deadline is not None
        assert row.deadline.due.day == date(2026, 11, 30)

    def test_the_office_learns_the_day_and_the_number_and_nothing_else(self, lane: Lane, clock: FixedClock) -> None:
        file(lane.world, lane.board, BODY + "又一件。")
        clock.advance(DAY)
        file(lane.world, lane.board, BODY + "第三件。")
        with lane.world.db.read() as session:
            alarms = session.scalars(select(Alarm).where(Alarm.kind == "went_up")).all()
            seen = attention(lane.world, session, lane.enter(lane.cast.office))
            assert attention(lane.world, session, lane.enter(lane.cast.leader)) is None
            assert attention(lane.world, session, lane.enter(lane.one)) is None
        assert [alarm.report_id for alarm in alarms] == [None, None, None]
        assert seen is not None
        assert (seen.went_up, seen.alerts) == (((date(2026, 11, 24), 1), (date(2026, 11, 23), 2)), ())

    def test_the_office_is_alerted_of_what_it_guards_but_not_of_what_it_is_recused_from(self, below: Lane) -> None:
        for member in (below.cast.liaison, below.cast.leader, below.cast.recused):
            people.leave(below.world, people.operator("test"), person_id=member.person_id)
        with below.world.db.read() as session:
            seen = attention(below.world, session, below.enter(below.cast.office))
        assert seen is not None
        assert [(alert.report_id, alert.kind) for alert in seen.alerts] == [(below.report_id, "climbed")]
        add_member(below.world, "office2", "示例卯", Role.office, "office", signer=below.cast.office)
        declare(
            below.world, below.cast.office.actor,
            Typed("office1", "site", SITE, "亲属在这里工作", date(2026, 11, 1), None, "office2"),
        )  # fmt: skip
        with below.world.db.read() as session:
            seen = attention(below.world, session, below.enter(below.cast.office))
        assert seen is not None
        assert seen.alerts == ()


class TestSealingUp:
    def test_a_leader_sends_it_up_and_nobody_of_the_county_opens_it_from_then_on(self, below: Lane) -> None:
        lane = below
        assert lane.move(lane.cast.leader, "sealed_up", reason="above_level", text="说的是上一级管的人")
        assert (lane.placement.team_id, lane.placement.lane, lane.report.state) == ("superior", "sealed", "sealed_up")
        people_of_it = {lane.one.person_id, lane.two.person_id, lane.three.person_id, SUPERIOR_RECOVERY}
        assert {holder for _, holder in lane.grants()} == people_of_it
        assert {envelope for envelope, _ in lane.grants()} == {"report", "identity"}
        for member in (lane.cast.leader, lane.cast.liaison, lane.cast.office):
            with pytest.raises(NotFound):
                lane.case(member)
        with lane.world.db.read() as session:
            assert session.get(Sketch, lane.report_id) is None
            assert [(a.kind, a.report_id) for a in session.scalars(select(Alarm))] == [("went_up", None)]
        lane.open()
        case = lane.case(lane.two)
        assert case.body == PLAIN
        assert "坪上村" in case.reasons[0]
        assert case.reasons[-1] == "岚溪县委第四巡察组径送上级：反映上级管理的干部。"
        assert [note.text for note in case.notes] == ["说的是上一级管的人"]
        assert auditing.verify(lane.world).broken is None

    def test_a_liaison_may_not_and_it_needs_a_reason(self, below: Lane) -> None:
        with pytest.raises(MoveForbidden):
            below.move(below.cast.liaison, "sealed_up", reason="above_level")
        with pytest.raises(Invalid):
            below.move(below.cast.leader, "sealed_up")
        assert below.placement.team_id == "team4"

    def test_all_of_it_goes_or_nothing(self, below: Lane) -> None:
        gone = delete(Grant).where(Grant.envelope == "identity", Grant.holder == below.cast.leader.person_id)
        deputy = add_member(below.world, "leader4b", "示例午", Role.team_leader, "team4", signer=below.cast.leader)
        routing.grant_backlog(below.world, below.enter(below.cast.leader), person_id=deputy.person_id)
        below.world.db.write(lambda session: session.execute(gone))
        with pytest.raises(MoveForbidden, match="全部钥匙"):
            below.move(below.cast.leader, "sealed_up", reason="above_level")
        assert below.placement.team_id == "team4"


class TestSendingBack:
    def test_what_the_alias_caught_wrongly_goes_to_the_boards_team_with_the_reason(
        self, lane: Lane, recovery: RecoveryKeys
    ) -> None:
        lane.open()
        assert lane.move(lane.two, "returned", reason="alias_wrong", text="只是来视察，没有反映他")
        placement = lane.placement
        assert (placement.team_id, placement.lane, placement.guardian) == ("team4", "ordinary", False)
        assert lane.report.state == "returned"
        case = lane.case(lane.cast.liaison)
        assert case.body == BODY
        assert case.reasons[-2:] == (
            "上级退回：称呼识别有误，没有反映受理的单位或人员。", "坪上村公告栏203归岚溪县委第四巡察组。",
        )  # fmt: skip
        assert [note.text for note in case.notes] == ["只是来视察，没有反映他"]
        assert "示例辰：退回改派（岚溪县委第四巡察组），称呼识别有误，没有反映受理的单位或人员。" in [
            line.text for line in case.story
        ]
        with lane.world.db.read() as session:
            assert [(m.kind, m.dismissed) for m in session.scalars(select(Mention))] == [("level", True)]
            assert session.get(Sketch, lane.report_id) is not None
            assert session.scalars(select(Release)).all() == []
        for member in (lane.one, lane.two):
            with pytest.raises(NotFound):
                lane.case(member)
        holders = {holder for _, holder in lane.grants()}
        assert SUPERIOR_RECOVERY not in holders
        assert "recovery:county" in holders
        assert ("identity", lane.cast.leader.person_id) in lane.grants()
        assert auditing.verify(lane.world).broken is None

    def test_whoever_else_is_named_is_kept_out_as_before(self, world: World, cast: Cast) -> None:
        lane = lane_with(world, cast, BODY + "第四巡察组的人也在场，收了东西。岚溪县委第四巡察组要回避。")
        lane.open()
        assert lane.move(lane.two, "returned", reason="alias_wrong")
        assert lane.placement.team_id == "office"
        assert lane.placement.reasons[-1] == "正文提到“岚溪县委第四巡察组”：该组回避，转巡察办。"
        with pytest.raises(NotFound):
            lane.case(cast.leader)
        assert lane.case(cast.office).body is not None

    def test_it_stays_where_nothing_was_taken_out(self, lane: Lane) -> None:
        lane.open()
        with pytest.raises(MoveForbidden, match="退不下去"):
            lane.move(lane.two, "returned", reason="alias_wrong", dismissed=())
        assert lane.placement.team_id == "superior"

    def test_what_was_only_ticked_can_be_sent_back_by_two_who_read_it(self, world: World, cast: Cast) -> None:
        lane = lane_with(world, cast, PLAIN, about_superior=True)
        assert lane.placement.team_id == "superior"
        lane.open()
        assert lane.move(lane.two, "returned", reason="not_concerned")
        assert lane.placement.team_id == "team4"

    def test_what_something_linked_with_it_names_keeps_people_out(self, below: Lane) -> None:
        """Sent back for the one, the team is still named by the other."""
        lane = below
        words = "岚溪县委第四巡察组的人路过，没有别的。" + PLAIN
        one, _ = file(lane.world, lane.board, words)
        two, _ = file(lane.world, lane.board, words + "。")
        office2 = add_member(lane.world, "office2", "示例卯", Role.office, "office", signer=lane.cast.office)
        routing.grant_backlog(lane.world, lane.enter(lane.cast.office), person_id=office2.person_id)
        with lane.world.db.read() as session:
            places = [session.get_one(Placement, report_id) for report_id in (one, two)]
            assert {place.team_id for place in places} == {"office"}
            assert places[0].cluster == places[1].cluster
            version = session.get_one(Report, one).version
        who, second = lane.enter(lane.cast.office), lane.enter(office2)
        services.move(lane.world, who, one, to="returned", version=version, reason="alias_wrong")
        with pytest.raises(MoveForbidden, match="退不下去"):
            services.agree(lane.world, second, one, version=version + 1)

    def test_the_office_sends_back_with_a_second_person(self, world: World, cast: Cast) -> None:
        lane = lane_with(world, cast, "岚溪县委第三巡察组的通知上写的电话打不通。" + PLAIN)
        office2 = add_member(world, "office2", "示例卯", Role.office, "office", signer=cast.office)
        routing.grant_backlog(world, lane.enter(cast.office), person_id=office2.person_id)
        assert lane.placement.team_id == "office"
        assert not lane.move(cast.office, "returned", reason="alias_wrong", dismissed=("team:team3",))
        assert lane.placement.team_id == "office"
        with pytest.raises(Forbidden):
            services.agree(world, lane.enter(cast.office), lane.report_id, version=lane.report.version)
        services.agree(world, lane.enter(office2), lane.report_id, version=lane.report.version)
        assert (lane.placement.team_id, lane.report.state) == ("team4", "returned")
        assert lane.placement.reasons[-2] == "巡察办退回：称呼识别有误，没有反映受理的单位或人员。"
        kind, actor, data = lane.events()[-1]
        assert (kind, actor, data["proposed_by"]) == ("move", office2.person_id, cast.office.person_id)
        assert data["dismissed"] == ["team:team3"]
        assert lane.case(cast.liaison).body is not None
        assert auditing.verify(world).broken is None


class TestSharingAnew:
    def test_a_newcomer_gets_a_share_from_the_opened_session(self, lane: Lane) -> None:
        newcomer = add_member(lane.world, "superior4", "示例申", Role.superior, "superior", signer=lane.one)
        state = sealed.lane_of(lane.world, lane.enter(newcomer), lane.report_id)
        assert state is not None
        assert (state.has_share, state.unshared) == (False, ("示例申",))
        with pytest.raises(Forbidden):
            lane.release(newcomer)
        lane.open()
        before = lane.grants()
        sealed.share_anew(lane.world, lane.enter(lane.two), lane.report_id)
        after = lane.grants()
        assert after.keys() - before.keys() == {("report", newcomer.person_id), ("identity", newcomer.person_id)}
        assert lane.case(lane.two).body is None, "the old release went with the old shares"
        lane.release(newcomer, lane.one)
        lane.unseal(lane.one)
        assert lane.case(lane.one).body == BODY
        old = vault.unseal(
            lane.two.keys.reading, before["report", lane.two.person_id], ("report_grant", lane.report_id, "report")
        )
        try:
            mixed = sharing.join(old, share_of(lane, lane.one))
        except sharing.SharesError:
            mixed = b""
        assert not mixed or not opens_report(lane, mixed)

    def test_after_all_but_one_left_the_superiors_recovery_key_shares_anew(
        self, lane: Lane, recovery: RecoveryKeys
    ) -> None:
        for member in (lane.two, lane.three):
            people.leave(lane.world, people.operator("test"), person_id=member.person_id)
        with pytest.raises(MoveForbidden):
            lane.release(lane.one)
        newcomer = add_member(lane.world, "superior4", "示例申", Role.superior, "superior", signer=lane.one)
        _, keys = read_recovery_key(recovery.superior)
        assert routing.regrant_from_recovery(lane.world, keys.reading, holder=SUPERIOR_RECOVERY).done > 0
        assert routing.regrant_from_recovery(lane.world, keys.reading, holder=SUPERIOR_RECOVERY).done == 0
        lane.release(lane.one, newcomer)
        lane.unseal(newcomer)
        assert lane.case(newcomer).body == BODY
