"""One poster: its data, and the PDF, which is read back before anyone gets it."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any, Final, Literal

import typst

from qr import code as codes
from qr import fonts, payload, pdf, symbol, wording
from qr.data import PosterData, Unit, missing_facts, texts
from qr.readback import read_back
from qr.sheet import Paper, Sheet, sheet

__all__ = ["MissingGlyphs", "PosterData", "TextTooLong", "Unit", "make", "missing_facts"]

Format = Literal["pdf", "png", "svg"]
Second = Literal["zh-Hant", "en"]
ROOT: Final = Path(__file__).resolve().parent
_TOO_LONG: Final = re.compile(r"TOO_LONG:([^\"]+)")


class TextTooLong(ValueError):
    """A text does not fit at the smallest size; `field` is the data's field or the row's label."""

    def __init__(self, field: str) -> None:
        super().__init__(f"too long for the poster: {field}")
        self.field = field


class MissingGlyphs(ValueError):
    """Characters that the fonts cannot print, in `field`."""

    def __init__(self, chars: str, field: str) -> None:
        super().__init__(f"the fonts cannot print {chars!r} in {field}")
        self.chars = chars
        self.field = field


def make(
    data: PosterData,
    paper: Paper = "A4",
    *,
    format: Format = "pdf",  # noqa: A002 - the word of the command and of everybody who asks for a file
    press: bool = False,
    second: Second | None = None,
) -> bytes:
    """The poster as a file of one page whose code, number and words were read from the finished file.

    `press` adds bleed and crop marks for a print shop, `second` a line in a second language.
    Raises `code.BadCode`, `payload.BadAddress` (address, domain and code that do not belong together),
    `MissingGlyphs`, `TextTooLong`, and `readback.NotReadable` where the file does not say what the data says:
    then nothing is handed out.
    """
    target = sheet(data.kind, paper)
    drawn = symbol.make(data.url)
    file = compose(data, drawn, target)
    printed = (data.name, *(value for _, value in _checks(data)), data.domain)
    box = target.symbol_box(drawn.modules)
    read_back(file, data.url, box=box, printed=[text for text in printed if text])
    if format == "png":
        return _png(file, target)
    return file


def _png(file: bytes, target: Sheet) -> bytes:
    """The page at 200 dots an inch, at most 4,096 pixels long."""
    out = io.BytesIO()
    pdf.picture(file, pixels=min(4096, round(target.height / 25.4 * 200))).save(out, "PNG")
    return out.getvalue()


def compose(data: PosterData, drawn: symbol.Symbol, target: Sheet) -> bytes:
    """The sheet as a PDF that nobody has read back yet; for `make`, tests and previews marked as such."""
    if not payload.matches(data.url, data.domain, codes.check(data.code)):
        raise payload.BadAddress("contradiction", f"{data.url} is not {data.domain} with {data.code}")
    content = _content(data, drawn, target)
    whole_family = _needs_family(data)
    try:
        file = typst.compile(
            str(ROOT / "templates" / target.layout.template),
            root=str(ROOT),
            format="pdf",
            font_paths=fonts.loaded(whole_family),
            sys_inputs={"data": json.dumps(content, ensure_ascii=False)},
            pdf_tags=False,
        )
    except typst.TypstError as error:
        refused = _TOO_LONG.search(error.message)
        if refused is None:
            raise
        raise TextTooLong(refused[1]) from error
    return pdf.trim(file, target.bleed)


def _content(data: PosterData, drawn: symbol.Symbol, target: Sheet) -> dict[str, Any]:
    """Everything the template sets, in the words it sets it."""
    kind, layout = data.kind, target.layout
    return {
        "scale": target.scale, "width": target.width, "height": target.height, "bleed": target.bleed,
        "symbol": {"left": layout.left, "top": layout.top, "side": layout.side},
        "matrix": drawn.rows,
        "title": wording.TITLE[kind],
        "overline": {"works": "", "notice": data.team_name, "village": _joined(data.place, data.name)}[kind],
        "name": data.name,
        "facts": [] if kind == "village" else _facts(data),
        "call": wording.CALL[kind],
        "to": f"写给{data.team_name or '县委巡察组'}",
        "ease": wording.EASE[kind],
        "checks": _checks(data),
        "domain": data.domain,
        "compare": wording.compare(kind, has_words=bool(data.check_words), hotline=data.hotline),
        "pictured": wording.PICTURED[kind],
        "protection": wording.PROTECTION,
        "elsewhere": "不用手机，也可以",
        "ways": _ways(data),
        "never": wording.THIS[kind] + wording.NEVER,
        "footer": _footer(data),
    }  # fmt: skip


def _checks(data: PosterData) -> list[tuple[str, str]]:
    words = [("核对词", "　".join(data.check_words))] if data.check_words else []
    return [("牌号", data.site_no), ("码", codes.spaced(codes.check(data.code))), *words]


def _facts(data: PosterData) -> list[tuple[str, str]]:
    telephones = "　".join(number for number in (data.hotline, *data.phones) if number)
    around = ("巡察组", "联系电话") if data.kind == "notice" else ("监督单位", "监督电话")
    place = [] if data.kind == "notice" else [("建设地点", data.place)]
    rows = (
        *place,
        *wording.filled_in(data.kind, data.rows),
        (around[0], data.team_name),
        (around[1], telephones),
    )
    return [(label, value) for label, value in rows if value.strip()]


def _ways(data: PosterData) -> list[tuple[str, str]]:
    hours = f"　{data.phone_hours}" if data.phone_hours and data.phones else ""
    telephones = "；".join(number for number in (data.hotline, *data.phones) if number)
    call = [("打电话", telephones + hours)] if telephones else []
    return [*call, *(way for way in data.ways if way[1].strip()), wording.AT_HOME[data.kind]]


def _joined(place: str, name: str) -> str:
    """`柳湾镇河口村` and `河口村公告栏` as `柳湾镇河口村公告栏`; what does not overlap stands apart."""
    shared = max(n for n in range(len(name) + 1) if place.endswith(name[:n]))
    return place + name[shared:] if shared or not place else f"{place}　{name}"


def _footer(data: PosterData) -> str:
    since = f"{data.set_on.year}年{data.set_on.month}月设" if data.set_on else ""
    return "　".join(part for part in (data.issuer, since, f"第 {data.revision} 版") if part)


def _needs_family(data: PosterData) -> bool:
    """Whether the embedded fonts are not enough; raises `MissingGlyphs` where nothing that is here is."""
    rare = False
    for field, text in texts(data):
        if lost := fonts.missing(text):
            raise MissingGlyphs(lost, field)
        rare = rare or fonts.needs_family(text)
    return rare
