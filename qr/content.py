"""From what a poster says to what its template sets: fixed words on one hand, this poster's own on the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from qr import code as codes
from qr import wording
from qr.data import PosterData, Unit
from qr.second import WORDS, Second
from qr.sheet import BLEED, BOARDS, CARD_COLUMN, PAPERS, SIDES_APART, Kind, Sheet
from qr.symbol import Symbol, emblem_side, pdf

Values = dict[str, Any]  # what goes to a template as JSON

_BANDS: Final[dict[str, float]] = {
    "works": 39.0,
    "notice": 39.0,
    "village": 45.3,
    "card": 11.0,
    "label": 11.4,
    "screen": 23.0,
}
_MORE_BAND: Final = 5.0  # of the longer sign
_UNSAID: Final = frozenset(("sheet", "bleed", "symbols", "overline-field"))
_TELEPHONE: Final = "打电话"
# Facts on A4: the width of a value's cell in em of the largest size, wide and in a half.
_WIDE, _HALF = 43.0, 18.0
_ROWS: Final = 7  # above these, halves hold two lines
_TWO, _THREE = 1.5, 2.1  # heights of a row of two and of three lines, in rows of one


def fixed(data: PosterData, target: Sheet, second: Second | None) -> Values:
    """What all posters of a kind, paper and language share; the same for the same key."""
    kind, board = data.kind, data.board
    other = WORDS[second] if second else None
    lone = kind in BOARDS
    return {
        "kind": kind,
        "codes": target.codes,
        "wide": target.width / target.scale,
        "tall": target.tall,
        "top": target.places()[0].top,
        "more": target.tall - PAPERS["A4"][1] if lone else 0,
        "band": _BANDS[kind] + (_MORE_BAND if target.paper == "sign" else 0),
        "pledged": bool(data.pledges),
        "title": wording.TITLE[kind],
        "call": wording.CALL[board] if kind != "screen" else wording.PRESS,
        "ease": wording.EASE[board],
        "first": wording.FIRST,
        "heads": wording.HEADS,
        "checks": wording.CHECKS[: 3 if data.check_words else 2],
        "pictured": [(*three, other.pictured[three[0]] if other else "") for three in wording.PICTURED[board]],
        "protection": wording.PROTECTION if lone else wording.CARD_PROTECTION,
        "never": wording.THIS[kind] + wording.NEVER,
        "second": {
            "title": other.title[kind],
            "call": other.call[board],
            "first": other.first,
            "heads": other.heads,
            "protection": other.protection,
            "never": other.never,
        }
        if other
        else {},
    }


def own(data: PosterData, drawn: Sequence[Symbol], target: Sheet) -> Values:
    """What this poster alone says."""
    return {
        "sheet": {
            "width": target.width,
            "height": target.height,
            "scale": target.scale,
            "slug": target.slug,
            "pages": target.pages,
            "apart": SIDES_APART,
        },
        "bleed": BLEED / target.scale,
        "slug-line": _slug_line(data, target) if target.press else "",
        "symbols": symbols(data, drawn, target),
        "domain": data.domain,
        **_OWN[data.kind](data, target),
    }


def printed(values: Values) -> tuple[str, ...]:
    """Every text of what `own` gave, each of which must be found in the finished file."""
    said = (value for name, value in values.items() if name not in _UNSAID)
    return tuple(text for text in _strings(list(said)) if text.strip())


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)


def checks(data: PosterData) -> list[tuple[str, str]]:
    """What people compare with the page, in the page's order."""
    words = [("核对词", "　".join(data.check_words))] if data.check_words else []
    return [("牌号", data.site_no), ("码", codes.spaced(codes.check(data.code))), *words]


def symbols(data: PosterData, drawn: Sequence[Symbol], target: Sheet, *, curve: bool = False) -> list[Values]:
    """Where each code stands and its dark modules: as a PDF of one path, or as runs for a curve."""
    return [
        {
            "left": place.left,
            "top": place.top,
            "side": place.side,
            "modules": symbol.modules,
            **({"runs": symbol.runs()} if curve else {"path": pdf(symbol)}),
            "emblem": data.emblem,
            "emblem-side": emblem_side(symbol),
        }
        for place, symbol in zip(target.places(), drawn, strict=True)
    ]


def _slug_line(data: PosterData, target: Sheet) -> str:
    size = f"净尺寸 {target.width:g}×{target.height:g} 毫米，出血 {BLEED:g} 毫米"
    return "　".join((data.site_no, codes.spaced(codes.check(data.code)), f"第 {data.revision} 版", size, target.proof))


def _compare(data: PosterData) -> tuple[str, str]:
    return wording.compare(data.kind, has_words=bool(data.check_words), hotline=data.hotline)


def _works(data: PosterData, target: Sheet) -> Values:
    rows = (("建设地点", data.place), *data.rows, ("监督单位", data.team_name), ("监督电话", _telephones(data)))
    return {
        **_named(data),
        "facts": _arranged(rows),
        "compare": _compare(data),
        "ways": _ways(data),
        "pledges": data.pledges,
        "footer": _footer(data, target),
    }


def _notice(data: PosterData, target: Sheet) -> Values:
    given = wording.filled_in("notice", data.rows)
    closes = next((value for label, value in given if label == wording.CLOSES), "")
    dates = [row for row in given if row[0] == "巡察时间" or (row[0] == wording.CLOSES and data.committee)]
    rest = [row for row in given if row[0] not in ("巡察时间", wording.CLOSES)]
    over = next((field for field in ("headline", "committee") if getattr(data, field)), "team_name")
    day = f"{data.set_on.year} 年 {data.set_on.month} 月 {data.set_on.day} 日" if data.set_on else ""
    return {
        **_named(data),
        "overline": getattr(data, over),
        "overline-field": over,
        "facts": _arranged((("派出党委", data.committee), ("巡察组", data.team_name), *dates, *rest)),
        "compare": _compare(data),
        "closes": f"受理至 {closes}" if closes.strip() else "",
        "ways": _ways(data),
        "signed": [line for line in (data.issuer or data.committee or data.team_name, day) if line] if day else [],
        "footer": _footer(data, target, signed=bool(day)),
    }


def _village(data: PosterData, target: Sheet) -> Values:
    return {
        "checks": [value for _, value in checks(data)],
        "overline": _joined(data.place, data.name),
        "to": f"写给{data.team_name or '县委巡察组'}",
        "compare": _compare(data),
        "ways": _ways(data),
        "footer": _footer(data, target),
    }


def _card(data: PosterData, target: Sheet) -> Values:
    if target.codes > 1:
        return _full_card(data, target)
    return {
        **_named(data),
        "issuer": data.team_name or data.issuer,
        "compare": f"{wording.FIRST}。{_compare(data)[0]}",
        "ways": [way for way in _ways(data) if way[0] != wording.AT_HOME[data.board][0]],
    }


def _full_card(data: PosterData, target: Sheet) -> Values:
    places = target.places()
    units: tuple[PosterData | Unit, ...] = (data, *data.others)
    codes_of = [codes.spaced(codes.check(unit.code)) for unit in units]
    return {
        "compare": "".join(_compare(data)),
        "call-us": wording.ways_in_a_line(_ways(data)),
        # how much wider than its code a name may be: short of the next one, and of the red column
        "apart": min(places[1].left - places[0].left - places[0].side - 1, 2 * (places[0].left - CARD_COLUMN) - 0.8),
        "table": [
            (unit.name, unit.site_no, code, "　".join(unit.check_words))
            for unit, code in zip(units, codes_of, strict=True)
        ],
    }


def _label(data: PosterData, target: Sheet) -> Values:
    return {**_named(data), "issuer": data.team_name or data.issuer, "compare": "".join(_compare(data))}


def _screen(data: PosterData, target: Sheet) -> Values:
    return {**_named(data), "compare": "".join(_compare(data)), "call-us": wording.ways_in_a_line(_ways(data))}


def _named(data: PosterData) -> Values:
    return {"name": data.name, "checks": [value for _, value in checks(data)]}


_OWN: Final[dict[Kind, Callable[[PosterData, Sheet], Values]]] = {
    "works": _works,
    "notice": _notice,
    "village": _village,
    "card": _card,
    "label": _label,
    "screen": _screen,
}


def _arranged(rows: tuple[tuple[str, str], ...]) -> list[tuple[float | tuple[str, str], ...]]:
    """Lines of one wide or up to two half facts, each with its height in rows of one line.

    A fact is wide where a half would not hold it in a line; with many facts a half holds two.
    """
    known = [(label, value) for label, value in rows if value.strip()]
    lines = _lines(known, _HALF * 1.3)
    if len(lines) > _ROWS:
        lines = _lines(known, _HALF * 2)
    return [(_height(line), *line) for line in lines]


def _lines(facts: list[tuple[str, str]], most: float) -> list[list[tuple[str, str]]]:
    lines: list[list[tuple[str, str]]] = []
    is_open = False
    for fact in facts:
        wide = ems(fact[1]) > most
        if is_open and not wide:
            lines[-1].append(fact)
            is_open = False
        else:
            lines.append([fact])
            is_open = not wide
    return lines


def _height(line: list[tuple[str, str]]) -> float:
    # A lone half has the whole width; the smallest size holds a fourth more than the largest.
    room = _WIDE if len(line) == 1 else _HALF
    longest = max(ems(value) for _, value in line)
    if longest <= room * 1.3:
        return 1
    return _TWO if longest <= room * 2.4 else _THREE


def ems(text: str) -> float:
    """About how wide a text is, in em: for arranging; whether it fits is measured when it is set."""
    return sum(1.0 if char > "\u2e7f" else 0.58 for char in text)


def _telephones(data: PosterData) -> str:
    return "　".join(number for number in (data.hotline, *data.phones) if number)


def _ways(data: PosterData) -> list[tuple[str, str]]:
    hours = f"　{data.phone_hours}" if data.phone_hours and data.phones else ""
    telephones = "；".join(number for number in (data.hotline, *data.phones) if number)
    call = [(_TELEPHONE, telephones + hours)] if telephones else []
    return [*call, *(way for way in data.ways if way[1].strip()), wording.AT_HOME[data.board]]


def _joined(place: str, name: str) -> str:
    """`柳湾镇河口村` and `河口村公告栏` as `柳湾镇河口村公告栏`; what does not overlap stands apart."""
    shared = max(n for n in range(len(name) + 1) if place.endswith(name[:n]))
    return place + name[shared:] if shared or not place else f"{place}　{name}"


def _footer(data: PosterData, target: Sheet, *, signed: bool = False) -> str:
    since = f"{data.set_on.year}年{data.set_on.month}月设" if data.set_on and not signed else ""
    changed = f"{data.updated_on.year}年{data.updated_on.month}月更新" if data.updated_on else ""
    issuer = "" if signed else data.issuer
    return "　".join(part for part in (issuer, since, changed, f"第 {data.revision} 版", target.proof) if part)
