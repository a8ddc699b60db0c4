"""What changes boards and what they stand for."""

from intake.boards.services.jobs import clear_old_prints
from intake.boards.services.life import STATES, make_board, move, rotate, set_state
from intake.boards.services.many import MANY, Unchanged, change_many, would_stay
from intake.boards.services.previews import preview_picture
from intake.boards.services.prints import NotPrinted, Printed, item_of, look_at, print_each, print_one_file

__all__ = [
    "MANY",
    "STATES",
    "NotPrinted",
    "Printed",
    "Unchanged",
    "change_many",
    "clear_old_prints",
    "item_of",
    "look_at",
    "make_board",
    "move",
    "preview_picture",
    "print_each",
    "print_one_file",
    "rotate",
    "set_state",
    "would_stay",
]
