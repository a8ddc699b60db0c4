"""A clerk's sheet on its way through the pages: read from the upload, and carried by the page that asks.

Nothing of it is kept on the server: the page of the dry run holds the rows themselves, packed and signed for this
session, and sends them back when somebody says yes.
"""

import base64
import json
import zlib
from collections.abc import Iterable, Mapping

from flask import Response, make_response, request

from intake.core import vault
from intake.core.sheets import SHEET_MB, BadSheet, Line, Table, read_table
from intake.web.context import world
from intake.web.session import signed_in

_PACKED_MAX = 900_000  # of the megabyte of words that one request may hold
_UNPACKED_MAX = 64 * 1024 * 1024
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"


def uploaded_table(required: Iterable[str], headings: Mapping[str, str], ignored: Iterable[str] = ()) -> Table:
    """The sheet in the field `file`. Raises `BadSheet`."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise BadSheet("请选一个 .xlsx 或 .csv 文件。")
    if getattr(file, "too_big", False):
        raise BadSheet(f"这个文件超过 {SHEET_MB} MB，请分成几个文件。")
    name = "".join(char for char in file.filename if char.isprintable())[-60:]
    table = read_table(file.stream.read(), name, required=required, headings=headings, ignored=ignored)
    if not table.lines:
        raise BadSheet(f"{name} 只有列名，没有内容。")
    return table


def packed(table: Table) -> str:
    """The rows as a hidden field. Raises `BadSheet` where they are too many for one page."""
    rows = [[line.number, [line.values[column] for column in table.columns]] for line in table.lines]
    body = base64.urlsafe_b64encode(zlib.compress(json.dumps([table.columns, table.unused, rows]).encode(), 9))
    if len(body) > _PACKED_MAX:
        raise BadSheet("这张表太大，一次传不完，请分成几个文件。")
    return f"{_mark(body)}.{body.decode()}"


def unpacked(text: str) -> Table | None:
    """What `packed` made for this very session; None for anything else."""
    mark, _, body = text.partition(".")
    if not vault.same(mark.encode(), _mark(body.encode()).encode()):
        return None
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(base64.urlsafe_b64decode(body), _UNPACKED_MAX)
    columns, unused, rows = json.loads(data)
    lines = tuple(Line(number, dict(zip(columns, cells, strict=True))) for number, cells in rows)
    return Table(tuple(columns), tuple(unused), lines)


def _mark(body: bytes) -> str:
    return vault.mac(world().secrets.csrf_key, "staff-sheet", signed_in().session, body).hex()


def download(data: bytes, name: str, kind: str) -> Response:
    """A file to be kept; its name is ASCII, so that every browser takes it."""
    response = make_response(data)
    response.headers["Content-Type"] = kind
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
