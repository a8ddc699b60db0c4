"""What is asked of a filing: total, deterministic, never less for more signs, and never a refusal."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.reports.assess import Limits, Outcome, Signals, assess
from intake.routing.decide import HELD_REASONS

LIMITS = Limits(
    fastest_seconds=2, oldest_seconds=7200, pace=5, network_board=120, network=600, board_least=30, board_times=3,
    copies=10, links=3, times=5, tries=3,
)  # fmt: skip
ORDINARY = Signals(age=75)

_rates = st.floats(0, 1e6, allow_nan=False)
_small = st.integers(0, 1_000)
SIGNALS = st.builds(
    Signals, age=_rates, trap=st.booleans(), pace=_rates, network_board=_rates, network=_rates, board=_rates,
    usual=st.floats(0, 1e4, allow_nan=False), copies=_small, links=_small, advert=st.booleans(), chain=st.booleans(),
    gibberish=st.booleans(), repetition=st.booleans(), solved=st.booleans(), wrong=st.integers(0, 20),
)  # fmt: skip
# What makes a filing more suspicious when it grows; age does so in both directions and is tried apart.
GROWING = ("trap", "pace", "network_board", "network", "board", "copies", "links", "advert", "chain", "gibberish",
           "repetition")  # fmt: skip


@given(SIGNALS)
def test_every_combination_has_one_answer_and_it_is_never_a_refusal(signals: Signals) -> None:
    first = assess(signals, LIMITS)
    assert first == assess(signals, LIMITS)
    assert set(Outcome) == {Outcome.normal, Outcome.challenge, Outcome.held}
    assert bool(first.reasons) or first.outcome is Outcome.normal, "staff can read why"
    assert set(first.reasons) <= set(HELD_REASONS)
    assert len(set(first.reasons)) == len(first.reasons)


@given(SIGNALS, SIGNALS, st.sets(st.sampled_from(GROWING)))
def test_more_of_anything_never_leads_to_less(one: Signals, other: Signals, names: set[str]) -> None:
    more = replace(one, **{name: max(getattr(one, name), getattr(other, name)) for name in names})
    assert assess(more, LIMITS).grade >= assess(one, LIMITS).grade


@given(SIGNALS)
def test_a_board_that_usually_gets_more_is_asked_no_more(signals: Signals) -> None:
    busier = replace(signals, usual=signals.usual + 10)
    assert assess(busier, LIMITS).grade <= assess(signals, LIMITS).grade


@given(SIGNALS)
def test_wrong_answers_end_in_a_look_and_never_in_nothing(signals: Signals) -> None:
    tired = assess(replace(signals, wrong=LIMITS.tries), LIMITS)
    assert not tired.asks
    assert tired.holds >= assess(replace(signals, wrong=0), LIMITS).asks


@given(SIGNALS)
def test_what_floods_is_asked_before_it_is_kept(signals: Signals) -> None:
    flood = replace(signals, solved=False, wrong=0, network_board=LIMITS.network_board + 1)
    assert assess(flood, LIMITS).outcome is Outcome.challenge


@given(SIGNALS)
def test_whoever_answers_is_never_asked_again(signals: Signals) -> None:
    assert assess(replace(signals, solved=True), LIMITS).outcome is not Outcome.challenge


@given(st.floats(2, 7200))
def test_a_persons_time_is_ordinary(age: float) -> None:
    assert assess(Signals(age=age), LIMITS).outcome is Outcome.normal


@pytest.mark.parametrize(
    ("signs", "outcome", "reason"),
    [
        ({"age": 1.9}, Outcome.held, "too_fast"),
        ({"age": 7201}, Outcome.challenge, "too_old"),
        ({"trap": True}, Outcome.held, "honeypot"),
        ({"advert": True}, Outcome.held, "advert"),
        ({"chain": True}, Outcome.held, "chain"),
        ({"gibberish": True}, Outcome.held, "gibberish"),
        ({"repetition": True}, Outcome.held, "repetition"),
        ({"links": 3}, Outcome.challenge, "links"),
        ({"pace": 5.1}, Outcome.challenge, "pace"),
        ({"network_board": 121}, Outcome.challenge, "rate_board"),
        ({"network_board": 601, "solved": True}, Outcome.held, "rate_board"),
        ({"network": 601}, Outcome.challenge, "rate_network"),
        ({"network": 3001, "solved": True}, Outcome.held, "rate_network"),
        ({"board": 31}, Outcome.challenge, "burst"),
        ({"board": 31, "usual": 11}, Outcome.normal, ""),
        ({"copies": 10}, Outcome.challenge, "copies"),
        ({"copies": 50, "solved": True}, Outcome.held, "copies"),
        ({"copies": 50}, Outcome.challenge, "copies"),
        ({"trap": True, "pace": 99}, Outcome.held, "pace"),
        ({"gibberish": True, "links": 9}, Outcome.held, "links"),
        ({"trap": True, "board": 99}, Outcome.challenge, "honeypot"),
        ({"trap": True, "board": 99, "solved": True}, Outcome.held, "honeypot"),
        ({"board": 1e6, "pace": 1e6, "solved": True}, Outcome.normal, "burst"),
        ({"pace": 6, "wrong": 3}, Outcome.held, "unanswered"),
        ({"pace": 6, "wrong": 2}, Outcome.challenge, "pace"),
        ({"wrong": 9}, Outcome.normal, ""),
    ],
)
def test_where_each_sign_leads(signs: dict[str, float], outcome: Outcome, reason: str) -> None:
    found = assess(replace(ORDINARY, **signs), LIMITS)  # type: ignore[arg-type]  # numbers and booleans by name
    assert found.outcome is outcome
    assert (reason in found.reasons) == bool(reason)


def test_how_hard_a_question_is_follows_from_the_board_alone() -> None:
    pressed = assess(replace(ORDINARY, board=90), LIMITS)
    assert pressed.pressure == 3
    assert assess(replace(ORDINARY, network=1e6, pace=1e6, copies=900), LIMITS).pressure < 1
