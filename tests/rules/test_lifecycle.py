"""The life of a board: the whole table, every allowed and every forbidden pair."""


import pytest

from intake.boards import lifecycle
from intake.boards.lifecycle import ACTS, GONE, STATES

ALLOWED = {
    ("draft", "live"): "live", ("draft", "revoke"): "revoked", ("draft", "rotate"): "rotated",
    ("draft", "move"): "draft",
    ("live", "close"): "closed", ("live", "revoke"): "revoked", ("live", "rotate"): "rotated",
    ("live", "move"): "live",
    ("closed", "live"): "live", ("closed", "revoke"): "revoked", ("closed", "rotate"): "rotated",
    ("closed", "move"): "closed",
    ("revoked", "rotate"): "rotated",
}  # fmt: skip


@pytest.mark.parametrize(("state", "act"), [(state, act) for state in STATES for act in ACTS])
def test_every_pair_is_allowed_or_forbidden(state: str, act: str) -> None:
    assert lifecycle.after(state, act) == ALLOWED.get((state, act))
    assert (act in lifecycle.allowed(state)) is ((state, act) in ALLOWED)


def test_what_is_not_a_state_or_an_act_is_forbidden() -> None:
    assert lifecycle.after("hung", "live") is None
    assert lifecycle.after("live", "") is None
    assert lifecycle.allowed("hung") == ()


def test_a_code_that_warns_never_comes_back() -> None:
    for state in GONE:
        assert all(lifecycle.after(state, act) in (None, *GONE) for act in ACTS), state
    assert lifecycle.allowed("rotated") == ()


@pytest.mark.parametrize(("state", "able"), [(state, able) for state in STATES for able in (True, False)])
def test_a_successor_is_live_only_where_the_old_board_was_and_somebody_can_read(state: str, able: bool) -> None:
    became = lifecycle.of_successor(state, able=able)
    assert became not in GONE
    assert (became == "live") is (state == "live" and able)
    assert (became == "closed") is (state == "closed")


def test_every_state_and_act_has_its_words() -> None:
    assert set(lifecycle.STATE_NAMES) == set(STATES)
    assert set(lifecycle.ACT_NAMES) == set(ACTS)
    assert set(STATES) >= GONE
