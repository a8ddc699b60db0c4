"""Reading the tables that offices send: .csv in UTF-8 or GB 18030, .xlsx. The first line names the columns."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from intake.core import late

_DAY = re.compile(r"\s*(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?\s*")
SHEET_MB = 4  # of a file: some twenty thousand rows, and far more than a county's register
ROWS_MAX = 20_000
_COLUMNS_MAX = 200
_UNPACKED_MB = 64
# Where a workbook says how far its cells reach. The reader makes room for all of it at once, so a single cell in
# the last corner of a sheet would take the machine's memory.
_REACH = re.compile(rb"\br\s*=\s*[\"']([A-Z]{0,3})(\d{1,7})[\"']")
_AS_XLSX = "请另存为 .xlsx 再试。"


class BadSheet(ValueError):
    """The file is no table of this kind; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its number in the file (the header is 1) and column → text, trimmed; empty where there is nothing."""

    number: int
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet that was read: the columns that it has, those among them that mean nothing, and its rows."""

    columns: tuple[str, ...]
    unused: tuple[str, ...]
    lines: tuple[Line, ...]


def read_sheet(path: Path, columns: Iterable[str]) -> list[Line]:
    """The rows of the file, blank ones left out. Raises `BadSheet` where a column of `columns` is missing."""
    return list(read_table(path.read_bytes(), path.name, required=columns).lines)


def read_table(
    data: bytes, name: str, *, required: Iterable[str], headings: Mapping[str, str] | None = None,
    ignored: Iterable[str] = (),
) -> Table:  # fmt: skip
    """The rows of a file that is in memory, blank ones left out.

    `headings`: what pages call a column → the column; a column's own id always does. What is neither in it nor
    `ignored` is told in `unused` (without `headings` every column means something). Raises `BadSheet`.
    """
    rows = _rows(data, name)
    begins, first = next(rows, (0, []))
    if not any(first):
        raise BadSheet(f"{name} 第 1 行要写列名。" if begins else f"{name} 是空的。")
    known = headings or {}
    header = [known.get(cell, cell) for cell in first]
    missing = [column for column in required if column not in header]
    if missing:
        words = {column: words for words, column in known.items()}
        named = "、".join(f"{column}（{words[column]}）" if column in words else column for column in missing)
        raise BadSheet(f"{name} 第 1 行缺少这几列：{named}。")
    twice = [column for column in dict.fromkeys(header) if column and header.count(column) > 1]
    if twice:
        raise BadSheet(f"{name} 第 1 行这几列写了两遍：{'、'.join(twice)}。")
    meaning = {*known.values(), *ignored} if headings is not None else set(header)
    return Table(
        tuple(filter(None, header)),
        tuple(column for column in header if column and column not in meaning),
        tuple(_lines(rows, header, name)),
    )


def _lines(rows: Iterator[tuple[int, list[str]]], header: list[str], name: str) -> Iterator[Line]:
    count = 0
    for number, cells in rows:
        if not any(cells):
            continue
        count += 1
        if count > ROWS_MAX:
            raise BadSheet(f"{name} 超过 {ROWS_MAX} 行，请分成几个文件。")
        yield Line(number, dict(zip(header, [*cells, *[""] * len(header)], strict=False)))


def _rows(data: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    """By what the file is, whatever its name says."""
    if len(data) > SHEET_MB * 1024 * 1024:
        raise BadSheet(f"{name} 超过 {SHEET_MB} MB，请分成几个文件。")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadSheet(f"{name} 是旧的 .xls，{_AS_XLSX}")
    if data.startswith(b"PK\x03\x04") or name.lower().endswith(".xlsx"):
        return _xlsx(data, name)
    return _csv(data, name)


def _csv(data: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line on which it begins."""
    reader = csv.reader(io.StringIO(_text(data, name), newline=""))
    begins = 1
    try:
        for cells in reader:
            yield begins, [cell.strip() for cell in cells]
            begins = reader.line_num + 1
    except csv.Error as error:
        raise BadSheet(f"{name} 第 {begins} 行读不懂，{_AS_XLSX}") from error


def _text(data: bytes, name: str) -> str:
    """Excel in China saves .csv as GB 18030; any UTF-8 text that is none would be found to be so."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:  # no table has one, and no database keeps it
            return text
    raise BadSheet(f"{name} 不是 UTF-8 或 GB18030 的文本，{_AS_XLSX}")


def _xlsx(data: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    _look_into(data, name)
    try:
        workbook = late.python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (late.python_calamine.CalamineError, OSError, ValueError) as error:
        raise BadSheet(f"{name} 不是能读的 .xlsx。") from error
    for number, cells in enumerate(rows, 1):
        yield number, [_cell(cell) for cell in cells]


def _look_into(data: bytes, name: str) -> None:
    """Refuses what would unpack to more than a sheet is, or reaches further, before the reader makes room for it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            inside = parts.infolist()
            if sum(part.file_size for part in inside) > _UNPACKED_MB * 1024 * 1024:
                raise BadSheet(f"{name} 解开以后太大，请分成几个文件。")
            for part in inside:
                if "worksheets/" in part.filename and part.filename.endswith(".xml"):
                    _check_reach(parts.read(part), name)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError) as error:
        if isinstance(error, BadSheet):
            raise
        raise BadSheet(f"{name} 不是能读的 .xlsx。") from error


def _check_reach(xml: bytes, name: str) -> None:
    for found in _REACH.finditer(xml):
        letters, digits = found.groups()
        column = 0
        for letter in letters:
            column = column * 26 + letter - 64
        if column > _COLUMNS_MAX or int(digits) > 2 * ROWS_MAX:
            raise BadSheet(f"{name} 的表太大（最多 {ROWS_MAX} 行、{_COLUMNS_MAX} 列），请只留要导入的部分。")


def _cell(value: Any) -> str:
    """A cell as a clerk reads it: a whole number without its point, a day without its midnight."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}" if (value.hour, value.minute) != (0, 0) else value.date().isoformat()
    return str(value).strip()


def read_day(text: str) -> date | None:
    """A day as people write it (2026-09-01, 2026/9/1, 2026年9月1日); None for nothing. Raises `ValueError`."""
    if not text.strip():
        return None
    found = _DAY.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return date(*map(int, found.groups()))
