"""Linking and the corrected place: whoever is out of one is out of all, at once; nobody else learns of it."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards.models import Region, Site
from intake.core.access import Role
from intake.core.errors import Forbidden, Invalid, MoveForbidden, NotFound, Stale
from intake.core.world import World
from intake.reports.models import Report, StaffEvent
from intake.routing import services as routing
from intake.routing.models import Conflict, Grant, Link, Placement
from intake.triage import services as triage
from intake.triage.services.opening import find
from tests.cast import Cast, Member, add_member, enter
from tests.journeys import live_board
from tests.services import test_recusal
from tests.services.test_recusal import change, conflict, file, holders, placement, sees, site_id

OTHER = "镇卫生院的救护车被院长的亲戚拿去拉货，夜里有病人打电话叫不到车，上个月初七就有一回，家属都能作证。"
THIRD = "水渠修到一半就停了，剩下的管子堆在路边被人拉走，村里问起来都说不知道，已经半年没有人来管过这件事。"


@pytest.fixture
def board(world: World, cast: Cast) -> str:
    return live_board(world)


@pytest.fixture
def elsewhere(world: World, board: str) -> str:
    return live_board(world, site_no="CJ-2")


@pytest.fixture
def other_site_conflict(world: World, cast: Cast, elsewhere: str) -> Conflict:
    """Of `member4`, with the second site."""
    from_day = world.today()
    return conflict(cast.recused, "site", site_of(world, "CJ-2"), from_day)


def site_of(world: World, site_no: str) -> str:
    with world.db.read() as session:
        return session.scalars(select(Site.id).where(Site.site_no == site_no)).one()


def whole(world: World, report_id: str) -> None:
    """Its history verifies, and no placement of any report lost its mark on the way."""
    test_recusal.whole(world, report_id)
    with world.db.read() as session:
        assert routing.tampered_reports(session, world.secrets.routing_key) == []


def report(world: World, report_id: str) -> Report:
    with world.db.read() as session:
        return session.get_one(Report, report_id)


def events(world: World, report_id: str) -> list[str]:
    with world.db.read() as session:
        rows = select(StaffEvent.kind).where(StaffEvent.report_id == report_id).order_by(StaffEvent.seq)
        return list(session.scalars(rows))


def number(world: World, report_id: str) -> str:
    return report(world, report_id).register_no


def link(world: World, member: Member, report_id: str, other: str) -> None:
    triage.link(
        world, enter(world, member).signed_in, report_id, report=other, version=report(world, report_id).version
    )


def linked(world: World, member: Member, report_id: str) -> set[tuple[str, str]]:
    who = enter(world, member).signed_in
    with world.db.read() as session:
        held = find(session, who, report_id)
        return {(one.report_id, one.how) for one in triage.linked_of(session, who, held)}


def test_a_repeat_is_kept_beside_its_original_and_both_say_so(world: World, cast: Cast, board: str) -> None:
    first, second = file(world, board)[0], file(world, board, OTHER)[0]
    who = enter(world, cast.liaison).signed_in
    typed = number(world, first).replace("-", " ").lower()
    triage.move(world, who, second, to="duplicate_linked", version=1, report=typed, text="和上周那件是同一件")
    assert report(world, second).state == "duplicate_linked"
    assert report(world, first).state == "received"
    assert linked(world, cast.liaison, second) == {(first, "repeat")}
    assert linked(world, cast.liaison, first) == {(second, "repeat")}
    assert placement(world, first).cluster == placement(world, second).cluster
    assert events(world, second) == ["move", "linked"]
    assert events(world, first) == ["linked"]
    for report_id in (first, second):
        whole(world, report_id)


def test_who_is_out_of_one_is_out_of_both_and_of_what_hangs_on_them(
    world: World, cast: Cast, board: str, other_site_conflict: Conflict, elsewhere: str
) -> None:
    change(world, other_site_conflict)
    first, second = file(world, board)[0], file(world, board, OTHER)[0]
    shut, _ = file(world, elsewhere, THIRD)
    assert not sees(world, cast.recused, shut)
    link(world, cast.liaison, first, number(world, second))
    assert sees(world, cast.recused, first)
    link(world, cast.liaison, second, number(world, shut))
    for report_id in (first, second, shut):
        assert not sees(world, cast.recused, report_id)
        assert cast.recused.person_id not in holders(world, report_id)
        assert sees(world, cast.liaison, report_id)
        whole(world, report_id)
    assert linked(world, cast.liaison, first) == {(second, "repeat"), (shut, "joined")}


def test_linking_takes_a_report_from_the_team_that_the_other_one_names(world: World, cast: Cast, board: str) -> None:
    about = file(world, board, "岚溪县委第四巡察组的人来了就去老板家吃饭，问什么都不记，大家看在眼里，不敢说。")[0]
    plain, _ = file(world, board, OTHER)
    assert (placement(world, about).team_id, placement(world, plain).team_id) == ("office", "team4")
    link(world, cast.office, about, number(world, plain))
    assert placement(world, plain).team_id == "office"
    for member in (cast.liaison, cast.leader, cast.recused):
        assert not sees(world, member, plain)
        assert member.person_id not in holders(world, plain)
    assert sees(world, cast.office, plain)
    whole(world, plain)


@pytest.mark.parametrize("meant", ["nothing", "shut", "own"])
def test_what_one_may_not_see_cannot_be_linked_and_answers_like_nothing(
    world: World, cast: Cast, board: str, meant: str
) -> None:
    elsewhere = live_board(world, site_no="GC-1", kind="project", team_id="team3")
    first, hidden = file(world, board)[0], file(world, elsewhere, OTHER)[0]
    text = {"nothing": "000-000", "shut": number(world, hidden), "own": number(world, first)}[meant]
    with pytest.raises(Invalid) as refused:
        link(world, cast.liaison, first, text)
    assert set(refused.value.fields) == {"report"}
    assert ("没有这个登记号" in refused.value.fields["report"]) == (meant != "own")
    with world.db.read() as session:
        assert session.scalars(select(Link)).all() == []


def test_a_list_of_linked_ones_never_counts_what_its_reader_may_not_see(world: World, cast: Cast, board: str) -> None:
    elsewhere = live_board(world, site_no="GC-1", kind="project", team_id="team3")
    mine, theirs = file(world, board)[0], file(world, elsewhere, OTHER)[0]
    about = file(world, board, "岚溪县委第一巡察组的人来了就去老板家吃饭，问什么都不记，大家看在眼里，不敢说。")[0]
    for other in (mine, theirs):
        link(world, cast.office, about, number(world, other))
    assert linked(world, cast.office, about) == {(mine, "repeat"), (theirs, "repeat")}
    assert linked(world, cast.liaison, mine) == set()
    assert linked(world, cast.stranger, theirs) == set()
    assert not any("并在一起" in line for line in story_of(world, cast.liaison, mine))
    assert any("并在一起" in line for line in story_of(world, cast.office, about))


def story_of(world: World, member: Member, report_id: str) -> list[str]:
    case = triage.open_case(world, enter(world, member).signed_in, report_id)
    return [line.text for line in case.story]


def test_a_repeat_has_an_original_that_is_none_itself(world: World, cast: Cast, board: str) -> None:
    first, second, third = (file(world, board, body)[0] for body in (THIRD, OTHER, OTHER[::-1]))
    who = enter(world, cast.liaison).signed_in
    triage.move(world, who, second, to="duplicate_linked", version=1, report=number(world, first))
    with pytest.raises(Invalid) as refused:
        triage.move(world, who, third, to="duplicate_linked", version=1, report=number(world, second))
    assert "重复件" in refused.value.fields["report"]
    with pytest.raises(Invalid) as refused:
        triage.move(world, who, third, to="duplicate_linked", version=1)
    assert set(refused.value.fields) == {"report"}
    assert report(world, third).state == "received"


def test_taking_apart_lets_back_in_and_gives_nobody_a_key(
    world: World, cast: Cast, board: str, other_site_conflict: Conflict, elsewhere: str
) -> None:
    change(world, other_site_conflict)
    first, shut = file(world, board)[0], file(world, elsewhere, OTHER)[0]
    link(world, cast.liaison, first, number(world, shut))
    leader = enter(world, cast.leader).signed_in
    with pytest.raises(Forbidden):
        take_apart(world, cast.liaison, first, shut)
    with pytest.raises(Invalid):
        triage.unlink(world, leader, first, other_id=shut, reason="", version=report(world, first).version)
    with pytest.raises(Stale):
        triage.unlink(world, leader, first, other_id=shut, reason="other_matter", version=1)
    take_apart(world, cast.leader, first, shut)
    assert sees(world, cast.recused, first)
    assert not sees(world, cast.recused, shut)
    assert cast.recused.person_id not in holders(world, first)
    assert linked(world, cast.leader, first) == set()
    assert placement(world, first).cluster == first
    assert events(world, first)[-1] == events(world, shut)[-1] == "unlinked"
    with pytest.raises(NotFound):
        take_apart(world, cast.leader, first, shut)
    for report_id in (first, shut):
        whole(world, report_id)


def take_apart(world: World, member: Member, report_id: str, other_id: str) -> None:
    who, version = enter(world, member).signed_in, report(world, report_id).version
    triage.unlink(world, who, report_id, other_id=other_id, reason="other_matter", version=version)


def test_a_repeat_is_looked_at_again_before_it_is_taken_from_its_original(world: World, cast: Cast, board: str) -> None:
    first, second = file(world, board)[0], file(world, board, OTHER)[0]
    who = enter(world, cast.leader).signed_in
    triage.move(world, who, second, to="duplicate_linked", version=1, report=number(world, first))
    with pytest.raises(MoveForbidden):
        take_apart(world, cast.leader, first, second)
    triage.move(world, who, second, to="screening", reason="not_repeat", version=report(world, second).version)
    take_apart(world, cast.leader, first, second)
    assert linked(world, cast.leader, second) == set()


# ---------------------------------------------------------------- the corrected place


@pytest.fixture
def village(world: World, board: str) -> str:
    """A village in a town of its own, with which `change` can declare conflicts."""
    change(
        world, Region(code="990121101", parent_code="990121", level="town", name="柳湾镇"),
        Region(code="990121101202", parent_code="990121101", level="village", name="河口村"),
    )  # fmt: skip
    return "990121101202"


def correct(world: World, member: Member, report_id: str, place: str) -> None:
    version = report(world, report_id).version
    triage.move(world, enter(world, member).signed_in, report_id, to="", place=place, version=version)


def test_the_corrected_place_shuts_it_to_whoever_must_not_handle_it_there(
    world: World, cast: Cast, board: str, village: str
) -> None:
    change(world, conflict(cast.recused, "region", "990121101", date(2026, 9, 1), date(2026, 12, 31)))
    report_id, _ = file(world, board)
    assert sees(world, cast.recused, report_id)
    correct(world, cast.liaison, report_id, village)
    placed = placement(world, report_id)
    assert (placed.board_code, placed.site_id) == (board, site_id(world))
    assert (placed.place_code, placed.place_site_id) == (village, None)
    assert placed.reasons[-1].startswith("地点更正为河口村（990121101202），牌子不变")
    assert not sees(world, cast.recused, report_id)
    assert cast.recused.person_id not in holders(world, report_id)
    assert sees(world, cast.liaison, report_id)
    assert events(world, report_id) == ["placed", "withdrawn"]
    whole(world, report_id)


@pytest.mark.parametrize("text", ["CJ-2", " cj-2 ", "坪上村公告栏J-2"])
def test_a_site_is_found_by_number_or_name(world: World, cast: Cast, board: str, elsewhere: str, text: str) -> None:
    report_id, _ = file(world, board)
    wanted = site_of(world, "CJ-2")
    correct(world, cast.liaison, report_id, text)
    assert placement(world, report_id).place_site_id == wanted
    correct(world, cast.liaison, report_id, "凤岭乡")
    assert (placement(world, report_id).place_code, placement(world, report_id).place_site_id) == ("990121200", None)


def test_an_unknown_place_is_an_error_with_suggestions(world: World, cast: Cast, board: str, village: str) -> None:
    report_id, _ = file(world, board)
    with pytest.raises(Invalid) as refused:
        correct(world, cast.liaison, report_id, "河口乡")
    assert "河口村（990121101202）" in refused.value.fields["place"]
    with pytest.raises(Invalid):
        correct(world, cast.liaison, report_id, "99012110120299")
    with pytest.raises(Invalid) as refused:
        correct(world, cast.liaison, report_id, "平上村公告栏203")
    assert "坪上村公告栏203（CJ-990121200203）" in refused.value.fields["place"]
    correct(world, cast.liaison, report_id, village)
    with pytest.raises(Invalid) as refused:
        correct(world, cast.liaison, report_id, "河口村")
    assert "就是这个地点" in refused.value.fields["place"]
    assert events(world, report_id) == ["placed"]


def test_only_its_own_team_corrects_the_place(world: World, cast: Cast, board: str, village: str) -> None:
    report_id, _ = file(world, board)
    with pytest.raises(NotFound):
        correct(world, cast.stranger, report_id, village)
    with pytest.raises(Forbidden):
        correct(world, cast.office, report_id, village)
    with pytest.raises(Stale):
        triage.move(world, enter(world, cast.liaison).signed_in, report_id, to="", place=village, version=7)
    assert placement(world, report_id).place_code is None


def test_a_place_that_leaves_the_team_nobody_climbs(world: World, cast: Cast, board: str, village: str) -> None:
    report_id, _ = file(world, board)
    change(world, *(conflict(m, "region", village, world.today()) for m in (cast.liaison, cast.leader, cast.recused)))
    correct(world, cast.liaison, report_id, village)
    assert placement(world, report_id).team_id == "office"
    for member in (cast.liaison, cast.leader, cast.recused):
        assert not sees(world, member, report_id)
    assert holders(world, report_id) == {cast.office.person_id, "recovery:county"}
    whole(world, report_id)


def test_a_newcomer_gets_nothing_from_which_they_are_recused(
    world: World, cast: Cast, board: str, village: str
) -> None:
    reports = [file(world, board, body)[0] for body in (THIRD, OTHER, OTHER[::-1])]
    correct(world, cast.liaison, reports[0], village)
    link(world, cast.liaison, reports[0], number(world, reports[1]))
    new = add_member(world, "new4", "示例新", Role.team_liaison, "team4", signer=cast.leader)
    change(world, conflict(new, "region", "990121101", world.today()))
    giver = enter(world, cast.liaison, confirmed=True).signed_in
    assert routing.grant_backlog(world, giver, person_id=new.person_id).done == 1
    with world.db.read() as session:
        got = set(session.scalars(select(Grant.report_id).where(Grant.holder == new.person_id)))
    assert got == {reports[2]}
    assert [sees(world, new, report_id) for report_id in reports] == [False, False, True]


def test_rows_moved_behind_our_back_are_given_no_new_mark(world: World, cast: Cast, board: str, village: str) -> None:
    first, second = file(world, board)[0], file(world, board, OTHER)[0]

    def forge(session: Session) -> None:
        session.get_one(Placement, first).place_code = village

    world.db.write(forge)
    with pytest.raises(Forbidden):
        link(world, cast.liaison, second, number(world, first))
    with pytest.raises(Forbidden):
        correct(world, cast.liaison, first, "990121")
    with pytest.raises(Forbidden):
        triage.recuse_self(world, enter(world, cast.liaison).signed_in, first, ground="kin")
    with world.db.read() as session:
        assert routing.tampered_reports(session, world.secrets.routing_key) == [first]
