"""Printing boards: every file is read back, numbered and recorded before anybody gets it; a preview is no print."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards import posters, printing
from intake.boards.lifecycle import GONE
from intake.boards.models import Board, BoardPrint, BoardRevision
from intake.boards.posters import Saying
from intake.boards.printing import Wanted
from intake.core.errors import Invalid, NotFound
from intake.core.world import World
from qr import batch, payload, poster, readback
from qr.batch import REFUSALS
from qr.data import PosterData
from qr.sheet import Kind, Paper
from qr.typeset import TextTooLong

_AT_ONCE = 25  # boards read, made and recorded together
_RECORDED_AT_ONCE = 200
_TRIES = 3
_WHOLE = "合成一份以后有的码扫不出，没有留下文件"
_MOVED = "资料刚才正在改，请再印一次"
FIELD_NAMES = {
    "site_no": "牌号", "code": "码", "name": "名称", "domain": "网址", "url": "网址", "place": "地点",
    "team_name": "监督单位", "hotline": "监督电话", "phones": "监督电话", "phone_hours": "电话时间", "issuer": "落款",
    "check_words": "核对词", "headline": "标题", "committee": "派出党委", "pledges": "廉洁承诺",
    "others": "卡片上的单位",
}  # fmt: skip
_READ_BACK = {
    "broken": "做出来的文件打不开", "none": "做出来的码扫不出", "several": "一页上扫出几个码",
    "other": "扫出的是别的地址", "text": "页上少了字",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NotPrinted:
    """A board of which nothing was made, and why: `field` is the fact at fault, in the office's words."""

    code: str
    site_no: str
    name: str
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Item:
    """One poster to be made, under the number it carries."""

    saying: Saying
    data: PosterData
    kind: Kind
    paper: Paper


@dataclass(frozen=True, slots=True)
class Printed:
    """One finished and recorded file."""

    item: Item
    file: bytes
    format: str

    @property
    def file_name(self) -> str:
        item = self.item
        return printing.file_name(item.saying.site_no, item.saying.code, item.kind, item.paper, self.format)


def print_each(
    world: World, actor: str, *, codes: Sequence[str], wanted: Wanted
) -> Iterator[Printed | NotPrinted]:  # fmt: skip
    """A file for each board, as they get done; recorded before it comes out. Raises `Invalid` for kind and paper."""
    _drawn(wanted)
    for part in printing.in_parts(codes, _AT_ONCE):
        yield from _print_part(world, actor, part, wanted)


def _print_part(world: World, actor: str, part: list[str], wanted: Wanted) -> Iterator[Printed | NotPrinted]:
    left = part
    for _ in range(_TRIES):
        items, refused = _items(world, left, wanted)
        yield from refused
        made: list[tuple[Item, bytes]] = []
        pairs = ((item.data, item.paper) for item in items)
        for result in batch.each(pairs, format=wanted.format, press=wanted.press, second=wanted.second):
            if isinstance(result, batch.Made):
                made.append((items[result.index], result.file))
            else:
                yield not_printed(items[result.index].saying, result.reason)
        moved = _record(world, actor, [item for item, _ in made], wanted)
        for item, file in made:
            if item.saying.code not in moved:
                yield Printed(item, file, wanted.format)
        left = [one for one in left if one in moved]
        if not left:
            return
    yield from (NotPrinted(one, "", "", "", _MOVED) for one in left)


def print_one_file(
    world: World, actor: str, *, codes: Sequence[str], wanted: Wanted, out: Path,
    progress: Callable[[int], object] | None = None,
) -> tuple[list[Item], list[NotPrinted]]:  # fmt: skip
    """All in one PDF at `out`, in the order given, those that were refused left out; no file where none is left."""
    _drawn(wanted)
    for _ in range(_TRIES):
        items, refused = _items(world, codes, wanted)
        pairs = [(item.data, item.paper) for item in items]
        kept = batch.one_file(pairs, out, press=wanted.press, second=wanted.second, progress=progress) if items else []
        at_fault = {result.index: result.reason for result in kept}
        made = [item for index, item in enumerate(items) if index not in at_fault]
        if made and not (out.exists() and out.stat().st_size):  # the whole was read once more, and failed
            refused += [NotPrinted(i.saying.code, i.saying.site_no, i.saying.data.name, "", _WHOLE) for i in made]
            made = []
        if not _moved(world, made) and not _record(world, actor, made, wanted):
            return made, refused + [not_printed(items[i].saying, reason) for i, reason in sorted(at_fault.items())]
        out.unlink(missing_ok=True)
    raise Invalid({"code": _MOVED})


def item_of(world: World, *, board_code: str, wanted: Wanted) -> Item:
    """What a print of this board would be. Makes and records nothing. Raises `NotFound`."""
    _drawn(wanted)
    items, refused = _items(world, [board_code], wanted, gone_too=True)
    if not items:
        raise NotFound(refused[0].reason)
    return items[0]


def look_at(world: World, *, board_code: str, wanted: Wanted) -> tuple[Item, NotPrinted | None]:
    """As `item_of`, and why it would be refused; it is made to see that, and thrown away."""
    item = item_of(world, board_code=board_code, wanted=wanted)
    try:
        preview(item, wanted)
    except REFUSALS as reason:
        return item, not_printed(item.saying, reason)
    return item, None


def preview(item: Item, wanted: Wanted) -> bytes:
    """The file as it would be printed, unrecorded: mark it before it leaves. Raises one of `REFUSALS`."""
    return poster.make(item.data, item.paper, format="pdf", press=wanted.press, second=wanted.second)


def not_printed(saying: Saying, error: Exception) -> NotPrinted:
    """The refusal of the poster in the office's words."""
    field, reason = _why(error)
    return NotPrinted(saying.code, saying.site_no, saying.data.name, FIELD_NAMES.get(field, field), reason)


def _why(error: Exception) -> tuple[str, str]:
    if isinstance(error, TextTooLong):
        return error.field, "太长，最小的字也放不下"
    if isinstance(error, poster.MissingGlyphs):
        return error.field, f"字库里没有“{error.chars}”"
    if isinstance(error, readback.NotReadable):
        what = f"：{error.expected}" if error.reason == "text" else ""
        return "二维码", _READ_BACK[error.reason] + what
    if isinstance(error, payload.BadAddress):
        return "url", f"网站地址不能印成码（{error}）"
    return "code", "不是牌子的码"


def _drawn(wanted: Wanted) -> None:
    if said := wanted.problem():
        raise Invalid({"paper": said})


def _items(
    world: World, codes: Sequence[str], wanted: Wanted, *, gone_too: bool = False
) -> tuple[list[Item], list[NotPrinted]]:
    with world.db.read() as session:
        found = posters.sayings(session, world.settings, codes)
    items, refused = [], []
    for one in codes:
        saying = found.get(one)
        if saying is None:
            refused.append(NotPrinted(one, "", "", "码", "没有这块牌子"))
            continue
        kind = wanted.kind_for(saying.data.board)
        paper = wanted.paper_for(kind)
        if saying.state in GONE and not gone_too:
            refused.append(NotPrinted(one, saying.site_no, saying.data.name, "状态", "这个码已经停用，不能再印"))
        else:
            number, since = saying.number, saying.updated_on(world.today())
            data = printing.dressed(saying.data, kind, number=number, updated_on=since)
            items.append(Item(saying, data, kind, paper))
    return items, refused


def _moved(world: World, items: Sequence[Item]) -> bool:
    """Whether somebody else has printed something different, or stopped one of these, since they were read."""
    with world.db.read() as session:
        now = posters.sayings(session, world.settings, [item.saying.code for item in items])
    return any(
        (one := now.get(item.saying.code)) is None or one.state in GONE or one.number != item.data.revision
        for item in items
    )


def _record(world: World, actor: str, items: Sequence[Item], wanted: Wanted) -> set[str]:
    """Number and note these prints; the codes of those that must be made again come back."""
    moved: set[str] = set()
    for part in printing.in_parts(items, _RECORDED_AT_ONCE):
        moved |= _record_part(world, actor, part, wanted)
    return moved


def _record_part(world: World, actor: str, items: list[Item], wanted: Wanted) -> set[str]:
    now = world.clock.now()
    codes = [item.saying.code for item in items]

    def record(session: Session) -> set[str]:
        held = select(Board).where(Board.code.in_(codes)).order_by(Board.code).with_for_update()
        boards = {board.code: board for board in session.scalars(held)}
        rows = session.scalars(select(BoardRevision).where(BoardRevision.board_code.in_(codes)))
        kept = {(row.board_code, row.number): row for row in rows}
        moved = set()
        for item in items:
            board, digest = boards[item.saying.code], item.saying.digest
            current = kept.get((board.code, board.revision))
            number = printing.number_for(board.revision, current.digest if current else None, digest)
            if board.state in GONE or number != item.data.revision:
                moved.add(board.code)
                continue
            if current is not None and number == current.number:
                current.digest = digest
            else:
                session.add(BoardRevision(
                    board_code=board.code, number=number, check_words=board.check_words, digest=digest, made_at=now,
                    made_by=actor,
                ))  # fmt: skip
                board.revision = number
            session.add(BoardPrint(
                board_code=board.code, revision=number, kind=item.kind, paper=item.paper, format=wanted.format,
                second=wanted.second, by=actor, at=now,
            ))  # fmt: skip
        return moved

    return world.db.write(record)
