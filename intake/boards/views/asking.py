"""What is to be printed, as it stands in an address: kind, paper, second language, bleed and crop marks."""

from dataclasses import replace
from typing import Any, cast, get_args

from flask import request

from intake.boards import printing
from intake.boards.printing import Wanted
from qr.second import Second
from qr.sheet import BOARDS, PAPERS_OF, Board, Kind

_SECONDS = frozenset(get_args(Second))


def wanted_here() -> Wanted:
    """What the address asks for; a word that is none of ours asks for nothing, nor a paper that its kind has not."""
    kind, paper, second = (request.args.get(name, "") for name in ("kind", "paper", "second"))
    asked = Wanted(
        kind=kind if kind in PAPERS_OF else None,
        paper=paper if paper in printing.papers() else None,
        second=cast(Second, second) if second in _SECONDS else None,
        press=request.args.get("press") == "y",
    )
    return replace(asked, paper=None) if asked.problem() else asked


def as_address(wanted: Wanted) -> dict[str, str]:
    """The same, to be put into an address."""
    given = {"kind": wanted.kind, "paper": wanted.paper, "second": wanted.second, "press": "y" if wanted.press else ""}
    return {name: value for name, value in given.items() if value}


def choices(wanted: Wanted, board: Board | None) -> dict[str, Any]:
    """What the template needs to offer kinds and papers. `board` None: boards of all kinds are printed together."""
    boards: tuple[Kind, ...] = (board,) if board is not None else ()
    kinds: tuple[Kind, ...] = (*boards, *(kind for kind in PAPERS_OF if kind not in BOARDS))
    return {
        "wanted": wanted,
        "asked": as_address(wanted),
        "kind_options": [(kind, printing.KIND_NAMES[kind]) for kind in kinds],
        "paper_options": [(paper, printing.PAPER_NAMES[paper]) for paper in printing.papers()],
        "second_options": list(printing.SECOND_NAMES.items()),
    }
