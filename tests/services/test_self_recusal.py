"""Stepping back by oneself, and what the sweep does when a day begins."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from intake.core.access import Role
from intake.core.clock import FixedClock
from intake.core.errors import Invalid, NotFound
from intake.core.world import World
from intake.people import services as people
from intake.reports.models import StaffEvent
from intake.reports.services import sweeping
from intake.routing import services as routing
from intake.routing.models import Alarm, Mention
from intake.triage import services as triage
from intake.triage.models import Pending
from intake.triage.queries import QueueFilters, queue
from tests.cast import Cast, Member, add_member, enter
from tests.journeys import live_board
from tests.services.test_links import OTHER, events, link, number, report, whole
from tests.services.test_recusal import BODY, change, conflict, file, holders, placement, sees, site_id


@pytest.fixture
def board(world: World, cast: Cast) -> str:
    return live_board(world)


def step_back(world: World, member: Member, report_id: str, ground: str = "kin") -> None:
    triage.recuse_self(world, enter(world, member).signed_in, report_id, ground=ground)


def rows(world: World, member: Member) -> int:
    who = enter(world, member).signed_in
    with world.db.read() as session:
        page = queue(world, session, who, filters=QueueFilters())
        assert page.count == page.reports == len(page.rows)
        return page.count


def test_the_key_goes_at_once_and_a_colleague_carries_on(world: World, cast: Cast, board: str) -> None:
    report_id, _ = file(world, board)
    other, _ = file(world, board, OTHER)
    who = enter(world, cast.liaison).signed_in
    triage.move(world, who, report_id, to="screening", version=1)
    assert (rows(world, cast.liaison), report(world, report_id).assignee_id) == (2, cast.liaison.person_id)
    step_back(world, cast.liaison, report_id)
    assert cast.liaison.person_id not in holders(world, report_id)
    assert not sees(world, cast.liaison, report_id)
    assert rows(world, cast.liaison) == 1
    with pytest.raises(NotFound):
        triage.open_case(world, who, report_id)
    with pytest.raises(NotFound):
        step_back(world, cast.liaison, report_id)
    now = report(world, report_id)
    assert (now.state, now.assignee_id, placement(world, report_id).team_id) == ("screening", None, "team4")
    assert events(world, report_id) == ["move", "recused", "withdrawn"]
    triage.move(world, enter(world, cast.leader).signed_in, report_id, to="accepted", version=now.version)
    assert sees(world, cast.liaison, other)
    whole(world, report_id)


def test_the_ground_is_shown_to_the_office_only(world: World, cast: Cast, board: str) -> None:
    report_id, _ = file(world, board)
    step_back(world, cast.liaison, report_id, ground="worked_there")
    for member, told in ((cast.leader, False), (cast.office, True)):
        case = triage.open_case(world, enter(world, member).signed_in, report_id)
        text = "".join(line.text for line in case.story)
        assert ("在那里工作过" in text) == told
        assert ("收回钥匙" in text) == told
        assert case.reasons == ("坪上村公告栏203归岚溪县委第四巡察组。",)


def test_that_somebody_opens_it_no_more_is_shown_to_the_office_only(world: World, cast: Cast, board: str) -> None:
    """Colleagues read who opened it and how often; whose key went is a record of recusal."""
    report_id, _ = file(world, board)
    triage.open_case(world, enter(world, cast.liaison).signed_in, report_id)
    step_back(world, cast.liaison, report_id)
    for member, gone in ((cast.leader, False), (cast.office, True)):
        case = triage.open_case(world, enter(world, member).signed_in, report_id)
        (line,) = [reader for reader in case.readers if reader.name == cast.liaison.name]
        assert (line.opened, not line.holds) == (1, gone)


@pytest.mark.parametrize("ground", ["", "because", "kin "])
def test_it_takes_a_ground(world: World, cast: Cast, board: str, ground: str) -> None:
    report_id, _ = file(world, board)
    with pytest.raises(Invalid) as refused:
        step_back(world, cast.liaison, report_id, ground=ground)
    assert set(refused.value.fields) == {"ground"}
    assert sees(world, cast.liaison, report_id)


def test_the_last_one_to_step_back_sends_it_up(world: World, cast: Cast, board: str) -> None:
    report_id, _ = file(world, board)
    for member in (cast.liaison, cast.recused):
        step_back(world, member, report_id)
    assert placement(world, report_id).team_id == "team4"
    step_back(world, cast.leader, report_id, ground="other")
    placed = placement(world, report_id)
    assert (placed.team_id, placed.guardian) == ("office", True)
    assert holders(world, report_id) == {cast.office.person_id, "recovery:county"}
    step_back(world, cast.office, report_id)
    assert holders(world, report_id) == {"recovery:county"}
    with world.db.read() as session:
        kinds = [a.kind for a in session.scalars(select(Alarm).where(Alarm.report_id == report_id))]
    assert sorted(kinds) == ["climbed", "empty"]
    whole(world, report_id)


def test_the_office_steps_back_from_what_lies_with_a_team(world: World, cast: Cast, board: str) -> None:
    report_id, _ = file(world, board)
    step_back(world, cast.office, report_id)
    assert not sees(world, cast.office, report_id)
    assert cast.office.person_id not in holders(world, report_id)
    assert sees(world, cast.liaison, report_id)


def test_in_the_sealed_lane_too(world: World, cast: Cast, board: str) -> None:
    report_id, _ = file(world, board, about_superior=True)
    step_back(world, cast.superior, report_id)
    assert holders(world, report_id) == {"recovery:superior"}
    assert not sees(world, cast.superior, report_id)
    assert placement(world, report_id).team_id == "superior"
    whole(world, report_id)


def test_stepping_back_from_one_is_from_all_that_is_linked(world: World, cast: Cast, board: str) -> None:
    first, second = file(world, board)[0], file(world, board, OTHER)[0]
    link(world, cast.leader, first, number(world, second))
    step_back(world, cast.liaison, first)
    assert not sees(world, cast.liaison, second)
    assert cast.liaison.person_id not in holders(world, second)


def test_what_they_proposed_waits_no_more(world: World, cast: Cast, board: str) -> None:
    report_id, _ = file(world, board)
    who = enter(world, cast.leader).signed_in
    triage.ask_reveal(world, who, report_id, ground="verify", text="", version=1)
    step_back(world, cast.leader, report_id)
    with world.db.read() as session:
        assert session.scalars(select(Pending)).all() == []


def test_the_mark_of_the_one_who_stepped_back_is_by_id_alone(world: World, cast: Cast, board: str) -> None:
    report_id, _ = file(world, board)
    step_back(world, cast.liaison, report_id)
    with world.db.read() as session:
        mention = session.scalars(select(Mention).where(Mention.report_id == report_id)).one()
        event = session.scalars(select(StaffEvent).where(StaffEvent.kind == "recused")).one()
    assert (mention.kind, mention.target, mention.source) == ("recused", cast.liaison.person_id, "self")
    assert event.data == {"ground": "kin"}


# ---------------------------------------------------------------- the sweep


def test_a_conflict_that_begins_today_takes_the_key_in_the_night(
    world: World, cast: Cast, board: str, clock: FixedClock
) -> None:
    report_id, _ = file(world, board)
    change(world, conflict(cast.recused, "site", site_id(world), world.today() + timedelta(days=1)))
    assert sweeping.settle_day(world) == sweeping.Day(0, 0, 0, 0)
    assert cast.recused.person_id in holders(world, report_id)
    clock.advance(timedelta(days=1))
    assert sweeping.settle_day(world) == sweeping.Day(withdrawn=1, climbed=0, empty_teams=0, releases=0)
    assert cast.recused.person_id not in holders(world, report_id)
    assert sweeping.settle_day(world) == sweeping.Day(0, 0, 0, 0)
    assert events(world, report_id) == ["withdrawn"]
    whole(world, report_id)


def test_it_climbs_when_the_day_leaves_a_team_nobody(world: World, cast: Cast, board: str, clock: FixedClock) -> None:
    report_id, _ = file(world, board)
    tomorrow = world.today() + timedelta(days=1)
    change(world, *(conflict(m, "site", site_id(world), tomorrow) for m in (cast.liaison, cast.leader, cast.recused)))
    clock.advance(timedelta(days=1))
    assert sweeping.settle_day(world) == sweeping.Day(withdrawn=3, climbed=1, empty_teams=0, releases=0)
    assert placement(world, report_id).team_id == "office"
    assert triage.open_case(world, enter(world, cast.office).signed_in, report_id).body == BODY
    assert sweeping.settle_day(world) == sweeping.Day(0, 0, 0, 0)


def test_a_live_board_whose_team_empties_raises_an_alarm_a_day(
    world: World, cast: Cast, board: str, clock: FixedClock
) -> None:
    for member in (cast.liaison, cast.leader, cast.recused):
        people.leave(world, cast.administrator.actor, person_id=member.person_id)
    report_id, _ = file(world, board)
    assert placement(world, report_id).team_id == "office"
    for _ in range(2):
        assert sweeping.settle_day(world).empty_teams == 1
        assert sweeping.settle_day(world).empty_teams == 1
        clock.advance(timedelta(days=1))
    with world.db.read() as session:
        alarms = session.scalars(select(Alarm).where(Alarm.team_id == "team4")).all()
    assert [(alarm.kind, alarm.report_id) for alarm in alarms] == [("empty", None)] * 2


def test_whoever_is_out_since_today_neither_counts_nor_gives_keys_before_the_night(
    world: World, cast: Cast, board: str, clock: FixedClock
) -> None:
    report_id, _ = file(world, board)
    change(world, conflict(cast.recused, "site", site_id(world), world.today() + timedelta(days=1)))
    newcomer = add_member(world, "new4", "示例午", Role.team_liaison, "team4", signer=cast.leader)
    clock.advance(timedelta(days=1))
    who = enter(world, cast.recused).signed_in
    assert cast.recused.person_id in holders(world, report_id)
    with world.db.read() as session:
        assert routing.count_backlog(session, world, who, newcomer.person_id) == 0
    assert routing.grant_backlog(world, who, person_id=newcomer.person_id) == routing.Progress(0, 0)
    assert newcomer.person_id not in holders(world, report_id)


def test_stepping_back_outlasts_the_purging_of_what_it_was_said_of(world: World, cast: Cast, board: str) -> None:
    original, _ = file(world, board)
    copy, _ = file(world, board, BODY + "请查。")
    step_back(world, cast.recused, copy)
    leader, liaison = (enter(world, member).signed_in for member in (cast.leader, cast.liaison))
    for to in ("spam", "purged"):
        triage.move(world, leader, copy, to=to, reason="advertising", version=report(world, copy).version)
    triage.agree(world, liaison, copy, version=report(world, copy).version)
    assert report(world, copy).state == "purged"
    for report_id in (original, copy):
        assert not sees(world, cast.recused, report_id)
    whole(world, original)
