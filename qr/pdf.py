"""The one door to PDFium, which must not be entered by two threads at once."""

from __future__ import annotations

import hashlib
import io
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from PIL import Image

from qr import engines
from qr.sheet import BLEED, Box, Sheet

POINTS_PER_MM: Final = 72 / 25.4
_RANDOM_ID: Final = re.compile(rb"/ID\[[^\]]*<([0-9A-F]{32})>\]")
_LOCK: Final = threading.Lock()


class Pages:
    """A file that stays open for several looks; between them other threads have their turn."""

    def __init__(self, document: engines.pypdfium2.PdfDocument) -> None:
        self._document = document

    def __len__(self) -> int:
        return len(self._document)

    def look(self, page: int, cuts: Sequence[tuple[Box, int]], *, text: bool = True) -> tuple[list[Image.Image], str]:
        """The squares of a page, each in grey with about so many pixels a side, and the page's text.

        Raises `IndexError` for a page that is not there.
        """
        with _LOCK:
            sheet = _page(self._document, page)
            height = sheet.get_height()
            pictures = [_cut(sheet, height, box, pixels) for box, pixels in cuts]
            words = ""
            if text:
                read = sheet.get_textpage()
                words = str(read.get_text_range())
                read.close()
            sheet.close()
        return pictures, words


@contextmanager
def opened(file: bytes) -> Iterator[Pages]:
    """The file's pages. Raises `ValueError` for bytes that are no PDF."""
    with _LOCK:
        document = _document(file)
    try:
        yield Pages(document)
    finally:
        with _LOCK:
            document.close()


def _cut(sheet: engines.pypdfium2.PdfPage, height: float, box: Box, pixels: int) -> Image.Image:
    left, top, side = (length * POINTS_PER_MM for length in (box.left, box.top, box.side))
    cut = (left, height - top - side, sheet.get_width() - left - side, top)
    bitmap = sheet.render(scale=pixels / side, grayscale=True, crop=cut)
    picture: Image.Image = bitmap.to_pil().convert("L")
    bitmap.close()
    return picture


def boxes(file: bytes, sheets: Iterable[Sheet]) -> bytes:
    """The same pages with the boxes a print shop looks for: what is left after cutting, and with the bleed."""
    with _LOCK, engines.pypdfium2.PdfDocument(file) as document:
        for page, sheet in zip(document, sheets, strict=True):
            left, bottom, right, top = page.get_mediabox()
            for edge, set_box in ((sheet.slug, page.set_trimbox), (sheet.slug - BLEED, page.set_bleedbox)):
                points = edge * POINTS_PER_MM
                set_box(left + points, bottom + points, right - points, top - points)
            page.close()
        return _saved(document)


def merge(files: Iterable[bytes]) -> bytes:
    """The pages of all files, in order; trim and bleed boxes come along."""
    with _LOCK, engines.pypdfium2.PdfDocument.new() as whole:
        for file in files:
            with engines.pypdfium2.PdfDocument(file) as part:
                whole.import_pages(part)
        return _saved(whole)


def without(file: bytes, pages: Iterable[int]) -> bytes:
    """The file without these pages."""
    with _LOCK, engines.pypdfium2.PdfDocument(file) as document:
        for page in sorted(pages, reverse=True):
            del document[page]
        return _saved(document)


def _saved(document: engines.pypdfium2.PdfDocument) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return _lasting_id(out.getvalue())


def _lasting_id(file: bytes) -> bytes:
    """The file with the random half of its identifier made from its content: same data, same bytes."""
    found = list(_RANDOM_ID.finditer(file))
    if not found:
        return file
    start, end = found[-1].span(1)
    digest = hashlib.sha256(file[:start] + file[end:]).hexdigest().upper()
    return file[:start] + digest[: end - start].encode("ascii") + file[end:]


def picture(file: bytes, *, page: int = 0, box: Box | None = None, pixels: int, colour: bool = False) -> Image.Image:
    """A page, or the square `box` of it, in grey or in colour; its wider side has about `pixels` pixels.

    Raises `ValueError` for bytes that are no PDF, `IndexError` for a page that is not there.
    """
    with _LOCK, _document(file) as document:
        sheet = _page(document, page)
        width, height = sheet.get_size()
        if box is not None:
            return _cut(sheet, height, box, pixels)
        drawn: Image.Image = sheet.render(scale=pixels / max(width, height), grayscale=not colour).to_pil()
        return drawn.convert("RGB" if colour else "L")


def words(file: bytes, *, page: int = 0) -> str:
    """The text of a page as a reader's copy and paste would give it."""
    with _LOCK, _document(file) as document:
        return str(_page(document, page).get_textpage().get_text_range())


def _document(file: bytes) -> engines.pypdfium2.PdfDocument:
    try:
        return engines.pypdfium2.PdfDocument(file)
    except engines.pypdfium2.PdfiumError as error:
        raise ValueError("these bytes are no PDF") from error


def _page(document: engines.pypdfium2.PdfDocument, page: int) -> engines.pypdfium2.PdfPage:
    if not 0 <= page < len(document):
        raise IndexError(f"page {page} of {len(document)}")
    return document[page]
