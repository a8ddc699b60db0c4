"""Symbols as matrix, SVG and PNG; a reader of its own tells what they say."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from qr import pdf, symbol
from qr.payload import board_url
from qr.symbol import QUIET, Symbol
from tests.qr.samples import CODE, URL

SVG = "{http://www.w3.org/2000/svg}"
RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")


def read(picture: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(picture.convert("L"))]


def drawn_by(path: str, side: int) -> Image.Image:
    """The SVG's path painted by hand, eight pixels a module."""
    picture = Image.new("L", (side * 8, side * 8), 255)
    for x, y, width, back in RUN.findall(path):
        assert width == back
        left, top = int(x) * 8, int(y) * 8
        picture.paste(0, (left, top, left + int(width) * 8, top + 8))
    return picture


@pytest.mark.parametrize(
    ("public", "version"),
    [
        ("https://m.example.gov.cn", 3),
        ("https://" + "a" * 13 + ".cn", 3),
        ("https://" + "a" * 14 + ".cn", 4),
        ("https://" + "a" * 28 + ".cn", 4),
        ("https://" + "a" * 29 + ".cn", 5),
    ],
)
def test_the_host_decides_the_version(public: str, version: int) -> None:
    made = symbol.make(board_url(public, CODE))
    assert (made.level, made.version, made.modules) == ("H", version, 4 * version + 17)
    assert {len(row) for row in made.rows} == {made.modules}


def test_a_lower_level_is_smaller_and_reads_the_same() -> None:
    for level in ("L", "M", "Q", "H"):
        made = symbol.make(URL, level)
        assert read(Image.open(io.BytesIO(symbol.png(made, 300)))) == [URL]
    assert symbol.make(URL, "L").modules < symbol.make(URL, "H").modules


@pytest.mark.parametrize("url", ["", "https://m.example.gov.cn/b/7k3qx9td", "HTTPS://巡察.CN/B/7K3QX9TD"])
def test_what_leaves_alphanumeric_mode_makes_no_symbol(url: str) -> None:
    with pytest.raises(ValueError, match="alphanumeric"):
        symbol.make(url)


@given(st.text(min_size=1, max_size=200).filter(lambda text: "\0" not in text))
@settings(max_examples=20)
def test_any_text_reads_back_from_a_symbol_for_a_screen(text: str) -> None:
    made = symbol.of_text(text)
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(symbol.png(made, 1200))).convert("L"))
    assert found.bytes == text.encode()


def test_a_text_that_no_symbol_holds_is_refused() -> None:
    assert symbol.of_text("a" * 2_331).version == 40
    with pytest.raises(ValueError, match="version"):
        symbol.of_text("a" * 2_332)


def test_the_svg_is_one_path_with_a_quiet_zone_and_no_style() -> None:
    made = symbol.make(URL)
    text = symbol.svg(made, title="码 7K3Q X9TD <&>")
    root = ET.fromstring(text)  # noqa: S314  # our own text
    side = made.modules + 2 * QUIET
    assert root.get("viewBox") == f"0 0 {side} {side}"
    assert root.findtext(f"{SVG}title") == "码 7K3Q X9TD <&>"
    ground, dark = root.findall(f"{SVG}path")
    assert ground.get("fill") == "#fff"
    assert "style" not in text
    path = dark.get("d") or ""
    assert RUN.sub("", path) == ""
    assert read(drawn_by(path, side)) == [URL]
    xs = [int(x) for x, *_ in RUN.findall(path)]
    assert min(xs) == QUIET


def test_the_svg_without_a_title_has_none() -> None:
    assert "<title>" not in symbol.svg(symbol.make(URL))


@given(st.integers(37, 700))
@settings(max_examples=25, deadline=None)
def test_a_png_has_the_size_asked_for_and_whole_pixels(px: int) -> None:
    made = symbol.make(URL)
    picture = Image.open(io.BytesIO(symbol.png(made, px)))
    assert picture.size == (px, px)
    box = picture.convert("L").point(lambda value: 255 - value).getbbox()
    assert box is not None
    left, top, right, bottom = box
    scale = px // (made.modules + 2 * QUIET)
    assert right - left == bottom - top == made.modules * scale
    assert min(left, top, px - right, px - bottom) >= QUIET * scale
    if scale >= 2:
        assert read(picture) == [URL]


def test_a_png_of_less_than_a_pixel_a_module_is_refused() -> None:
    with pytest.raises(ValueError, match="pixels"):
        symbol.png(symbol.make(URL), 36)


def test_a_tenth_of_the_symbol_may_be_damaged() -> None:
    """A white patch over a tenth of the modules, at each of nine places that spare the finder patterns."""
    made = symbol.make(URL)
    patch = round((made.modules**2 / 10) ** 0.5)
    for row, column in ((8, 8), (8, 13), (8, 18), (13, 8), (13, 13), (13, 18), (19, 10), (10, 19), (15, 10)):
        rows = [list(line) for line in made.rows]
        for y in range(row, row + patch):
            rows[y][column : column + patch] = "0" * len(rows[y][column : column + patch])
        damaged = Symbol(made.url, made.level, made.version, tuple("".join(line) for line in rows))
        assert read(Image.open(io.BytesIO(symbol.png(damaged, 400)))) == [URL]


@pytest.mark.parametrize("level", ["L", "M", "Q", "H"])
def test_the_modules_are_those_of_another_writer(level: symbol.Level) -> None:
    for url in (URL, board_url("https://jiandu.lanxixian.qingyushi.gov.cn", "0000000Z")):
        assert symbol.make(url, level).rows == by_zxing(url, level)


def by_zxing(url: str, level: symbol.Level) -> tuple[str, ...]:
    drawn: Any = zxingcpp.create_barcode(url, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    dark = ["0" if pixel else "1" for pixel in bytes(drawn.to_image(scale=1, add_quiet_zones=False))]
    side = round(len(dark) ** 0.5)
    return tuple("".join(dark[start : start + side]) for start in range(0, side * side, side))


@given(st.integers(1, 250))
def test_the_highest_level_is_taken_where_it_costs_one_version_at_most(length: int) -> None:
    text = "A" * length
    made, strong, usual = symbol.make(text), symbol.make(text, "H"), symbol.make(text, "Q")
    assert made == (strong if strong.version <= usual.version + 1 else usual)


def test_both_levels_are_taken() -> None:
    assert symbol.make(URL).level == "H"
    assert {symbol.make("A" * length).level for length in range(1, 250)} == {"Q", "H"}


@given(st.integers(1, 250))
def test_an_emblem_stays_within_8_per_cent_of_the_area_and_on_whole_modules(length: int) -> None:
    drawn = symbol.make("A" * length, "H")
    side = symbol.emblem_side(drawn)
    assert side % 2 == 1
    assert side >= 3
    assert side**2 <= symbol.EMBLEM_LIMIT * drawn.modules**2


def test_the_path_for_a_page_is_one_fill_in_black_ink_alone() -> None:
    file = symbol.pdf(symbol.make(URL)).encode("ascii")
    assert file.count(b"0 0 0 1 k") == 1
    picture = pdf.picture(file, pixels=290)
    assert picture.size == (290, 290)
    framed = Image.new("L", (370, 370), 255)
    framed.paste(picture, (40, 40))
    assert read(framed) == [URL]
