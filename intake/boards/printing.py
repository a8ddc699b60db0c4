"""Rules of printing: which number a print carries, what it is digested from, what its file is called."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Final, TypeVar

from qr.data import PosterData
from qr.poster import Format
from qr.second import Second
from qr.sheet import PAPERS_OF, Board, Kind, Paper

T = TypeVar("T")

BOARD_OF_SITE: Final[Mapping[str, Board]] = {"project": "works", "village": "village", "unit": "notice"}
KIND_NAMES: Final[Mapping[Kind, str]] = {
    "works": "廉洁工程公示牌",
    "notice": "巡察公告",
    "village": "村级公告牌",
    "card": "联系卡",
    "label": "不干胶标签",
    "screen": "群聊图片",
}
PAPER_NAMES: Final[Mapping[Paper, str]] = {
    "A4": "A4",
    "A3": "A3",
    "A2": "A2",
    "sign": "立牌 0.9 × 1.4 米",
    "card": "卡片 90 × 54 毫米",
    "label": "标签 100 × 70 毫米",
    "screen": "图片 1080 像素宽",
}
SECOND_NAMES: Final[Mapping[Second, str]] = {"zh-Hant": "加一行繁体", "en": "加一行英文"}
_NAME_MAX: Final = 60
# How a file stands beside the facts of a board: none of it changes what the board says.
_NOT_SAID: Final = ("kind", "about", "revision", "updated_on", "others", "emblem")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be printed of each board. None: the kind that belongs to its site, the smallest usual paper."""

    kind: Kind | None = None
    paper: Paper | None = None
    format: Format = "pdf"
    second: Second | None = None
    press: bool = False

    def kind_for(self, board: Board) -> Kind:
        """A paper that only one kind is drawn on means that kind."""
        if self.kind is not None:
            return self.kind
        return self.paper if self.paper in ("card", "label", "screen") else board

    def paper_for(self, kind: Kind) -> Paper:
        return self.paper or PAPERS_OF[kind][0]

    def problem(self) -> str:
        """Why this kind is not drawn on this paper; empty where it is."""
        if self.kind is None or self.paper is None or self.paper in PAPERS_OF[self.kind]:
            return ""
        papers = "、".join(PAPERS_OF[self.kind])
        return f"{KIND_NAMES[self.kind]}（{self.kind}）只有 {papers}，没有 {self.paper}。"


def papers() -> tuple[Paper, ...]:
    """Every paper that something is drawn on, each once."""
    return tuple(dict.fromkeys(paper for papers in PAPERS_OF.values() for paper in papers))


def number_for(current: int, kept: str | None, digest: str) -> int:
    """The revision a print carries: the current one where it says the same or was never printed, else the next."""
    return current if kept in (None, digest) else current + 1


def digest_of(data: PosterData) -> str:
    """Of all that the board says, whatever it is printed on; what is empty is not said."""
    board = data.board
    said = {name: value for name, value in asdict(replace(data, kind=board)).items() if value}
    for name in _NOT_SAID:
        said.pop(name, None)
    text = json.dumps({"board": board, **said}, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def dressed(data: PosterData, kind: Kind, *, number: int, updated_on: date | None = None) -> PosterData:
    """The same facts as another kind of poster, under the number it carries."""
    about = None if kind == data.board else data.board
    return replace(data, kind=kind, about=about, revision=number, updated_on=updated_on)


def file_name(site_no: str, code: str, kind: str, paper: str, ending: str) -> str:
    """`<site_no>_<code>_<kind>_<paper>.<format>`, whatever the number holds: one name, of a file, on any system."""
    safe = re.sub(r"[^\w.-]+", "_", site_no)[:_NAME_MAX].strip("._-") or "board"
    return f"{safe}_{code}_{kind}_{paper}.{ending}"


def binding_order(region_code: str | None, site_no: str) -> tuple[str, str]:
    """A region's boards lie together, the regions in the order of their codes."""
    return (region_code or "", site_no)


def in_parts(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of `size`, the last one shorter."""
    part: list[T] = []
    for thing in things:
        part.append(thing)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
