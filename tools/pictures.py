"""Pictures of the pages, in Debian's Chromium over a freshly built demo county: `make pictures`.

`docs/pictures/NAME-WIDTH[-VARIANT].png`: the whole page at 360, what a desk's screen shows at 1366. The nine without
a width are the README's. Dates, texts and states are the same every time; codes, receipts and keys never are.
`python -m tools.pictures FOLDER [PART]` draws every page there is elsewhere, or those whose names contain PART.
"""

import io
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser import DESK, PHONE, Site, Visits, build_county, chromium, served
from tests.e2e.gallery import CITIZEN, STAFF, Shown

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
MOST_BYTES = 4_200_000  # a third more pages than when it was 3.3
COLOURS = 16  # ink, paper, accent, and the greys of the letters' edges
COLOURS_OF_PHOTOS = 48
COLOURS_OF_README = 32
_PHOTOS = frozenset({"staff-case-photo"})
Colour = tuple[int, ...]
RARE: tuple[Colour, ...] = tuple(
    tuple(bytes.fromhex(code)) for code in ("0b5563", "7cc7d1", "a8231b", "ff9a8e", "7a3e00", "f5c778")
)
ADDING = ("newcomer", "activate", "waiting", "people-link")
LONG = frozenset({"staff-queue-long", "staff-queue-office"})
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
    "recusal": "staff-conflicts-weighed", "sealed": "staff-case-sealed", "boards": "staff-boards",
}  # fmt: skip
VARIED = {
    "board": ("dark", "large", "hant", "en"),
    "form": ("dark", "large", "en"),
    "form-errors": ("en-large",),
    "confirm": ("en",),
    "receipt": ("dark", "large", "hant", "en"),
    "receipt-problems": ("en",),
    "box-question": ("dark", "large"),
    "box-closed": ("hant", "en-large"),
    "board-revoked": ("dark",),
    "home": ("en",),
}
DARK_DESKS = ("staff-login", "staff-queue", "staff-case-photo")
# Kept with the project at both widths; the others look much like one of these.
NARROW = frozenset({
    "home", "board", "board-revoked", "board-closed", "board-wrong-character", "verify", "verify-genuine", "form",
    "form-errors", "confirm", "challenge", "receipt", "receipt-problems", "lookup", "lookup-unknown", "lookup-too-many",
    "box-received", "box-question", "box-closed", "box-rating-error", "leave", "error-404",
    "staff-login", "staff-queue", "staff-case-photo", "staff-case-contact", "staff-keys-waiting", "staff-password",
    "sites", "sites-town", "board-damaged", "protection", "privacy", "staff-patrols", "staff-patrol", "staff-boards",
    "staff-board", "staff-pressure", "staff-practice-receipt",
})  # fmt: skip
WIDE = frozenset({"board", "form"}) | {shown.name for shown in STAFF} - {
    "staff-case-photo", "staff-queue",  # the README's
    "staff-queue-long", "staff-activate-error", "staff-password-error", "staff-error-403", "staff-case-question",
    "staff-people-error", "staff-sites-none", "staff-boards-none", "staff-rounds-empty", "staff-held-error",
    "staff-patrol-error", "staff-patrols-wrong", "staff-import-bad",
}  # fmt: skip


def plan(*, everything: bool = False) -> Iterator[Picture]:
    """The pictures kept with the project, or every page at both widths."""
    for name, source in README.items():
        size = DESK if source.startswith("staff") else PHONE
        yield Picture(name, _BOTH[source], size, whole=False, sharp=True)
    for shown in CITIZEN + STAFF:
        if everything or shown.name in NARROW:
            yield Picture(f"{shown.name}-360", shown, PHONE, whole=shown.name not in LONG)
        if everything or shown.name in WIDE:
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
        device_scale_factor=(2 if picture.size == PHONE else 1.5) if picture.sharp else 1,
    )
    picture.shown.show(page, site, picture.query)
    _settle(page)
    taken = page.screenshot(full_page=picture.whole, animations="disabled", caret="hide")
    visits.close()
    if picture.shown.name in _PHOTOS:
        return _small(taken, COLOURS_OF_PHOTOS)
    return _small(taken, COLOURS_OF_README if picture.sharp else COLOURS)


def _settle(page: Page) -> None:
    """To the top, without the focus that filling in left behind."""
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")


def _small(png: bytes, colours: int) -> bytes:
    """Fewer colours: the commonest and the rare that mean something as they are, the rest for letters' edges."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    counted = cast("list[tuple[int, Colour]]", image.getcolors(image.width * image.height))
    seen = [colour for _, colour in sorted(counted, reverse=True)]
    flat = seen[: colours // 3]
    flat += [colour for colour in RARE if colour in seen and colour not in flat]
    edges = image.quantize(colours - len(flat), kmeans=4, dither=Image.Dither.NONE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in flat for part in colour] + edges)
    out = io.BytesIO()
    image.quantize(palette=palette, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def main(folder: Path = FOLDER, part: str = "") -> int:
    """Draw; 1 where the project's own folder became too heavy to keep."""
    wanted = [picture for picture in plan(everything=folder != FOLDER) if part in picture.name]
    folder.mkdir(parents=True, exist_ok=True)
    if folder == FOLDER:
        for old in folder.glob("*.png"):
            if not old.name.startswith("poster-"):  # those are tools.poster_pictures'
                old.unlink()
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        county = Path(scratch) / "county"
        build_county(county)
        for number, batch in enumerate(_batches(wanted)):
            with served(county, Path(scratch) / str(number)) as site:
                for picture in batch:
                    (folder / f"{picture.name}.png").write_bytes(draw(browser, site, picture))
                    print(picture.name, flush=True)
    total = sum(file.stat().st_size for file in folder.glob("*.png") if not file.name.startswith("poster-"))
    print(f"{len(wanted)} pictures, {total / 1e6:.2f} MB in {folder}")
    return 1 if folder == FOLDER and total > MOST_BYTES else 0


def _batches(pictures: list[Picture]) -> Iterator[list[Picture]]:
    """A fresh county for each picture that adds a colleague; one for all the rest."""
    adding = [picture for picture in pictures if any(word in picture.name for word in ADDING)]
    yield [picture for picture in pictures if picture not in adding]
    yield from ([picture] for picture in adding)


if __name__ == "__main__":
    asked = sys.argv[1:]
    sys.exit(main(Path(asked[0]) if asked else FOLDER, asked[1] if len(asked) > 1 else ""))
