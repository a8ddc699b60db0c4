"""Handing on: a restatement under a key of its own, to people who are not recused, and never the original."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.core.access import Role, SignedIn
from intake.core.clock import FixedClock
from intake.core.errors import Forbidden, Invalid, MoveForbidden, NotFound, Stale
from intake.core.secretfile import RecoveryKeys
from intake.core.vault import VaultError
from intake.core.world import World
from intake.reports.models import StaffEvent
from intake.reports.services.auditing import verify
from intake.routing.models import Conflict, Grant, Mention, Placement
from intake.routing.services import Hand, open_grant, reseal, settle
from intake.routing.services.marks import stamp
from intake.triage import services
from intake.triage.models import Handover, Reveal
from intake.triage.services import handing_on, item_keys, items, opening
from intake.triage.services.handing_on import Restated, envelope_of
from tests.cast import Member, add_member, build_cast, enter
from tests.client import PageClient
from tests.views.desk import BODY, CONTACT, RESTRICTION, Case, Desk

TEXT = "请核实河口村集体林木出售收入的入账情况，调取合同和银行流水，一个月内报结果。"
ITEM = Restated("delegated", "team:town_fl", "集体林木收入核查", TEXT)


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    return desk


@pytest.fixture
def case(desk: Desk) -> Case:
    return desk.file(category="three_assets", contact=CONTACT, contact_restriction=RESTRICTION, identity="named")


@pytest.fixture
def town(desk: Desk) -> Member:
    return add_town(desk, "town_fl2", "示例卯")


def add_town(desk: Desk, login: str, name: str, *, confirmed: bool = True) -> Member:
    signer = desk.cast.office if confirmed else None
    return add_member(desk.world, login, name, Role.town_discipline, "town_fl", signer=signer)


def signed(desk: Desk, member: Member) -> SignedIn:
    return enter(desk.world, member).signed_in


def accept(desk: Desk, case: Case, member: Member) -> None:
    services.move(desk.world, signed(desk, member), case.report_id, to="accepted", version=desk.version(case))


def hand_on(desk: Desk, case: Case, restated: Restated = ITEM, member: Member | None = None) -> str:
    who = signed(desk, member or desk.cast.leader)
    return handing_on.hand_on(desk.world, who, case.report_id, restated, version=desk.version(case))


def holders(desk: Desk, case: Case, envelope: str) -> set[str]:
    with desk.world.db.read() as session:
        rows = select(Grant.holder).where(Grant.report_id == case.report_id, Grant.envelope == envelope)
        return set(session.scalars(rows))


def add_conflict(desk: Desk, member: Member, case: Case) -> None:
    """From today the member is recused from the site of the case."""
    world, key = desk.world, desk.world.secrets.routing_key
    hand = Hand.of(world, "test")

    def write(session: Session) -> None:
        site_id = session.get_one(Placement, case.report_id).site_id
        assert site_id is not None
        session.add(
            Conflict(
                person_id=member.person_id, kind="site", target=site_id, ground="亲属", from_day=world.today(),
                approved_by=desk.cast.office.person_id, made_by=desk.cast.office.person_id, made_at=world.clock.now(),
            )
        )  # fmt: skip
        reseal(session, key)
        settle(session, hand, [case.report_id])

    world.db.write(write)


def name_team(desk: Desk, case: Case, team_id: str) -> None:
    """As if the text had named this team."""
    key = desk.world.secrets.routing_key

    def write(session: Session) -> None:
        session.add(Mention(report_id=case.report_id, kind="team", target=team_id, source="text", dismissed=False))
        stamp(session, key, [case.report_id])

    desk.world.db.write(write)


class TestSending:
    def test_the_unit_gets_the_restatement_and_no_key_of_the_original(
        self, desk: Desk, case: Case, town: Member
    ) -> None:
        item_id = hand_on(desk, case)
        with desk.world.db.read() as session:
            theirs = session.scalars(select(Grant).where(Grant.holder == town.person_id)).all()
        assert [grant.envelope for grant in theirs] == [envelope_of(item_id)]
        item = items.open_item(desk.world, signed(desk, town), item_id)
        assert (item.title, item.text, item.sender) == (ITEM.title, TEXT, "岚溪县委第四巡察组")
        for secret in (BODY, CONTACT, RESTRICTION, case.report_id, desk.row(case).register_no):
            assert secret not in repr(item)

    def test_the_state_follows_the_table_and_is_on_record(self, desk: Desk, case: Case, town: Member) -> None:
        hand_on(desk, case)
        assert desk.row(case).state == "delegated"
        assert desk.events(case) == ["move", "handed_on"]
        assert verify(desk.world).broken is None

    def test_who_holds_the_item(self, desk: Desk, case: Case, town: Member) -> None:
        item_id = hand_on(desk, case)
        cast = desk.cast
        mine = {m.person_id for m in (town, cast.leader, cast.liaison, cast.recused, cast.office)}
        assert holders(desk, case, envelope_of(item_id)) == mine | {"recovery:county"}

    def test_a_recused_receiver_is_never_among_them(self, desk: Desk, case: Case, town: Member) -> None:
        kin = add_town(desk, "town_fl1", "示例癸")
        add_conflict(desk, kin, case)
        looked = handing_on.look(
            desk.world, signed(desk, desk.cast.leader), case.report_id, ITEM, version=desk.version(case)
        )
        assert looked.takers == ("示例卯",)
        item_id = hand_on(desk, case)
        assert kin.person_id not in holders(desk, case, envelope_of(item_id))
        assert items.list_items(desk.world, signed(desk, kin)) == ()
        with pytest.raises(NotFound):
            items.open_item(desk.world, signed(desk, kin), item_id)

    def test_where_all_are_recused_it_names_the_unit_and_nothing_happens(self, desk: Desk, case: Case) -> None:
        add_conflict(desk, add_town(desk, "town_fl1", "示例癸"), case)
        with pytest.raises(Invalid) as refusal:
            hand_on(desk, case)
        assert "凤岭乡纪委" in refusal.value.fields["receiver"]
        assert desk.row(case).state == "received"
        with desk.world.db.read() as session:
            assert session.scalars(select(Handover)).all() == []

    def test_a_unit_that_the_text_names_gets_nothing(self, desk: Desk, case: Case, town: Member) -> None:
        name_team(desk, case, "town_fl")
        with pytest.raises(Invalid) as refusal:
            hand_on(desk, case)
        assert set(refusal.value.fields) == {"receiver"}

    def test_somebody_whose_key_nobody_confirmed_gets_nothing(self, desk: Desk, case: Case, town: Member) -> None:
        newcomer = add_town(desk, "town_fl3", "示例辰", confirmed=False)
        assert newcomer.person_id not in holders(desk, case, envelope_of(hand_on(desk, case)))

    def test_outside_units_hold_nothing_and_need_a_name_where_there_are_many(self, desk: Desk, case: Case) -> None:
        accept(desk, case, desk.cast.leader)
        fix = Restated("immediate_fix", "out:owner_unit", "路灯不亮", TEXT)
        with pytest.raises(Invalid) as refusal:
            hand_on(desk, case, fix)
        assert set(refusal.value.fields) == {"unit"}
        hand_on(desk, case, replace(fix, unit="石桥村民委员会"))
        with desk.world.db.read() as session:
            row = session.scalars(select(Handover)).one()
        assert (row.to_team_id, row.to_target, row.kind) == (None, "owner_unit", "immediate_fix")

    @pytest.mark.parametrize("name", ["liaison", "stranger", "office"])
    def test_only_a_leader_who_has_the_report_hands_on(self, desk: Desk, case: Case, town: Member, name: str) -> None:
        with pytest.raises((Forbidden, NotFound, MoveForbidden)):
            hand_on(desk, case, member=getattr(desk.cast, name))
        assert desk.row(case).state == "received"

    def test_the_plain_form_of_a_move_hands_nothing_on(self, desk: Desk, case: Case, town: Member) -> None:
        with pytest.raises(MoveForbidden, match="转述"):
            services.move(
                desk.world, signed(desk, desk.cast.leader), case.report_id, to="delegated", version=desk.version(case)
            )
        assert desk.row(case).state == "received"

    def test_an_old_page_hands_nothing_on(self, desk: Desk, case: Case, town: Member) -> None:
        who = signed(desk, desk.cast.leader)
        with pytest.raises(Stale):
            handing_on.hand_on(desk.world, who, case.report_id, ITEM, version=desk.version(case) + 1)

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"title": ""}, "title"),
            ({"title": "长" * 101}, "title"),
            ({"text": "太短了，不行"}, "text"),
            ({"text": "长" * 5001}, "text"),
            ({"text": TEXT + "😀"}, "text"),
            ({"receiver": ""}, "receiver"),
            ({"receiver": "team:team3"}, "receiver"),
            ({"receiver": "out:12345"}, "receiver"),
            ({"due_on": "明天"}, "due_on"),
            ({"due_on": "2026-11-23"}, "due_on"),
            ({"due_on": "2027-11-23"}, "due_on"),
            ({"told": "长" * 5001}, "told"),
        ],
    )
    def test_what_is_missing_is_said_beside_its_field(
        self, desk: Desk, case: Case, town: Member, change: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            hand_on(desk, case, replace(ITEM, **change))
        assert set(refusal.value.fields) == {field}

    def test_deadlines_come_from_the_table_of_limits(self, desk: Desk, town: Member) -> None:
        days = {}
        for kind, receiver, unit in (
            ("referred", "out:12345", ""), ("delegated", "team:town_fl", ""),
            ("immediate_fix", "out:owner_unit", "石桥村民委员会"),
        ):  # fmt: skip
            case = desk.file(BODY + kind)
            accept(desk, case, desk.cast.leader)
            item_id = hand_on(desk, case, Restated(kind, receiver, "事由", TEXT, unit=unit))
            with desk.world.db.read() as session:
                days[kind] = session.get_one(Handover, item_id).due_on
        assert days == {"referred": None, "delegated": date(2027, 1, 22), "immediate_fix": date(2026, 12, 8)}

    def test_a_day_of_ones_own_counts(self, desk: Desk, case: Case, town: Member) -> None:
        item_id = hand_on(desk, case, replace(ITEM, due_on="2026-12-10"))
        with desk.world.db.read() as session:
            assert session.get_one(Handover, item_id).due_on == date(2026, 12, 10)


class TestLooking:
    def look(self, desk: Desk, case: Case, restated: Restated) -> handing_on.Looked:
        who = signed(desk, desk.cast.leader)
        return handing_on.look(desk.world, who, case.report_id, restated, version=desk.version(case))

    def test_own_words_pass(self, desk: Desk, case: Case, town: Member) -> None:
        looked = self.look(desk, case, ITEM)
        assert looked.warnings == ()
        assert looked.text == ((TEXT, False),)
        assert desk.events(case) == []

    def test_copied_words_numbers_and_the_restriction_are_pointed_at(
        self, desk: Desk, case: Case, town: Member
    ) -> None:
        looked = self.look(desk, case, replace(ITEM, text=f"{BODY}{RESTRICTION}，电话13900139000。"))
        assert len(looked.warnings) == 3
        assert [marked for _, marked in looked.text] == [True, False, True, False, True, False]

    def test_what_was_added_later_counts_as_the_original(self, desk: Desk, case: Case, town: Member) -> None:
        later = "会计是村支书的外甥，合同在他家柜子里锁着，谁也看不到。"
        desk.write_again(case, later)
        assert self.look(desk, case, replace(ITEM, text="据了解：" + later)).warnings

    def test_the_contact_is_no_oracle(self, desk: Desk, case: Case, town: Member) -> None:
        named = replace(ITEM, text="请向何某本人了解集体林木出售的情况。")
        assert self.look(desk, case, named).warnings == ()
        until = desk.world.clock.now() + timedelta(days=1)
        leader, other = desk.cast.leader.person_id, desk.cast.liaison.person_id
        desk.world.db.write(
            lambda session: session.add(
                Reveal(report_id=case.report_id, person_id=leader, agreed_by=other, until=until)
            )
        )
        assert len(self.look(desk, case, named).warnings) == 1


class TestReceiving:
    def test_accepting_reporting_and_the_sender_reading_it(self, desk: Desk, case: Case, town: Member) -> None:
        item_id, who = hand_on(desk, case), signed(desk, town)
        items.open_item(desk.world, who, item_id)
        items.accept_item(desk.world, who, item_id)
        items.report_back(desk.world, who, item_id, text="已查账，11 万已追缴。")
        given = self.given(desk, case, desk.cast.leader)
        assert (given.state, given.reply, given.readers[0].opened) == ("done", "已查账，11 万已追缴。", 1)
        assert desk.events(case)[-3:] == ["item_opened", "item_accepted", "item_done"]
        assert verify(desk.world).broken is None
        with pytest.raises(MoveForbidden):
            items.report_back(desk.world, who, item_id, text="再报一次。")

    def given(self, desk: Desk, case: Case, member: Member) -> items.Item:
        who = signed(desk, member)
        with desk.world.db.read() as session:
            held = opening.find(session, who, case.report_id)
            return items.items_of(desk.world, session, who, held)[0]

    def test_returning_with_a_reason_within_five_working_days(
        self, desk: Desk, case: Case, town: Member, clock: FixedClock
    ) -> None:
        item_id = hand_on(desk, case)
        clock.advance(timedelta(days=7))  # the Monday after: the fifth working day
        with pytest.raises(Invalid):
            items.return_item(desk.world, signed(desk, town), item_id, reason=" ")
        items.return_item(desk.world, signed(desk, town), item_id, reason="不归本乡管。")
        assert self.given(desk, case, desk.cast.leader).state == "returned"

    def test_too_late_to_return(self, desk: Desk, case: Case, town: Member, clock: FixedClock) -> None:
        item_id = hand_on(desk, case)
        clock.advance(timedelta(days=8))
        with pytest.raises(MoveForbidden):
            items.return_item(desk.world, signed(desk, town), item_id, reason="不归本乡管。")
        items.report_back(desk.world, signed(desk, town), item_id, text="已转有权的单位。")

    @pytest.mark.parametrize("name", ["liaison", "leader", "office", "superior", "stranger", "auditor"])
    def test_to_others_an_item_is_nothing(self, desk: Desk, case: Case, town: Member, name: str) -> None:
        item_id, who = hand_on(desk, case), signed(desk, getattr(desk.cast, name))
        assert items.list_items(desk.world, who) == ()
        for act in (items.open_item, items.print_item, items.accept_item):
            with pytest.raises(NotFound):
                act(desk.world, who, item_id)

    def test_a_conflict_that_comes_later_takes_item_and_key_away(self, desk: Desk, case: Case, town: Member) -> None:
        item_id = hand_on(desk, case)
        add_conflict(desk, town, case)
        assert town.person_id not in holders(desk, case, envelope_of(item_id))
        assert items.list_items(desk.world, signed(desk, town)) == ()
        assert not any(reader.holds for reader in self.given(desk, case, desk.cast.leader).readers)

    def test_the_original_stays_shut_to_a_receiver(self, desk: Desk, case: Case, town: Member) -> None:
        hand_on(desk, case)
        with pytest.raises(NotFound):
            services.open_case(desk.world, signed(desk, town), case.report_id)

    def test_an_item_opens_no_other_envelope(self, desk: Desk, case: Case, town: Member) -> None:
        """A grant copied onto the report's own envelope opens nothing."""
        item_id = hand_on(desk, case)
        with desk.world.db.read() as session:
            grant = session.get_one(Grant, (case.report_id, envelope_of(item_id), town.person_id))
        grant.envelope = "report"
        with pytest.raises(VaultError):
            open_grant(town.keys.reading, grant)


class TestKeysLater:
    def test_a_newcomer_of_the_unit_gets_it_from_the_sending_side(self, desk: Desk, case: Case, town: Member) -> None:
        item_id = hand_on(desk, case)
        newcomer, kin = add_town(desk, "town_fl3", "示例辰"), add_town(desk, "town_fl1", "示例癸")
        add_conflict(desk, kin, case)
        who = signed(desk, newcomer)
        assert items.list_items(desk.world, who)[0].title is None
        assert item_keys.grant_again(desk.world, signed(desk, desk.cast.leader), case.report_id, item_id) == 1
        assert items.open_item(desk.world, who, item_id).title == ITEM.title
        assert kin.person_id not in holders(desk, case, envelope_of(item_id))
        assert item_keys.grant_again(desk.world, signed(desk, desk.cast.leader), case.report_id, item_id) == 0

    def test_an_item_of_another_report_is_nothing(self, desk: Desk, case: Case, town: Member) -> None:
        item_id, other = hand_on(desk, case), desk.file(BODY + "另一件")
        with pytest.raises(NotFound):
            item_keys.grant_again(desk.world, signed(desk, desk.cast.leader), other.report_id, item_id)

    def test_after_a_transfer_the_new_team_follows_it_up_and_the_old_one_holds_nothing(
        self, desk: Desk, case: Case, town: Member
    ) -> None:
        cast = desk.cast
        item_id = hand_on(desk, case)
        services.move(
            desk.world, signed(desk, cast.leader), case.report_id, to="in_progress", reason="came_back",
            version=desk.version(case),
        )  # fmt: skip
        services.move(
            desk.world, signed(desk, cast.leader), case.report_id, to="assigned", team_id="team3", text="分工调整。",
            version=desk.version(case),
        )  # fmt: skip
        now = holders(desk, case, envelope_of(item_id))
        assert now == {town.person_id, cast.stranger.person_id, cast.office.person_id, "recovery:county"}
        assert TestReceiving().given(desk, case, cast.stranger).title == ITEM.title
        assert items.open_item(desk.world, signed(desk, town), item_id).title == ITEM.title


def test_every_opening_of_an_item_is_on_record_with_the_name(desk: Desk, case: Case, town: Member) -> None:
    item_id = hand_on(desk, case)
    items.open_item(desk.world, signed(desk, town), item_id)
    items.print_item(desk.world, signed(desk, town), item_id)
    with desk.world.db.read() as session:
        rows = session.execute(select(StaffEvent.kind, StaffEvent.actor_id).order_by(StaffEvent.seq)).all()
    assert [tuple(row) for row in rows][-2:] == [("item_opened", town.person_id), ("item_printed", town.person_id)]
