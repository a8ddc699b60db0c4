"""Writing sheets: constant texts only, so that no cell of a register is ever a formula to whoever opens it."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from intake.core import late

# What a spreadsheet takes for the beginning of a formula in a text file.
_LIVE = ("=", "+", "-", "@", "\t", "\r")
_WIDEST = 40


@dataclass(frozen=True, slots=True)
class Page:
    """One sheet of a workbook. `notes`: column → a word beside its heading; `choices`: column → the only values."""

    name: str
    rows: Sequence[Sequence[str]]
    notes: Mapping[int, str] = field(default_factory=dict)
    choices: Mapping[int, Sequence[str]] = field(default_factory=dict)


def workbook(pages: Sequence[Page]) -> bytes:
    """An .xlsx whose cells are all texts; the first row of each page stands out and stays in view."""
    out = io.BytesIO()
    # Two files of the same rows are the same bytes but for the day in their properties: no option makes a formula.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with late.xlsxwriter.Workbook(out, options) as book:
        head = book.add_format({"bold": True, "bg_color": "#E8EFEE", "border": 1, "num_format": "@", "valign": "top"})
        text = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        for page in pages:
            sheet = book.add_worksheet(page.name)
            for place, width in enumerate(_widths(page.rows)):
                sheet.set_column(place, place, width, text)
            for number, row in enumerate(page.rows):
                for place, value in enumerate(row):
                    sheet.write_string(number, place, value, head if number == 0 else text)
            for place, words in page.notes.items():
                sheet.write_comment(0, place, words, {"x_scale": 2, "author": "码上巡"})
            for place, values in page.choices.items():
                sheet.data_validation(
                    1, place, 20_000, place, {"validate": "list", "source": list(values), "error_type": "warning"}
                )
            sheet.freeze_panes(1, 1)
    return out.getvalue()


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """Wide enough for most of a column: a Chinese character takes two places."""
    columns = max(map(len, rows), default=0)
    return [
        max(10, min(_WIDEST, 2 + max((_width(row[place]) for row in rows[:200] if place < len(row)), default=0)))
        for place in range(columns)
    ]


def _width(text: str) -> int:
    return max((sum(2 if ord(char) > 255 else 1 for char in line) for line in text.split("\n")), default=0)


def text_file(rows: Sequence[Sequence[str]]) -> bytes:
    """A .csv that Excel opens as UTF-8; what it would take for a formula is led by an apostrophe."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([[_inert(cell) for cell in row] for row in rows])
    return out.getvalue().encode("utf-8-sig")


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_LIVE) else cell
