"""Splitting a mixed report: items with lanes of their own, under every recusal of the original."""

from collections.abc import Sequence

import pytest
from sqlalchemy import delete, select

from intake.core.errors import Forbidden, Invalid, MoveForbidden, NotFound, Stale
from intake.core.tables import table_of
from intake.core.world import World
from intake.reports import services
from intake.reports.models import Report, StaffEvent
from intake.reports.services import auditing
from intake.routing.models import Alarm, Grant, Link, Rule, Sketch
from intake.triage import services as triage
from intake.triage.services import ItemText
from intake.triage.services.opening import find
from tests.cast import Cast, Member, enter
from tests.journeys import live_board, report_of
from tests.services.test_links import correct, events, link, linked, number, report, whole
from tests.services.test_recusal import alias, change, conflict, file, holders, placement, sees, site_id

# R22 of the demo county, with a name of the machinery in the second matter.
MIXED = "一是管网施工把我家院墙震裂了要赔；二是镇里建设办的人每个月到项目部拿烟；三是渣土车半夜乱倒在河边。"
WALL = ItemText("管网施工把一户的院墙震裂，要求赔偿。", "land_compensation")
SMOKE = ItemText("镇里建设办的人每个月到项目部拿烟。", "conduct_style")
DUMP = ItemText("渣土车半夜把渣土乱倒在河边。", "safety_hazard")


@pytest.fixture
def board(world: World, cast: Cast) -> str:
    return live_board(world)


def split(world: World, member: Member, report_id: str, items: Sequence[ItemText]) -> tuple[str, ...]:
    who, version = enter(world, member).signed_in, report(world, report_id).version
    return triage.split(world, who, report_id, items=items, version=version)


def team_and_lane(world: World, report_id: str) -> tuple[str, str]:
    placed = placement(world, report_id)
    return placed.team_id, placed.lane


def test_three_matters_three_lanes(world: World, cast: Cast, board: str) -> None:
    rule = Rule(
        position=1, category="land_compensation", team_id="team3", why="征地拆迁归三组", made_by="office1",
        made_at=world.clock.now(),
    )  # fmt: skip
    change(world, rule, alias("县里领导", "level", "above"))
    original, _ = file(world, board, MIXED)
    smoke = ItemText("镇里建设办的人每个月到项目部拿烟，说是替县里领导拿的。", "conduct_style")
    wall, up, dump = split(world, cast.liaison, original, [WALL, smoke, DUMP])
    assert team_and_lane(world, wall) == ("team3", "ordinary")
    assert team_and_lane(world, up) == ("superior", "sealed")
    assert team_and_lane(world, dump) == ("team4", "urgent")
    assert [report(world, item).state for item in (wall, up, dump)] == ["registered", "sealed_up", "registered"]
    assert "按规则第 1 条（征地拆迁归三组）归岚溪县委第三巡察组。" in placement(world, wall).reasons
    assert placement(world, wall).reasons[-1].startswith("从一件多项的反映里分出来")
    for item in (wall, up, dump):
        row = report(world, item)
        assert (row.parent_id, row.day, row.identity) == (original, report(world, original).day, "anonymous")
        assert (row.box_tag, row.box_for_staff, row.citizen_seq) == (None, None, 0)
        assert placement(world, item).cluster == placement(world, original).cluster
        whole(world, item)
    whole(world, original)
    assert auditing.verify(world).broken is None
    with world.db.read() as session:
        assert {row.report_id for row in session.scalars(select(Link).where(Link.kind == "split"))} == {wall, up, dump}
        assert session.scalars(select(Sketch.report_id).where(Sketch.report_id.in_((wall, up, dump)))).all() == []
        assert [alarm.kind for alarm in session.scalars(select(Alarm))] == ["went_up"]


def test_each_team_reads_its_item_and_no_other(world: World, cast: Cast, board: str) -> None:
    rule = Rule(
        position=1, category="land_compensation", team_id="team3", why="征地拆迁归三组", made_by="office1",
        made_at=world.clock.now(),
    )  # fmt: skip
    change(world, rule, alias("县里领导", "level", "above"))
    original, digits = file(world, board, MIXED, contact="13800138000")
    up_text = ItemText("有人替县里领导每个月到项目部拿烟。")
    wall, up, dump = split(world, cast.liaison, original, [WALL, up_text, DUMP])
    assert [sees(world, cast.stranger, item) for item in (original, wall, up, dump)] == [False, True, False, False]
    assert [sees(world, cast.liaison, item) for item in (original, wall, up, dump)] == [True, False, False, True]
    assert [sees(world, cast.superior, item) for item in (original, wall, up, dump)] == [False, False, True, False]
    case = triage.open_case(world, enter(world, cast.stranger).signed_in, wall)
    assert (case.body, case.category_name, case.box, case.can_answer) == (WALL.text, "征地拆迁", (), False)
    assert case.story[0].text == f"{cast.liaison.name}从一件多项的反映里分出这一项。"
    assert linked(world, cast.stranger, wall) == set()
    assert linked(world, cast.liaison, original) == {(dump, "item")}
    assert linked(world, cast.liaison, dump) == {(original, "origin")}
    assert linked(world, cast.superior, up) == set()
    assert "recovery:superior" in holders(world, up)
    assert "recovery:county" not in holders(world, up)
    with world.db.read() as session:
        leaders = set(
            session.scalars(select(Grant.holder).where(Grant.report_id == dump, Grant.envelope == "identity"))
        )
    assert leaders == {cast.leader.person_id, "recovery:county"}
    assert services.open_box(world, digits=digits).state == "received"


def test_the_citizen_is_answered_in_the_original_alone(world: World, cast: Cast, board: str) -> None:
    original, digits = file(world, board, MIXED)
    item, _ = split(world, cast.liaison, original, [WALL, DUMP])
    who = enter(world, cast.liaison).signed_in
    with pytest.raises(NotFound):
        triage.answer(world, who, item, text="请补充时间。", version=1)
    triage.move(world, who, item, to="accepted", version=1, text="先去现场看")
    case = triage.open_case(world, who, item)
    assert [note.text for note in case.notes] == ["先去现场看"]
    triage.answer(world, who, original, text="请补充时间。", version=report(world, original).version)
    box = services.open_box(world, digits=digits)
    assert [message.text for message in box.messages] == ["请补充时间。"]
    assert report_of(world, digits).id == original


def test_items_inherit_every_recusal_of_the_original(world: World, cast: Cast, board: str) -> None:
    about, _ = file(world, board, "岚溪县委第三巡察组的人来了就去老板家吃饭，院墙震裂了没人赔，渣土乱倒。")
    assert placement(world, about).team_id == "office"
    items = split(world, cast.office, about, [WALL, DUMP])
    for item in items:
        assert placement(world, item).team_id == "office"
        assert cast.stranger.person_id not in holders(world, item)
        with pytest.raises(Invalid):
            triage.move(
                world, enter(world, cast.office).signed_in, item, to="assigned", team_id="team3", text="归你们",
                version=1,
            )  # fmt: skip


def test_who_is_recused_from_the_original_or_an_item_is_out_of_all(world: World, cast: Cast, board: str) -> None:
    change(world, conflict(cast.recused, "site", site_id(world), world.today()))
    original, _ = file(world, board, MIXED)
    named = ItemText(f"{cast.leader.name}的亲戚半夜用渣土车在河边乱倒。")
    items = split(world, cast.liaison, original, [WALL, named])
    for one in (original, *items):
        for member in (cast.recused, cast.leader):
            assert not sees(world, member, one)
            assert member.person_id not in holders(world, one)
        whole(world, one)
    triage.recuse_self(world, enter(world, cast.liaison).signed_in, items[0], ground="kin")
    assert not any(sees(world, cast.liaison, one) for one in (original, *items))
    assert placement(world, original).team_id == "office"  # nobody of the team is left


def test_the_corrected_place_goes_with_the_items(world: World, cast: Cast, board: str) -> None:
    original, _ = file(world, board, MIXED)
    correct(world, cast.liaison, original, "990121200")
    item, _ = split(world, cast.liaison, original, [WALL, DUMP])
    assert placement(world, item).place_code == "990121200"


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([WALL], "text2"),
        ([], "text1"),
        ([WALL, ItemText("太短")], "text2"),
        ([WALL, ItemText("长" * 5001)], "text2"),
        ([WALL] * 10, "text2"),
    ],
)
def test_two_to_nine_items_each_with_words(
    world: World, cast: Cast, board: str, items: list[ItemText], field: str
) -> None:
    original, _ = file(world, board, MIXED)
    with pytest.raises(Invalid) as refused:
        split(world, cast.liaison, original, items)
    assert set(refused.value.fields) == {field}
    with world.db.read() as session:
        assert len(session.scalars(select(Report)).all()) == 1
    assert events(world, original) == []


def test_what_cannot_be_split(world: World, cast: Cast, board: str) -> None:
    original, _ = file(world, board, MIXED)
    both = [WALL, DUMP, ItemText("", "bidding"), ItemText("第四件事，字数足够写清楚。", "no such")]
    first, *_, last = split(world, cast.liaison, original, both)
    assert report(world, last).category is None
    with pytest.raises(MoveForbidden):
        split(world, cast.liaison, first, [WALL, DUMP])
    with pytest.raises(Stale):
        triage.split(world, enter(world, cast.liaison).signed_in, original, items=both, version=1)
    with pytest.raises(NotFound):
        split(world, cast.stranger, original, both)
    with pytest.raises(Forbidden):
        split(world, cast.office, original, both)
    leader = enter(world, cast.leader).signed_in
    with pytest.raises(MoveForbidden):
        triage.unlink(
            world, leader, first, other_id=original, reason="other_matter", version=report(world, first).version
        )
    triage.move(world, leader, original, to="closed", result="fixed", version=report(world, original).version)
    with pytest.raises(MoveForbidden):
        split(world, cast.liaison, original, both)


def test_the_first_event_of_an_item_says_how_it_began(world: World, cast: Cast, board: str) -> None:
    original, _ = file(world, board, MIXED)
    item, _ = split(world, cast.liaison, original, [WALL, DUMP])
    assert events(world, item) == events(world, original) == ["split"]
    assert auditing.verify(world).broken is None

    rows = table_of(Report)
    with world.db.engine.begin() as connection:
        connection.execute(rows.update().where(rows.c.id == item).values(state="closed"))
    assert auditing.verify(world).broken == f"{item} state"
    with world.db.engine.begin() as connection:
        connection.execute(rows.update().where(rows.c.id == item).values(state="registered"))
        connection.execute(delete(StaffEvent).where(StaffEvent.report_id == item))
    assert auditing.verify(world).broken == f"{item} staff 1"


def test_an_item_can_be_linked_with_others(world: World, cast: Cast, board: str) -> None:
    original, _ = file(world, board, MIXED)
    other, _ = file(world, board, "河边半夜一直有车倒渣土，味道很大，睡不着觉，村里的人都能作证。")
    _, dump = split(world, cast.liaison, original, [WALL, DUMP])
    link(world, cast.liaison, dump, number(world, other))
    assert (dump, "repeat") in linked(world, cast.liaison, other)
    assert (original, "joined") in linked(world, cast.liaison, other)
    with world.db.read() as session:
        assert find(session, enter(world, cast.liaison).signed_in, dump).report.parent_id == original
