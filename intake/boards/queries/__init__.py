"""Reading boards, sites and regions."""

from intake.boards.queries.pages import (
    BoardPage,
    board_by_site_no,
    board_page,
    board_with_office,
    organisation_names,
    was_live,
)
from intake.boards.queries.sums import Strays, strays

__all__ = [
    "BoardPage",
    "Strays",
    "board_by_site_no",
    "board_page",
    "board_with_office",
    "organisation_names",
    "strays",
    "was_live",
]
