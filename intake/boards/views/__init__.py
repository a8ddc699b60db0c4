"""Pages of boards: the citizens' own, the office's, and those of whoever looks after boards."""

from intake.boards.views import choosing, counted, damaged, field, many, printing
from intake.boards.views.plates import blueprint as plates
from intake.boards.views.public import (
    NoBoard,
    blueprint,
    find,
    find_with_office,
    no_board,
    not_taking,
    takes_reports,
)
from intake.boards.views.registry import blueprint as registry

__all__ = [
    "NoBoard",
    "blueprint",
    "choosing",
    "counted",
    "damaged",
    "field",
    "find",
    "find_with_office",
    "many",
    "no_board",
    "not_taking",
    "plates",
    "printing",
    "registry",
    "takes_reports",
]
