"""The four requests of an S3-compatible store, in memory, so that the real client can be tested."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

PAGE = 20  # small, so that a listing of a test has several pages
DATED = "2026-11-22T03:04:05.000Z"


class S3Server:
    """`with S3Server() as server:` serves one bucket on a free port until the block is left."""

    def __init__(self) -> None:
        self._server = _BlobServer(("127.0.0.1", 0), _Handler)

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def environment(self) -> dict[str, str]:
        """What a client of this server reads from its environment."""
        return {
            "AWS_ENDPOINT": f"http://127.0.0.1:{self._server.server_port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "cn-test-1",
        }


class _BlobServer(ThreadingHTTPServer):
    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.blobs: dict[str, bytes] = {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def blobs(self) -> dict[str, bytes]:
        assert isinstance(self.server, _BlobServer)
        return self.server.blobs

    def do_PUT(self) -> None:
        self.blobs[self._key()] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200, b"")

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if "list-type" in query:
            self._answer(200, _listing(self.blobs, query))
        elif (key := self._key()) in self.blobs:
            self._answer(200, self.blobs[key])
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_DELETE(self) -> None:
        self.blobs.pop(self._key(), None)
        self._answer(204, b"")

    def do_POST(self) -> None:
        """The client deletes in bulk: a list of keys as XML."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        keys = [part.split("</Key>")[0] for part in body.split("<Key>")[1:]]
        for key in keys:
            self.blobs.pop(key, None)
        deleted = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        self._answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode())

    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix("/blobs/")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("ETag", '"tag"')
        self.send_header("Last-Modified", "Sun, 22 Nov 2026 03:04:05 GMT")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body:
            self.wfile.write(body)

    def log_request(self, *_: object) -> None:
        """Quiet: a test prints nothing."""


def _listing(blobs: dict[str, bytes], query: dict[str, list[str]]) -> bytes:
    prefix = query.get("prefix", [""])[0]
    after = query.get("continuation-token", [""])[0]
    keys = sorted(key for key in blobs if key.startswith(prefix) and key > after)
    page, more = keys[:PAGE], len(keys) > PAGE
    rows = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>{DATED}</LastModified>"
        f'<ETag>"tag"</ETag><Size>{len(blobs[key])}</Size></Contents>'
        for key in page
    )
    token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
    return (
        f"<ListBucketResult><Name>blobs</Name><IsTruncated>{str(more).lower()}</IsTruncated>"
        f"{token}{rows}</ListBucketResult>"
    ).encode()
