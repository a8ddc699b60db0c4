"""QR symbols as a matrix, as SVG and as PNG."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final, Literal

import qrcode
from PIL import Image
from qrcode import constants, util

from qr.payload import ALPHANUMERIC

QUIET: Final = 4  # modules of white on every side, ISO/IEC 18004
Level = Literal["L", "M", "Q", "H"]
_LEVELS: Final[dict[Level, int]] = {
    "L": constants.ERROR_CORRECT_L,
    "M": constants.ERROR_CORRECT_M,
    "Q": constants.ERROR_CORRECT_Q,
    "H": constants.ERROR_CORRECT_H,
}


@dataclass(frozen=True, slots=True)
class Symbol:
    """One QR symbol: `rows` of "0" and "1" (dark), square, without the quiet zone."""

    url: str
    level: Level
    version: int
    rows: tuple[str, ...]

    @property
    def modules(self) -> int:
        """Modules along a side: 4 * version + 17."""
        return len(self.rows)


def make(url: str, level: Level = "H") -> Symbol:
    """The smallest symbol of `level` that holds `url` in alphanumeric mode.

    Raises `ValueError` where a character of `url` would leave that mode.
    """
    odd = sorted(set(url) - ALPHANUMERIC)
    if odd or not url:
        raise ValueError(f"not in QR alphanumeric mode: {''.join(odd)!r} of {url!r}")
    builder = qrcode.QRCode(error_correction=_LEVELS[level], border=0)
    builder.add_data(util.QRData(url, mode=util.MODE_ALPHA_NUM), optimize=0)
    builder.make(fit=True)
    return _symbol(url, level, builder)


def _symbol(text: str, level: Level, builder: qrcode.QRCode) -> Symbol:
    rows = tuple("".join("1" if dark else "0" for dark in row) for row in builder.get_matrix())
    return Symbol(text, level, (len(rows) - 17) // 4, rows)


def of_text(text: str, level: Level = "M") -> Symbol:
    """The smallest symbol of `level` that holds any `text`, as bytes of UTF-8: for a screen, not for a board.

    Raises `ValueError` where no symbol is large enough (2,331 bytes at level M).
    """
    builder = qrcode.QRCode(error_correction=_LEVELS[level], border=0)
    builder.add_data(util.QRData(text.encode(), mode=util.MODE_8BIT_BYTE), optimize=0)
    builder.make(fit=True)
    return _symbol(text, level, builder)


def svg(symbol: Symbol, *, title: str = "") -> str:
    """One path on white, a module is one unit, the quiet zone included; `title` is for screen readers.

    Holds no style attribute and no id, so it may stand in a page under a strict content security policy.
    """
    side = symbol.modules + 2 * QUIET
    name = f"<title>{_escaped(title)}</title>" if title else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}"'
        f' width="{side * 8}" height="{side * 8}" role="img" shape-rendering="crispEdges">'
        f'{name}<path fill="#fff" d="M0 0h{side}v{side}H0z"/>'
        f'<path fill="#000" d="{_path(symbol.rows)}"/></svg>'
    )


def _path(rows: tuple[str, ...]) -> str:
    """Every run of dark modules of a row as one closed rectangle."""
    parts = []
    for y, row in enumerate(rows, start=QUIET):
        x = 0
        while (start := row.find("1", x)) >= 0:
            stop = row.find("0", start)
            x = len(row) if stop < 0 else stop
            parts.append(f"M{start + QUIET} {y}h{x - start}v1h-{x - start}z")
    return "".join(parts)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def png(symbol: Symbol, px: int) -> bytes:
    """A square picture of `px` pixels a side, black on white, one bit a pixel.

    Modules are whole pixels, the rest widens the quiet zone. Raises `ValueError` where one would be less.
    """
    scale = px // (symbol.modules + 2 * QUIET)
    if scale < 1:
        raise ValueError(f"{px} pixels are fewer than the symbol's {symbol.modules + 2 * QUIET} modules")
    bits = Image.new("1", (symbol.modules, symbol.modules), 1)
    bits.putdata([0 if module == "1" else 1 for row in symbol.rows for module in row])
    page = Image.new("1", (px, px), 1)
    edge = (px - symbol.modules * scale) // 2
    page.paste(bits.resize((symbol.modules * scale, symbol.modules * scale), Image.Resampling.NEAREST), (edge, edge))
    out = io.BytesIO()
    page.save(out, "PNG", optimize=True)
    return out.getvalue()
