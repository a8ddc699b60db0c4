"""route(): always somewhere, never to who must not have it, and what is added never widens who may see a report."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from intake.routing.decide import CUSTODY, HELD_REASONS, OFFICE, SUPERIOR, URGENT_REASONS, Facts, Named, route
from intake.routing.machinery import RuleFacts

TEAMS = ["team1", "team3", "team4"]
HOUSES = [OFFICE, SUPERIOR]
NAMES = {"team1": "第一巡察组", "team3": "第三巡察组", "team4": "第四巡察组", OFFICE: "巡察办", SUPERIOR: "上级信访室"}
NAMED = st.one_of(
    st.builds(Named, st.just("team"), st.sampled_from([*TEAMS, *HOUSES]), st.just("某组")),
    st.builds(Named, st.just("person"), st.sampled_from(["p1", "p2"]), st.just("某人")),
    st.builds(Named, st.just("post"), st.just("village_supervisor"), st.just("监督站站长")),
    st.builds(Named, st.just("level"), st.just("above"), st.just("副县长")),
    st.builds(Named, st.just("organisation"), st.just("o1"), st.just("鸿基公司")),
)
RULES = st.lists(
    st.builds(
        RuleFacts,
        position=st.integers(1, 9),
        team_id=st.sampled_from([*TEAMS, OFFICE]),
        why=st.just("安全隐患"),
        site_kind=st.sampled_from([None, "project", "village"]),
        category=st.sampled_from([None, "safety_hazard"]),
    ),
    max_size=3,
).map(tuple)


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """Facts that can be: a named team is barred, and a barred one is able to nothing."""
    named = tuple(draw(st.lists(NAMED, max_size=3)))
    team_id = draw(st.sampled_from([None, *TEAMS, OFFICE]))
    about_handler = draw(st.booleans())
    linked = draw(st.booleans())
    barred = {n.target for n in named if n.kind == "team"} | ({team_id or OFFICE} if about_handler else set())
    barred |= set(draw(st.sets(st.sampled_from([*TEAMS, *HOUSES]), max_size=2))) if linked else set()
    able = frozenset(draw(st.sets(st.sampled_from([*TEAMS, *HOUSES])))) - barred
    return Facts(
        board_name="河口村公告栏",
        board_live=draw(st.booleans()),
        team_id=team_id,
        team_names=NAMES,
        able=able,
        site_kind=draw(st.sampled_from([None, "project", "village"])),
        category=draw(st.sampled_from([None, "safety_hazard"])),
        about_handler=about_handler,
        about_superior=draw(st.booleans()),
        named=named,
        barred=frozenset(barred),
        linked=linked,
        urgent=tuple(draw(st.lists(st.sampled_from(sorted(URGENT_REASONS)), unique=True))),
        held=tuple(draw(st.lists(st.sampled_from(sorted(HELD_REASONS)), unique=True))),
        rules=draw(RULES),
        office_staffed=draw(st.booleans()),
        broken=draw(st.booleans()),
    )


@given(facts())
def test_always_somewhere_with_reasons_and_always_the_same(known: Facts) -> None:
    decision = route(known)
    assert decision.team_id in {*TEAMS, *HOUSES, CUSTODY}
    assert decision.reasons
    assert all(reason.endswith(("。", "看")) for reason in decision.reasons)
    assert decision == route(known)


@given(facts())
def test_never_to_a_team_that_must_not_have_it(known: Facts) -> None:
    assert route(known).team_id not in known.barred


@given(facts())
def test_where_nobody_can_open_it_there_is_an_alarm(known: Facts) -> None:
    decision = route(known)
    assert decision.alarm or decision.team_id in known.able
    if decision.team_id == CUSTODY:
        assert known.broken or {OFFICE, SUPERIOR} & known.barred
        assert decision.alarm


@given(facts())
def test_the_sealed_lane_and_the_superior_go_together(known: Facts) -> None:
    decision = route(known)
    assert (decision.team_id == SUPERIOR) == (decision.lane == "sealed")


@given(facts())
def test_what_is_about_the_level_above_or_the_office_never_stays_with_a_team(known: Facts) -> None:
    above = any(n.kind == "level" for n in known.named) or known.about_superior or OFFICE in known.barred
    if above:
        decision = route(known)
        assert decision.team_id not in TEAMS
        if SUPERIOR not in known.barred and SUPERIOR in known.able and not known.broken:
            assert decision.team_id == SUPERIOR


@given(facts())
def test_what_names_somebody_of_the_machinery_never_goes_to_a_team(known: Facts) -> None:
    if known.about_handler or any(n.kind in ("team", "person", "post") for n in known.named):
        assert route(known).team_id not in TEAMS


def may_see(known: Facts) -> set[str]:
    """Who may know of it by its place: the office supervises all below the superior."""
    team_id = route(known).team_id
    return {team_id} if team_id in (SUPERIOR, CUSTODY) else {team_id, OFFICE} - known.barred


@given(facts(), NAMED)
def test_an_alias_more_never_widens_who_may_see_a_report(known: Facts, more: Named) -> None:
    """The superior is above all of them: what goes up is gone for everybody below."""
    barred = known.barred | ({more.target} if more.kind == "team" else set())
    after = replace(known, named=(*known.named, more), barred=barred, able=known.able - barred)
    gained = may_see(after) - may_see(known)
    assert gained <= {SUPERIOR, CUSTODY}


@given(facts(), st.sampled_from([*TEAMS, *HOUSES]))
def test_a_conflict_that_takes_a_teams_last_reader_never_widens_who_may_see_a_report(known: Facts, team: str) -> None:
    assume(team in known.able)
    gained = may_see(replace(known, able=known.able - {team})) - may_see(known)
    assert gained <= {OFFICE, SUPERIOR, CUSTODY}
    assert OFFICE not in gained or SUPERIOR in may_see(known)


@given(facts())
def test_held_is_a_lane_and_never_a_loss_and_danger_outranks_it(known: Facts) -> None:
    decision = route(known)
    if decision.lane != "sealed":
        assert decision.lane == ("urgent" if known.urgent else "held" if known.held else "ordinary")
    if not known.broken:
        assert len([r for r in decision.reasons if r in HELD_REASONS.values()]) == len(known.held)


PLAIN = Facts("河口村公告栏", True, "team4", NAMES, frozenset({"team1", "team4", OFFICE, SUPERIOR}))


@pytest.mark.parametrize(
    ("known", "team", "reason"),
    [
        (PLAIN, "team4", "河口村公告栏归第四巡察组。"),
        (replace(PLAIN, team_id=None), OFFICE, "这块牌子还没有负责的组，由巡察办代管。请尽快补上。"),
        (
            replace(PLAIN, named=(Named("team", "team3", "第三巡察组"),), barred=frozenset({"team3"})),
            OFFICE,
            "正文提到“第三巡察组”：该组回避，转巡察办。",
        ),
        (
            replace(PLAIN, named=(Named("level", "above", "副县长"),)),
            SUPERIOR,
            "正文提到“副县长”：属于上一级管的人，密封径送上级。",
        ),
        (
            replace(PLAIN, about_handler=True, barred=frozenset({"team4"}), able=frozenset({OFFICE})),
            OFFICE,
            "反映人打了勾：和收件的单位或人有关。第四巡察组回避，转巡察办。",
        ),
        (
            replace(PLAIN, rules=(RuleFacts(2, "team1", "安全隐患归一组"),)),
            "team1",
            "按规则第 2 条（安全隐患归一组）归第一巡察组。",
        ),
        (
            replace(PLAIN, able=frozenset({OFFICE})),
            OFFICE,
            "负责的组现在没有能打开来信的人，由巡察办代管。请尽快补人。",
        ),
        (
            replace(PLAIN, able=frozenset({SUPERIOR})),
            SUPERIOR,
            "巡察办的人都要回避，密封径送上级。",
        ),
        (replace(PLAIN, broken=True), CUSTODY, "分件用的数据被人改动过，先只用恢复密钥保管。请查系统。"),
    ],
)
def test_reasons_that_a_person_understands(known: Facts, team: str, reason: str) -> None:
    decision = route(known)
    assert (decision.team_id, decision.reasons[0]) == (team, reason)


def test_what_goes_up_never_comes_down_for_want_of_people() -> None:
    """Nobody of the superior can open it: it waits there. They are named themselves: nobody has it."""
    up = Facts(
        board_name="河口村公告栏", board_live=True, team_id="team4", team_names=NAMES,
        able=frozenset({OFFICE, "team4"}), about_superior=True,
    )  # fmt: skip
    assert (route(up).team_id, route(up).lane, route(up).alarm) == (SUPERIOR, "sealed", True)
    named = replace(up, named=(Named("team", SUPERIOR, "信访室"),), barred=frozenset({SUPERIOR}))
    assert (route(named).team_id, route(named).alarm) == (CUSTODY, True)
