"""How much is asked of a filing before it lies in the ordinary queue: nothing, one question, or a person's look. Pure.

It never refuses. More signs never lead to less (`Assessment.grade`), the same signs always to the same, and every
combination has an answer (tests/rules/test_assess.py). What a rate alone brings about can be answered away with a
question, up to `Limits.times` as much; what the text or the form itself says cannot. What floods is asked before it
is kept, whatever else is to be said of it. ADR 0021.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Outcome(IntEnum):
    """From least to most."""

    normal = 0
    challenge = 1
    held = 2


_FLOODS: Final = frozenset({"rate_board", "rate_network", "burst", "copies"})


@dataclass(frozen=True, slots=True)
class Limits:
    """Where each sign begins; the settings, with their reasons, are in `config.py`."""

    fastest_seconds: float
    oldest_seconds: float
    pace: int
    network_board: int
    network: int
    board_least: int
    board_times: int  # as many as on so many usual days, within the window of a rush
    copies: int
    links: int
    times: int
    tries: int


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of one filing. Rates count this one; `usual` is what the board gets on a day."""

    age: float
    trap: bool = False  # the field that people do not see was filled in
    pace: float = 1.0
    network_board: float = 1.0
    network: float = 1.0
    board: float = 1.0
    usual: float = 0.0
    copies: int = 0
    links: int = 0
    advert: bool = False
    chain: bool = False
    gibberish: bool = False
    repetition: bool = False
    solved: bool = False
    wrong: int = 0  # answers to questions of this form so far


@dataclass(frozen=True, slots=True)
class Assessment:
    """`reasons` are names in `routing.decide.HELD_REASONS`; `pressure` is how far over its limit this board is."""

    asks: bool = False  # a question first
    holds: bool = False  # a person looks, once it is filed
    reasons: tuple[str, ...] = ()
    pressure: float = 0.0

    @property
    def outcome(self) -> Outcome:
        """What happens to it now."""
        if self.asks:
            return Outcome.challenge
        return Outcome.held if self.holds else Outcome.normal

    @property
    def grade(self) -> int:
        """Nothing, a question, a look, a question and then a look."""
        return self.asks + 2 * self.holds


def assess(signals: Signals, limits: Limits) -> Assessment:
    """What becomes of it, and why."""
    graver, lighter = tuple(_for_a_person(signals, limits)), tuple(_for_a_question(signals, limits))
    # What a person will look at anyway is asked only where it floods.
    wanted = not signals.solved and any(reason in _FLOODS or not graver for reason in lighter)
    unanswered = wanted and signals.wrong >= limits.tries
    return Assessment(
        asks=wanted and not unanswered,
        holds=bool(graver) or unanswered,
        reasons=(*(("unanswered",) if unanswered else ()), *dict.fromkeys((*graver, *lighter))),
        pressure=signals.board / rush_begins(signals.usual, limits),
    )


def rush_begins(usual: float, limits: Limits) -> float:
    """How many within the window are still no rush: by the board's own history, and never few."""
    return max(1.0, limits.board_least, limits.board_times * usual)


def _for_a_person(signals: Signals, limits: Limits) -> Iterator[str]:
    if signals.trap:
        yield "honeypot"
    if signals.age < limits.fastest_seconds:
        yield "too_fast"
    for name in ("advert", "chain", "gibberish", "repetition"):
        if getattr(signals, name):
            yield name
    if not signals.solved:
        return
    # So much that answered questions say nothing any more.
    if signals.network_board > limits.network_board * limits.times:
        yield "rate_board"
    if signals.network > limits.network * limits.times:
        yield "rate_network"
    if signals.copies >= limits.copies * limits.times:
        yield "copies"


def _for_a_question(signals: Signals, limits: Limits) -> Iterator[str]:
    if signals.age > limits.oldest_seconds:
        yield "too_old"
    if signals.pace > limits.pace:
        yield "pace"
    if signals.network_board > limits.network_board:
        yield "rate_board"
    if signals.network > limits.network:
        yield "rate_network"
    if signals.board > rush_begins(signals.usual, limits):
        yield "burst"
    if signals.copies >= limits.copies:
        yield "copies"
    if signals.links >= limits.links:
        yield "links"
