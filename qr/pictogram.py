"""The pictograms, one source for posters and pages: `pictograms.json`, strokes on a field of 48 units.

A shape is `rect` [x, y, w, h], `circle` [x, y, r], `line` [[x, y], …] or `curve` [[x, y], [six numbers of a
cubic], …], with `close`, `fill`, `stroke` (width, 3 where absent, 0 for none) and `dash` [on, off]. The
templates of the posters read the same file.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

SOURCE: Final = Path(__file__).resolve().parent / "pictograms.json"
SIDE: Final = 48
STROKE: Final = 3.0

Shape = dict[str, Any]


@lru_cache(maxsize=1)
def shapes() -> dict[str, list[Shape]]:
    """Every pictogram's shapes by its name."""
    loaded: dict[str, list[Shape]] = json.loads(SOURCE.read_text(encoding="utf-8"))
    return loaded


def svg(name: str) -> str:
    """The pictogram in the colour of the text around it, for a page; hidden from screen readers.

    Raises `KeyError` for a name that is not drawn.
    """
    drawn = "".join(_element(shape) for shape in shapes()[name])
    return (
        f'<svg viewBox="0 0 {SIDE} {SIDE}" width="{SIDE}" height="{SIDE}" fill="none" stroke="currentColor"'
        f' stroke-width="{STROKE:g}" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"'
        f' focusable="false">{drawn}</svg>'
    )


def _element(shape: Shape) -> str:
    paint = _paint(shape)
    if "rect" in shape:
        x, y, width, height = shape["rect"]
        return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"{paint}/>'
    if "circle" in shape:
        x, y, radius = shape["circle"]
        return f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}"{paint}/>'
    points = shape.get("line") or shape["curve"]
    letters = "L" if "line" in shape else "C"
    start, *rest = (" ".join(f"{number:g}" for number in point) for point in points)
    close = "z" if shape.get("close") else ""
    return f'<path d="M{start}{"".join(letters + point for point in rest)}{close}"{paint}/>'


def _paint(shape: Shape) -> str:
    paint = ' fill="currentColor"' if shape.get("fill") else ""
    width = shape.get("stroke", STROKE)
    if width == 0:
        return paint + ' stroke="none"'
    if width != STROKE:
        paint += f' stroke-width="{width:g}"'
    if "dash" in shape:
        paint += f' stroke-linecap="butt" stroke-dasharray="{" ".join(f"{part:g}" for part in shape["dash"])}"'
    return paint
