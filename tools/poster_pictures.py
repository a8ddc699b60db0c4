"""Small pictures of every kind of poster, from finished files: `python -m tools.poster_pictures [FOLDER]`.

`docs/pictures/poster-NAME.png`: the boards of the tests' county, read back like any other before they are drawn here.
"""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from qr import pdf, poster
from qr.batch import Item, Made, contact_sheet, each
from tests.qr import corpus
from tests.qr.samples import CARD, FULL_CARD, FULL_NOTICE, FULL_WORKS, LABEL, SCREEN, VILLAGE, WORKS

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
LONG, SHORT = 760, 300  # pixels of the longer side: of a board, of a card or a label
COLOURS = 20


def finished() -> Iterator[tuple[str, bytes, int, int]]:
    """Name, file, page, pixels of the longer side."""
    yield "works", poster.make(WORKS, "A3"), 0, LONG
    yield "works-sign", poster.make(FULL_WORKS, "sign"), 0, LONG
    yield "works-press", poster.make(WORKS, "A2", press=True, second="en"), 0, LONG
    yield "notice", poster.make(FULL_NOTICE, "A3"), 0, LONG
    yield "village", poster.make(VILLAGE, "A3"), 0, LONG
    yield "village-hant", poster.make(VILLAGE, "A4", second="zh-Hant"), 0, LONG
    for name, data in (("card", CARD), ("card-six", FULL_CARD)):
        file = poster.make(data, "card")
        yield name, file, 0, SHORT * 2
        yield f"{name}-back", file, 1, SHORT * 2
    yield "label", poster.make(LABEL, "label"), 0, SHORT * 2
    yield "screen", poster.make(SCREEN, "screen"), 0, LONG
    several: list[Item] = [(data, "A4") for data in corpus.boards("works", 6) + corpus.boards("village", 6)]
    made = [one for one in each(several) if isinstance(one, Made)]
    captions = [(f"{one.data.site_no}\n{one.data.name}", one.file) for one in made]
    yield "contact-sheet", contact_sheet(captions, title="岚溪县　12 张"), 0, LONG


def small(file: bytes, page: int, pixels: int) -> bytes:
    """A thin line around what is white to the edge, few colours."""
    drawn = pdf.picture(file, page=page, pixels=pixels, colour=True)
    framed = Image.new("RGB", (drawn.width + 2, drawn.height + 2), (125, 138, 135))
    framed.paste(drawn, (1, 1))
    out = io.BytesIO()
    framed.quantize(COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def main(folder: Path = FOLDER) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for name, file, page, pixels in finished():
        (folder / f"poster-{name}.png").write_bytes(small(file, page, pixels))
        print(f"poster-{name}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
