"""The one door to PDFium, which must not be entered by two threads at once."""

from __future__ import annotations

import hashlib
import io
import re
import threading
from collections.abc import Sequence
from typing import Final

import pypdfium2
from PIL import Image

from qr.sheet import Box

POINTS_PER_MM: Final = 72 / 25.4
_RANDOM_ID: Final = re.compile(rb"/ID\[[^\]]*<([0-9A-F]{32})>\]")
_LOCK: Final = threading.Lock()


def trim(pdf: bytes, bleed: float) -> bytes:
    """The same pages, opened and printed at their trimmed size; the bleed (mm) stays in the media box."""
    edge = bleed * POINTS_PER_MM
    with _LOCK, pypdfium2.PdfDocument(pdf) as document:
        for page in document:
            left, bottom, right, top = page.get_mediabox()
            page.set_cropbox(left + edge, bottom + edge, right - edge, top - edge)
        out = io.BytesIO()
        document.save(out)
    return _lasting_id(out.getvalue())


def merge(files: Sequence[bytes]) -> bytes:
    """The pages of all files, in order."""
    with _LOCK, pypdfium2.PdfDocument.new() as whole:
        for file in files:
            with pypdfium2.PdfDocument(file) as part:
                whole.import_pages(part)
        out = io.BytesIO()
        whole.save(out)
    return _lasting_id(out.getvalue())


def _lasting_id(file: bytes) -> bytes:
    """The file with the random half of its identifier made from its content: same data, same bytes."""
    found = list(_RANDOM_ID.finditer(file))
    if not found:
        return file
    start, end = found[-1].span(1)
    digest = hashlib.sha256(file[:start] + file[end:]).hexdigest().upper()
    return file[:start] + digest[: end - start].encode("ascii") + file[end:]


def picture(pdf: bytes, *, page: int = 0, box: Box | None = None, pixels: int) -> Image.Image:
    """A page, or the square `box` of it, in grey; its wider side has about `pixels` pixels.

    Raises `ValueError` for bytes that are no PDF, `IndexError` for a page that is not there.
    """
    with _LOCK, _opened(pdf) as document:
        sheet = _page(document, page)
        width, height = sheet.get_size()
        if box is None:
            bitmap = sheet.render(scale=pixels / max(width, height), grayscale=True)
        else:
            left, top, side = (length * POINTS_PER_MM for length in (box.left, box.top, box.side))
            cut = (left, height - top - side, width - left - side, top)
            bitmap = sheet.render(scale=pixels / side, grayscale=True, crop=cut)
        picture: Image.Image = bitmap.to_pil().convert("L")
        return picture


def words(pdf: bytes, *, page: int = 0) -> str:
    """The text of a page as a reader's copy and paste would give it."""
    with _LOCK, _opened(pdf) as document:
        return str(_page(document, page).get_textpage().get_text_range())


def _opened(pdf: bytes) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError as error:
        raise ValueError("these bytes are no PDF") from error


def _page(document: pypdfium2.PdfDocument, page: int) -> pypdfium2.PdfPage:
    if not 0 <= page < len(document):
        raise IndexError(f"page {page} of {len(document)}")
    return document[page]
