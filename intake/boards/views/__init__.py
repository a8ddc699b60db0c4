"""Pages of boards: the citizens' own."""

from intake.boards.views.public import (
    NoBoard,
    blueprint,
    find,
    find_with_office,
    no_board,
    not_taking,
    takes_reports,
)

__all__ = ["NoBoard", "blueprint", "find", "find_with_office", "no_board", "not_taking", "takes_reports"]
