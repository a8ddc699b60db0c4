"""A posted form as bytes. The test client would put a large one into a file of its own and leave it open."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

BOUNDARY = "----msx-test"


def body_of(fields: Mapping[str, str], files: Iterable[tuple[str, bytes]], *, field: str = "files") -> bytes:
    """Fields first, then `files` as (name, content), as a browser sends them."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    for name, content in files:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def post(
    client: FlaskClient, address: str, fields: Mapping[str, Any], files: Iterable[tuple[str, bytes]], *,
    field: str = "files",
) -> TestResponse:  # fmt: skip
    body = body_of(fields, files, field=field)
    return client.post(address, data=body, content_type=f"multipart/form-data; boundary={BOUNDARY}")
