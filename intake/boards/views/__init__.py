"""Pages of boards: the citizens' own, the office's registers, and those of whoever looks after boards."""

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
    "no_board",
    "not_taking",
    "registry",
    "takes_reports",
]
