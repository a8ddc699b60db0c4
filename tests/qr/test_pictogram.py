"""Pictograms: one source, drawn alike on pages and posters."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from qr import pictogram, wording
from qr.pictogram import SIDE, shapes, svg


@pytest.mark.parametrize("name", sorted(shapes()))
def test_every_pictogram_is_one_plain_svg_inside_its_field(name: str) -> None:
    text = svg(name)
    root = ET.fromstring(text)  # noqa: S314  # our own text
    assert root.get("viewBox") == f"0 0 {SIDE} {SIDE}"
    assert root.get("aria-hidden") == "true"
    assert len(root) == len(shapes()[name])
    assert "style" not in text
    assert "#" not in text
    for shape in shapes()[name]:
        for x, y in points(shape):
            assert 0 <= x <= SIDE
            assert 0 <= y <= SIDE


def points(shape: pictogram.Shape) -> list[tuple[float, float]]:
    if "rect" in shape:
        x, y, width, height = shape["rect"]
        return [(x, y), (x + width, y + height)]
    if "circle" in shape:
        x, y, radius = shape["circle"]
        return [(x - radius, y - radius), (x + radius, y + radius)]
    rows = shape.get("line") or shape["curve"]
    return [(row[i], row[i + 1]) for row in rows for i in range(0, len(row), 2)]


def test_every_pictogram_on_a_board_is_drawn_and_has_two_words() -> None:
    for pictured in wording.PICTURED.values():
        assert len(pictured) == 6
        for name, *words in pictured:
            assert name in shapes()
            assert all(2 <= len(word) <= 5 for word in words)


def test_a_shape_is_painted_as_it_says() -> None:
    text = svg("wage")
    assert 'stroke-dasharray="5 3.6"' in text
    assert 'stroke-width="6.5"' in svg("stamp")
    assert 'fill="currentColor" stroke="none"' in svg("quality")
    assert "C" in svg("aid")


def test_what_is_not_drawn_is_an_error() -> None:
    with pytest.raises(KeyError):
        svg("person")
