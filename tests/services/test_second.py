"""What one person alone must not do: who proposes, who agrees, what is refused, and what is left afterwards."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import SignedIn
from intake.core.clock import FixedClock
from intake.core.errors import Forbidden, Invalid, MoveForbidden, NotFound, Stale
from intake.core.world import World
from intake.reports import content
from intake.reports import services as reports
from intake.reports.models import Addition, BoxMessage, Note, Report, ReportFile, StaffEvent
from intake.reports.services import Upload, auditing
from intake.reports.services.sweeping import sweep_blobs
from intake.routing.models import Alarm, Grant, Mention, Placement
from intake.routing.services import Hand, settle_everything
from intake.triage import services
from intake.triage.models import Pending
from intake.web.formtoken import FormToken
from tests.cast import Cast, Member, enter
from tests.journeys import BODY, live_board, photo, report_of

CONTACT = "13800138000"


@pytest.fixture
def digits(world: World, cast: Cast) -> str:
    """The receipt of a named report with a photo, of team4."""
    token = FormToken("report", live_board(world), vault.random_bytes(16), world.clock.now())
    draft = content.normalised(body=BODY, identity="named", contact=CONTACT)
    return reports.file_report(world, token=token, draft=draft, uploads=[Upload("IMG_1.jpg", photo())]).digits


@pytest.fixture
def filed(world: World, digits: str) -> Report:
    return report_of(world, digits)


def act_of(world: World, member: Member) -> SignedIn:
    return enter(world, member).signed_in


def row(world: World, report_id: str) -> Report:
    with world.db.read() as session:
        return session.get_one(Report, report_id)


def events(world: World, report_id: str) -> list[tuple[str, str]]:
    """Who did what, openings left out."""
    with world.db.read() as session:
        rows = session.execute(
            select(StaffEvent.actor_id, StaffEvent.kind)
            .where(StaffEvent.report_id == report_id, StaffEvent.kind != "opened")
            .order_by(StaffEvent.seq)
        )
        return [(actor, kind) for actor, kind in rows]


def close_as_unfounded(world: World, who: SignedIn, report_id: str, text: str = "") -> bool:
    version = row(world, report_id).version
    return services.move(world, who, report_id, to="closed", result="not_verified", text=text, version=version)


class TestClosingAsUnfounded:
    def test_the_first_proposes_and_the_second_closes_with_both_names(
        self, world: World, cast: Cast, filed: Report, digits: str
    ) -> None:
        liaison, leader = act_of(world, cast.liaison), act_of(world, cast.leader)
        assert close_as_unfounded(world, liaison, filed.id, "问过三户，都说没有这回事。") is False
        assert row(world, filed.id).state == "received"
        assert reports.open_box(world, digits=digits).messages == ()
        seen = services.open_case(world, leader, filed.id)
        assert seen.waiting is not None
        assert (seen.waiting.what, seen.waiting.by, seen.waiting.mine) == ("办结", cast.liaison.name, False)
        assert (seen.waiting.why, seen.waiting.text) == ("不属实", "问过三户，都说没有这回事。")
        assert seen.moves == ()
        services.agree(world, leader, filed.id, version=seen.version)
        case = services.open_case(world, leader, filed.id)
        assert (case.state, case.result_name, case.waiting) == ("closed", "不属实", None)
        assert case.box[-1].text == "办理结果：不属实。\n问过三户，都说没有这回事。"
        assert events(world, filed.id) == [(cast.liaison.person_id, "proposed"), (cast.leader.person_id, "move")]
        said = [line.text for line in case.story]
        assert f"{cast.liaison.name}提出：办结，不属实，等第二个人同意。" in said
        assert f"{cast.leader.name}同意{cast.liaison.name}提出的：办结，不属实。" in said
        assert auditing.verify(world).broken is None

    def test_the_same_button_pressed_by_somebody_else_agrees(self, world: World, cast: Cast, filed: Report) -> None:
        close_as_unfounded(world, act_of(world, cast.liaison), filed.id)
        assert services.move(world, act_of(world, cast.leader), filed.id, to="closed", version=2) is True
        assert (row(world, filed.id).state, row(world, filed.id).result) == ("closed", "not_verified")

    def test_nobody_agrees_with_themselves(self, world: World, cast: Cast, filed: Report) -> None:
        who = act_of(world, cast.leader)
        close_as_unfounded(world, who, filed.id)
        with pytest.raises(Forbidden):
            services.agree(world, who, filed.id, version=2)
        with pytest.raises(Forbidden):
            services.decline(world, who, filed.id, text="不行", version=2)
        with pytest.raises(MoveForbidden):
            close_as_unfounded(world, who, filed.id)
        assert row(world, filed.id).state == "received"

    def test_that_two_are_two_is_looked_at_inside_the_write_too(
        self, world: World, cast: Cast, filed: Report, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The row changes hands between the look and the write: what is recorded holds."""
        leader, liaison = act_of(world, cast.leader), act_of(world, cast.liaison)
        close_as_unfounded(world, liaison, filed.id)
        ordinary = world.db.write

        def overtaken(function: Callable[[Session], object]) -> object:
            monkeypatch.setattr(world.db, "write", ordinary)
            ordinary(lambda session: _retake(session, filed.id, cast.leader.person_id))
            return ordinary(function)

        monkeypatch.setattr(world.db, "write", overtaken)
        with pytest.raises(Stale):
            services.agree(world, leader, filed.id, version=2)
        assert row(world, filed.id).state == "received"

    def test_while_it_waits_nothing_else_moves_and_other_words_do(
        self, world: World, cast: Cast, filed: Report
    ) -> None:
        leader = act_of(world, cast.leader)
        close_as_unfounded(world, act_of(world, cast.liaison), filed.id)
        with pytest.raises(MoveForbidden):
            services.move(world, leader, filed.id, to="accepted", version=2)
        services.answer(world, leader, filed.id, text="我们还在看。", version=2)
        services.add_note(world, leader, filed.id, text="再想想。")
        services.agree(world, leader, filed.id, version=3)
        assert row(world, filed.id).state == "closed"

    def test_declining_needs_words_and_keeps_them_among_colleagues(
        self, world: World, cast: Cast, filed: Report, digits: str
    ) -> None:
        leader = act_of(world, cast.leader)
        close_as_unfounded(world, act_of(world, cast.liaison), filed.id)
        with pytest.raises(Invalid) as refused:
            services.decline(world, leader, filed.id, text="  ", version=2)
        assert "text" in refused.value.fields
        services.decline(world, leader, filed.id, text="还有一户没有问。", version=2)
        case = services.open_case(world, leader, filed.id)
        assert (case.state, case.waiting, case.notes[-1].text) == ("received", None, "还有一户没有问。")
        assert case.moves != ()
        assert reports.open_box(world, digits=digits).messages == ()
        assert events(world, filed.id)[-1] == (cast.leader.person_id, "declined")

    def test_the_first_may_take_it_back_and_nobody_else(self, world: World, cast: Cast, filed: Report) -> None:
        liaison = act_of(world, cast.liaison)
        close_as_unfounded(world, liaison, filed.id)
        with pytest.raises(Forbidden):
            services.withdraw(world, act_of(world, cast.leader), filed.id, version=2)
        services.withdraw(world, liaison, filed.id, version=2)
        assert services.move(world, liaison, filed.id, to="closed", result="fixed", version=3) is True
        with pytest.raises(NotFound):
            services.agree(world, liaison, filed.id, version=4)

    def test_an_older_page_is_stale(self, world: World, cast: Cast, filed: Report) -> None:
        leader = act_of(world, cast.leader)
        close_as_unfounded(world, act_of(world, cast.liaison), filed.id)
        for attempt in (
            lambda: services.agree(world, leader, filed.id, version=1),
            lambda: services.decline(world, leader, filed.id, text="不行", version=1),
            lambda: services.move(world, leader, filed.id, to="closed", version=1),
        ):
            with pytest.raises(Stale):
                attempt()

    def test_who_lost_the_key_meanwhile_has_not_proposed(self, world: World, cast: Cast, filed: Report) -> None:
        close_as_unfounded(world, act_of(world, cast.recused), filed.id)
        world.db.write(lambda session: session.execute(delete(Grant).where(Grant.holder == cast.recused.person_id)))
        with pytest.raises(MoveForbidden):
            services.agree(world, act_of(world, cast.leader), filed.id, version=2)
        services.decline(world, act_of(world, cast.leader), filed.id, text="提出的人已经回避。", version=2)
        assert row(world, filed.id).state == "received"

    def test_without_a_key_nobody_is_the_second(self, world: World, cast: Cast, filed: Report) -> None:
        close_as_unfounded(world, act_of(world, cast.liaison), filed.id)
        world.db.write(lambda session: session.execute(delete(Grant).where(Grant.holder == cast.leader.person_id)))
        with pytest.raises(Forbidden):
            services.agree(world, act_of(world, cast.leader), filed.id, version=2)

    @pytest.mark.parametrize("name", ["stranger", "superior"])
    def test_to_others_nothing_waits(self, world: World, cast: Cast, filed: Report, name: str) -> None:
        close_as_unfounded(world, act_of(world, cast.liaison), filed.id)
        member: Member = getattr(cast, name)
        who = act_of(world, member)
        attempts: tuple[Callable[[], None], ...] = (
            lambda: services.agree(world, who, filed.id, version=2),
            lambda: services.decline(world, who, filed.id, text="不", version=2),
            lambda: services.withdraw(world, who, filed.id, version=2),
        )
        for attempt in attempts:
            with pytest.raises(NotFound):
                attempt()

    def test_the_office_neither_reads_nor_decides_what_lies_with_a_team(
        self, world: World, cast: Cast, filed: Report
    ) -> None:
        close_as_unfounded(world, act_of(world, cast.liaison), filed.id, "问过三户。")
        office = act_of(world, cast.office)
        assert services.open_case(world, office, filed.id).waiting is None
        with pytest.raises(Forbidden):
            services.agree(world, office, filed.id, version=2)

    def test_what_was_proposed_lies_sealed(self, world: World, cast: Cast, filed: Report) -> None:
        close_as_unfounded(world, act_of(world, cast.liaison), filed.id, "问过三户。")
        with world.db.read() as session:
            waiting = session.get_one(Pending, filed.id)
        assert waiting.text is not None
        assert "问过三户".encode() not in waiting.text


def _retake(session: Session, report_id: str, person_id: str) -> None:
    """As if the proposal had been withdrawn and made again by somebody else."""
    waiting = session.get_one(Pending, report_id)
    waiting.proposer_id, waiting.at = person_id, waiting.at + timedelta(seconds=1)


class TestContact:
    def ask(self, world: World, cast: Cast, report_id: str, **words: str) -> SignedIn:
        who = act_of(world, cast.leader)
        asked = {"ground": "verify", "text": "", **words}
        services.ask_reveal(
            world, who, report_id, ground=asked["ground"], text=asked["text"], version=row(world, report_id).version
        )
        return who

    def test_it_opens_for_the_leader_who_asked_for_one_day(
        self, world: World, cast: Cast, filed: Report, clock: FixedClock
    ) -> None:
        leader = self.ask(world, cast, filed.id)
        with pytest.raises(Forbidden):
            services.reveal_contact(world, leader, filed.id)
        services.agree(world, act_of(world, cast.liaison), filed.id, version=2)
        assert services.open_case(world, leader, filed.id).can_reveal
        assert services.reveal_contact(world, leader, filed.id) == CONTACT
        with pytest.raises(Forbidden):
            services.reveal_contact(world, act_of(world, cast.liaison), filed.id)
        assert [kind for _, kind in events(world, filed.id)] == ["proposed", "agreed", "contact_opened"]
        clock.advance(timedelta(days=1, seconds=1))
        assert not services.open_case(world, leader, filed.id).can_reveal
        with pytest.raises(Forbidden):
            services.reveal_contact(world, leader, filed.id)

    def test_it_can_be_asked_for_again(self, world: World, cast: Cast, filed: Report, clock: FixedClock) -> None:
        for _ in range(2):
            leader = self.ask(world, cast, filed.id)
            services.agree(world, act_of(world, cast.recused), filed.id, version=row(world, filed.id).version)
            assert services.reveal_contact(world, leader, filed.id) == CONTACT
            clock.advance(timedelta(days=2))

    def test_asking_takes_a_leader_a_ground_and_words_for_another_one(
        self, world: World, cast: Cast, filed: Report
    ) -> None:
        for ground, text, field in (("", "", "reason"), ("curious", "", "reason"), ("other", "", "text")):
            with pytest.raises(Invalid) as refused:
                self.ask(world, cast, filed.id, ground=ground, text=text)
            assert field in refused.value.fields
        with pytest.raises(Forbidden):
            services.ask_reveal(
                world, act_of(world, cast.liaison), filed.id, ground="verify", text="", version=filed.version
            )
        with pytest.raises(Stale):
            services.ask_reveal(world, act_of(world, cast.leader), filed.id, ground="verify", text="", version=9)

    def test_a_question_about_the_contact_holds_nothing_else_up(self, world: World, cast: Cast, filed: Report) -> None:
        leader = self.ask(world, cast, filed.id)
        with pytest.raises(MoveForbidden):
            self.ask(world, cast, filed.id)
        with pytest.raises(MoveForbidden):
            close_as_unfounded(world, leader, filed.id)
        assert services.move(world, leader, filed.id, to="accepted", version=2) is True
        services.agree(world, act_of(world, cast.liaison), filed.id, version=3)
        assert services.reveal_contact(world, leader, filed.id) == CONTACT

    def test_declined_it_stays_shut(self, world: World, cast: Cast, filed: Report) -> None:
        leader = self.ask(world, cast, filed.id)
        services.decline(world, act_of(world, cast.liaison), filed.id, text="可以先写信问。", version=2)
        with pytest.raises(Forbidden):
            services.reveal_contact(world, leader, filed.id)
        assert services.open_case(world, leader, filed.id).can_ask_reveal


class TestPurging:
    def set_aside(self, world: World, cast: Cast, report_id: str) -> None:
        version = row(world, report_id).version
        services.move(world, act_of(world, cast.liaison), report_id, to="spam", reason="advertising", version=version)
        leader = act_of(world, cast.leader)
        assert services.move(world, leader, report_id, to="purged", reason="advertising", version=version + 1) is False

    def test_nothing_is_left_but_the_number_and_the_history(
        self, world: World, cast: Cast, filed: Report, digits: str, clock: FixedClock
    ) -> None:
        liaison = act_of(world, cast.liaison)
        services.answer(world, liaison, filed.id, text="请问是哪里？", version=1)
        services.add_note(world, liaison, filed.id, text="像是广告。")
        token = FormToken("box", "", vault.random_bytes(16), world.clock.now())
        reports.add_to_report(world, digits=digits, token=token, body="补一句", uploads=[Upload("b.jpg", photo())])
        self.set_aside(world, cast, filed.id)
        assert reports.open_box(world, digits=digits).state == "received"
        before = row(world, filed.id)
        services.agree(world, liaison, filed.id, version=before.version)
        gone = row(world, filed.id)
        assert (gone.state, gone.register_no, gone.day) == ("purged", filed.register_no, filed.day)
        assert (gone.content, gone.contact, gone.box_tag, gone.box_for_staff, gone.box_for_receipt) == (
            b"", b"", None, None, None,
        )  # fmt: skip
        with world.db.read() as session:
            for rows in (Grant, ReportFile, Addition, BoxMessage, Note, Mention, Pending):
                assert session.scalar(select(func.count()).where(rows.report_id == filed.id)) == 0, rows
            assert session.get_one(Placement, filed.id).lane == "purged"
        with pytest.raises(NotFound):
            reports.open_box(world, digits=digits)
        assert auditing.verify(world).broken is None
        clock.advance(timedelta(days=3))
        assert sweep_blobs(world) == 1
        case = services.open_case(world, liaison, filed.id)
        assert (case.locked, case.body, case.files, case.moves) == ("purged", None, (), ())
        assert f"{cast.liaison.name}同意{cast.leader.name}提出的：已清除，广告。" in [line.text for line in case.story]

    def test_the_same_form_sent_again_files_nothing_new(self, world: World, cast: Cast) -> None:
        token = FormToken("report", live_board(world), vault.random_bytes(16), world.clock.now())
        draft = content.normalised(body="低价办贷款，电话见图，秒批秒放。")
        first = reports.file_report(world, token=token, draft=draft)
        report_id = report_of(world, first.digits).id
        self.set_aside(world, cast, report_id)
        services.agree(world, act_of(world, cast.liaison), report_id, version=3)
        again = reports.file_report(world, token=token, draft=draft)
        assert again.digits == first.digits
        with world.db.read() as session:
            assert session.scalar(select(func.count(Report.id))) == 1

    def test_nobody_is_looked_for_who_could_open_what_is_gone(self, world: World, cast: Cast, filed: Report) -> None:
        self.set_aside(world, cast, filed.id)
        services.agree(world, act_of(world, cast.liaison), filed.id, version=3)
        hand = Hand.of(world, "sweep")
        assert world.db.write(lambda session: settle_everything(session, hand)) == []
        with world.db.read() as session:
            assert session.get_one(Placement, filed.id).team_id == "team4"
            assert session.scalar(select(func.count(Alarm.id))) == 0

    def test_spam_alone_destroys_nothing_and_comes_back(
        self, world: World, cast: Cast, filed: Report, digits: str
    ) -> None:
        self.set_aside(world, cast, filed.id)
        leader = act_of(world, cast.leader)
        services.withdraw(world, leader, filed.id, version=3)
        services.move(world, leader, filed.id, to="screening", reason="genuine", version=4)
        assert services.open_case(world, leader, filed.id).body == BODY
        assert reports.open_box(world, digits=digits).state == "in_review"
