"""Raw bytes against the form of a live server: no error of ours, bounded memory, and the next report is taken.

U3, U5, U7: lying lengths, endless parts, thousands of fields, NUL, broken UTF-8, slow lines, lines cut and tried again.
"""

import itertools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from intake.reports.models import Report, ReportFile, Spent
from tests.database import fresh_database
from tests.multipart import BOUNDARY, body_of
from tests.robustness.album import photo
from tests.robustness.installation import UNLIMITED, Installation, installed
from tests.robustness.visitor import Page, Visitor

pytestmark = pytest.mark.sqlite  # what is parsed here reaches no database

UPLOAD_MB, INFLIGHT_MB = 4, 16
SETTINGS = UNLIMITED | {
    "MSX_MAX_UPLOAD_MB": str(UPLOAD_MB),
    "MSX_MAX_PHOTO_MB": "2",
    "MSX_INFLIGHT_MB": str(INFLIGHT_MB),
    "MSX_DRAIN_MB": "8",
}
# What all hostile requests together may add to a worker: the bytes in flight twice (as they come and as they are
# parsed), and one request's words and parser. Photos are not decoded here.
BUDGET_MB = 2 * INFLIGHT_MB + 48
WORDS = "村口的路灯坏了两个月，没有人来修，晚上走路看不见。"
STATUS = re.compile(rb"^HTTP/1\.1 (\d{3}) ")
SECONDS = 20.0


@dataclass(frozen=True)
class Target:
    """One server for all of it."""

    installation: Installation

    @property
    def port(self) -> int:
        return self.installation.server.port

    @property
    def form(self) -> str:
        return f"/b/{self.installation.board}/report"

    def visitor(self) -> Visitor:
        return Visitor(self.port)

    def token(self) -> str:
        return self.visitor().open_form(self.installation.board)

    def line(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)

    def head(self, *headers: str, kind: str = f"multipart/form-data; boundary={BOUNDARY}") -> bytes:
        lines = [f"POST {self.form} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Content-Type: {kind}", *headers]
        return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")

    def post(self, body: bytes, *headers: str, kind: str = f"multipart/form-data; boundary={BOUNDARY}") -> int:
        """The status of a form of these bytes, its length told truly."""
        return self.say([self.head(f"Content-Length: {len(body)}", *headers, kind=kind), body], end=False)

    def say(self, pieces: Iterable[bytes], *, end: bool = True) -> int:
        """The status that comes back for raw bytes; 0 where the line was closed without one.

        `end` closes our half of the line behind them; to the server that is somebody who has gone away.
        """
        with self.line() as line:
            with suppress(OSError):  # who is refused early may find the line closed
                for piece in pieces:
                    line.sendall(piece)
                if end:
                    line.shutdown(socket.SHUT_WR)
            return status_of(line)

    def memory_mb(self) -> float:
        """The most that the worker has held so far."""
        (worker,) = self.installation.server.workers()
        status = Path(f"/proc/{worker}/status").read_text(encoding="utf-8")
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) / 1024

    def counts(self) -> tuple[int, int, int]:
        """Reports, spent forms, photos."""
        with self.installation.world.db.read() as session:
            reports, spent, files = (
                session.scalar(select(func.count()).select_from(rows)) or 0 for rows in (Report, Spent, ReportFile)
            )
            return reports, spent, files


def status_of(line: socket.socket) -> int:
    answer = b""
    with suppress(OSError):
        while len(answer) < 64 and (piece := line.recv(65536)):
            answer += piece
        while line.recv(65536):
            pass
    found = STATUS.match(answer)
    return int(found[1]) if found else 0


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("hostile")
    with (
        fresh_database(folder) as url,
        installed(folder, url, environment=SETTINGS) as installation,
        installation.server,
    ):
        found = Target(installation)
        found.visitor().file(installation.board, WORDS, [("a.jpg", photo(0))])  # warm
        before = found.memory_mb()
        yield found
        assert found.memory_mb() - before < BUDGET_MB, "memory over the budget, all hostile requests together"
        said = installation.server.said()
        assert "Traceback" not in said
        assert "reports.submit " not in said, f"an error of ours:\n{said}"
        assert said.count("Spawning worker") == 1, "the worker died"


def taken(target: Target) -> None:
    """The next honest report is taken."""
    target.visitor().file(target.installation.board, f"{WORDS}第{time.monotonic_ns()}件")


def part(name: bytes, value: bytes, more: bytes = b"") -> bytes:
    head = b"--%s\r\nContent-Disposition: form-data; name=%s%s\r\n\r\n" % (BOUNDARY.encode(), name, more)
    return head + value + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def honest(target: Target, body: str = WORDS) -> bytes:
    return body_of({"token": target.token(), "body": body, "identity": "anonymous"}, [("a.jpg", photo(1))])


# Lengths


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "0x10", "99999999999999999999", "12, 13", "+12", "1 2", ""])
def test_a_length_that_is_none(target: Target, length: str) -> None:
    status = target.say([target.head(f"Content-Length: {length}"), honest(target)])
    assert status in (0, 400, 413, 422)
    taken(target)


@pytest.mark.parametrize("lie", [-40, -4, 1, 1000, 10_000_000])
def test_a_length_that_lies(target: Target, lie: int) -> None:
    """Too short: the form has no end. Too long: the line ends before it. It is said, and nothing is filed."""
    body, before = honest(target), target.counts()
    status = target.say([target.head(f"Content-Length: {len(body) + lie}"), body])
    assert status in (400, 413)
    assert target.counts() == before
    taken(target)


def test_two_lengths_and_both_ways_at_once(target: Target) -> None:
    body = honest(target)
    for headers in (
        (f"Content-Length: {len(body)}", "Content-Length: 5"),
        (f"Content-Length: {len(body)}", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: gzip, chunked", f"Content-Length: {len(body)}"),
        ("Transfer-Encoding: identity",),
        (f"Content-Length: {len(body)}", "Content-Encoding: gzip"),
        (f"Content-Length: {len(body)}", "Expect: 100-continue"),
    ):
        assert target.say([target.head(*headers), body]) in (0, 100, 200, 400, 411, 413, 422, 501), headers
    taken(target)


@pytest.mark.parametrize(
    "chunks",
    [b"zz\r\nabc\r\n", b"-5\r\n", b"5\r\nab\r\n0\r\n\r\n", b"ffffffffffffffff\r\n", b"5;" + b"x" * 70_000],
    ids=["no number", "below nothing", "too little", "without end", "a long word"],
)
def test_chunks_that_are_none(target: Target, chunks: bytes) -> None:
    assert target.say([target.head("Transfer-Encoding: chunked"), chunks]) in (0, 400, 413, 431)
    taken(target)


# Parts


INNER = b"Content-Type: multipart/mixed; boundary=" + BOUNDARY.encode()
MARK = f"--{BOUNDARY}\r\n".encode()
MANY: dict[str, Callable[[], bytes]] = {
    "ten thousand fields": lambda: b"".join(part(b'"f%d"' % n, b"x") for n in range(10_000)) + END,
    "ten thousand bodies": lambda: part(b'"body"', WORDS.encode()) * 10_000 + END,
    "ten thousand files": lambda: part(b'"files"', b"x", b'; filename="a.jpg"') * 10_000 + END,
    "parts without end": lambda: part(b'"body"', b"x") * 60_000,
    "a head without end": lambda: MARK + b"Content-Disposition: form-data; name=" + b"x" * 3_000_000,
    "a thousand headers in a part": lambda: MARK + b"X-H: y\r\n" * 50_000 + b"\r\n" + END,
    "no boundary anywhere": lambda: b"\r\n" * 2_000_000,
    "nothing but boundaries": lambda: MARK * 100_000,
    "half boundaries": lambda: f"\r\n--{BOUNDARY[:-1]}".encode() * 100_000,
    "a form in a form": lambda: (MARK + b"Content-Disposition: form-data; name=body\r\n" + INNER + b"\r\n\r\n") * 5_000,
}


@pytest.mark.parametrize("kind", MANY)
def test_more_than_a_form_holds(target: Target, kind: str) -> None:
    before, began = target.counts(), time.monotonic()
    assert target.post(MANY[kind]()) in (400, 413, 422)
    assert target.counts() == before
    assert time.monotonic() - began < SECONDS
    taken(target)


def test_ten_thousand_fields_in_one_line(target: Target) -> None:
    body = b"&".join(b"f%d=x" % n for n in range(10_000)) + b"&body=" + b"%00%ff" * 10_000
    assert target.post(body, kind="application/x-www-form-urlencoded") in (400, 413, 422)
    taken(target)


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary=""',
        f"multipart/form-data; boundary={'x' * 5_000}", "multipart/form-data; boundary=\xe4\xb8\xad",
        "multipart/mixed; boundary=x", "application/json", "text/plain; charset=utf-7", "", ";;;", "multipart/\xff",
    ],
    ids=range(11),
)  # fmt: skip
def test_a_form_of_another_kind(target: Target, kind: str) -> None:
    before = target.counts()
    assert target.post(honest(target), kind=kind) in (400, 413, 415, 422)
    assert target.counts() == before
    taken(target)


NASTY = (
    b"\0", b"\0" * 3_000, b"\xff\xfe\xfd", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe4\xb8",
    "\u202e\u2066\ufeff".encode(), b"\r\n\r\n", b"\x1b[2J", b"{{7*7}}%s%n", b"'\"><script>x</script>",
    "𬭚㙍䶮".encode(),
)  # fmt: skip


def test_nul_and_broken_letters_in_every_field_are_taken_as_text(target: Target) -> None:
    """A report with a broken letter is a report: it is filed, and the letter is replaced."""
    before = target.counts()[0]
    for number, nasty in enumerate(NASTY):
        body = part(b'"token"', target.token().encode()) + part(b'"body"', WORDS.encode() + b"%d" % number + nasty)
        body += part(b'"place"', nasty[:100]) + part(b'"subject"', nasty[:100]) + part(b'"' + nasty[:50] + b'"', nasty)
        body += part(b'"files"', photo(2), b'; filename="' + nasty.replace(b'"', b"")[:80] + b'.php.jpg"') + END
        assert target.post(body) in (200, 400), nasty
    assert target.counts()[0] >= before + len(NASTY) - 1  # one of them ends the part's head, and the form with it


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    holes=st.lists(st.tuples(st.floats(0, 0.999), st.binary(max_size=40)), max_size=6),
    cuts=st.lists(st.floats(0, 1), max_size=4),
    keep=st.floats(0.2, 1),
    chunked=st.booleans(),
)
def test_damage_of_any_kind_is_a_page_of_ours(
    target: Target, holes: list[tuple[float, bytes]], cuts: list[float], keep: float, chunked: bool
) -> None:
    body = bytearray(HONEST)
    for place, bytes_ in holes:
        at = int(place * len(body))
        body[at : at + len(bytes_)] = bytes_
    sent = bytes(body[: int(len(body) * keep)])
    edges = sorted({0, len(sent), *(int(cut * len(sent)) for cut in cuts)})
    pieces = [sent[a:b] for a, b in itertools.pairwise(edges) if b > a]
    if chunked:
        head = target.head("Transfer-Encoding: chunked")
        pieces = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces] + [b"0\r\n\r\n"]
    else:
        head = target.head(f"Content-Length: {len(sent)}")
    assert target.say([head, *pieces], end=False) in (200, 400, 413, 422)


HONEST = body_of({"token": "x", "body": WORDS, "identity": "anonymous"}, [("a.jpg", b"\xff\xd8" * 300)])


# Slow lines, cut lines


def test_slow_lines_hold_up_nobody(target: Target) -> None:
    """Twenty who send a byte now and then: the others are served, and no memory is held for what may come."""
    with ExitStack() as lines:
        slow = [lines.enter_context(target.line()) for _ in range(20)]
        for line in slow:
            line.sendall(target.head(f"Content-Length: {UPLOAD_MB * 1024 * 1024}") + HONEST[:200])
        for _ in range(3):
            for line in slow:
                line.sendall(b"x")
            taken(target)
    taken(target)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_line_tried_again_is_one_report(target: Target, share: float) -> None:
    before = target.counts()
    form = {"token": target.token(), "body": f"{WORDS}断在{share}。", "identity": "anonymous"}
    files = [("a.jpg", photo(int(share * 100))), ("b.jpg", photo(int(share * 100) + 1))]
    body = body_of(form, files)
    with target.line() as line:
        line.sendall(target.head(f"Content-Length: {len(body)}") + body[: int(len(body) * share)])
    first = target.visitor().send(target.form, form, files)
    again = target.visitor().send(target.form, form, files)
    assert first.receipt == again.receipt
    after = target.counts()
    assert tuple(b - a for a, b in zip(before, after, strict=True)) == (1, 1, 2)


def test_tried_again_while_the_first_is_still_on_its_way(target: Target) -> None:
    """Both arrive in the end: one report, one receipt."""
    before = target.counts()
    form = {"token": target.token(), "body": f"{WORDS}两条线。", "identity": "anonymous"}
    files = [("a.jpg", photo(7))]
    body = body_of(form, files)
    half, pages = len(body) // 2, list[Page]()
    with target.line() as line:
        line.sendall(target.head(f"Content-Length: {len(body)}") + body[:half])
        retry = threading.Thread(target=lambda: pages.append(target.visitor().send(target.form, form, files)))
        retry.start()
        retry.join(SECONDS)
        line.sendall(body[half:])
        assert status_of(line) == 200
    assert pages[0].status == 200
    after = target.counts()
    assert tuple(b - a for a, b in zip(before, after, strict=True)) == (1, 1, 1)
