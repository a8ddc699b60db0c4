"""Kinds of poster and their papers: sizes, where the codes stand, and from how far they are read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from qr.symbol import QUIET

Board = Literal["works", "notice", "village"]
Kind = Literal["works", "notice", "village", "card", "label", "screen"]
Paper = Literal["A4", "A3", "A2", "sign", "card", "label", "screen"]

BLEED: Final = 3.0
SLUG: Final = 10.0  # around the trimmed page, for bleed and crop marks
SIDES_APART: Final = 4.0  # between the two sides of a card in one picture
CARD_COLUMN: Final = 13.0  # of a card with several codes: red, with the title
CARD_GAP: Final = 8.0  # between the codes of one card, so that a phone takes the one it is held over

PAPERS: Final[dict[Paper, tuple[float, float]]] = {
    "A4": (210, 297),
    "A3": (297, 420),
    "A2": (420, 594),
    "sign": (900, 1400),
    "card": (90, 54),
    "label": (100, 70),
    "screen": (108, 144),  # ten pixels a millimetre: 1080 x 1440
}
BOARDS: Final[tuple[Board, ...]] = ("works", "notice", "village")
PAPERS_OF: Final[dict[Kind, tuple[Paper, ...]]] = {
    **dict.fromkeys(BOARDS, ("A4", "A3", "A2", "sign")),
    "card": ("card",),
    "label": ("label",),
    "screen": ("screen",),
}


@dataclass(frozen=True, slots=True)
class Box:
    """A square on a page, millimetres from the top left corner of the trimmed paper."""

    left: float
    top: float
    side: float


@dataclass(frozen=True, slots=True)
class Layout:
    """The square of the symbol without its quiet zone, in mm as drawn: boards on A4, the others in their own size.

    `ratio` is reading distance to side: 8 where light is bad and people stand outdoors, else 10.
    """

    left: float
    top: float
    side: float
    ratio: int
    lower: float = 0.0  # how much lower the symbol stands on the longer sign


LAYOUTS: Final[dict[Kind, Layout]] = {
    "works": Layout(13, 126, 79.6, 8, lower=14),
    "notice": Layout(13, 126, 79.6, 10, lower=14),
    "village": Layout(13, 58.7, 93.8, 8, lower=5),
    "card": Layout(5, 17, 27.6, 10),
    "label": Layout(5.6, 17.5, 40, 8),
    "screen": Layout(26, 40, 56, 10),
}
# Where several codes stand on a card: columns, and the side of each.
_CARD: Final[dict[int, tuple[int, float]]] = {2: (2, 27.6), 3: (3, 18.4), 4: (2, 16.4), 5: (3, 16.4), 6: (3, 16.4)}
_CARD_TOP: Final = 2.6
_CARD_NAME: Final = 9.0  # below a code: its quiet zone and the unit's name


@dataclass(frozen=True, slots=True)
class Sheet:
    """One layout on one paper; lengths in millimetres. `width` and `height` are the trimmed size."""

    kind: Kind
    paper: Paper
    layout: Layout
    width: float
    height: float
    press: bool = False
    codes: int = 1

    @property
    def scale(self) -> float:
        """How much larger than it is drawn."""
        return self.width / PAPERS["A4"][0] if self.kind in BOARDS else 1.0

    @property
    def slug(self) -> float:
        """What lies around the trimmed page on every side."""
        return SLUG if self.press else 0.0

    @property
    def pages(self) -> int:
        """A card has two sides."""
        return 2 if self.kind == "card" else 1

    @property
    def tall(self) -> float:
        """The height as drawn."""
        return self.height / self.scale

    def places(self) -> list[Box]:
        """The squares of the symbols without quiet zone, in the order of the codes, as drawn."""
        if self.codes > 1:
            return _card_places(self.codes)
        drawn = self.layout
        lower = drawn.lower if self.paper == "sign" else 0
        return [Box(drawn.left, drawn.top + lower, drawn.side)]

    def symbol_box(self, modules: int, code: int = 0) -> Box:
        """The square of a symbol of `modules` a side with its quiet zone and nothing else, on the paper."""
        place = self.places()[code]
        side = place.side * self.scale
        quiet = side / modules * QUIET
        return Box(place.left * self.scale - quiet, place.top * self.scale - quiet, side + 2 * quiet)

    @property
    def reach(self) -> float:
        """Metres from which a phone reads the code, in steps of 5 cm."""
        side = self.places()[0].side * self.scale
        return math.floor(side * self.layout.ratio / 50) * 5 / 100

    @property
    def proof(self) -> str:
        """What the proof says of the code: `1.5 米内可扫`."""
        return f"{self.reach:g} 米内可扫"


def sheet(kind: Kind, paper: Paper, *, press: bool = False, codes: int = 1) -> Sheet:
    """The sheet for a kind on a paper. Raises `KeyError` for one that is not drawn."""
    if paper not in PAPERS_OF[kind]:
        raise KeyError(f"{kind} is not drawn on {paper}")
    if codes > 1 and (kind != "card" or codes not in _CARD):
        raise KeyError(f"{kind} holds no {codes} codes")
    width, height = PAPERS[paper]
    return Sheet(kind, paper, LAYOUTS[kind], width, height, press, codes)


def paper_for(kind: Kind, metres: float) -> Paper | None:
    """The smallest paper whose code is read from `metres` away; None where none is."""
    return next((paper for paper in PAPERS_OF[kind] if sheet(kind, paper).reach >= metres), None)


def _card_places(codes: int) -> list[Box]:
    columns, side = _CARD[codes]
    rows = -(-codes // columns)
    width, height = PAPERS["card"]
    room = (width - CARD_COLUMN - columns * side) / (columns + 1)
    across = max(room, CARD_GAP)
    left = CARD_COLUMN + (width - CARD_COLUMN - columns * side - (columns - 1) * across) / 2
    down = max(height - _CARD_TOP - _CARD_NAME - rows * side, CARD_GAP)
    top = _CARD_TOP if rows > 1 else (height - side - _CARD_NAME) / 2
    return [
        Box(left + column * (side + across), top + row * (side + down), side)
        for row in range(rows)
        for column in range(columns)
    ][:codes]
