"""The finished poster: what stands on it, what is refused, and that nobody gets one that does not read."""

from __future__ import annotations

import io
import re
import zlib
from dataclasses import replace
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PIL import Image
from pypdfium2 import raw

from qr import fonts, pdf, poster, symbol, typeset, wording
from qr.code import BadCode
from qr.payload import BadAddress, board_url
from qr.poster import MissingGlyphs, PosterData, TextTooLong, make, missing_facts
from qr.readback import NotReadable
from qr.sheet import BLEED, PAPERS, PAPERS_OF, SLUG, Paper, sheet
from qr.symbol import Symbol
from tests.qr.samples import (
    CARD,
    CODE,
    EVERY_KIND,
    FULL_CARD,
    FULL_NOTICE,
    FULL_WORKS,
    KINDS,
    LABEL,
    NOTICE,
    SCREEN,
    SHEETS,
    UNITS,
    URL,
    VILLAGE,
    WORKS,
)

LONG_NAME = "岚溪县石桥镇柳湾镇凤岭乡农村生活污水治理及配套管网提质改造二期工程第三标段施工项目"


def text_of(file: bytes) -> str:
    return "".join(pdf.words(file).split())


def with_row(data: PosterData, label: str, value: str) -> PosterData:
    return replace(data, rows=tuple((key, value if key == label else old) for key, old in data.rows))


@pytest.mark.parametrize("data", EVERY_KIND, ids=lambda data: data.kind)
def test_everything_the_board_knows_is_printed_on_it(data: PosterData) -> None:
    text = text_of(make(data))
    values = [value for _, value in (*data.rows, *data.ways)]
    for wanted in (
        *(data.site_no, "7K3QX9TD", data.name, data.place, data.domain, data.team_name, data.issuer),
        *(*values, *data.check_words, *data.phones, data.hotline, data.phone_hours, f"第{data.revision}版"),
        *(wording.TITLE[data.kind], wording.CALL[data.board], *wording.PROTECTION, wording.NEVER),
        *(words for _, *both in wording.PICTURED[data.board] for words in both),
    ):
        assert "".join(wanted.split()) in text, wanted


def test_the_protection_speaks_of_this_system_only() -> None:
    assert "本系统不保存网络地址" in text_of(make(WORKS))


def test_the_order_to_compare_is_number_code_words() -> None:
    text = text_of(make(VILLAGE))
    assert text.index("CJ-990121101202") < text.index("7K3QX9TD") < text.index("稻谷") < text.index("m.example")


@pytest.mark.parametrize(("data", "paper"), SHEETS, ids=lambda value: value if isinstance(value, str) else value.kind)
def test_it_is_the_trimmed_size_of_its_paper(data: PosterData, paper: Paper) -> None:
    with pypdfium2.PdfDocument(make(data, paper)) as document:
        assert len(document) == sheet(data.kind, paper).pages
        millimetres = [side / pdf.POINTS_PER_MM for side in document[0].get_size()]
        assert millimetres == pytest.approx(PAPERS[paper], abs=0.1)


@pytest.mark.parametrize("data", KINDS, ids=lambda data: data.kind)
def test_a_print_shop_gets_bleed_marks_and_the_boxes_it_looks_for(data: PosterData) -> None:
    paper = PAPERS_OF[data.kind][0]
    width, height = (side * pdf.POINTS_PER_MM for side in PAPERS[paper])
    slug, bleed = SLUG * pdf.POINTS_PER_MM, (SLUG - BLEED) * pdf.POINTS_PER_MM
    file = make(data, paper, press=True)
    with pypdfium2.PdfDocument(file) as document:
        page = document[0]
        assert page.get_mediabox() == pytest.approx((0, 0, width + 2 * slug, height + 2 * slug), abs=0.1)
        assert page.get_trimbox() == pytest.approx((slug, slug, slug + width, slug + height), abs=0.1)
        assert page.get_bleedbox() == pytest.approx(
            (bleed, bleed, 2 * slug + width - bleed, 2 * slug + height - bleed), abs=0.1
        )
    picture = pdf.picture(file, pixels=1600)
    scale = 1600 / max(picture.width / picture.height * (height + 2 * slug), height + 2 * slug)
    middle = picture.width // 3
    assert min(_column(picture, middle, (slug - 2 * pdf.POINTS_PER_MM) * scale, 3)) < 200, "red reaches into the bleed"
    assert _column(picture, middle, (bleed - 1.5 * pdf.POINTS_PER_MM) * scale, 1) == [255], "and not beyond it"
    assert f"{sheet(data.kind, paper).proof}" in pdf.words(file)


def _column(picture: Image.Image, x: int, y: float, count: int) -> list[int]:
    return [int(picture.getpixel((x, round(y) + step))) for step in range(count)]  # type: ignore[arg-type]  # grey


def test_its_fonts_are_embedded_and_are_ours() -> None:
    names: set[str] = set()
    with pypdfium2.PdfDocument(make(WORKS)) as document:
        for item in document[0].get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=5):
            font = raw.FPDFTextObj_GetFont(item)
            assert raw.FPDFFont_GetIsEmbedded(font) == 1
            names.add(_font_name(font))
    assert {re.sub(r"^[A-Z]{6}\+", "", name) for name in names} == {
        "NotoSansCJKsc-Regular",
        "NotoSansCJKsc-Bold",
    }


def test_black_is_black_ink_alone_and_red_is_the_band() -> None:
    file = make(replace(FULL_WORKS, emblem="stamp"))
    picture = pdf.picture(file, pixels=1000)
    assert picture.getpixel((picture.width // 2, 3)) != 255
    assert picture.getpixel((3, picture.height - 3)) == 255
    commands = _drawing_commands(file)
    colours = set(re.findall(rb"([\d.]+ [\d.]+ [\d.]+ [\d.]+) [kK]\b", commands))
    percent = {tuple(round(float(ink) * 100) for ink in colour.split()) for colour in colours}
    assert percent == {(0, 0, 0, 100), (0, 0, 0, 0), (0, 100, 95, 14)}
    assert not re.search(rb"[\d.]+ (rg|RG|g|G|scn|SCN)\b", commands)


@pytest.mark.parametrize(("data", "paper"), SHEETS, ids=lambda value: value if isinstance(value, str) else value.kind)
def test_nothing_enters_the_quiet_zone(data: PosterData, paper: Paper) -> None:
    file = make(data, paper)
    drawn = symbol.make(data.url)
    box = sheet(data.kind, paper).symbol_box(drawn.modules)
    side = (drawn.modules + 2 * symbol.QUIET) * 10
    picture = pdf.picture(file, box=box, pixels=side).resize((side, side))
    edge = symbol.QUIET * 10 - 2
    for strip in (
        (0, 0, side, edge),
        (0, side - edge, side, side),
        (0, 0, edge, side),
        (side - edge, 0, side, side),
    ):
        assert min(picture.crop(strip).tobytes()) > 200, strip


@pytest.mark.parametrize("data", EVERY_KIND, ids=lambda data: data.kind)
def test_the_code_is_the_largest_thing(data: PosterData) -> None:
    largest = sheet(data.kind, "A4").layout.side
    assert largest >= 75
    with pypdfium2.PdfDocument(make(data)) as document:
        for item in document[0].get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=5):
            _, bottom, _, top = item.get_bounds()
            assert (top - bottom) / pdf.POINTS_PER_MM < largest / 2


def test_a_phone_held_over_the_whole_page_reads_one_code() -> None:
    for data in EVERY_KIND:
        picture = pdf.picture(make(data), pixels=900)
        assert [found.text for found in zxingcpp.read_barcodes(picture)] == [URL]


def test_the_same_data_give_the_same_file() -> None:
    assert make(NOTICE) == make(NOTICE)


def test_what_is_not_known_is_left_out() -> None:
    data = replace(WORKS, rows=(("总投资", "38 万元"), ("设计单位", " ")), check_words=(), phones=(), ways=(), place="")
    text = text_of(make(data))
    for absent in ("建设地点", "工期", "设计单位", "核对词", "写信", "0990", "工作日"):
        assert absent not in text
    assert "总投资" in text
    assert "网页上的牌号和码也要和本牌一样" in text


def test_a_board_without_any_telephone_says_no_number() -> None:
    text = text_of(make(replace(VILLAGE, hotline="", phones=())))
    assert "打电话" not in text
    assert "不一样，不要填。" in text


def test_the_starred_facts_that_are_missing_are_named() -> None:
    assert missing_facts(WORKS) == ()
    assert missing_facts(NOTICE) == ()
    assert missing_facts(VILLAGE) == ()
    bare = replace(WORKS, place="", rows=(("总投资", "38 万元"), ("施工单位", "岚溪鸿基建设有限公司")))
    bare = replace(bare, hotline="", phones=())
    assert missing_facts(bare) == (
        *("地点", "工期", "主要内容", "资金来源", "建设单位", "监理单位", "施工单位负责人", "监督电话"),
    )
    assert missing_facts(replace(NOTICE, rows=(), team_name="")) == ("巡察时间", "受理截止", "监督单位")
    assert missing_facts(replace(VILLAGE, place=" ", hotline="", phones=())) == ("地点", "监督电话")


def test_a_long_name_and_long_facts_shrink_and_still_read() -> None:
    data = replace(WORKS, name=LONG_NAME, place="石桥镇集镇、石桥村、上庄村，柳湾镇柳湾社区、河口村，凤岭乡坪上村")
    data = with_row(data, "资金来源", "中央预算内投资、省级专项补助、县级财政配套、地方政府专项债券")
    text = text_of(make(with_row(data, "设计单位", "青屿市市政工程勘察设计研究院有限公司　示例未")))
    assert LONG_NAME in text


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (replace(WORKS, name=LONG_NAME * 2), "name"),
        (replace(WORKS, name="W" * 60), "name"),
        (with_row(WORKS, "主要内容", "检查井" * 120), "主要内容"),
        (with_row(WORKS, "施工单位", "M" * 90), "施工单位"),
        (replace(WORKS, rows=tuple((f"第{n}项事实", "很长的一项事实" * 8) for n in range(12))), "rows"),
        (replace(WORKS, site_no="GC-" + "1" * 60), "site_no"),
        (replace(WORKS, rows=(("很长很长的一个说明" * 3, "值"),)), "很长很长的一个说明" * 3),
        (replace(WORKS, ways=(("很长很长的一个说明" * 3, "值"),)), "ways"),
        (replace(WORKS, pledges=("严格执行工程建设强制性标准" * 8,) * 5), "pledges"),
        (replace(WORKS, pledges=("严格",) * 6), "pledges"),
        (replace(NOTICE, headline="中共岚溪县委" * 20), "headline"),
        (replace(FULL_NOTICE, issuer="岚溪县委巡察工作领导小组办公室" * 6), "issuer"),
        (replace(WORKS, check_words=("稻谷",) * 20), "check_words"),
        (replace(WORKS, ways=(("写信", "岚溪县" * 80),)), "ways"),
        (replace(WORKS, issuer="岚溪县委巡察办" * 12), "issuer"),
        (replace(WORKS, hotline="0990" * 20), "hotline"),
        (replace(VILLAGE, place="柳湾镇" * 40), "place"),
        (replace(VILLAGE, team_name="岚溪县委第四巡察组" * 4), "team_name"),
        (replace(NOTICE, team_name="岚溪县委第一巡察组" * 9), "team_name"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_what_cannot_fit_is_refused_by_its_field(data: PosterData, field: str) -> None:
    with pytest.raises(TextTooLong) as refused:
        make(data)
    assert refused.value.field == field


SMALL = [
    (replace(CARD, name="岚溪县" * 40), "name"),
    (replace(CARD, ways=(("写信", "岚溪县" * 120),)), "ways"),
    (replace(CARD, team_name="岚溪县委" * 20), "team_name"),
    (replace(FULL_CARD, others=(replace(UNITS[0], name="岚溪县" * 20),)), "name"),
    (replace(FULL_CARD, others=UNITS + UNITS[:1]), "others"),
    (replace(LABEL, name="岚溪县" * 40), "name"),
    (replace(LABEL, site_no="1" * 60), "site_no"),
    (replace(SCREEN, name="岚溪县" * 40), "name"),
    (replace(SCREEN, check_words=("稻谷",) * 20), "check_words"),
]


@pytest.mark.parametrize(("data", "field"), SMALL, ids=lambda value: value if isinstance(value, str) else value.kind)
def test_what_cannot_fit_on_something_small_is_refused_as_well(data: PosterData, field: str) -> None:
    with pytest.raises(TextTooLong) as refused:
        make(data, PAPERS_OF[data.kind][0])
    assert refused.value.field == field


@pytest.mark.parametrize("data", KINDS, ids=lambda data: data.kind)
def test_a_board_that_knows_nothing_is_made_all_the_same(data: PosterData) -> None:
    nothing = replace(
        data,
        name="",
        site_no="",
        place="",
        rows=(),
        check_words=(),
        team_name="",
        hotline="",
        phones=(),
        ways=(),
        issuer="",
    )
    make(replace(nothing, phone_hours="", set_on=None), PAPERS_OF[data.kind][0])


def test_a_domain_that_cannot_fit_is_refused() -> None:
    host = ".".join(("a" * 20,) * 6)
    with pytest.raises(TextTooLong) as refused:
        make(replace(WORKS, url=board_url(f"https://{host}", CODE), domain=host))
    assert refused.value.field == "domain"


@pytest.mark.parametrize(
    ("data", "chars", "field"),
    [
        (replace(WORKS, name="石桥镇\U000f0000污水"), "\U000f0000", "name"),
        (replace(WORKS, name="污水\n管网"), "\n", "name"),
        (with_row(WORKS, "施工单位", "😀公司😀"), "😀", "施工单位"),
        (replace(VILLAGE, check_words=("稻谷", "ᚠᚢ", "灯笼")), "ᚠᚢ", "check_words"),
    ],
)
def test_what_cannot_be_printed_is_named_with_its_field(data: PosterData, chars: str, field: str) -> None:
    with pytest.raises(MissingGlyphs) as refused:
        make(data)
    assert (refused.value.chars, refused.value.field) == (chars, field)


def test_rare_names_and_typst_signs_are_printed_as_they_are() -> None:
    name = "𬭚㙍䶮村 #panic[$x$] *_\\"
    assert "".join(name.split()) in text_of(make(replace(VILLAGE, name=name, place="")))


def test_a_character_beyond_the_embedded_fonts_is_set_from_the_installed_family() -> None:
    rare = chr(min(point for point in fonts.coverage("family") if point >= 0x20000))
    data = replace(VILLAGE, name=f"{rare}河口村", place="")
    if fonts.family_is_installed():
        assert f"{rare}河口村" in text_of(make(data))
    else:
        with pytest.raises(MissingGlyphs):
            make(data)


def test_a_code_with_a_wrong_character_makes_no_poster() -> None:
    with pytest.raises(BadCode):
        make(replace(WORKS, code="7K3QX9TE"))


@pytest.mark.parametrize(
    "data",
    [
        replace(WORKS, domain="m.example.com.cn"),
        replace(WORKS, url=board_url("https://m.example.gov.cn", "0000000Z")),
    ],
)
def test_address_domain_and_code_that_do_not_belong_together_make_no_poster(data: PosterData) -> None:
    with pytest.raises(BadAddress) as refused:
        make(data)
    assert refused.value.reason == "contradiction"


def test_a_poster_with_a_tampered_symbol_is_never_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    other = symbol.make(board_url("https://m.example.gov.cm", CODE))
    monkeypatch.setattr(symbol, "make", lambda url, level: replace(other, url=url))
    with pytest.raises(NotReadable) as refused:
        make(WORKS)
    assert refused.value.reason == "other"


def test_a_poster_with_a_spoilt_symbol_is_never_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = symbol.make(URL)
    blank = tuple("0" * 14 + row[14:] for row in real.rows)
    monkeypatch.setattr(symbol, "make", lambda url, level: Symbol(url, "H", real.version, blank))
    with pytest.raises(NotReadable) as refused:
        make(WORKS)
    assert refused.value.reason == "none"


def test_a_poster_that_says_another_number_is_never_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    other = typeset.pdf_of([poster.prepare(replace(WORKS, site_no="GC-2026-002"), "A4")])
    monkeypatch.setattr(typeset, "pdf_of", lambda drafts: other)
    with pytest.raises(NotReadable) as refused:
        make(WORKS)
    assert (refused.value.reason, refused.value.expected) == ("text", "GC-2026-001")


def _font_name(font: Any) -> str:
    size = raw.FPDFFont_GetBaseFontName(font, None, 0)
    buffer = (raw.ctypes.c_char * size)()
    raw.FPDFFont_GetBaseFontName(font, buffer, size)
    return bytes(buffer.value).decode("ascii")


def _drawing_commands(file: bytes) -> bytes:
    """Every stream of the file that can be inflated, one after another."""
    out = io.BytesIO()
    for stream in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", file, re.S):
        try:
            out.write(zlib.decompress(stream[1]))
        except zlib.error:
            continue
    return out.getvalue()
