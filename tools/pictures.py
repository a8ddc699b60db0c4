"""Pictures of every page, in Debian's Chromium over a freshly built demo county: `make pictures`.

`docs/pictures/NAME-WIDTH[-VARIANT].png`: the whole page at 360, what a desk screen shows at 1366. The six without
a width are the README's. Dates, texts and states are the same every time; codes, receipts and keys never are.
`python -m tools.pictures FOLDER [PART]` draws elsewhere, and only the names that contain PART.
"""

import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser import DESK, PHONE, Site, Visits, build_county, chromium, served
from tests.e2e.gallery import CITIZEN, STAFF, Shown

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
MOST_BYTES = 2_500_000
COLOURS = 32  # ink, paper, accent and the greys of the letters' edges
COLOURS_OF_PHOTOS = 128
_PHOTOS = frozenset({"staff-case-photo", "case"})
_BOTH = {entry.name: entry for entry in CITIZEN + STAFF}


@dataclass(frozen=True)
class Picture:
    """One file. `whole`: all of the page, else what the screen shows."""

    name: str
    shown: Shown
    size: tuple[int, int]
    whole: bool = True
    query: str = ""
    dark: bool = False
    sharp: bool = False


VARIANTS = {
    "dark": ("", True),
    "large": ("?size=large", False),
    "hant": ("?lang=zh-Hant", False),
    "en": ("?lang=en", False),
    "en-large": ("?lang=en&size=large", False),
}
README = {
    "board": "board", "form": "form-project", "receipt": "receipt", "box": "box-question",
    "queue": "staff-queue", "case": "staff-case-photo",
}  # fmt: skip
VARIED = {
    "board": ("dark", "large", "hant", "en"),
    "form": ("dark", "large", "hant", "en"),
    "form-errors": ("dark", "en-large"),
    "confirm": ("en",),
    "receipt": ("dark", "large", "hant", "en"),
    "receipt-problems": ("en",),
    "box-question": ("dark", "large", "en"),
    "box-closed": ("hant", "en-large"),
    "board-revoked": ("dark", "en"),
    "verify": ("en",),
    "home": ("large", "en"),
    "leave": ("en",),
}
DARK_DESKS = ("staff-login", "staff-queue", "staff-case-photo", "staff-case-contact", "staff-keys-waiting")


def plan() -> Iterator[Picture]:
    """Every picture there is."""
    for name, source in README.items():
        size = DESK if source.startswith("staff") else PHONE
        yield Picture(name, _BOTH[source], size, whole=False, sharp=True)
    for shown in CITIZEN + STAFF:
        yield Picture(f"{shown.name}-360", shown, PHONE)
        yield Picture(f"{shown.name}-1366", shown, DESK, whole=False)
    for name, variants in VARIED.items():
        for variant in variants:
            query, dark = VARIANTS[variant]
            yield Picture(f"{name}-360-{variant}", _BOTH[name], PHONE, query=query, dark=dark)
    for name in DARK_DESKS:
        yield Picture(f"{name}-1366-dark", _BOTH[name], DESK, whole=False, dark=True)


def draw(browser: Browser, site: Site, picture: Picture) -> bytes:
    """One visitor, one page, one PNG."""
    visits = Visits(browser, site)
    page = visits.page(
        picture.size,
        color_scheme="dark" if picture.dark else "light",
        device_scale_factor=2 if picture.sharp else 1,
    )
    picture.shown.show(page, site, picture.query)
    _settle(page)
    taken = page.screenshot(full_page=picture.whole, animations="disabled", caret="hide")
    visits.close()
    return _small(taken, COLOURS_OF_PHOTOS if picture.shown.name in _PHOTOS else COLOURS)


def _settle(page: Page) -> None:
    """To the top, without the focus that filling in left behind."""
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")


def _small(png: bytes, colours: int) -> bytes:
    image = Image.open(io.BytesIO(png)).convert("RGB")
    out = io.BytesIO()
    reduced = image.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    reduced.save(out, "PNG", optimize=True)
    return out.getvalue()


def main(folder: Path = FOLDER, part: str = "") -> int:
    """Draw everything; 1 where the folder became too heavy to keep."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [picture for picture in plan() if part in picture.name]
    if not part:
        for old in folder.glob("*.png"):
            old.unlink()
    with tempfile.TemporaryDirectory() as scratch:
        county = Path(scratch) / "county"
        build_county(county)
        # Each picture of a page that leaves something behind comes from a county where nothing was left yet.
        with chromium() as browser:
            for number, batch in enumerate(_batches(wanted)):
                with served(county, Path(scratch) / str(number)) as site:
                    for picture in batch:
                        (folder / f"{picture.name}.png").write_bytes(draw(browser, site, picture))
                        print(picture.name, flush=True)
    total = sum(file.stat().st_size for file in folder.glob("*.png"))
    print(f"{len(wanted)} pictures, {total / 1e6:.2f} MB in {folder}")
    return 1 if total > MOST_BYTES else 0


def _batches(pictures: list[Picture]) -> Iterator[list[Picture]]:
    """A fresh county for each page that adds a colleague; one for all the rest."""
    adding = ("newcomer", "activate", "waiting", "people-link")
    yield [picture for picture in pictures if not any(word in picture.name for word in adding)]
    yield from ([picture] for picture in pictures if any(word in picture.name for word in adding))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(*(Path(text) for text in sys.argv[1:2]), *sys.argv[2:3]))
