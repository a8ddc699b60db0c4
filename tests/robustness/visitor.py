"""A citizen's browser at its least, over a real connection: no cookies, no redirects followed, chosen address."""

import http.client
import re
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from intake.reports import receipt
from tests.multipart import BOUNDARY, body_of

SECONDS = 60.0
_TOKEN = re.compile(r'name="token"[^>]*value="([^"]+)"')
_RECEIPT = re.compile(r'data-testid="receipt"[^>]*>(.*?)</p>', re.DOTALL)
Files = Sequence[tuple[str, bytes]]


class Cut(Exception):
    """No whole answer came: the connection was refused, reset or ended too early."""


@dataclass(frozen=True, slots=True)
class Page:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def token(self) -> str:
        """The token of the form on the page."""
        found = _TOKEN.search(self.text)
        assert found is not None, f"no token on the page ({self.status})"
        return found[1]

    @property
    def receipt(self) -> str:
        """The receipt shown on the page, its check digit tested."""
        found = _RECEIPT.search(self.text)
        assert found is not None, f"no receipt on the page ({self.status})"
        digits = re.sub(r"\D", "", re.sub(r"<[^>]+>", "", found[1]))
        assert receipt.valid(digits)
        return digits


class Visitor:
    """Requests from `source`, an address of this machine; `headers` go along with each of them."""

    def __init__(
        self,
        port: int,
        *,
        source: str | None = None,
        server: str = "127.0.0.1",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._port = port
        self._server = server
        self._source = (source, 0) if source else None
        self._headers = {"Host": f"127.0.0.1:{port}"} | dict(headers or {})

    def get(self, path: str, **headers: str) -> Page:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, fields: Mapping[str, Any], **headers: str) -> Page:
        """An ordinary form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, body=urlencode(fields).encode(), headers=kind | headers)

    def send(self, path: str, fields: Mapping[str, str], files: Iterable[tuple[str, bytes]] = ()) -> Page:
        """A form with files."""
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        return self.ask("POST", path, body=body_of(fields, files), headers=kind)

    def ask(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Page:
        """One request on a connection of its own; raises `Cut`."""
        connection = self._connection()
        try:
            connection.request(method, path, body=body, headers=self._headers | dict(headers or {}))
            response = connection.getresponse()
            return Page(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        except (OSError, http.client.HTTPException) as error:
            raise Cut from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._server, self._port, timeout=SECONDS, source_address=self._source)

    def say(self, raw: bytes) -> bytes:
        """Bytes as they are, and whatever comes back: for requests that no library would send."""
        with socket.create_connection(
            (self._server, self._port), timeout=SECONDS, source_address=self._source
        ) as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            pieces = []
            while piece := connection.recv(65536):
                pieces.append(piece)
            return b"".join(pieces)

    # What a citizen does with it.

    def open_form(self, board: str) -> str:
        """The token of a freshly opened form."""
        page = self.get(f"/b/{board}/report")
        assert page.status == 200, page.status
        return page.token

    def file(self, board: str, body: str, files: Files = (), **more: str) -> str:
        """The whole way; the receipt's digits."""
        fields = {"token": self.open_form(board), "body": body, "identity": "anonymous"} | more
        page = self.send(f"/b/{board}/report", fields, files)
        assert page.status == 200, page.status
        return page.receipt

    def look_up(self, digits: str) -> Page:
        return self.post("/receipt", {"receipt": digits})
