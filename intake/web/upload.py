"""Reading what is posted: in memory only, every limit counted here, and never a lost text. ADR 0007.

Flask's own parser spools files to disk and, over a limit, throws away the words with the photos. This one
keeps the words: they are in `request.form` whatever became of the files, even where the first look raised.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from threading import Lock
from typing import IO, Final
from urllib.parse import parse_qsl

from flask import Request, current_app
from werkzeug.datastructures import FileStorage, Headers
from werkzeug.exceptions import BadRequest, ClientDisconnected, RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from intake.core import turnstile
from intake.core.errors import Busy

EXTENSION: Final = "msx_upload_limits"

_MB: Final = 1024 * 1024
_CHUNK: Final = 64 * 1024
# What a part may say about itself before its content begins.
_LONGEST_PART_HEAD: Final = 16 * 1024
_LONGEST_BOUNDARY: Final = 200
# Enough of a file over the size to tell what it is.
_HEAD: Final = 4096
_RETRY_AFTER_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What one request may hold, in MB of 1,048,576 bytes; `inflight_mb` is what all may hold together."""

    request_mb: int = 32
    photo_mb: int = 10
    inflight_mb: int = 256
    drain_mb: int = 128
    most_files: int = 30
    most_texts: int = 64
    text_bytes: int = _MB


class UploadedFile(FileStorage):
    """A file in memory. Over the size it is `too_big`: no content, but its first bytes as `head`.

    `surplus`: one file too many of one request; only its name was read.
    """

    def __init__(
        self, data: bytes, part: File, *, head: bytes = b"", too_big: bool = False, surplus: bool = False
    ) -> None:
        super().__init__(BytesIO(data), part.filename, part.name, headers=part.headers)
        self.head = head
        self.too_big = too_big
        self.surplus = surplus


# --- Bytes in flight --------------------------------------------------------------------------------------


class InFlight:
    """The bytes of all requests that are being read or worked on in this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.bytes = 0

    def take(self, count: int, *, most: int) -> bool:
        """Whether `count` bytes more were free under `most`."""
        with self._lock:
            if self.bytes + count > most:
                return False
            self.bytes += count
            return True

    def give(self, count: int) -> None:
        with self._lock:
            self.bytes -= count


IN_FLIGHT: Final = InFlight()


class _Lease:
    """One request's share of the budget; given back when the request closes, or with its memory."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0

    def grow(self, count: int) -> bool:
        if not IN_FLIGHT.take(count, most=self._most):
            return False
        self._held += count
        return True

    def release(self, count: int | None = None) -> None:
        back = self._held if count is None else count
        self._held -= back
        IN_FLIGHT.give(back)

    def __del__(self) -> None:
        self.release()


# --- The parts of a form ----------------------------------------------------------------------------------


class _TolerantDecoder(MultipartDecoder):
    """Werkzeug's decoder, except that a file name in another encoding does not cost the report."""

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        return super()._parse_headers(bytes(data).decode(errors="replace").encode())


@dataclass(slots=True)
class _Part:
    """The part that is being read; `kept` is False where its bytes are only counted, `surplus` for a file too many."""

    of: Field | File
    kept: bool
    content: BytesIO = field(default_factory=BytesIO)
    size: int = 0
    too_big: bool = False
    surplus: bool = False


class _Received:
    """What came: words, files, and what was wrong with it; counts the limits of the request as a whole."""

    def __init__(self, limits: UploadLimits, lease: _Lease) -> None:
        self._limits = limits
        self._lease = lease
        self._part: _Part | None = None
        self._texts = 0
        self._files = 0
        self._text_room = limits.text_bytes
        self.fields: list[tuple[str, str]] = []
        self.files: list[tuple[str, UploadedFile]] = []
        self.too_large = False
        self.busy = False

    def refuse_files(self, *, busy: bool = False) -> None:
        """The request is over a limit: photos go, words stay."""
        self.busy = self.busy or busy
        self.too_large = self.too_large or not busy
        self.files.clear()
        self._lease.release()
        if self._part is not None and isinstance(self._part.of, File):
            self._part.kept, self._part.content = False, BytesIO()

    @property
    def takes_files(self) -> bool:
        return not (self.busy or self.too_large)

    @property
    def takes_parts(self) -> bool:
        """Beyond this nothing is even parsed: each part costs more than its bytes."""
        return self._texts <= self._limits.most_texts and self._files <= 2 * self._limits.most_files

    def add(self, event: Event) -> None:
        if isinstance(event, Field):
            self._texts += 1
            if self._texts > self._limits.most_texts:
                self.refuse_files()
            self._part = _Part(event, kept=bool(event.name) and self.takes_parts)
        elif isinstance(event, File):
            self._files += 1
            surplus = self._files > self._limits.most_files
            if self._files > 2 * self._limits.most_files:
                self.refuse_files()
            kept = bool(event.name) and self.takes_files and not surplus
            self._part = _Part(event, kept=kept, surplus=surplus)
        elif isinstance(event, Data) and self._part is not None:
            self._extend(self._part, event.data)
            if not event.more_data:
                self.finish()

    def _extend(self, part: _Part, data: bytes) -> None:
        part.size += len(data)
        if not part.kept:
            return
        if isinstance(part.of, Field):
            self.add_text_bytes(part.content, data)
        elif part.size > self._limits.photo_mb * _MB:
            self._lease.release(part.content.tell())
            head = (part.content.getvalue()[:_HEAD] + data)[:_HEAD]
            part.kept, part.too_big, part.content = False, True, BytesIO(head)
        elif self._lease.grow(len(data)):
            part.content.write(data)
        else:
            self.refuse_files(busy=True)

    def add_text_bytes(self, content: BytesIO, data: bytes) -> None:
        if len(data) > self._text_room:
            self.refuse_files()
        self._text_room -= content.write(data[: self._text_room])

    def finish(self) -> None:
        """The part has ended, or the request has: what was read of it counts."""
        part, self._part = self._part, None
        if part is None:
            return
        content, name = part.content.getvalue(), plain_text((part.of.name or "").encode())
        if isinstance(part.of, Field):
            if part.kept:
                self.fields.append((name, plain_text(content)))
        elif part.kept:
            self.files.append((name, UploadedFile(content, part.of)))
        elif part.surplus and self.takes_files:
            self.files.append((name, UploadedFile(b"", part.of, surplus=True)))
        elif part.too_big and self.takes_files:
            self.files.append((name, UploadedFile(b"", part.of, head=content, too_big=True)))


def plain_text(data: bytes) -> str:
    """UTF-8 as far as it goes. NUL is no character of any text, and PostgreSQL would refuse it."""
    return data.decode(errors="replace").replace("\0", "\ufffd")


# --- The body ---------------------------------------------------------------------------------------------


class _Body:
    """The bytes of a request, counted: read up to `most`, then left."""

    def __init__(self, stream: IO[bytes], declared: int | None, most: int) -> None:
        self._stream = stream
        self._declared = declared
        self._most = most
        self.count = 0
        self.cut = False
        self.abandoned = False

    def chunks(self) -> Iterator[bytes]:
        """Chunks until the end; `cut` is set when the sender went away before it."""
        while self.count < self._most:
            try:
                chunk = self._stream.read(min(_CHUNK, self._most - self.count))
            except (ClientDisconnected, OSError):
                chunk = b""
                self.cut = True
            if not chunk:
                # Servers report a broken connection as a plain end.
                self.cut = self.cut or (self._declared is not None and self.count < self._declared)
                return
            self.count += len(chunk)
            yield chunk
        self.abandoned = True


def _events(decoder: MultipartDecoder) -> Iterator[Event]:
    while not isinstance(event := decoder.next_event(), NeedData):
        yield event
        if isinstance(event, Epilogue):
            return


def _read_multipart(body: _Body, boundary: str, received: _Received, limits: UploadLimits) -> bool:
    """Reads all parts; whether they made a form, with its closing line."""
    try:
        mark = boundary.encode("ascii")
    except UnicodeEncodeError:
        mark = b""
    whole = 0 < len(mark) <= _LONGEST_BOUNDARY
    decoder = _TolerantDecoder(mark, max_form_memory_size=_CHUNK + _LONGEST_PART_HEAD)
    for chunk in body.chunks():
        if body.count > limits.request_mb * _MB and not received.too_large:
            received.refuse_files()
        if whole and received.takes_parts:
            whole = _decode(decoder, chunk, received)
    if whole and received.takes_parts and not body.cut and not body.abandoned:
        whole = _decode(decoder, None, received)
    received.finish()
    return whole


def _decode(decoder: MultipartDecoder, chunk: bytes | None, received: _Received) -> bool:
    """Whether the bytes so far make sense as a form."""
    try:
        decoder.receive_data(chunk)
        for event in _events(decoder):
            received.add(event)
            if not received.takes_parts:
                return True
    except (ValueError, RequestEntityTooLarge):  # the decoder's two ways to say that it is lost
        return False
    return True


def _read_urlencoded(body: _Body, received: _Received, limits: UploadLimits) -> None:
    content = BytesIO()
    for chunk in body.chunks():
        received.add_text_bytes(content, chunk)
    pairs = content.getvalue().split(b"&", limits.most_texts)
    if len(pairs) > limits.most_texts:
        received.refuse_files()
    text = b"&".join(pairs[: limits.most_texts]).decode(errors="replace")
    for name, value in parse_qsl(text, keep_blank_values=True, errors="replace"):
        received.fields.append((plain_text(name.encode()), plain_text(value.encode())))


class IntakeRequest(Request):
    """Flask's request with a form reader of its own; see the module.

    The first look at `form`, `files` or `too_large` reads the whole body. It raises Busy when the process
    holds too many bytes already, and BadRequest for a body that was cut off or is no form; afterwards `form`
    has the words that did come, and `files` is empty.
    """

    _too_large = False
    _lease: _Lease | None = None

    @property
    def too_large(self) -> bool:
        """The request is over a limit: its words are in `form`, its files are gone."""
        self._load_form_data()
        return self._too_large

    def _load_form_data(self) -> None:
        if "form" in self.__dict__:
            return
        try:
            self._receive()
        finally:
            turnstile.step_in()  # a slow line has held a thread until here, and no place

    def _receive(self) -> None:
        if self.mimetype not in ("multipart/form-data", "application/x-www-form-urlencoded"):
            super()._load_form_data()
            return
        limits: UploadLimits = current_app.extensions.get(EXTENSION) or UploadLimits()
        self._lease = _Lease(limits.inflight_mb * _MB)
        received = _Received(limits, self._lease)
        declared = None if getattr(self, "_cached_data", None) is not None else self.content_length
        most = max(limits.drain_mb, limits.request_mb) * _MB + 1  # so that a body left unread is too large
        body = _Body(self._get_stream_for_parsing(), declared, most)
        if declared is not None and declared > limits.request_mb * _MB:
            received.refuse_files()
        whole = True
        if self.mimetype == "multipart/form-data":
            whole = _read_multipart(body, self.mimetype_params.get("boundary", ""), received, limits)
        else:
            _read_urlencoded(body, received, limits)
        self._keep(received, whole=whole and not body.cut)
        if body.cut:
            raise ClientDisconnected
        if not whole:
            raise BadRequest("The form did not arrive whole.")
        if received.busy and not received.too_large:
            raise Busy(_RETRY_AFTER_SECONDS)

    def _keep(self, received: _Received, *, whole: bool) -> None:
        if not whole:
            received.refuse_files(busy=True)
        self._too_large = received.too_large
        self.__dict__["stream"] = BytesIO()
        self.__dict__["form"] = self.parameter_storage_class(received.fields)
        self.__dict__["files"] = self.parameter_storage_class(received.files)

    def close(self) -> None:
        super().close()
        if self._lease is not None:
            self._lease.release()
