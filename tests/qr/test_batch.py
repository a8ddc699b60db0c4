"""Many posters at once: the corpus, the order, who is refused, what is written; and what other programs read in it."""

from __future__ import annotations

import io
import re
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from qr import batch, pdf, poster, readback, symbol, typeset
from qr.batch import Made, Refused, contact_sheet, each, one_file
from qr.code import BadCode
from qr.payload import BadAddress, board_url
from qr.poster import MissingGlyphs, PosterData, TextTooLong
from qr.readback import NotReadable
from qr.second import WORDS, Second
from qr.sheet import PAPERS_OF, Kind, Paper
from qr.symbol import Symbol
from tests.qr import corpus
from tests.qr.samples import (
    ADDRESS,
    CARD,
    FULL_CARD,
    FULL_NOTICE,
    FULL_WORKS,
    LABEL,
    NOTICE,
    SCREEN,
    SHEETS,
    VILLAGE,
    WORKS,
    numbered_code,
)

XHTML = "{http://www.w3.org/1999/xhtml}"


def items(*several: PosterData) -> list[tuple[PosterData, Paper]]:
    return [(data, PAPERS_OF[data.kind][0]) for data in several]


def numbered(number: int, data: PosterData = VILLAGE) -> PosterData:
    code = numbered_code(number)
    return replace(data, code=code, url=board_url(ADDRESS, code), site_no=f"CJ-{number:05}")


def texts_of(file: Path) -> list[str]:
    with pypdfium2.PdfDocument(file) as document:
        return ["".join(page.get_textpage().get_text_range().split()) for page in document]


@pytest.mark.parametrize("kind", PAPERS_OF)
def test_every_board_of_the_corpus_gives_a_poster_that_other_programs_read(kind: Kind, tmp_path: Path) -> None:
    out = tmp_path / "all.pdf"
    boards = corpus.boards(kind)
    assert one_file(items(*boards), out) == []
    pages = subprocess.run(
        ["pdftotext", "-layout", str(out), "-"], capture_output=True, check=True, text=True
    ).stdout.split("\f")[:-1]
    sides = 2 if kind == "card" else 1
    assert len(pages) == corpus.COUNT * sides
    for number, data in enumerate(boards):
        bare = "".join("".join(pages[number * sides : (number + 1) * sides]).split())
        assert data.site_no in bare
        assert data.domain in bare
        assert all(word in bare for word in data.check_words)
    fonts = subprocess.run(["pdffonts", str(out)], capture_output=True, check=True, text=True).stdout.splitlines()[2:]
    assert fonts
    assert all(re.search(r"\s+yes yes (yes|no )", line) for line in fonts), "embedded and cut to what is used"


@pytest.mark.parametrize("kind", PAPERS_OF)
def test_nothing_overlaps_and_nothing_leaves_the_page(kind: Kind, tmp_path: Path) -> None:
    out = tmp_path / "some.pdf"
    assert one_file(items(*corpus.boards(kind, 40)), out) == []
    look_at(out)


@pytest.mark.parametrize("language", [None, *WORDS])
def test_nothing_overlaps_on_any_paper_in_any_language(language: Second | None, tmp_path: Path) -> None:
    full: list[tuple[PosterData, Paper]] = [(FULL_CARD, "card")]
    full += [(data, paper) for data in (FULL_WORKS, FULL_NOTICE) for paper in PAPERS_OF[data.kind]]
    out = tmp_path / "all.pdf"
    assert one_file([*SHEETS, *full], out, second=language) == []
    look_at(out)


def look_at(out: Path) -> None:
    """Every word of every page lies on the page and on no other word."""
    command = ["pdftotext", "-bbox", str(out), "-"]
    tree = ET.fromstring(subprocess.run(command, capture_output=True, check=True).stdout)  # noqa: S314 - poppler's own
    for number, page in enumerate(tree.iter(f"{XHTML}page")):
        width, height = float(page.attrib["width"]), float(page.attrib["height"])
        words = [_inked(word) for word in page.iter(f"{XHTML}word")]
        assert words
        for left, top, right, bottom, _ in words:
            assert 0 < left < right < width
            assert 0 < top < bottom < height
        for n, one in enumerate(words):
            for other in words[n + 1 :]:
                assert not _meet(one, other), (number, one, other)


Inked = tuple[float, float, float, float, str]


def _inked(word: ET.Element) -> Inked:
    """What is black of a word: poppler's boxes reach from the font's ascent to its descent.

    A full-width mark at an end is half white, and set half as wide beside another.
    """
    left, top, right, bottom = (float(word.attrib[side]) for side in ("xMin", "yMin", "xMax", "yMax"))
    high, text = bottom - top, word.text or " "
    half = (right - left) / len(text) / 2
    left += half if text[0] in "，。、；：（《“" else 0
    right -= half if text[-1] in "，。、；：）》”" else 0
    return left + 0.3, top + high * 0.28, right - 0.3, bottom - high * 0.25, text


def _meet(one: Inked, other: Inked) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def test_the_order_given_is_the_order_of_the_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "CHUNK", 4)
    several = [numbered(n, (VILLAGE, CARD, WORKS)[n % 3]) for n in range(10)]
    done: list[int] = []
    assert one_file(items(*several), tmp_path / "all.pdf", progress=done.append) == []
    assert done == [4, 8, 10]
    pages = texts_of(tmp_path / "all.pdf")
    assert len(pages) == 10 + 3, "a card has two sides"
    fronts = [page for page in pages if "CJ-" in page]
    assert [re.search(r"CJ-\d{5}", page)[0] for page in fronts] == [data.site_no for data in several]  # type: ignore[index]  # each has one


def test_papers_and_kinds_mix_and_a_print_shop_gets_its_boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "CHUNK", 2)
    mixed: list[tuple[PosterData, Paper]] = [(WORKS, "A4"), (WORKS, "sign"), (FULL_CARD, "card"), (NOTICE, "A3")]
    assert one_file(mixed, tmp_path / "mixed.pdf", press=True, second="en") == []
    with pypdfium2.PdfDocument(tmp_path / "mixed.pdf") as document:
        sizes = [
            [round((box[2] - box[0]) / pdf.POINTS_PER_MM) for box in (p.get_trimbox(), p.get_bleedbox())]
            for p in document
        ]
    assert sizes == [[210, 216], [900, 906], [90, 96], [90, 96], [297, 303]]


BAD = (
    (replace(VILLAGE, code="7K3QX9TE"), BadCode),
    (replace(VILLAGE, domain="m.example.com"), BadAddress),
    (replace(VILLAGE, issuer="岚溪县委巡察办" * 12), TextTooLong),
    (replace(VILLAGE, name="河口村\U000f0000"), MissingGlyphs),
    (replace(VILLAGE, place="柳湾镇" * 40), TextTooLong),
)


def test_a_bad_board_is_told_with_its_place_and_reason_and_the_others_go_on(tmp_path: Path) -> None:
    several = [numbered(1), BAD[0][0], BAD[2][0], numbered(2), BAD[3][0], BAD[1][0], BAD[4][0], numbered(3)]
    refused = one_file(items(*several), tmp_path / "rest.pdf")
    assert [(one.index, type(one.reason)) for one in refused] == [
        (1, BadCode),
        (2, TextTooLong),
        (4, MissingGlyphs),
        (5, BadAddress),
        (6, TextTooLong),
    ]
    assert [one.reason.field for one in refused if isinstance(one.reason, TextTooLong)] == ["issuer", "place"]
    assert [one.data.site_no for one in refused[:1]] == [several[1].site_no]
    assert len(texts_of(tmp_path / "rest.pdf")) == 3


@pytest.mark.parametrize(("bad", "kind_of_reason"), BAD, ids=lambda value: getattr(value, "__name__", ""))
def test_all_or_none_writes_nothing_where_one_is_refused(
    bad: PosterData, kind_of_reason: type[Exception], tmp_path: Path
) -> None:
    refused = one_file(items(numbered(1), bad), tmp_path / "none.pdf", all_or_none=True)
    assert [(one.index, type(one.reason)) for one in refused] == [(1, kind_of_reason)]
    assert not (tmp_path / "none.pdf").exists()


def test_of_nothing_comes_nothing(tmp_path: Path) -> None:
    assert one_file([], tmp_path / "empty.pdf") == []
    assert len(one_file(items(BAD[0][0]), tmp_path / "empty.pdf")) == 1
    assert not (tmp_path / "empty.pdf").exists()


def test_a_code_that_does_not_read_back_is_left_out_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt = numbered(2)
    real = symbol.make

    def make(url: str, level: symbol.Level | None = None) -> Symbol:
        drawn = real(url, level)
        rows = tuple("0" * 14 + row[14:] for row in drawn.rows) if url == spoilt.url else drawn.rows
        return replace(drawn, rows=rows)

    monkeypatch.setattr(symbol, "make", make)
    refused = one_file(items(numbered(1), spoilt, numbered(3)), tmp_path / "two.pdf")
    assert [(one.index, type(one.reason)) for one in refused] == [(1, NotReadable)]
    assert [page.count("CJ-0000") for page in texts_of(tmp_path / "two.pdf")] == [1, 1]


def test_the_merged_file_is_read_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "CHUNK", 2)
    real = pdf.merge
    monkeypatch.setattr(pdf, "merge", lambda parts: real([parts[0], parts[0]]))
    refused = one_file(items(*map(numbered, range(4))), tmp_path / "wrong.pdf")
    assert {one.index for one in refused} == {2, 3}
    assert not (tmp_path / "wrong.pdf").exists()


def test_a_file_each_is_what_a_single_poster_is() -> None:
    results = list(each(items(WORKS, BAD[2][0], CARD)))
    assert isinstance(results[0], Made)
    assert isinstance(results[1], Refused)
    assert isinstance(results[2], Made)
    assert [one.index for one in results] == [0, 1, 2]
    assert results[0].file == poster.make(WORKS)


@pytest.mark.parametrize("data", [WORKS, FULL_CARD, LABEL, SCREEN], ids=lambda data: data.kind)
def test_pictures_and_drawings_are_read_from_their_own_file(data: PosterData) -> None:
    paper = PAPERS_OF[data.kind][0]
    picture = Image.open(io.BytesIO(poster.make(data, paper, format="png")))
    if data.kind == "screen":
        assert picture.size == (1080, 1440)
    drawing = ET.fromstring(poster.make(data, paper, format="svg"))  # noqa: S314 - our own
    assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
    assert not any(element.tag.endswith("}image") for element in drawing.iter()), "vectors, no pixels"


@pytest.mark.parametrize("form", ["png", "svg"])
def test_a_picture_with_a_wrong_code_is_not_handed_out(form: poster.Format, monkeypatch: pytest.MonkeyPatch) -> None:
    other = symbol.make(numbered(7).url)
    monkeypatch.setattr(symbol, "make", lambda url, level: replace(other, url=url))
    with pytest.raises(NotReadable):
        poster.make(LABEL, "label", format=form)


def test_a_contact_sheet_shows_every_file_with_its_caption() -> None:
    files = [
        (made.data.site_no, made.file) for made in each(items(*map(numbered, range(13)))) if isinstance(made, Made)
    ]
    files += [
        ("图片", poster.make(SCREEN, "screen", format="png")),
        ("矢量", poster.make(LABEL, "label", format="svg")),
    ]
    sheet = contact_sheet(files, title="石桥镇 \U000f0000 15 张")
    with pypdfium2.PdfDocument(sheet) as document:
        text = "".join(page.get_textpage().get_text_range() for page in document)
        assert len(document) == 2
    assert all(caption in text for caption, _ in files)


def test_what_is_shared_is_made_again_where_a_cleaner_of_old_files_took_it() -> None:
    poster.make(WORKS)
    for still in typeset._folder().glob("*.pdf"):
        still.unlink()
    typeset._folder().rmdir()
    assert poster.make(WORKS)


def test_a_file_with_a_page_too_many_is_broken_for_all(tmp_path: Path) -> None:
    drafts = [poster.prepare(data, paper) for data, paper in items(WORKS, VILLAGE)]
    file, _ = typeset.pdf_of(drafts)
    failed = readback.failures(file, [poster.expected(drafts[0])])
    assert failed[0].reason == "broken"
    assert readback.failures(b"no pdf", [poster.expected(one) for one in drafts]).keys() == {0, 1}


def test_full_boards_read_back_on_every_paper() -> None:
    for paper in PAPERS_OF["works"]:
        assert poster.make(replace(FULL_WORKS, emblem="stamp"), paper)
