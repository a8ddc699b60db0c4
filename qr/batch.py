"""Many posters: one PDF in the order given, or a file each; every one read back before it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from qr import pdf, poster, readback, typeset
from qr.code import BadCode
from qr.contact import contact_sheet
from qr.data import PosterData
from qr.payload import BadAddress
from qr.poster import Format, MissingGlyphs
from qr.readback import NotReadable
from qr.second import Second
from qr.sheet import Paper
from qr.typeset import Draft, TextTooLong

__all__ = ["Item", "Made", "Refused", "contact_sheet", "each", "one_file"]

CHUNK: Final = 50  # posters set in one compile: more are no quicker, and Typst keeps all of a compile in memory

Refusal = BadCode | BadAddress | MissingGlyphs | TextTooLong | NotReadable
REFUSALS: Final = (BadCode, BadAddress, MissingGlyphs, TextTooLong, NotReadable)
Item = tuple[PosterData, Paper]
Progress = Callable[[int], object]  # how many posters are done, made or refused


@dataclass(frozen=True, slots=True)
class Made:
    """One finished file; `index` is its place in the order given, from 0."""

    index: int
    data: PosterData
    paper: Paper
    file: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """A poster that was not made, and why; `index` is its place in the order given, from 0."""

    index: int
    data: PosterData
    paper: Paper
    reason: Refusal


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A poster on its way: its place in the order, and what is to be set."""

    index: int
    paper: Paper
    draft: Draft

    def refused(self, reason: Refusal) -> Refused:
        return Refused(self.index, self.draft.data, self.paper, reason)


def each(
    items: Iterable[Item],
    *,
    format: Format = "pdf",  # noqa: A002 - the word of the command and of everybody who asks for a file
    press: bool = False,
    second: Second | None = None,
) -> Iterator[Made | Refused]:
    """A file for each, as they get done, in the order given."""
    for index, (data, paper) in enumerate(items):
        try:
            file = poster.make(data, paper, format=format, press=press, second=second)
        except REFUSALS as reason:
            yield Refused(index, data, paper, reason)
        else:
            yield Made(index, data, paper, file)


def one_file(
    items: Iterable[Item],
    out: Path,
    *,
    press: bool = False,
    second: Second | None = None,
    progress: Progress | None = None,
    all_or_none: bool = False,
) -> list[Refused]:
    """All in one PDF, in the order given; those that were refused are told, the others are in the file.

    With `all_or_none` a single refusal keeps the file from being written, as does a batch of which none is left.
    Codes are read under every distortion in the part they were set in, and once more, plain, in the finished file.
    """
    refused: list[Refused] = []
    parts: list[bytes] = []
    kept: list[_Waiting] = []
    done = 0
    for chunk in _chunks(items):
        waiting = list(_prepared(chunk, press, second, refused))
        file, left = _part(waiting, press, refused)
        if left:
            parts.append(file)
            kept.extend(left)
        done += len(chunk)
        if progress:
            progress(done)
    refused.sort(key=lambda one: one.index)
    if parts and not (refused and all_or_none):
        refused += _finish(parts, kept, out)
    return refused


def _chunks(items: Iterable[Item]) -> Iterator[list[tuple[int, Item]]]:
    numbered = iter(enumerate(items))
    while chunk := list(islice(numbered, CHUNK)):
        yield chunk


def _prepared(
    chunk: list[tuple[int, Item]], press: bool, second: Second | None, refused: list[Refused]
) -> Iterator[_Waiting]:
    for index, (data, paper) in chunk:
        try:
            yield _Waiting(index, paper, poster.prepare(data, paper, press=press, second=second))
        except REFUSALS as reason:
            refused.append(Refused(index, data, paper, reason))


def _part(waiting: list[_Waiting], press: bool, refused: list[Refused]) -> tuple[bytes, list[_Waiting]]:
    """One compile's pages, all read back, and whose they are; those that fail are left out and told."""
    left = waiting
    while left:
        file, unset = typeset.pdf_of([one.draft for one in left])
        refused.extend(left[place].refused(reason) for place, reason in unset.items())
        left = [one for place, one in enumerate(left) if place not in unset]
        if press and left:
            file = pdf.boxes(file, [one.draft.target for one in left for _ in range(one.draft.target.pages)])
        failed = readback.failures(file, [poster.expected(one.draft) for one in left]) if left else {}
        if not failed:
            return file, left
        refused.extend(left[place].refused(reason) for place, reason in failed.items())
        left = [one for place, one in enumerate(left) if place not in failed]
    return b"", []


def _finish(parts: list[bytes], kept: list[_Waiting], out: Path) -> list[Refused]:
    """Writes the whole; of several parts it reads every code once more. One that fails keeps the file from being."""
    whole = parts[0] if len(parts) == 1 else pdf.merge(parts)
    if len(parts) > 1:
        failed = readback.failures(whole, [poster.expected(one.draft) for one in kept], trials=False)
        if failed:
            return [kept[place].refused(reason) for place, reason in failed.items()]
    out.write_bytes(whole)
    return []
