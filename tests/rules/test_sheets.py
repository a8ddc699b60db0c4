"""Sheets in and out: what a clerk's file may be, why a hostile one is refused, and cells that are never formulas."""

import io
import re
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.core.sheets import ROWS_MAX, BadSheet, read_table
from intake.core.workbooks import Page, text_file, workbook

HEADINGS = {"点位编号": "site_no", "名称": "name"}


def table(data: bytes, name: str = "x.csv") -> list[dict[str, str]]:
    return [line.values for line in read_table(data, name, required=["site_no"], headings=HEADINGS).lines]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_in_the_encodings_of_offices(encoding: str) -> None:
    data = "点位编号,名称,备注\r\nA-1,坪上村𬭚,x\r\n\r\n,,\r\n".encode(encoding)
    found = read_table(data, "x.csv", required=["site_no"], headings=HEADINGS)
    (line,) = found.lines
    assert (line.number, line.values) == (2, {"site_no": "A-1", "name": "坪上村𬭚", "备注": "x"})
    assert (found.columns, found.unused) == (("site_no", "name", "备注"), ("备注",))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "是空的"), ("名称\n甲".encode(), "缺少这几列：site_no（点位编号）"), (b"\n\nx", "第 1 行要写列名"),
        ("点位编号,site_no\n1,2".encode(), "写了两遍"),
        (b"\xff\xfe\x00", "不是 UTF-8"), (b"site_no\n\0", "不是 UTF-8"),
        (b"\xd0\xcf\x11\xe0....", "旧的 .xls"), (b"PK\x03\x04rubbish", "不是能读的 .xlsx"),
        (b"a" * (5 << 20), "超过 4 MB"),
        (b"site_no\n" + b"1\n" * (ROWS_MAX + 1), "行，请分成几个文件"),
        (b'site_no\n"' + b"a" * 200_000, "读不懂"),
    ],
    ids=range(11),
)  # fmt: skip
def test_what_is_no_table_is_refused_in_words(data: bytes, says: str) -> None:
    with pytest.raises(BadSheet, match=re.escape(says)):
        table(data)


def _altered(part: str, content: bytes) -> bytes:
    """A workbook of ours with one part replaced."""
    out = io.BytesIO()
    source = workbook([Page("表", [["site_no"], ["1"]])])
    with zipfile.ZipFile(io.BytesIO(source)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            new.writestr(item.filename, content if item.filename == part else old.read(item.filename))
    return out.getvalue()


_SHEET = "xl/worksheets/sheet1.xml"
_NS = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_XML = b'<worksheet xmlns="' + _NS + b'"><sheetData>%s</sheetData></worksheet>'


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (b'<row r="1"><c r="A1"><v>1</v></c><c r="XFD1048576"><v>1</v></c></row>', "表太大"),
        (b"<row r = '1048576'><c><v>1</v></c></row>", "表太大"),
        (b" " * (65 << 20), "解开以后太大"),
    ],
    ids=["a cell in the last corner", "a far row", "a bomb"],
)
def test_a_workbook_that_would_take_the_memory_is_refused_before_it_is_read(cells: bytes, says: str) -> None:
    with pytest.raises(BadSheet, match=says):
        table(_altered(_SHEET, _XML % cells), "x.xlsx")


CELLS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_every_cell_comes_back_as_it_was_and_none_is_a_formula(rows: list[tuple[str, str]]) -> None:
    rows = [("=cmd|'/c calc'!A1", "@SUM(1)"), ("-1+1", "{=1}"), ("http://x.example", "0012"), *rows]
    data = workbook([Page("表", [("site_no", "名称"), *rows])])
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert b"<f>" not in parts.read(_SHEET)
        assert not any("externalLink" in name or "vbaProject" in name for name in parts.namelist())
    got = table(data, "x.xlsx")
    assert got == [{"site_no": a.strip(), "name": b.strip()} for a, b in rows if a.strip() or b.strip()]


def test_a_csv_of_ours_opens_inert_and_in_chinese() -> None:
    data = text_file([["点位编号", "名称"], ["=1+1", "@x"], ["-1", "甲"]])
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.decode("utf-8-sig").splitlines() == ["点位编号,名称", "'=1+1,'@x", "'-1,甲"]
