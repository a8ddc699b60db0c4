"""Kinds of poster and their papers: where the symbol stands, so that reading back knows where to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from qr.symbol import QUIET

Board = Literal["works", "notice", "village"]
Kind = Literal["works", "notice", "village", "card", "label", "screen"]
Paper = Literal["A4", "A3", "A2", "sign", "card", "label", "screen"]

PAPERS: Final[dict[Paper, tuple[float, float]]] = {"A4": (210, 297), "A3": (297, 420), "A2": (420, 594)}


@dataclass(frozen=True, slots=True)
class Box:
    """A square on a page, millimetres from the top left corner of the trimmed paper."""

    left: float
    top: float
    side: float


@dataclass(frozen=True, slots=True)
class Layout:
    """A template and the square of its symbol without the quiet zone, in mm on A4; other papers scale it."""

    template: str
    left: float
    top: float
    side: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """One layout on one paper; lengths in millimetres."""

    kind: Kind
    paper: Paper
    layout: Layout
    width: float
    height: float
    bleed: float = 3

    @property
    def scale(self) -> float:
        """How much larger than A4, which the templates are drawn on."""
        return self.width / PAPERS["A4"][0]

    def symbol_box(self, modules: int) -> Box:
        """The square that belongs to a symbol of `modules` a side: with its quiet zone, and nothing else."""
        side = self.layout.side * self.scale
        quiet = side / modules * QUIET
        return Box(self.layout.left * self.scale - quiet, self.layout.top * self.scale - quiet, side + 2 * quiet)


LAYOUTS: Final[dict[Kind, Layout]] = {
    "works": Layout("facts.typ", left=13, top=126, side=79),
    "notice": Layout("facts.typ", left=13, top=126, side=79),
    "village": Layout("village.typ", left=12.7, top=58.7, side=92),
}


def sheet(kind: Kind, paper: Paper) -> Sheet:
    """The sheet for a kind on a paper. Raises `KeyError` for one that is not drawn."""
    width, height = PAPERS[paper]
    return Sheet(kind, paper, LAYOUTS[kind], width, height)
