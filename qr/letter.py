"""A form on A4 that goes from one unit to another: rows, text, room for ink, and a mark of who got it on every page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from qr import engines, fonts
from qr.poster import MissingGlyphs

ROOT: Final = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class LetterData:
    """What one form says. Empty values leave their row out.

    `rows` are (label, value) on top; `blocks` (heading, text), lines kept; `blanks` (label, height in mm) to be filled
    in by hand; `signs` are labels above a line for a signature and a day. `mark` names the copy: it stands in the
    ground and at the foot of every page.
    """

    title: str
    number: str
    rows: tuple[tuple[str, str], ...]
    blocks: tuple[tuple[str, str], ...]
    mark: str
    blanks: tuple[tuple[str, int], ...] = ()
    signs: tuple[str, ...] = ()
    remark: str = ""


def make(data: LetterData) -> bytes:
    """The form as a PDF, as many pages as the text needs. Raises `MissingGlyphs`."""
    rare = False
    for field, text in _texts(data):
        bare = text.replace("\n", "").replace("\t", "")
        if lost := fonts.missing(bare):
            raise MissingGlyphs(lost, field)
        rare = rare or fonts.needs_family(bare)
    return engines.typst.compile(
        str(ROOT / "templates" / "letter.typ"),
        root=str(ROOT),
        format="pdf",
        font_paths=fonts.loaded(rare),
        sys_inputs={"data": json.dumps(_content(data), ensure_ascii=False)},
        pdf_tags=False,
    )


def _content(data: LetterData) -> dict[str, object]:
    lines = [(heading, text.replace("\t", " ").split("\n")) for heading, text in data.blocks if text.strip()]
    return {**asdict(data), "rows": [row for row in data.rows if row[1].strip()], "blocks": lines}


def _texts(data: LetterData) -> Iterator[tuple[str, str]]:
    for field in ("title", "number", "mark", "remark"):
        yield field, getattr(data, field)
    yield "signs", "".join(data.signs)
    for label, value in (*data.rows, *data.blocks):
        yield label, label + value
    for label, _ in data.blanks:
        yield label, label
