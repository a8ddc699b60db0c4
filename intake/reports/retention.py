"""How long a report is kept once it is settled, and when what is locked away is erased. Pure. ADR 0024."""

from collections.abc import Mapping
from datetime import date, timedelta

from intake.reports.workflow import State

# Nothing more is to come of these. A repeat waits for its original all the same: what hangs together goes together.
FINAL = frozenset({
    State.not_accepted, State.duplicate_linked, State.referred, State.closed, State.archived, State.spam,
    State.purged,
})  # fmt: skip
SPAM = "spam"


def kept_days(*, lane: str, state: State, result: str | None, base: int, overrides: Mapping[str, int]) -> int:
    """Days from the day on which it was settled. `overrides`: by lane, state or result; the longest that fits.

    Spam has its own and no other: a result of an earlier life keeps nothing longer.
    """
    if state in (State.spam, State.purged):
        return overrides.get(SPAM, base)
    fitting = [overrides[name] for name in (lane, state.value, result or "") if name in overrides]
    return max(fitting, default=base)


def due_day(settled: date, last_word: date | None, days: int) -> date:
    """The first day on which it may be locked away; the citizen's last word counts like being settled."""
    return max(settled, last_word or settled) + timedelta(days=days)


def shortest(base: int, overrides: Mapping[str, int]) -> int:
    """No report is due earlier than this many days after it was settled."""
    return min([base, *overrides.values()])
