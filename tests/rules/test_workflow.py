"""The workflow table against one written down apart from it: every pair of states, every role, what each step needs."""

from itertools import product

import pytest

from intake.core.access import ROLE_PERMISSIONS, Permission, Role
from intake.reports.deadlines import LIMITS
from intake.reports.workflow import (
    CLOCKS,
    COARSE_NAMES,
    MOVES,
    NOT_ACCEPTED_REASONS,
    REASONS,
    RESULTS,
    SETTLED,
    STATE_NAMES,
    State,
    clock_of,
    coarse,
    find_move,
    may_wait,
    moves_of,
    winds,
)
from tools import workflow as drawing

# Written by hand from DOMAIN 2.2 and ADR 0012: from: to=who. l liaison, t team leader, o office, s superior.
TABLE = """
received: registered=lto screening=lto accepted=lto not_accepted=lto no_substance=lto duplicate_linked=lto
received: referred=to delegated=to assigned=to sealed_up=to spam=lto returned=o closed=lto
registered: screening=lto accepted=lto not_accepted=lto no_substance=lto duplicate_linked=lto
registered: referred=to delegated=to assigned=to sealed_up=to spam=lto returned=o closed=lto
screening: accepted=lto not_accepted=lto no_substance=lto duplicate_linked=lto
screening: referred=to delegated=to assigned=to sealed_up=to spam=lto returned=o closed=lto
assigned: screening=lto accepted=lto not_accepted=lto no_substance=lto duplicate_linked=lto
assigned: referred=to delegated=to assigned=to sealed_up=to returned=lto closed=lto
returned: screening=lto accepted=lto not_accepted=lto no_substance=lto duplicate_linked=lto
returned: referred=to delegated=to assigned=to sealed_up=to closed=lto
accepted: in_progress=ltos immediate_fix=to lead_transferred=to delegated=to referred=to no_substance=ltos
accepted: duplicate_linked=lto assigned=to sealed_up=to replied=ltos closed=ltos
in_progress: immediate_fix=to lead_transferred=to delegated=to referred=to no_substance=ltos
in_progress: duplicate_linked=lto assigned=to sealed_up=to replied=ltos closed=ltos
not_accepted: screening=to archived=tos
no_substance: screening=lto accepted=ltos not_accepted=ltos duplicate_linked=lto spam=lto closed=ltos
duplicate_linked: screening=lto closed=lto archived=tos
referred: in_progress=ltos replied=ltos closed=lto archived=tos
delegated: in_progress=ltos replied=ltos closed=lto
immediate_fix: in_progress=ltos lead_transferred=to replied=ltos closed=lto
lead_transferred: in_progress=ltos replied=ltos closed=lto
sealed_up: accepted=s not_accepted=s no_substance=s returned=s spam=s closed=s
replied: in_progress=ltos closed=ltos
closed: in_progress=tos replied=ltos archived=tos
spam: screening=lto accepted=s purged=tos
archived:
purged:
"""
LETTERS = {"l": Role.team_liaison, "t": Role.team_leader, "o": Role.office, "s": Role.superior}


def _expected() -> dict[tuple[str, str], set[Role]]:
    found: dict[tuple[str, str], set[Role]] = {}
    for line in TABLE.strip().splitlines():
        start, _, rest = line.partition(":")
        for entry in rest.split():
            to, _, letters = entry.partition("=")
            assert (start, to) not in found
            found[start, to] = {LETTERS[letter] for letter in letters}
    return found


EXPECTED = _expected()
FIRST_BUILD = {("received", "accepted"), ("received", "not_accepted"), ("received", "closed"), ("accepted", "closed")}
ENDS = {State.archived, State.purged}
STEPS = [(start, move) for start, moves in MOVES.items() for move in moves]


class TestWhoMayMoveWhat:
    @pytest.mark.parametrize(("start", "to"), list(product(State, State)))
    def test_every_pair_for_every_role(self, start: State, to: State) -> None:
        allowed = EXPECTED.get((start.value, to.value), set())
        assert {role for role in Role if find_move(start, to.value, role) is not None} == allowed

    def test_a_state_that_is_none_leads_nowhere(self) -> None:
        assert all(find_move(start, to, role) is None for start in State for role in Role for to in ("", "held", "x"))

    def test_a_role_never_has_two_ways_to_one_state(self) -> None:
        for start, role in product(State, Role):
            steps = [move.to for move in moves_of(start, role)]
            assert len(steps) == len(set(steps)), (start, role)

    def test_whoever_the_table_names_may_move_at_all(self) -> None:
        for _, move in STEPS:
            assert all(Permission.report_move in ROLE_PERMISSIONS[role] for role in move.roles)

    def test_passing_on_and_transferring_take_their_permission(self) -> None:
        needed = {"pass_on": Permission.report_pass_on, "transfer": Permission.report_transfer}
        for _, move in STEPS:
            if move.act in needed:
                assert all(needed[move.act] in ROLE_PERMISSIONS[role] for role in move.roles)

    @pytest.mark.parametrize(("start", "to"), sorted(FIRST_BUILD))
    @pytest.mark.parametrize("role", [Role.team_liaison, Role.team_leader, Role.office])
    def test_the_moves_of_the_first_build_remain(self, start: str, to: str, role: Role) -> None:
        move = find_move(State(start), to, role)
        assert move is not None
        assert not move.act
        assert not move.needs_text


class TestShape:
    @pytest.mark.parametrize("first", [State.received, State.sealed_up])
    def test_every_state_is_reached(self, first: State) -> None:
        reached, todo = {first}, [first]
        while todo:
            for move in MOVES[todo.pop()]:
                if move.to not in reached:
                    reached.add(move.to)
                    todo.append(move.to)
        assert set(State) - reached <= ({State.sealed_up, State.received, State.registered} - {first})
        if first is State.received:
            assert reached == set(State)

    @pytest.mark.parametrize("roles", [{"l", "t"}, {"o"}, {"s"}])
    def test_no_dead_end_for_those_it_lies_with(self, roles: set[str]) -> None:
        """From wherever a team, the office or the superior can bring a report, they can bring it to an end."""
        mine = {LETTERS[letter] for letter in roles}
        start = State.sealed_up if roles == {"s"} else State.received
        steps = {state: {m.to for m in moves if m.roles & mine and _stays(m.act)} for state, moves in MOVES.items()}
        for state in _from(start, steps):
            assert _from(state, steps) & ENDS, state

    def test_only_the_ends_end(self) -> None:
        assert {state for state in State if not MOVES[state]} == ENDS

    def test_what_is_over_can_be_opened_again_with_a_reason(self) -> None:
        for role in (Role.team_leader, Role.office):
            again = find_move(State.closed, "in_progress", role)
            assert again is not None
            assert again.needs_reason
        assert find_move(State.closed, "in_progress", Role.team_liaison) is None


def _stays(act: str) -> bool:
    return act not in ("transfer", "seal_up", "send_back")


def _from(start: State, steps: dict[State, set[State]]) -> set[State]:
    reached, todo = {start}, [start]
    while todo:
        new = steps[todo.pop()] - reached
        reached |= new
        todo += new
    return reached


class TestWhatAStepNeeds:
    def test_a_result_on_closing_and_nowhere_else(self) -> None:
        for _, move in STEPS:
            assert move.needs_result is (move.to is State.closed)
            assert set(move.results) in (set(), set(RESULTS))
        assert "false_malicious" not in RESULTS, "only after a formal finding, never from the triage screen"

    def test_a_reason_for_refusing_objecting_sending_back_sealing_up_setting_aside_and_opening_again(self) -> None:
        again = {
            ("not_accepted", "screening"), ("no_substance", "screening"), ("duplicate_linked", "screening"),
            ("spam", "screening"), ("spam", "accepted"), ("referred", "in_progress"), ("delegated", "in_progress"),
            ("immediate_fix", "in_progress"), ("lead_transferred", "in_progress"), ("replied", "in_progress"),
            ("closed", "in_progress"),
        }  # fmt: skip
        always = {State.not_accepted, State.returned, State.sealed_up, State.spam, State.purged}
        for start, move in STEPS:
            assert move.needs_reason is (move.to in always or (start.value, move.to.value) in again), (start, move.to)
            assert set(move.reasons) <= set(REASONS)
        refusals = [move for _, move in STEPS if move.to is State.not_accepted]
        assert {move.reasons for move in refusals} == {tuple(NOT_ACCEPTED_REASONS)}

    def test_words_team_and_master(self) -> None:
        for _, move in STEPS:
            assert move.needs_text is (move.to in (State.no_substance, State.replied))
            assert move.asks is (move.to is State.no_substance)
            assert move.needs_team is (move.to is State.assigned)
            assert move.needs_report is (move.to is State.duplicate_linked)

    def test_a_second_person_for_purging_closing_as_unfounded_and_the_office_sending_back(self) -> None:
        for _, move in STEPS:
            for result in ("", *RESULTS):
                unfounded = move.to is State.closed and result == "not_verified"
                sent_back = move.to is State.returned and move.roles == {Role.office}
                assert move.needs_second(result) is (move.to is State.purged or unfounded or sent_back)

    def test_what_stays_among_colleagues_is_never_told(self) -> None:
        told = {move.to for _, move in STEPS if move.tells}
        assert told == {
            State.accepted, State.not_accepted, State.no_substance, State.referred, State.delegated, State.in_progress,
            State.immediate_fix, State.replied, State.closed,
        }  # fmt: skip

    def test_what_else_happens(self) -> None:
        acts = {(move.to.value, move.act) for _, move in STEPS if move.act}
        assert acts == {
            ("assigned", "transfer"), ("duplicate_linked", "link"), ("sealed_up", "seal_up"), ("returned", "send_back"),
            ("referred", "pass_on"), ("delegated", "pass_on"), ("lead_transferred", "pass_on"),
            ("immediate_fix", "pass_on"), ("purged", "purge"),
        }  # fmt: skip
        objections = [move for _, move in STEPS if move.to is State.returned and not move.act]
        assert {move.roles for move in objections} == {frozenset({Role.team_liaison, Role.team_leader})}


class TestClocks:
    def test_every_clock_is_in_the_table_of_limits(self) -> None:
        assert {clock.limit for clock in CLOCKS.values()} <= set(LIMITS)

    def test_which_clock_runs_where(self) -> None:
        named = {state.value: clock.limit for state in State if (clock := clock_of(state, named=True))}
        assert named == {
            "received": "ack_real_name", "registered": "ack_real_name", "screening": "ack_real_name",
            "assigned": "ack_real_name", "returned": "ack_real_name", "accepted": "xf_close",
            "in_progress": "xf_close", "delegated": "xf_close", "immediate_fix": "immediate_fix",
            "lead_transferred": "lead_feedback_to_xuncha", "sealed_up": "transfer_up", "closed": "feedback_real_name",
        }  # fmt: skip
        anonymous = {state.value: clock.limit for state in State if (clock := clock_of(state, named=False))}
        assert anonymous == {state: limit for state, limit in named.items() if state != "closed"}

    def test_nobody_gains_time_by_moving_a_report_to_and_fro_before_deciding(self) -> None:
        undecided = {State.received, State.registered, State.screening, State.assigned, State.returned}
        for start, to in product(undecided, undecided):
            assert not winds(start, to)
        assert winds(State.received, State.accepted)
        assert not winds(State.accepted, State.in_progress)
        assert winds(State.closed, State.in_progress)
        assert winds(State.spam, State.screening)


class TestWhatTheCitizenReads:
    def test_the_coarse_state_of_every_state(self) -> None:
        groups = {
            "received": {"received", "spam"},
            "needs_info": {"no_substance"},
            "in_review": {"registered", "screening", "assigned", "returned", "sealed_up", "duplicate_linked"},
            "in_progress": {"accepted", "in_progress", "immediate_fix"},
            "referred": {"referred", "delegated", "lead_transferred"},
            "closed": {"not_accepted", "replied", "closed", "archived", "purged"},
        }
        assert {
            name: {s.value for s in State if coarse(s, awaiting_citizen=False) == name} for name in groups
        } == groups
        assert set(groups) == set(COARSE_NAMES)

    @pytest.mark.parametrize("state", list(State))
    def test_a_question_stands_above_until_all_is_settled(self, state: State) -> None:
        settled = coarse(state, awaiting_citizen=False) == "closed"
        assert coarse(state, awaiting_citizen=True) == ("closed" if settled else "needs_info")
        assert may_wait(state) is (not settled and state is not State.spam)

    def test_every_state_has_a_name_and_a_place_in_the_queue(self) -> None:
        assert set(STATE_NAMES) == set(State)
        assert len(set(STATE_NAMES.values())) == len(STATE_NAMES)
        assert SETTLED.isdisjoint({State.received, State.screening, State.accepted, State.in_progress})
        assert {state for state in State if coarse(state, awaiting_citizen=False) == "closed"} <= SETTLED


def test_the_drawing_is_the_table_as_it_is() -> None:
    """After a wanted change: `python -m tools.workflow`."""
    assert drawing.main(["--check"]) == 0
