"""Many posters: one PDF in the order given, or a file each; every one read back before it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from qr import pdf, poster
from qr.code import BadCode
from qr.data import PosterData
from qr.payload import BadAddress
from qr.poster import Format, MissingGlyphs, Second, TextTooLong
from qr.readback import NotReadable
from qr.sheet import Paper

Refusal = BadCode | BadAddress | MissingGlyphs | TextTooLong | NotReadable
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
        except (BadCode, BadAddress, MissingGlyphs, TextTooLong, NotReadable) as reason:
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
    """
    files, refused = [], []
    for done, result in enumerate(each(items, press=press, second=second), start=1):
        if isinstance(result, Made):
            files.append(result.file)
        else:
            refused.append(result)
        if progress:
            progress(done)
    if files and not (refused and all_or_none):
        out.write_bytes(pdf.merge(files))
    return refused
