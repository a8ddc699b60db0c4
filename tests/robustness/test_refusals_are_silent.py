"""Every refusal and failure forced with marked text over a real server; then logs and files are searched again."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from intake.core.world import World
from intake.reports import receipt
from tests.cast import PASSWORD
from tests.robustness import marked
from tests.robustness.album import photo
from tests.robustness.installation import Installation, installed
from tests.robustness.live_server import LiveServer
from tests.robustness.needles import files_under, search
from tests.robustness.stealing import steal
from tests.robustness.visitor import Cut, Page, Visitor

SMALL = {
    "MSX_TRUSTED_PROXIES": "1",
    "MSX_MAX_UPLOAD_MB": "2",
    "MSX_MAX_PHOTO_MB": "2",
    "MSX_INFLIGHT_MB": "1",
    "MSX_LOOKUP_LIMIT": "3/10minutes",
    "MSX_FORM_FASTEST_SECONDS": "0",
}
LOGIN = "nadellogin-61"
WRONG_PASSWORD = "藏针处口令KoPf8WoR"


@pytest.fixture
def installation(tmp_path: Path, database_url: str) -> Iterator[Installation]:
    with installed(tmp_path, database_url, environment=SMALL) as found, found.server:
        yield found


@dataclass
class Trouble:
    """Somebody marked who runs into everything. `seen` is what came back: (what was done, status)."""

    installation: Installation
    seen: dict[str, int] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    digits: str = ""

    @property
    def visitor(self) -> Visitor:
        return Visitor(self.installation.server.port, source=marked.DIRECT, headers=marked.headers(1))

    @property
    def form(self) -> str:
        return f"/b/{self.installation.board}/report"

    def fields(self, **more: str) -> dict[str, str]:
        return {"token": self.visitor.open_form(self.installation.board)} | marked.fields(7) | more

    def note(self, what: str, page: Page) -> Page:
        self.seen[what], self.pages[what] = page.status, page
        return page


def refused_requests(trouble: Trouble) -> None:
    """400 and 405, before any view sees them."""
    visitor, words = trouble.visitor, marked.WORDS["body"]
    forged = Visitor(trouble.installation.server.port, headers=marked.headers(2) | {"Host": marked.REFERRER})
    trouble.note("forged host", forged.get(f"/b/{marked.REFERRER}?q={marked.AGENT}"))
    broken = {"Content-Type": "multipart/form-data"}
    trouble.note("no boundary", visitor.ask("POST", trouble.form, body=words.encode(), headers=broken))
    trouble.note("no such method", visitor.ask("DELETE", f"/receipt?receipt={valid_digits(0)}", body=words.encode()))
    with suppress(OSError):
        visitor.say(f"GET /{marked.AGENT} HTTP/9.9\r\nX: {words}\r\n\r\n".encode())
        visitor.say(words.encode() * 100)


def wrong_forms(trouble: Trouble) -> None:
    """404, 413, 422 and 503 with a whole report in hand."""
    visitor = trouble.visitor
    trouble.note("no such board", visitor.send("/b/ZZZZZZZZ/report", trouble.fields()))
    trouble.note(
        "too short", visitor.send(trouble.form, trouble.fields(body="短", contact=marked.WORDS["contact"] * 40))
    )
    trouble.note("no token", visitor.send(trouble.form, trouble.fields(token=marked.AGENT)))
    name = f"{marked.WORDS['file name']}.jpg"
    trouble.note("too large", visitor.send(trouble.form, trouble.fields(), [(name, b"x" * 3_000_000)]))
    trouble.note("no room", visitor.send(trouble.form, trouble.fields(), [(name, b"x" * 1_500_000)]))
    trouble.note("not a photo", visitor.send(trouble.form, trouble.fields(), [(name, marked.WORDS["body"].encode())]))


def wrong_receipts(trouble: Trouble) -> None:
    """422 and 404 with digits in hand, and the question that comes above the limit."""
    visitor = trouble.visitor
    trouble.note("wrong digit", visitor.look_up("38160944716205837719"))
    for number in range(5):
        trouble.note(f"look-up {number}", visitor.look_up(valid_digits(number)))
    said = {"receipt": valid_digits(9), "token": "x", "body": marked.WORDS["message"]}
    trouble.note("message", visitor.post("/receipt/message", said))


def valid_digits(number: int) -> str:
    """A receipt that passes its check and opens nothing."""
    digits = f"{3816094471620583770 + number:019d}"
    return digits + receipt.damm(digits)


def at_the_desk(trouble: Trouble) -> None:
    """Wrong passwords, and a page that is not for this role."""
    visitor = trouble.visitor
    token = visitor.get("/staff/login").token
    for number in range(3):
        login = {"login": LOGIN, "password": WRONG_PASSWORD, "token": token}
        trouble.note(f"sign-in {number}", visitor.post(f"/staff/login?next=/{marked.AGENT}", login))
    member = trouble.installation.cast.liaison
    entered = visitor.post("/staff/login", {"login": member.login, "password": PASSWORD, "token": token})
    assert entered.status == 303, entered.status
    cookie = entered.headers["set-cookie"].partition(";")[0]
    trouble.note("not this role", visitor.get(f"/admin/people?q={marked.REFERRER}", Cookie=cookie))


@contextmanager
def without_table(world: World, name: str) -> Iterator[None]:
    """The database fails under the server: a table is somewhere else for a moment."""
    with world.db.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {name} RENAME TO {name}_away")
    try:
        yield
    finally:
        with world.db.engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {name}_away RENAME TO {name}")


def failures(trouble: Trouble) -> None:
    """500 while reading, while recording, and while a box is opened."""
    world, visitor = trouble.installation.world, trouble.visitor
    trouble.digits = visitor.file(trouble.installation.board, marked.fields(8)["body"], confirmed="y")
    files = [(f"{marked.WORDS['file name']}.jpg", photo(0))]
    for table in ("spent", "citizen_event"):
        fields = trouble.fields()
        with without_table(world, table):
            trouble.note(f"without {table}", visitor.send(trouble.form, fields, files))
    other = Visitor(trouble.installation.server.port, headers=marked.headers(1) | {"X-Forwarded-For": "198.18.7.9"})
    with without_table(world, "box_message"):
        trouble.note("without box_message", other.look_up(trouble.digits))


def cut_off(trouble: Trouble) -> None:
    """A report of which half arrives."""
    head = f"POST {trouble.form} HTTP/1.1\r\nHost: 127.0.0.1:{trouble.installation.server.port}\r\n"
    head += f"User-Agent: {marked.AGENT}\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 90000\r\n"
    body = f'\r\n--x\r\nContent-Disposition: form-data; name="body"\r\n\r\n{marked.WORDS["body"]}'
    with socket.create_connection(("127.0.0.1", trouble.installation.server.port)) as connection:
        connection.sendall((head + body).encode())


def wait_for_another(server: LiveServer, worker: int) -> None:
    deadline = time.monotonic() + 30
    while server.workers() in ([], [worker]):
        assert time.monotonic() < deadline, f"no worker came after the killed one:\n{server.said()}"
        time.sleep(0.02)


def killed_worker(trouble: Trouble) -> None:
    """SIGKILL to the process that answers, with reports on their way; the server brings another one.

    Twice within seconds would end the server: granian takes that for a crash loop, and a service manager begins anew.
    """
    server, over = trouble.installation.server, threading.Event()

    def file_on() -> None:
        while not over.is_set():
            with suppress(Cut, AssertionError):
                trouble.visitor.send(trouble.form, trouble.fields(), [("x.jpg", photo(3))])

    threads = [threading.Thread(target=file_on) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.5)
        (worker,) = server.workers()
        os.kill(worker, signal.SIGKILL)
        wait_for_another(server, worker)
    finally:
        over.set()
        for thread in threads:
            thread.join()


EXPECTED = {
    "forged host": 400, "no boundary": 400, "no such method": 405,
    "no such board": 404, "too short": 422, "no token": 422, "too large": 413, "no room": 503, "not a photo": 200,
    "wrong digit": 422, "look-up 0": 404, "look-up 1": 404, "look-up 2": 404, "look-up 3": 200, "look-up 4": 200,
    "sign-in 0": 422, "sign-in 1": 429, "not this role": 403,
    "without spent": 500, "without citizen_event": 500, "without box_message": 500,
}  # fmt: skip


def test_no_refusal_and_no_failure_says_what_was_sent(installation: Installation, tmp_path: Path) -> None:
    trouble = Trouble(installation)
    for run_into in (refused_requests, wrong_forms, wrong_receipts, at_the_desk, failures, cut_off, killed_worker):
        run_into(trouble)
    assert {what: trouble.seen[what] for what in EXPECTED} == EXPECTED
    installation.server.stop()
    said = installation.server.said()
    for failed in ("reports.submit", "reports.open_box"):
        assert f"{failed} " in said, "a failure that is not in the log cannot be mended"
    assert said.count("Spawning worker") == 1 + said.count("Respawning worker") > 1
    needles: dict[str, str | bytes] = {
        **marked.WORDS, **marked.ADDRESSES, **marked.PACKED,
        "agent": marked.AGENT, "referrer": marked.REFERRER, "cookie": marked.COOKIE, "phone": marked.PHONE,
        "login": LOGIN, "wrong password": WRONG_PASSWORD, "password": PASSWORD,
    }  # fmt: skip
    needles |= {f"receipt {number}": valid_digits(number) for number in range(10)}
    needles |= {"own receipt": trouble.digits}
    assert search(needles, files_under(steal(installation, tmp_path / "stolen"))) == []
    assert list(Path(installation.server.environment["TMPDIR"]).iterdir()) == []


def test_what_was_typed_comes_back_with_the_refusal(installation: Installation) -> None:
    """Kept for the citizen, and for nobody else."""
    trouble = Trouble(installation)
    wrong_forms(trouble)
    for what in ("no such board", "too short", "no token", "too large", "no room"):
        kept = "短" if what == "too short" else marked.WORDS["body"]
        assert kept in trouble.pages[what].text, what
