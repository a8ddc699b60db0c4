"""What changes boards and what they stand for."""

from intake.boards.services.life import STATES, make_board, move, rotate, set_state

__all__ = ["STATES", "make_board", "move", "rotate", "set_state"]
