"""Typst's part: many posters in one compile; what does not fit is named, and the others go on without it."""

from __future__ import annotations

import atexit
import json
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

from qr import content, engines, fonts
from qr.data import PosterData
from qr.sheet import Sheet
from qr.symbol import Symbol

BOOK: Final = Path(__file__).resolve().parent / "templates" / "book.typ"
_LOCK: Final = threading.Lock()
_THREAD: Final = threading.local()


class TextTooLong(ValueError):
    """A text does not fit at the smallest size; `field` is the data's field or the row's label."""

    def __init__(self, field: str) -> None:
        super().__init__(f"too long for the poster: {field}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Draft:
    """A poster whose texts can be printed and whose codes are its own, before it is set."""

    data: PosterData
    target: Sheet
    symbols: tuple[Symbol, ...]
    rare: bool  # the embedded fonts do not hold all its characters
    fixed: str  # JSON of what it shares with all of its kind
    own: content.Values


def pdf_of(drafts: Sequence[Draft]) -> tuple[bytes, dict[int, TextTooLong]]:
    """All drafts in one PDF, in order, but for those whose text does not fit: they are named by their place."""
    job = _job(drafts)
    try:
        return _compile(job, drafts), {}
    except TextTooLong:
        refused = _refused(job, drafts)
    kept = [draft for place, draft in enumerate(drafts) if place not in refused]
    return (_compile(_job(kept), kept) if kept else b""), refused


def picture_pdf(draft: Draft) -> bytes:
    """One poster as a PDF for a picture: the two sides of a card on one page. Raises `TextTooLong`."""
    return _compile(_job([draft], joined=True), [draft])


def svg_of(draft: Draft) -> bytes:
    """One poster as SVG, letters as outlines; the two sides of a card on one page. Raises `TextTooLong`."""
    job = _job([draft], joined=True)
    curves = content.symbols(draft.data, draft.symbols, draft.target, curve=True)
    job["pages"] = [{**page, "still": "", "symbols": curves} for page in job["pages"]]
    return _compile(job, [draft], form="svg")


def svg_pixels(svg: bytes, width: float, height: float, ppi: float) -> bytes:
    """An SVG file of so many millimetres as PNG, drawn by Typst's own renderer from the finished file."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "poster.svg").write_bytes(svg)
        page = f'#set page(width: {width}mm, height: {height}mm, margin: 0mm)\n#image("poster.svg", width: 100%)'
        (Path(folder) / "page.typ").write_text(page, encoding="ascii")
        source = str(Path(folder) / "page.typ")
        return engines.typst.compile(source, font_paths=fonts.loaded(False), format="png", ppi=ppi)


def _job(drafts: Sequence[Draft], *, joined: bool = False) -> dict[str, Any]:
    fixed = list(dict.fromkeys(draft.fixed for draft in drafts))
    number = {key: place for place, key in enumerate(fixed)}
    paths = {key: _still(key) for key in fixed}
    pages = [
        {**draft.own, "no": place, "fixed": number[draft.fixed], "still": paths[draft.fixed]}
        for place, draft in enumerate(drafts)
    ]
    first = drafts[0].data
    title = f"{first.name}　{first.site_no}" if len(drafts) == 1 else ""
    return {"title": title, "joined": joined, "fixed": [json.loads(key) for key in fixed], "pages": pages}


def _compile(job: dict[str, Any], drafts: Sequence[Draft], form: Literal["pdf", "svg"] = "pdf") -> bytes:
    try:
        return _set(job, rare=any(draft.rare for draft in drafts), form=form)
    except engines.typst.TypstError as error:
        where = error.message.partition("TOO_LONG:")[2]
        if not where:
            raise
        raise TextTooLong(where.partition(":")[2].rstrip('"')) from error


def _set(job: dict[str, Any], *, rare: bool, form: Literal["pdf", "svg"] = "pdf") -> bytes:
    made = _compiler(rare).compile(input=_source(job), format=form, pdf_tags=False)
    if not isinstance(made, bytes):
        raise TypeError(f"a {form} of {len(made or ())} pages")
    return made


def _source(job: dict[str, Any]) -> bytes:
    """The job as Typst source: one string of JSON, in ASCII, so that nothing a board says is read as markup.

    As source, not as an input of the compiler, because a changed input makes Typst forget all templates.
    """
    text = json.dumps(job).replace("\\", "\\\\").replace('"', '\\"')
    return f'#import "{BOOK.as_posix()}": book\n#book(json(bytes("{text}")))'.encode("ascii")


def _compiler(rare: bool) -> engines.typst.Compiler:
    """This thread's compiler, which remembers the templates; two threads must not share one."""
    kept: dict[bool, engines.typst.Compiler] = _THREAD.__dict__.setdefault("compilers", {})
    if rare not in kept:
        kept[rare] = engines.typst.Compiler(root="/", font_paths=fonts.loaded(rare))
    return kept[rare]


def _refused(job: dict[str, Any], drafts: Sequence[Draft]) -> dict[int, TextTooLong]:
    """The first field of every draft that does not fit, asked of all at once."""
    rare = any(draft.rare for draft in drafts)
    asking = engines.typst.Compiler(_source(job), root="/", font_paths=fonts.loaded(rare), sys_inputs={"ask": "yes"})
    told = asking.query("<refused>", field="value")
    refused: dict[int, TextTooLong] = {}
    for place, field in json.loads(told):
        refused.setdefault(place, TextTooLong(field))
    return refused


def _still(key: str) -> str:
    """The path of what all posters with these fixed words share, as a PDF that pages take in as a picture."""
    path = _folder() / f"{sha256(key.encode()).hexdigest()[:24]}.pdf"
    with _LOCK:
        if not path.exists():  # a cleaner of old files may have been here, and have taken the folder too
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.write_bytes(_still_file(key))
    return str(path)


@lru_cache(maxsize=64)
def _still_file(key: str) -> bytes:
    return _set({"title": "", "still": json.loads(key)}, rare=False)


@lru_cache(maxsize=1)
def _folder() -> Path:
    """A folder of this process alone, gone at its end."""
    folder = tempfile.TemporaryDirectory(prefix="qr-stills-")
    atexit.register(folder.cleanup)
    return Path(folder.name)
