"""The table of the first build: every pair of states, every role, no dead end before an end."""

from itertools import product

import pytest

from intake.core.access import Role
from intake.reports.workflow import COARSE_NAMES, MOVES, RESULTS, STATE_NAMES, State, coarse, find_move, moves_of

ALLOWED = {
    ("received", "accepted"),
    ("received", "not_accepted"),
    ("received", "closed"),
    ("accepted", "closed"),
}
HANDLERS = {Role.team_liaison, Role.team_leader, Role.office}
ENDS = {State.closed, State.not_accepted}


@pytest.mark.parametrize(("start", "to"), list(product(State, State)))
@pytest.mark.parametrize("role", list(Role))
def test_every_pair_for_every_role(start: State, to: State, role: Role) -> None:
    expected = (start.value, to.value) in ALLOWED and role in HANDLERS
    assert (find_move(start, to.value, role) is not None) is expected


def test_what_a_move_needs() -> None:
    for moves in MOVES.values():
        for move in moves:
            assert move.needs_reason is (move.to is State.not_accepted)
            assert move.needs_result is (move.to is State.closed)


def test_every_state_is_reached_and_leads_to_an_end() -> None:
    reached, todo = {State.received}, [State.received]
    while todo:
        for move in MOVES[todo.pop()]:
            if move.to not in reached:
                reached.add(move.to)
                todo.append(move.to)
    assert reached == set(State)
    for state in set(State) - ENDS:
        assert {move.to for move in MOVES[state]} & ENDS
    for state in ENDS:
        assert moves_of(state, Role.team_leader) == ()


def test_what_the_citizen_reads() -> None:
    assert {(s.value, coarse(s, awaiting_citizen=False)) for s in State} == {
        ("received", "received"), ("accepted", "in_progress"), ("not_accepted", "closed"), ("closed", "closed"),
    }  # fmt: skip
    assert coarse(State.received, awaiting_citizen=True) == "needs_info"
    assert coarse(State.accepted, awaiting_citizen=True) == "needs_info"
    assert {coarse(s, awaiting_citizen=True) for s in ENDS} == {"closed"}
    assert set(STATE_NAMES) == set(State)
    assert {coarse(s, awaiting_citizen=w) for s, w in product(State, (True, False))} <= set(COARSE_NAMES)
    assert "false_malicious" not in RESULTS, "only after a formal finding, never from the triage screen"
