"""Reading back: only the file that says what it should passes."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pypdfium2
import pytest
from PIL import Image

from qr import pdf, poster, symbol
from qr.payload import board_url
from qr.readback import NotReadable, ReadBack, read_back
from qr.sheet import Box, sheet
from tests.qr.samples import CODE, EVERY_KIND, LABEL, URL, WORKS

BOX = sheet("works", "A4").symbol_box(symbol.make(URL).modules)


@pytest.fixture(scope="module")
def works() -> bytes:
    return poster.make(WORKS)


def joined(*files: bytes) -> bytes:
    out = io.BytesIO()
    with pypdfium2.PdfDocument.new() as whole:
        for file in files:
            with pypdfium2.PdfDocument(file) as part:
                whole.import_pages(part)
        whole.save(out)
    return out.getvalue()


def blank() -> bytes:
    out = io.BytesIO()
    with pypdfium2.PdfDocument.new() as document:
        document.new_page(595, 842)
        document.save(out)
    return out.getvalue()


def refusal(file: bytes, url: str = URL, *, box: Box | None = BOX, page: int = 0) -> NotReadable:
    with pytest.raises(NotReadable) as refused:
        read_back(file, url, box=box, page=page)
    return refused.value


def test_a_good_page_is_read_in_its_box_and_as_a_whole(works: bytes) -> None:
    assert read_back(works, URL, box=BOX) == ReadBack(URL, 0, in_box=True)
    assert read_back(works, URL) == ReadBack(URL, 0, in_box=False)


def test_every_page_of_a_merged_file_can_be_read() -> None:
    other = board_url("https://m.example.gov.cn", "0000000Z")
    second = poster.make(WORKS)
    whole = joined(blank(), second)
    assert read_back(whole, URL, box=BOX, page=1).page == 1
    assert refusal(whole).reason == "none"
    assert refusal(whole, other, page=1).found == (URL,)


def test_another_address_is_refused_and_named(works: bytes) -> None:
    refused = refusal(works, board_url("https://m.example.gov.cm", CODE))
    assert (refused.reason, refused.found) == ("other", (URL,))
    assert URL in str(refused)


def test_a_page_without_a_code_is_refused() -> None:
    assert refusal(blank()).reason == "none"
    assert refusal(blank(), box=None).reason == "none"


def test_a_box_beside_the_code_is_refused(works: bytes) -> None:
    assert refusal(works, box=Box(110, BOX.top, 90)).reason == "none"


def test_two_codes_on_a_page_are_refused_unless_the_box_parts_them() -> None:
    other = symbol.make(board_url("https://m.example.gov.cn", "0000000Z"))
    with pypdfium2.PdfDocument(poster.make(WORKS)) as document:
        page = document[0]
        image = pypdfium2.PdfImage.new(document)
        picture = Image.open(io.BytesIO(symbol.png(other, 300))).convert("RGB")
        image.set_bitmap(pypdfium2.PdfBitmap.from_pil(picture))
        image.set_matrix(pypdfium2.PdfMatrix().scale(170, 170).translate(400, 30))
        page.insert_obj(image)
        page.gen_content()
        out = io.BytesIO()
        document.save(out)
    refused = refusal(out.getvalue(), box=None)
    assert refused.reason == "several"
    assert set(refused.found) == {URL, other.url}
    assert read_back(out.getvalue(), URL, box=BOX).in_box


@pytest.mark.parametrize("file", [b"", b"no pdf", b"%PDF-1.7\n%%EOF"])
def test_bytes_that_are_no_pdf_are_refused(file: bytes) -> None:
    assert refusal(file).reason == "broken"


def test_a_page_that_is_not_there_is_refused(works: bytes) -> None:
    assert refusal(works, page=1).reason == "broken"
    assert refusal(works, page=-1).reason == "broken"


def test_printed_text_is_compared_without_spaces(works: bytes) -> None:
    assert read_back(works, URL, printed=["7K3Q X9TD", "稻谷 白鹭　灯笼", "石桥镇污水管网二期"]).url == URL
    with pytest.raises(NotReadable) as refused:
        read_back(works, URL, printed=["7K3Q X9TD", "稻谷 白鹭 灯台"])
    assert (refused.value.reason, refused.value.expected) == ("text", "稻谷 白鹭 灯台")


def test_many_threads_make_posters_at_once() -> None:
    with ThreadPoolExecutor(4) as threads:
        files = list(threads.map(poster.make, EVERY_KIND * 4))
    assert files[:3] == files[3:6] == files[9:]
    assert all("7K3QX9TD" in "".join(pdf.words(file).split()) for file in files)


def test_a_sound_code_that_the_reader_mistakes_in_one_picture_is_read_in_the_second() -> None:
    code = "7YQCFA8V"  # on a label, with a tenth covered, four pixels a module give zxing-cpp the wrong size
    data = replace(LABEL, code=code, url=board_url("https://m.example.gov.cn", code))
    assert poster.make(data, "label")
