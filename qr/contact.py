"""A contact sheet: every poster of a batch as a small picture with its caption, to leaf through before printing."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from PIL import Image

from qr import engines, fonts, pdf

TEMPLATE: Final = Path(__file__).resolve().parent / "templates" / "contact.typ"
PIXELS: Final = 420  # of the longer side of a small picture


def contact_sheet(files: Iterable[tuple[str, bytes]], *, title: str = "") -> bytes:
    """A PDF on A4 with the first page of each (caption, file), twelve to a page; PDF, PNG and SVG files.

    A caption's characters that the fonts lack are shown as a gap: nothing is refused for a caption.
    """
    with tempfile.TemporaryDirectory(prefix="qr-contact-") as folder:
        pictures, rare = [], False
        for number, (caption, file) in enumerate(files):
            path = _small(Path(folder) / f"{number:05}", file)
            lost = set(fonts.missing(caption))
            pictures.append((str(path), "".join("　" if char in lost else char for char in caption)))
            rare = rare or fonts.needs_family(caption)
        return engines.typst.compile(
            str(TEMPLATE),
            root="/",
            format="pdf",
            font_paths=fonts.loaded(rare and fonts.family_is_installed()),
            sys_inputs={"job": json.dumps({"title": title, "pictures": pictures}, ensure_ascii=False)},
            pdf_tags=False,
        )


def _small(path: Path, file: bytes) -> Path:
    """A small picture of the file beside `path`."""
    if file.lstrip()[:4] == b"<svg":
        path = path.with_suffix(".svg")
        path.write_bytes(file)
        return path
    if file.startswith(b"%PDF"):
        picture = pdf.picture(file, pixels=PIXELS, colour=True)
    else:
        with Image.open(io.BytesIO(file)) as opened:
            picture = opened.convert("RGB")
            picture.thumbnail((PIXELS, PIXELS))
    path = path.with_suffix(".png")
    picture.quantize(32, dither=Image.Dither.NONE).save(path, "PNG")
    return path
