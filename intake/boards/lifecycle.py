"""The life of a board as one table: which act is allowed in which state, and what becomes of it."""

from collections.abc import Mapping
from typing import Final, Literal

State = Literal["draft", "live", "closed", "revoked", "rotated"]
Act = Literal["live", "close", "revoke", "rotate", "move"]

STATES: Final[tuple[State, ...]] = ("draft", "live", "closed", "revoked", "rotated")
ACTS: Final[tuple[Act, ...]] = ("live", "close", "revoke", "rotate", "move")
STATE_NAMES: Final[Mapping[str, str]] = {
    "draft": "待挂牌",
    "live": "在用",
    "closed": "已关闭",
    "revoked": "已停用",
    "rotated": "已换码",
}
ACT_NAMES: Final[Mapping[str, str]] = {
    "live": "上线",
    "close": "关闭",
    "revoke": "停用",
    "rotate": "换码",
    "move": "移到别处",
}
# The codes of these warn whoever scans them, and are never printed again.
GONE: Final[frozenset[str]] = frozenset({"revoked", "rotated"})

# A revoked board may still be rotated: its site gets a new board, and its old code points nowhere.
_AFTER: Final[Mapping[tuple[str, str], State]] = {
    ("draft", "live"): "live",
    ("draft", "revoke"): "revoked",
    ("draft", "rotate"): "rotated",
    ("draft", "move"): "draft",
    ("live", "close"): "closed",
    ("live", "revoke"): "revoked",
    ("live", "rotate"): "rotated",
    ("live", "move"): "live",
    ("closed", "live"): "live",
    ("closed", "revoke"): "revoked",
    ("closed", "rotate"): "rotated",
    ("closed", "move"): "closed",
    ("revoked", "rotate"): "rotated",
}


def after(state: str, act: str) -> State | None:
    """The state that `act` leaves a board in; None where it is not allowed."""
    return _AFTER.get((state, act))


def allowed(state: str) -> tuple[Act, ...]:
    """What may be done to a board in this state, in the order of `ACTS`."""
    return tuple(act for act in ACTS if (state, act) in _AFTER)


def of_successor(state: str, *, able: bool) -> State:
    """The state of the board that takes over the place of one in `state`; `able`: its team can open what comes in.

    What hung and took reports goes on doing so under the new code, unless nobody could read them.
    """
    if state == "live" and able:
        return "live"
    return "closed" if state == "closed" else "draft"
