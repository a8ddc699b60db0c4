"""Pages of boards: the citizens' own, and those of staff who look after boards."""

from intake.boards.views import choosing, counted, damaged, field
from intake.boards.views.public import (
    NoBoard,
    blueprint,
    find,
    find_with_office,
    no_board,
    not_taking,
    takes_reports,
)

__all__ = [
    "NoBoard",
    "blueprint",
    "choosing",
    "counted",
    "damaged",
    "field",
    "find",
    "find_with_office",
    "no_board",
    "not_taking",
    "takes_reports",
]
