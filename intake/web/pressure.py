"""How hard each board is pressed today, for the staff page: sums of a day, no source, no hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from intake.web import throttle
from intake.web.context import world
from intake.web.throttle import day_mac, rate_of, store

_DAY_SECONDS: Final = 86_400
_NOTED: Final = ("challenge", "held")


@dataclass(frozen=True, slots=True)
class BoardPressure:
    """Of one board today: questions asked, reports held, and whether questions are asked because of a rush now."""

    code: str
    asked: int
    held: int
    rush: bool


def note(board_code: str, outcome: str) -> None:
    """One more of them today; what is ordinary is counted nowhere."""
    if outcome in _NOTED:
        store().incr(_key(outcome, board_code), _DAY_SECONDS)


def today(board_codes: Sequence[str]) -> list[BoardPressure]:
    """For each of these boards; kept by the store of the limits alone, and gone with the day."""
    burst = rate_of(world().settings.board_burst)
    keys = [(throttle.board_key(code), burst.get_expiry()) for code in board_codes]
    rushes = store().paces(keys, count=False)
    return [
        BoardPressure(
            code, store().get(_key("challenge", code)), store().get(_key("held", code)), rush > burst.amount
        )
        for code, rush in zip(board_codes, rushes, strict=True)
    ]


def _key(outcome: str, board_code: str) -> str:
    return f"pressed:{outcome}:{day_mac('pressed', board_code)}"
