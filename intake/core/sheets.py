"""Reading the tables that offices send: .csv in UTF-8 or GB 18030, .xlsx. The first line names the columns."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

_DAY = re.compile(r"\s*(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?\s*")


class BadSheet(ValueError):
    """The file is no table of this kind; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its number in the file (the header is 1) and column → text, trimmed; empty where there is nothing."""

    number: int
    values: dict[str, str]


def read_sheet(path: Path, columns: Iterable[str]) -> list[Line]:
    """The rows of the file, blank ones left out. Raises `BadSheet` where a column of `columns` is missing."""
    rows = list(_xlsx(path) if path.suffix.lower() == ".xlsx" else _csv(path))
    if not rows:
        raise BadSheet(f"{path.name} 是空的。")
    header = [cell.strip() for cell in rows[0][1]]
    missing = [column for column in columns if column not in header]
    if missing:
        raise BadSheet(f"{path.name} 第 1 行缺少这几列：{'、'.join(missing)}。")
    return [
        Line(number, dict(zip(header, [*cells, *[""] * len(header)], strict=False)))
        for number, cells in rows[1:]
        if any(cells)
    ]


def _csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line on which it begins."""
    reader = csv.reader(io.StringIO(_text(path.read_bytes(), path.name), newline=""))
    begins = 1
    try:
        for cells in reader:
            yield begins, [cell.strip() for cell in cells]
            begins = reader.line_num + 1
    except csv.Error as error:
        raise BadSheet(f"{path.name} 第 {begins} 行读不懂，请另存为 .xlsx 再试。") from error


def _text(data: bytes, name: str) -> str:
    """Excel in China saves .csv as GB 18030; any UTF-8 text that is none would be found to be so."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadSheet(f"{name} 不是 UTF-8 或 GB18030 的文本，请另存为 .xlsx 再试。")


def _xlsx(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        workbook = CalamineWorkbook.from_path(path)
        rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, OSError) as error:
        raise BadSheet(f"{path.name} 不是能读的 .xlsx。") from error
    for number, cells in enumerate(rows, 1):
        yield number, [_cell(cell) for cell in cells]


def _cell(value: Any) -> str:
    """A cell as a clerk reads it: a whole number without its point, a day without its midnight."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    return str(value).strip()


def read_day(text: str) -> date | None:
    """A day as people write it (2026-09-01, 2026/9/1, 2026年9月1日); None for nothing. Raises `ValueError`."""
    if not text.strip():
        return None
    found = _DAY.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return date(*map(int, found.groups()))
