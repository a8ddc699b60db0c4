"""Transfer: the keys go with the report, the old team reads nothing from that moment, the history stays."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from intake.boards.models import Site
from intake.core import vault
from intake.core.access import Role
from intake.core.errors import Busy, Forbidden, Invalid, MoveForbidden, NotFound, Stale
from intake.core.world import World
from intake.people import services as people
from intake.people.services import bump_epoch
from intake.reports import services as reports
from intake.reports.models import Note, StaffEvent
from intake.routing import services as routing
from intake.routing.models import Alarm, FactsSeal, Grant, Placement
from intake.routing.services import Transfer
from intake.triage import services as triage
from intake.triage.models import Pending, Reveal
from intake.triage.services import transferring
from intake.triage.services.opening import find
from intake.web.formtoken import FormToken
from tests.cast import Cast, Member, add_member, enter
from tests.journeys import BODY as SHORT
from tests.journeys import live_board
from tests.services.test_links import OTHER, THIRD, events, report, whole
from tests.services.test_recusal import (
    BODY,
    change,
    change_unseen,
    conflict,
    file,
    holders,
    placement,
    sees,
    site_id,
)

WHY = "学校食堂的事归你们组"


@pytest.fixture
def board(world: World, cast: Cast) -> str:
    return live_board(world)


@pytest.fixture
def leader3(world: World, cast: Cast) -> Member:
    return add_member(world, "leader3", "示例丁", Role.team_leader, "team3", signer=cast.stranger)


def transfer(world: World, member: Member, report_id: str, team_id: str, text: str = WHY) -> None:
    who, version = enter(world, member).signed_in, report(world, report_id).version
    triage.move(world, who, report_id, to="assigned", team_id=team_id, text=text, version=version)


def envelopes(world: World, report_id: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    with world.db.read() as session:
        for grant in session.scalars(select(Grant).where(Grant.report_id == report_id)):
            found.setdefault(grant.envelope, set()).add(grant.holder)
    return found


def test_the_new_team_reads_all_and_the_old_one_nothing(world: World, cast: Cast, board: str, leader3: Member) -> None:
    report_id, digits = file(world, board, contact="13800138000", identity="named")
    token = FormToken("box", "", vault.random_bytes(16), world.clock.now())
    reports.add_to_report(world, digits=digits, token=token, body="补充一句：合同在会计手里。")
    triage.add_note(world, enter(world, cast.liaison).signed_in, report_id, text="先看合同")
    transfer(world, cast.leader, report_id, "team3")
    placed, now = placement(world, report_id), report(world, report_id)
    assert (placed.team_id, placed.lane, placed.guardian) == ("team3", "ordinary", False)
    assert placed.reasons[-1] == "由岚溪县委第四巡察组移交岚溪县委第三巡察组。"
    assert (now.state, now.assignee_id) == ("assigned", None)
    readers = {cast.stranger.person_id, leader3.person_id, cast.office.person_id, "recovery:county"}
    held = envelopes(world, report_id)
    assert held.pop("identity") == {leader3.person_id, "recovery:county"}
    assert len(held) == 2
    assert all(found == readers for found in held.values())
    for member in (cast.liaison, cast.leader, cast.recused):
        assert not sees(world, member, report_id)
        with pytest.raises(NotFound):
            triage.open_case(world, enter(world, member).signed_in, report_id)
    case = triage.open_case(world, enter(world, leader3).signed_in, report_id)
    assert (case.body, [a.text for a in case.additions]) == (BODY, ["补充一句：合同在会计手里。"])
    assert [note.text for note in case.notes] == ["先看合同", WHY]
    assert any("分办（岚溪县委第三巡察组）" in line.text for line in case.story)
    assert events(world, report_id) == ["note", "move", "opened"]
    whole(world, report_id)


def test_what_the_citizen_adds_afterwards_reaches_the_new_team_alone(
    world: World, cast: Cast, board: str, leader3: Member
) -> None:
    report_id, digits = file(world, board)
    transfer(world, cast.leader, report_id, "team3")
    token = FormToken("box", "", vault.random_bytes(16), world.clock.now())
    reports.add_to_report(world, digits=digits, token=token, body="今天又看见了。")
    assert cast.liaison.person_id not in holders(world, report_id)
    case = triage.open_case(world, enter(world, leader3).signed_in, report_id)
    assert [a.text for a in case.additions] == ["今天又看见了。"]


@pytest.mark.parametrize("team_id", ["", "team4", "nowhere", "town_lw", "discipline", "superior", "custody", "team1"])
def test_only_a_team_that_may_have_it_and_can_open_it(world: World, cast: Cast, board: str, team_id: str) -> None:
    report_id, _ = file(world, board)
    with pytest.raises(Invalid) as refused:
        transfer(world, cast.leader, report_id, team_id)
    assert set(refused.value.fields) == {"team_id"}
    assert (placement(world, report_id).team_id, report(world, report_id).state) == ("team4", "received")


def test_a_team_that_is_named_is_neither_offered_nor_given_it(world: World, cast: Cast, board: str) -> None:
    report_id, _ = file(world, board, "岚溪县委第三巡察组的人来了就去老板家吃饭，问什么都不记，大家看在眼里。")
    assert placement(world, report_id).team_id == "office"
    case = triage.open_case(world, enter(world, cast.office).signed_in, report_id)
    assert case.teams == (("team4", "岚溪县委第四巡察组"),)
    with pytest.raises(Invalid) as refused:
        transfer(world, cast.office, report_id, "team3")
    assert refused.value.fields == {"team_id": "这个组要回避，不能移给它。"}
    transfer(world, cast.office, report_id, "team4")
    assert sees(world, cast.liaison, report_id)
    assert not sees(world, cast.stranger, report_id)
    whole(world, report_id)


def test_nobody_recused_gets_a_key_in_the_new_team(world: World, cast: Cast, board: str, leader3: Member) -> None:
    report_id, _ = file(world, board)
    change(world, conflict(cast.stranger, "site", site_id(world), world.today()))
    transfer(world, cast.leader, report_id, "team3")
    assert holders(world, report_id) == {leader3.person_id, cast.office.person_id, "recovery:county"}
    assert not sees(world, cast.stranger, report_id)
    assert sees(world, leader3, report_id)


def test_it_takes_a_leader_a_reason_and_the_page_as_it_is(world: World, cast: Cast, board: str) -> None:
    report_id, _ = file(world, board)
    with pytest.raises(MoveForbidden):
        transfer(world, cast.liaison, report_id, "team3")
    with pytest.raises(NotFound):
        transfer(world, cast.stranger, report_id, "team3")
    with pytest.raises(Forbidden):
        transfer(world, cast.office, report_id, "team3")
    with pytest.raises(Invalid) as refused:
        transfer(world, cast.leader, report_id, "team3", text="  ")
    assert set(refused.value.fields) == {"text"}
    leader = enter(world, cast.leader).signed_in
    with pytest.raises(Stale):
        triage.move(world, leader, report_id, to="assigned", team_id="team3", text=WHY, version=9)
    triage.move(world, leader, report_id, to="assigned", team_id="office", reason="归办公室", version=1)
    assert placement(world, report_id).team_id == "office"
    assert cast.office.person_id in envelopes(world, report_id)["identity"]


def test_a_leader_without_the_key_moves_nothing(world: World, cast: Cast, board: str) -> None:
    report_id, _ = file(world, board)
    late = add_member(world, "leader4b", "示例午", Role.team_leader, "team4", signer=cast.leader)
    with pytest.raises(Forbidden):
        transfer(world, late, report_id, "team3")
    assert placement(world, report_id).team_id == "team4"


def test_where_somebody_moved_the_facts_nothing_moves(world: World, cast: Cast, board: str, leader3: Member) -> None:
    """It would be sealed to the recovery key alone, and everybody who reads it would read it no more."""
    report_id, _ = file(world, board)
    before = envelopes(world, report_id)
    change_unseen(world, update(Site).values(name="别的地方"))
    change_unseen(world, update(FactsSeal).values(version=99))  # read anew, as after a restart
    with pytest.raises(Forbidden):
        transfer(world, cast.leader, report_id, "team3")
    assert envelopes(world, report_id) == before
    assert round_of(world, cast.leader, "team3").done == 0
    assert envelopes(world, report_id) == before


def test_what_waited_for_a_second_person_waits_no_more(world: World, cast: Cast, board: str, leader3: Member) -> None:
    report_id, _ = file(world, board, contact="13800138000")
    leader = enter(world, cast.leader).signed_in
    triage.ask_reveal(world, leader, report_id, ground="verify", text="", version=1)

    def agreed(session: Session) -> None:
        until = datetime(2027, 1, 1, tzinfo=UTC)
        session.add(
            Reveal(report_id=report_id, person_id=cast.leader.person_id, agreed_by=cast.liaison.person_id, until=until)
        )

    world.db.write(agreed)
    transfer(world, cast.leader, report_id, "team3")
    with world.db.read() as session:
        assert session.scalars(select(Pending)).all() == []
        assert session.scalars(select(Reveal)).all() == []


def test_readers_who_moved_in_between_are_sealed_for_again(
    world: World, cast: Cast, board: str, leader3: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_id, _ = file(world, board)
    turns: list[Transfer] = []

    def slow(*args: Any, **more: Any) -> Transfer:
        turns.append(routing.prepare_transfer(*args, **more))
        if len(turns) <= 2:
            world.db.write(bump_epoch)
        return turns[-1]

    monkeypatch.setattr(transferring, "prepare_transfer", slow)
    transfer(world, cast.leader, report_id, "team3")
    assert len(turns) == 3
    assert placement(world, report_id).team_id == "team3"
    assert events(world, report_id) == ["move"]
    turns.clear()
    monkeypatch.setattr(transferring, "_TRIES", 2)
    with pytest.raises(Busy):
        transfer(world, leader3, report_id, "team4")
    assert placement(world, report_id).team_id == "team3"
    whole(world, report_id)


# ---------------------------------------------------------------- a whole round


def round_of(world: World, member: Member, to_team: str, from_team: str = "team4", limit: int = 20) -> triage.Round:
    who = enter(world, member).signed_in
    return triage.hand_over_round(world, who, from_team=from_team, to_team=to_team, text="本轮结束", limit=limit)


def test_a_round_is_handed_over_in_batches_with_progress(world: World, cast: Cast, board: str, leader3: Member) -> None:
    ids = [file(world, board, f"{body}第{n}回")[0] for n, body in enumerate((SHORT, OTHER, THIRD, BODY, SHORT[::-1]))]
    over = ids.pop()
    leader = enter(world, cast.leader).signed_in
    triage.move(world, leader, over, to="closed", result="fixed", version=1)
    first = round_of(world, cast.leader, "team3", limit=3)
    assert (first.done, first.left, first.stuck) == (3, 1, ())
    second = round_of(world, cast.leader, "team3", limit=3)
    assert (second.done, second.left, second.stuck) == (1, 0, ())
    assert {placement(world, report_id).team_id for report_id in ids} == {"team3"}
    assert placement(world, over).team_id == "team4"
    for report_id in ids:
        assert not sees(world, cast.leader, report_id)
        case = triage.open_case(world, enter(world, leader3).signed_in, report_id)
        assert [note.text for note in case.notes] == ["本轮结束"]
        assert any("整组移交岚溪县委第三巡察组" in line.text for line in case.story)
        assert report(world, report_id).state == "received"
        whole(world, report_id)


def test_what_the_other_team_may_not_have_stays_and_is_named(
    world: World, cast: Cast, board: str, leader3: Member
) -> None:
    about, plain = file(world, board)[0], file(world, board, OTHER)[0]
    change(world, *(conflict(m, "site", site_id(world), world.today()) for m in (cast.stranger, leader3)))
    elsewhere = live_board(world, site_no="CJ-2")
    free, _ = file(world, elsewhere, THIRD)
    found = round_of(world, cast.leader, "team3")
    assert (found.done, found.left) == (1, 2)
    assert set(found.stuck) == {report(world, r).register_no for r in (about, plain)}
    assert placement(world, free).team_id == "team3"
    assert round_of(world, cast.leader, "office") == triage.Round(2, 0)
    assert placement(world, about).team_id == "office"


def test_the_office_hands_over_what_a_team_leaves_behind(world: World, cast: Cast, board: str, leader3: Member) -> None:
    report_id, _ = file(world, board, contact="13800138000")
    assert round_of(world, cast.office, "team3") == triage.Round(1, 0)
    assert not sees(world, cast.leader, report_id)
    held = envelopes(world, report_id)
    assert leader3.person_id in held["report"]
    assert held["identity"] == {"recovery:county"}  # the office held no key of it to hand on
    whole(world, report_id)


def test_what_comes_while_a_round_is_handed_over_goes_with_it(
    world: World, cast: Cast, board: str, leader3: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_id, digits = file(world, board)
    came: list[bool] = []
    recorded = transferring._record

    def meanwhile(*args: Any) -> None:
        if not came:
            token = FormToken("box", "", vault.random_bytes(16), world.clock.now())
            reports.add_to_report(world, digits=digits, token=token, body="补充一句：合同在会计手里。")
            came.append(True)
        recorded(*args)

    monkeypatch.setattr(transferring, "_record", meanwhile)
    assert round_of(world, cast.leader, "team3").done == 1
    case = triage.open_case(world, enter(world, leader3).signed_in, report_id)
    assert [addition.text for addition in case.additions] == ["补充一句：合同在会计手里。"]
    assert cast.leader.person_id not in {holder for held in envelopes(world, report_id).values() for holder in held}


def test_a_round_is_the_leaders_own_or_the_offices(world: World, cast: Cast, board: str) -> None:
    report_id, _ = file(world, board)
    for member in (cast.liaison, cast.stranger, cast.superior):
        with pytest.raises(Forbidden):
            round_of(world, member, "team3")
    with pytest.raises(Forbidden):
        round_of(world, cast.leader, "team4", from_team="team3")
    for team_id in ("team4", "town_lw", "superior", "x"):
        with pytest.raises(Invalid):
            round_of(world, cast.leader, team_id)
    with pytest.raises(Invalid):
        triage.hand_over_round(world, enter(world, cast.leader).signed_in, from_team="team4", to_team="team3", text=" ")
    assert placement(world, report_id).team_id == "team4"


# ---------------------------------------------------------------- leaving


def leave(world: World, cast: Cast, member: Member) -> None:
    people.leave(world, cast.administrator.actor, person_id=member.person_id)


def test_a_report_climbs_when_its_last_reader_leaves(world: World, cast: Cast, board: str) -> None:
    report_id, _ = file(world, board)
    leave(world, cast, cast.liaison)
    leave(world, cast, cast.recused)
    assert (placement(world, report_id).team_id, events(world, report_id)) == ("team4", [])
    leave(world, cast, cast.leader)
    placed = placement(world, report_id)
    assert (placed.team_id, placed.guardian) == ("office", True)
    assert sees(world, cast.office, report_id)
    assert triage.open_case(world, enter(world, cast.office).signed_in, report_id).body == BODY
    with world.db.read() as session:
        assert {(alarm.kind, alarm.report_id) for alarm in session.scalars(select(Alarm))} == {
            ("climbed", report_id), ("empty", None),
        }  # fmt: skip
        climbed = session.scalars(select(StaffEvent).where(StaffEvent.kind == "climbed")).one()
        assert climbed.actor_id == cast.administrator.person_id
        assert session.scalars(select(Note)).all() == []
    whole(world, report_id)


def test_leaving_gives_a_moved_row_no_new_mark(world: World, cast: Cast, board: str) -> None:
    report_id, _ = file(world, board)

    def forge(session: Session) -> None:
        session.get_one(Placement, report_id).place_code = "990121200"

    world.db.write(forge)
    for member in (cast.liaison, cast.recused, cast.leader):
        leave(world, cast, member)
    with world.db.read() as session:
        assert routing.tampered_reports(session, world.secrets.routing_key) == [report_id]


def test_found_is_nothing_after_the_transfer(world: World, cast: Cast, board: str, leader3: Member) -> None:
    report_id, _ = file(world, board)
    before = enter(world, cast.leader).signed_in
    transfer(world, cast.leader, report_id, "team3")
    with world.db.read() as session, pytest.raises(NotFound):
        find(session, before, report_id)
