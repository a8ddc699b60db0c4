"""Bodies of every size and shape, read by a small application of its own: the words are never lost."""

import gc
import hashlib
import io
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from flask import Flask, Request, Response, jsonify, request
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException
from werkzeug.test import EnvironBuilder, run_wsgi_app

from intake.core.errors import Busy
from intake.web import upload
from intake.web.upload import IN_FLIGHT, IntakeRequest, UploadLimits

MB = 1024 * 1024
LIMITS = UploadLimits(request_mb=4, photo_mb=1, inflight_mb=8, drain_mb=6)
BOUNDARY = b"----limit"


def make_app(limits: UploadLimits = LIMITS) -> Flask:
    app = Flask("upload")
    app.request_class = IntakeRequest
    app.extensions[upload.EXTENSION] = limits

    @app.post("/")
    def take() -> Response:
        sent = request._get_current_object()  # type: ignore[attr-defined]  # the proxy's own method
        assert isinstance(sent, IntakeRequest)
        files = [
            [file.filename, len(data := file.read()), hashlib.sha256(data).hexdigest(), file.too_big, len(file.head)]
            for file in request.files.getlist("files")
        ]
        return jsonify(form=request.form.to_dict(flat=False), files=files, too_large=sent.too_large)

    @app.errorhandler(Busy)
    @app.errorhandler(HTTPException)
    def kept(error: Exception) -> Response:
        answer = jsonify(form=request.form.to_dict(flat=False), files=len(request.files), error=type(error).__name__)
        answer.status_code = error.code or 500 if isinstance(error, HTTPException) else 503
        return answer

    return app


@pytest.fixture
def app() -> Flask:
    return make_app()


@pytest.fixture(autouse=True)
def budget_comes_back() -> Iterator[None]:
    assert IN_FLIGHT.bytes == 0
    yield
    gc.collect()
    assert IN_FLIGHT.bytes == 0


def text_part(name: bytes, value: bytes) -> bytes:
    return b'\r\n--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s' % (BOUNDARY, name, value)


def file_part(data: bytes, filename: bytes = b"a.jpg") -> bytes:
    head = b'\r\n--%s\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\n' % (BOUNDARY, filename)
    return head + b"Content-Type: image/jpeg\r\n\r\n" + data


def closed(*parts: bytes) -> bytes:
    return b"".join(parts)[2:] + b"\r\n--" + BOUNDARY + b"--\r\n"


def padded_to(size: int, photo: int = MB - 9) -> bytes:
    """A body of exactly `size` bytes: words, photos, and a last photo that fills it up."""
    parts = [text_part(b"body", "埋深不到六十公分".encode())]
    end = len(closed())
    while size - len(b"".join(parts)) - end - len(file_part(b"")) > photo:
        parts.append(file_part(b"p" * photo))
    rest = size - len(closed(*parts, file_part(b"")))
    return closed(*parts, file_part(b"q" * rest))


def post(
    app: Flask, body: bytes | io.IOBase, *, length: int | None = -1, terminated: bool = False,
    kind: str = "multipart/form-data; boundary=" + BOUNDARY.decode(),
) -> tuple[int, dict[str, object]]:  # fmt: skip
    """Status and what the application saw. `length` None sends none; the default is the true one."""
    environ = EnvironBuilder(path="/", method="POST").get_environ()
    environ["CONTENT_TYPE"] = kind
    environ["wsgi.input"] = io.BytesIO(body) if isinstance(body, bytes) else body
    environ.pop("CONTENT_LENGTH", None)
    if length == -1 and isinstance(body, bytes):
        length = len(body)
    if length is not None:
        environ["CONTENT_LENGTH"] = str(length)
    if terminated:
        environ["wsgi.input_terminated"] = True
    # Not Flask's client: it would put the length right again.
    answer, status, _ = run_wsgi_app(app, environ)
    return int(status[:3]), json.loads(b"".join(answer))


# --- As Flask does --------------------------------------------------------------------------------------------

names = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters='\0\r\n"\\'), min_size=1, max_size=12)
values = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=60)


@settings(max_examples=150, deadline=None)
@given(
    fields=st.lists(st.tuples(names, values), max_size=6),
    files=st.lists(st.tuples(names, st.binary(max_size=3000)), max_size=4),
    step=st.integers(1, 700),
)
def test_what_fits_is_read_exactly_as_flask_reads_it(
    fields: list[tuple[str, str]], files: list[tuple[str, bytes]], step: int
) -> None:
    parts = [text_part(name.encode(), value.encode()) for name, value in fields]
    body = closed(*parts, *(file_part(data, name.encode()) for name, data in files))
    read = {}
    for kind in (Request, IntakeRequest):
        environ = EnvironBuilder(path="/", method="POST").get_environ()
        environ |= {
            "CONTENT_TYPE": "multipart/form-data; boundary=" + BOUNDARY.decode(),
            "wsgi.input": SlowStream(body, step), "wsgi.input_terminated": True,
        }  # fmt: skip
        with make_app().app_context():
            one = kind(environ)
            sent = [(file.filename, file.content_type, file.read()) for file in one.files.getlist("files")]
            read[kind] = (list(one.form.items(multi=True)), sent)
            one.close()
    assert read[IntakeRequest] == read[Request]


class SlowStream(io.BytesIO):
    """Gives at most `step` bytes at a time, as a bad connection does."""

    def __init__(self, data: bytes, step: int) -> None:
        super().__init__(data)
        self._step = step

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self._step if size is None or size < 0 else min(size, self._step))


def test_urlencoded_forms_and_other_bodies_stay_what_they_are(app: Flask) -> None:
    status, seen = post(app, b"body=%E7%9F%B3+a&body=b&empty=&x", kind="application/x-www-form-urlencoded")
    assert (status, seen["form"]) == (200, {"body": ["石 a", "b"], "empty": [""], "x": [""]})
    status, seen = post(app, b'{"a": 1}', kind="application/json")
    assert (status, seen["form"], seen["too_large"]) == (200, {}, False)


def test_an_unfilled_file_field_is_an_empty_file_without_a_name(app: Flask) -> None:
    _, seen = post(app, closed(text_part(b"body", b"x"), file_part(b"", b"")))
    assert seen["files"] == [["", 0, hashlib.sha256(b"").hexdigest(), False, 0]]


def test_nothing_is_spooled_to_disk(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SpooledTemporaryFile", "TemporaryFile", "NamedTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, lambda *_, **__: pytest.fail("a temporary file"))
    monkeypatch.setattr("werkzeug.formparser.default_stream_factory", lambda **_: pytest.fail("Werkzeug's parser"))
    status, seen = post(app, padded_to(3 * MB))
    assert (status, seen["too_large"]) == (200, False)


# --- Limits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("over", "too_large"), [(-1, False), (0, False), (1, True), (MB, True)])
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_the_size_of_a_request_is_exact(app: Flask, over: int, too_large: bool, declared: bool) -> None:
    body = padded_to(4 * MB + over)
    assert len(body) == 4 * MB + over
    status, seen = post(app, body, length=len(body) if declared else None, terminated=not declared)
    assert (status, seen["too_large"]) == (200, too_large)
    assert seen["form"] == {"body": ["埋深不到六十公分"]}
    assert bool(seen["files"]) is not too_large


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_the_size_of_a_photo_is_exact(app: Flask, over: int) -> None:
    data = bytes(range(256)) * (MB // 256)
    data = data + b"x" * over if over >= 0 else data[:over]
    _, seen = post(app, closed(file_part(data), file_part(b"small"), text_part(b"body", b"after")))
    whole = ["a.jpg", len(data), hashlib.sha256(data).hexdigest(), False, 0]
    left_out = ["a.jpg", 0, hashlib.sha256(b"").hexdigest(), True, 4096]
    assert seen["files"] == [
        left_out if over > 0 else whole,
        ["a.jpg", 5, hashlib.sha256(b"small").hexdigest(), False, 0],
    ]
    assert seen["form"] == {"body": ["after"]}


def test_words_are_kept_before_and_behind_the_photos(app: Flask) -> None:
    photos = [file_part(b"p" * MB) for _ in range(5)]
    _, seen = post(app, closed(text_part(b"body", b"before"), *photos, text_part(b"place", b"behind")))
    assert seen == {"form": {"body": ["before"], "place": ["behind"]}, "files": [], "too_large": True}


class Endless(io.RawIOBase):
    """A body that never ends; counts what was read of it."""

    def __init__(self, start: bytes) -> None:
        self.start, self.count = start, 0

    def read(self, size: int = -1) -> bytes:
        piece, self.start = self.start[:size], self.start[size:]
        piece += b"x" * (size - len(piece))
        self.count += len(piece)
        return piece


@pytest.mark.parametrize("declared", [10**15, None])
def test_a_body_without_end_is_left_after_the_drain(app: Flask, declared: int | None) -> None:
    body = Endless(text_part(b"body", b"words")[2:] + file_part(b""))
    status, seen = post(app, body, length=declared, terminated=True)
    assert (status, seen["too_large"], seen["form"]) == (200, True, {"body": ["words"]})
    assert body.count == 6 * MB + 1


def test_words_that_never_end_are_kept_up_to_their_limit(app: Flask) -> None:
    _, seen = post(app, Endless(text_part(b"body", b"words ")), length=None, terminated=True)
    form = seen["form"]
    assert isinstance(form, dict)
    assert seen["too_large"] is True
    assert form["body"][0].startswith("words xxx")
    assert len(form["body"][0]) == MB


@pytest.mark.parametrize("chunk", [b"\r\n", b"\r", b"-", b"\r\n--" + BOUNDARY, b"\r\n--" + BOUNDARY + b" " * 300])
def test_hostile_content_is_read_in_little_time_and_memory(app: Flask, chunk: bytes) -> None:
    body = closed(text_part(b"body", b"words"), file_part(chunk * (3 * MB // len(chunk))), text_part(b"place", b"p"))
    began = time.thread_time()
    status, seen = post(app, body)
    assert time.thread_time() - began < 3
    assert status in (200, 400)
    assert isinstance(seen["form"], dict)
    assert seen["form"]["body"] == ["words"]


def test_a_flood_of_tiny_parts_is_not_even_parsed(app: Flask) -> None:
    began = time.thread_time()
    _, seen = post(app, closed(*(text_part(b"f%d" % n, b"x") for n in range(40_000))))
    assert time.thread_time() - began < 0.5
    form = seen["form"]
    assert isinstance(form, dict)
    assert (seen["too_large"], len(form)) == (True, 64)


@pytest.mark.parametrize(("count", "too_large"), [(30, False), (31, False), (60, False), (61, True), (500, True)])
def test_files_are_counted(app: Flask, count: int, too_large: bool) -> None:
    _, seen = post(app, closed(text_part(b"body", b"words"), *(file_part(b"p") for _ in range(count))))
    assert (seen["form"], seen["too_large"]) == ({"body": ["words"]}, too_large)
    assert len(seen["files"]) == (0 if too_large else count)  # type: ignore[arg-type]  # by construction a list


@pytest.mark.parametrize("size", [MB - 5, MB + 1, 5 * MB])
def test_huge_urlencoded_bodies(app: Flask, size: int) -> None:
    body = b"body=" + b"w" * size
    _, seen = post(app, body, kind="application/x-www-form-urlencoded")
    form = seen["form"]
    assert isinstance(form, dict)
    assert (len(form["body"][0]), seen["too_large"]) == (min(size, MB - 5), size > MB - 5)


def test_urlencoded_fields_are_counted(app: Flask) -> None:
    body = b"&".join(b"f%d=x" % n for n in range(65))
    _, seen = post(app, body, kind="application/x-www-form-urlencoded")
    form = seen["form"]
    assert isinstance(form, dict)
    assert (len(form), seen["too_large"]) == (64, True)


# --- Bytes in flight ------------------------------------------------------------------------------------------


def test_over_the_budget_it_is_busy_and_the_words_are_kept(app: Flask) -> None:
    assert IN_FLIGHT.take(6 * MB, most=8 * MB)
    try:
        assert post(app, padded_to(2 * MB - 4096))[0] == 200
        status, seen = post(app, padded_to(3 * MB))
        assert (status, seen["error"], seen["files"]) == (503, "Busy", 0)
        assert seen["form"] == {"body": ["埋深不到六十公分"]}
        status, seen = post(app, padded_to(5 * MB))
        assert (status, seen["too_large"]) == (200, True)  # waiting would not help this one
    finally:
        IN_FLIGHT.give(6 * MB)
    assert post(app, padded_to(3 * MB))[0] == 200


def test_words_need_no_budget(app: Flask) -> None:
    assert IN_FLIGHT.take(8 * MB, most=8 * MB)
    try:
        status, seen = post(app, closed(text_part(b"body", b"words"), file_part(b"", b"")))
    finally:
        IN_FLIGHT.give(8 * MB)
    assert (status, seen["form"]) == (200, {"body": ["words"]})


def test_a_request_holds_its_bytes_until_it_is_closed_or_forgotten(app: Flask) -> None:
    for end in ("close", "forget"):
        environ = EnvironBuilder(path="/", method="POST", input_stream=io.BytesIO(padded_to(MB))).get_environ()
        environ |= {"CONTENT_TYPE": "multipart/form-data; boundary=" + BOUNDARY.decode(), "CONTENT_LENGTH": str(MB)}
        with app.app_context():
            one = IntakeRequest(environ, populate_request=False)
            assert len(one.files) == 1
        assert MB - 4096 < IN_FLIGHT.bytes < MB
        if end == "close":
            one.close()
            one.close()
        del one
        gc.collect()
        assert IN_FLIGHT.bytes == 0


# --- Broken bodies --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_a_cut_body_is_no_form(app: Flask, share: float, declared: bool) -> None:
    body = padded_to(2 * MB)
    part = body[: int(len(body) * share)]
    for terminated in (True, False) if declared else (True,):
        status, seen = post(app, part, length=len(body) if declared else None, terminated=terminated)
        assert (status, seen["files"]) == (400, 0)
        assert seen["form"] == {"body": ["埋深不到六十公分"]}


def test_a_length_that_lies(app: Flask) -> None:
    body = padded_to(MB)
    assert post(app, body, length=len(body) + 1)[0] == 400
    assert post(app, body, length=len(body) - 9)[0] == 400  # the server gives that many bytes and no more
    assert post(app, body, length=0)[0] == 400
    assert post(app, body, length=None)[0] == 400  # no length, and a server that would wait for ever


def test_a_connection_that_breaks(app: Flask) -> None:
    class Breaking(SlowStream):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 20_000:
                raise ConnectionResetError
            return super().read(size)

    status, seen = post(app, Breaking(padded_to(MB), 5000), length=MB, terminated=True)
    assert (status, seen["files"]) == (400, 0)


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=other",
        "multipart/form-data; boundary=" + "x" * 201, "multipart/form-data; boundary=\xe4",
    ],
)  # fmt: skip
def test_boundaries_that_are_none(app: Flask, kind: str) -> None:
    status, seen = post(app, padded_to(MB), kind=kind)
    assert (status, seen["form"], seen["files"]) == (400, {}, 0)


def test_a_long_beginning_without_a_boundary_is_not_collected(app: Flask) -> None:
    body = Endless(b"")
    assert post(app, body, length=None, terminated=True)[0] == 400


@pytest.mark.parametrize(
    "head",
    [
        b"X-Nothing: here", b"Content-Disposition: form-data", b'Content-Disposition: form-data; name=""',
        b"Content-Disposition: form-data; name=" + b"n" * 90_000, b"X: " + b"y" * 90_000, b"\xff\xfe",
    ],
)  # fmt: skip
def test_odd_part_heads_never_crash(app: Flask, head: bytes) -> None:
    body = closed(text_part(b"body", b"words"), b"\r\n--" + BOUNDARY + b"\r\n" + head + b"\r\n\r\nvalue")
    status, seen = post(app, body)
    assert status in (200, 400)
    assert seen["form"] == {"body": ["words"]}


def test_nul_and_what_is_not_utf8_are_replaced(app: Flask) -> None:
    _, seen = post(app, closed(text_part(b"body", b"a\0b\xff\xe7\x9f")))
    assert seen["form"] == {"body": ["a\ufffdb\ufffd\ufffd"]}
    _, seen = post(app, b"body=a%00b%FFc\0&n%00=1", kind="application/x-www-form-urlencoded")
    assert seen["form"] == {"body": ["a\ufffdb\ufffdc\ufffd"], "n\ufffd": ["1"]}


def test_a_file_name_in_another_encoding_does_not_cost_the_report(app: Flask) -> None:
    status, seen = post(app, closed(text_part(b"body", b"words"), file_part(b"photo", "现场.jpg".encode("gbk"))))
    assert (status, seen["form"]) == (200, {"body": ["words"]})
    assert seen["files"][0][1] == 5  # type: ignore[index]  # likewise
    for name in ("../../x", "照片.jpg", "a\u202egpj.exe"):
        _, seen = post(app, closed(file_part(b"photo", name.encode())))
        assert seen["files"][0][0] == name  # type: ignore[index]  # likewise


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=600), at=st.integers(0, 500), step=st.integers(1, 600))
def test_no_body_ends_in_a_500(data: bytes, at: int, step: int) -> None:
    whole = closed(text_part(b"body", b"words"), file_part(b"p" * 300), text_part(b"place", b"here"))
    hurt = whole[:at] + data + whole[at:]
    status, seen = post(make_app(), SlowStream(hurt, step), length=None, terminated=True)
    assert status in (200, 400)
    assert isinstance(seen["form"], dict)


# --- Under the real server ------------------------------------------------------------------------------------

served = make_app()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        number = int(one.getsockname()[1])
    target = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(number), "tests.views.test_upload:served"]
    server = subprocess.Popen(
        [sys.executable, "-m", "granian", *target], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(number)
        yield number
    finally:
        server.terminate()
        server.wait(20)


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("granian did not start")


def exchange(port: int, head: bytes, pieces: list[bytes], *, hang_up: bool = False) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        kind = b"multipart/form-data; boundary=" + BOUNDARY
        line.sendall(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: "
            + kind
            + b"\r\n"
            + head
            + b"\r\n\r\n"
        )
        for piece in pieces:
            line.sendall(piece)
        if hang_up:
            return b""
        answer = b""
        while more := line.recv(65536):
            answer += more
        return answer


def chunked(body: bytes) -> list[bytes]:
    pieces = [body[at : at + 50_000] for at in range(0, len(body), 50_000)]
    return [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces] + [b"0\r\n\r\n"]


def test_chunked_transfer_reaches_the_form(port: int) -> None:
    answer = exchange(port, b"Transfer-Encoding: chunked", chunked(padded_to(2 * MB)))
    assert b" 200 " in answer.split(b"\r\n")[0]
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["too_large"] is False


def test_a_request_far_over_the_limit_is_answered_with_its_words(port: int) -> None:
    body = padded_to(6 * MB)
    for head, pieces in ((b"Content-Length: %d" % len(body), [body]), (b"Transfer-Encoding: chunked", chunked(body))):
        answer = exchange(port, head, pieces)
        assert b" 200 " in answer.split(b"\r\n")[0]
        seen = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert (seen["too_large"], seen["form"]["body"]) == (True, ["埋深不到六十公分"])


def test_senders_who_hang_up_leave_the_server_well(port: int) -> None:
    body = padded_to(2 * MB)
    for share in (0.1, 0.5, 0.9):
        exchange(port, b"Content-Length: %d" % len(body), [body[: int(len(body) * share)]], hang_up=True)
        exchange(port, b"Transfer-Encoding: chunked", chunked(body)[: int(40 * share)], hang_up=True)
    answer = exchange(port, b"Content-Length: %d" % len(body), [body])
    assert b" 200 " in answer.split(b"\r\n")[0]
