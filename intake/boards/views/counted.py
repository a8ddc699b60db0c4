"""What a page counts of whoever opens it: one more in a sum, unless a program asks. ADR 0018."""

from typing import Final

from flask import current_app, request

from intake.boards import counting
from intake.boards.services.tally import Tally
from intake.web.context import world

EXTENSION: Final = "msx_tally"
_FETCHED_AHEAD: Final = ("Sec-Purpose", "Purpose", "X-Moz")


def count(kind: str, board_code: str = counting.NO_BOARD) -> None:
    """In memory only. What the program calls itself is looked at here and goes nowhere."""
    ahead = any("prefetch" in request.headers.get(name, "").lower() for name in _FETCHED_AHEAD)
    if request.method != "GET" or ahead or counting.is_robot(request.headers.get("User-Agent", "")):
        return
    tally: Tally = current_app.extensions[EXTENSION]
    tally.add(kind, world().today(), board_code)
