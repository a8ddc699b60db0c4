"""route(): always somewhere, never to the ticked team, with reasons that a person understands."""

from hypothesis import given
from hypothesis import strategies as st

from intake.routing.decide import HELD_REASONS, OFFICE, Facts, route

FACTS = st.builds(
    Facts,
    board_name=st.sampled_from(["河口村公告栏", "石桥镇污水管网二期"]),
    board_live=st.booleans(),
    team_id=st.sampled_from([None, "team1", "team3", OFFICE]),
    team_name=st.sampled_from([None, "岚溪县委第三巡察组"]),
    team_able=st.booleans(),
    about_handler=st.booleans(),
    about_superior=st.booleans(),
    held=st.lists(st.sampled_from(sorted(HELD_REASONS)), unique=True).map(tuple),
)


@given(FACTS)
def test_always_somewhere_with_a_reason_and_always_the_same(facts: Facts) -> None:
    decision = route(facts)
    assert decision.team_id in {OFFICE, facts.team_id}
    assert decision.reasons
    assert all(reason.endswith(("。", "看")) for reason in decision.reasons)
    assert decision == route(facts)


@given(FACTS)
def test_a_ticked_report_goes_to_the_office_alone(facts: Facts) -> None:
    if facts.about_handler or facts.about_superior:
        decision = route(facts)
        assert decision.team_id == OFFICE
        assert "打了勾" in decision.reasons[0]


@given(FACTS)
def test_a_team_without_a_reader_never_gets_one_and_the_office_is_told(facts: Facts) -> None:
    decision = route(facts)
    if facts.team_id is None or not facts.team_able:
        assert decision.team_id == OFFICE
        assert decision.alarm or facts.about_handler or facts.about_superior


@given(FACTS)
def test_held_is_a_lane_and_never_a_loss(facts: Facts) -> None:
    decision = route(facts)
    assert decision.lane == ("held" if facts.held else "ordinary")
    assert len([r for r in decision.reasons if r in HELD_REASONS.values()]) == len(facts.held)
