"""A real nginx with the shipped configuration: whatever happens to citizens behind it, no log knows of them."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from intake.reports import receipt as receipts
from tests.anonymity.gateway import Caller, Doors, Gateway, announced, gateway
from tests.database import fresh_database
from tests.robustness import marked
from tests.robustness.album import photo
from tests.robustness.installation import Installation, installed
from tests.robustness.needles import files_under, search
from tests.robustness.visitor import Page

pytestmark = pytest.mark.sqlite  # what is in front knows no database

STAFF = "127.55.44.33"  # somebody of staff: the one whose address is to be in the staff's log
V4, V6 = "203.0.113.77", "2001:db8:77:88:9:a:b:c"
CODE_PATH = "nadelpfad-31"
SETTINGS = {
    "MSX_TRUSTED_PROXIES": "1",
    "MSX_MAX_UPLOAD_MB": "2",
    "MSX_MAX_PHOTO_MB": "2",
    "MSX_INFLIGHT_MB": "1",
    "MSX_LOOKUP_LIMIT": "20/10minutes",
    "MSX_FORM_FASTEST_SECONDS": "0",
    "MSX_REPORT_PACE": "1000/5seconds",
}
# What a careless configuration would have: the search has to find everything there.
CARELESS = {
    "access_log off;": "access_log ../logs/access.log combined;",
    "error_log /dev/null emerg;": "error_log ../logs/error.log info;",
}


@dataclass
class Street:
    """The doors of one nginx, and what happened at each."""

    front: Gateway
    installation: Installation
    seen: dict[str, int] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    receipts: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.front.doors.front}"

    def caller(self, door: str, number: int = 1) -> Caller:
        """Somebody marked, at one of the doors."""
        doors, headers = self.front.doors, marked.headers(number)
        match door:
            case "front":
                return Caller(doors.front, host=self.host, source=marked.DIRECT, headers=headers)
            case "tls":
                return Caller(doors.tls, host=self.host, source=marked.DIRECT, tls=True, headers=headers)
            case address:
                return Caller(doors.proxied, host=self.host, says=announced(address), headers=headers)

    def note(self, what: str, page: Page) -> Page:
        self.seen[what], self.pages[what] = page.status, page
        return page


DOORS = ("front", "tls", V4, V6)


def honest(street: Street, doors: Sequence[str] = DOORS) -> None:
    """Everything that a citizen does, at every door."""
    board = street.installation.board
    for number, door in enumerate(doors):
        caller = street.caller(door, number)
        for path in ("/", f"/b/{board}", "/protection", "/static/citizen.css", "/leave", "/receipt"):
            street.note(f"{door} {path}", caller.get(f"{path}?q={marked.REFERRER}"))
        words = {"token": caller.open_form(board), "confirmed": "y"} | marked.fields(number)
        name = f"{marked.WORDS['file name']}.jpg"
        filed = caller.send(f"/b/{board}/report", words, [(name, photo(number))])
        receipt = street.note(f"{door} filed", filed).receipt
        street.receipts.append(receipt)
        box = street.note(f"{door} box", caller.look_up(receipt))
        said = {"receipt": receipt, "token": box.token, "body": marked.WORDS["message"]}
        street.note(f"{door} message", caller.send("/receipt/message", said, [(name, photo(number + 50))]))


def refused(street: Street) -> None:
    """Every status that the application or nginx itself can answer with."""
    board, caller, door = street.installation.board, street.caller("front"), street.front.doors.front
    form = f"/b/{board}/report"
    words = {"token": caller.open_form(board)} | marked.fields(9)
    street.note("no page", caller.get(f"/{CODE_PATH}/{marked.AGENT}?q={marked.REFERRER}"))
    street.note("no method", caller.ask("DELETE", form, body=marked.WORDS["body"].encode()))
    street.note("too short", caller.send(form, words | {"body": "短", "contact": marked.WORDS["contact"] * 30}))
    street.note("too large", caller.send(form, words, [("x.jpg", b"x" * 2_200_000)]))
    street.note("no room", caller.send(form, words, [("x.jpg", b"x" * 1_500_000)]))
    for number in range(24):
        last = caller.look_up(_valid(number))
    assert 'data-testid="challenge"' in street.note("too many look-ups", last).text
    street.note("figures", caller.get("/metrics"))
    street.note("another host", Caller(door, host=marked.REFERRER, headers=marked.headers(2)).get(f"/b/{board}"))
    huge = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(200 * 1024 * 1024)}
    street.note("far too large", caller.ask("POST", form, headers=huge))
    street.note("long address", caller.get(f"/{CODE_PATH}?{'x' * 9_000}"))
    street.note("long header", caller.ask("GET", f"/{CODE_PATH}", headers={"X-Long": "y" * 40_000}))
    for raw in (
        f"GET /{CODE_PATH} HTTP/9.9\r\nHost: {marked.REFERRER}\r\n\r\n".encode(),
        f"GET /{CODE_PATH} \0 {marked.AGENT}\r\n\r\n".encode(),
        marked.WORDS["body"].encode() * 50,
    ):
        with suppress(OSError):
                assert b"nginx" not in caller.say(raw).partition(b"\r\n\r\n")[2]
    plain_to_tls = Caller(street.front.doors.tls, host=street.host, source=marked.DIRECT, headers=marked.headers(3))
    street.note("plain to TLS", plain_to_tls.get(f"/b/{board}"))
    with suppress(OSError):
        plain_to_tls.say(b"\x16\x03\x01\x00\xff" + marked.AGENT.encode() * 20)
    _hang_up(street, form)


def _valid(number: int) -> str:
    digits = f"{3816094471620583770 + number:019d}"
    return digits + receipts.damm(digits)


def _hang_up(street: Street, form: str) -> None:
    """Half a report, with the line cut: at once, and while the rest is awaited."""
    head = f"POST {form} HTTP/1.1\r\nHost: {street.host}\r\nUser-Agent: {marked.AGENT}\r\n"
    head += "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 900000\r\n\r\n"
    body = f'--x\r\nContent-Disposition: form-data; name="body"\r\n\r\n{marked.WORDS["body"]}' * 10_000
    address = ("127.0.0.1", street.front.doors.front)
    with socket.create_connection(address, source_address=(marked.DIRECT, 0)) as line:
        line.sendall(head.encode() + body.encode()[:450_000])
        _wait_for(lambda: bool(waiting_bodies(street.front)))
        names = waiting_bodies(street.front)
        assert all(name.startswith(f"{street.front.run}/body/") and name.endswith(" (deleted)") for name in names)
    _wait_for(lambda: not waiting_bodies(street.front))


def waiting_bodies(front: Gateway) -> list[str]:
    """The files in which nginx keeps what does not fit its memory: none has a name from its first moment on."""
    links = [link for pid in front.server.pids() for link in Path(f"/proc/{pid}/fd").iterdir()]
    found = []
    for link in links:
        with suppress(OSError):
            found.append(str(link.readlink()))
    return [name for name in found if f"{front.run}/body" in name]


def _wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def rude(port: int) -> Iterator[None]:
    """Instead of the application, somebody who hangs up in the middle of every request."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        over = threading.Event()

        def hang_up() -> None:
            while not over.is_set():
                with suppress(OSError):
                    line, _ = listening.accept()
                    line.recv(1000)
                    line.close()

        listening.settimeout(0.1)
        thread = threading.Thread(target=hang_up)
        thread.start()
        yield
        over.set()
        thread.join()


def broken(street: Street) -> None:
    """The application is gone, or dies in the middle: what nginx writes most about."""
    form, caller = f"/b/{street.installation.board}/report", street.caller("front")
    words = marked.fields(11) | {"token": caller.open_form(street.installation.board)}
    street.installation.server.kill()
    street.note("nobody there", caller.send(form, words, [("x.jpg", photo(4))]))
    street.note("nobody there for staff", caller.get(f"/staff/reports/{CODE_PATH}?q={marked.REFERRER}"))
    with rude(street.installation.server.port):
        street.note("hung up", street.caller(V6).send(form, words, [("x.jpg", photo(4))]))
    street.installation.server.start()


def staff(street: Street) -> None:
    caller = Caller(street.front.doors.front, host=street.host, source=STAFF, headers={"User-Agent": marked.AGENT})
    page = street.note("sign-in page", caller.get(f"/staff/login?next=/{marked.REFERRER}"))
    for what in ("wrong password", "too many sign-ins"):
        login = {"login": "nadellogin-61", "password": marked.WORDS["body"], "token": page.token}
        street.note(what, caller.post("/staff/login", login))
    street.note("case", caller.get(f"/staff/reports/{CODE_PATH}?q={marked.REFERRER}"))
    street.note("activation", caller.get(f"/staff/activate/{CODE_PATH}"))


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    folder, doors = tmp_path_factory.mktemp("gateway"), Doors.free()
    settings = SETTINGS | {"MSX_PUBLIC_URL": f"http://127.0.0.1:{doors.front}"}
    with fresh_database(folder) as url, installed(folder, url, environment=settings) as installation:
        front = gateway(folder / "nginx", doors, upstream=installation.server.port)
        with installation.server:
            front.server.start(ready="/")
            street = Street(front, installation)
            try:
                for happen in (honest, refused, staff, broken, slow):
                    happen(street)
                honest(street, ["front"])
            finally:
                front.server.stop()
        yield street


@pytest.fixture(scope="module")
def careless(street: Street, tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    """The same in front of the same application, with a careless configuration, for a moment."""
    folder = tmp_path_factory.mktemp("careless")
    front = gateway(folder, street.front.doors, upstream=street.installation.server.port, changes=CARELESS)
    with street.installation.server:
        front.server.start(ready="/")
        for door in ("front", V6):
            for path in (f"/b/{street.installation.board}", "/static/citizen.css", "/receipt"):
                street.caller(door).get(path)
    street.caller("front").get(f"/b/{street.installation.board}")  # nobody there: a line with everything
    front.server.stop()
    return front


def needles(street: Street) -> dict[str, str | bytes]:
    found: dict[str, str | bytes] = {
        **marked.WORDS, **marked.ADDRESSES, **marked.PACKED, "agent": marked.AGENT, "referrer": marked.REFERRER,
        "cookie": marked.COOKIE, "phone": marked.PHONE, "board": street.installation.board, "path": CODE_PATH,
        "style sheet": "citizen.css", "this page": "/protection", "look-up": "/receipt",
    }  # fmt: skip
    return found | {f"receipt {number}": digits for number, digits in enumerate(street.receipts)}


def slow(street: Street) -> None:
    """More slow lines than the application has threads: they wait in nginx, and the next one is served."""
    head = f"POST /b/{street.installation.board}/report HTTP/1.1\r\nHost: {street.host}\r\n"
    head += "Content-Length: 90000\r\n\r\n"
    with ExitStack() as lines:
        for _ in range(80):
            line = lines.enter_context(socket.create_connection(("127.0.0.1", street.front.doors.front)))
            line.sendall(head.encode() + marked.WORDS["body"].encode() * 20)
        honest(street, ["tls"])


EXPECTED = {
    "no page": 404, "no method": 405, "too short": 422, "too large": 413, "no room": 503, "too many look-ups": 200,
    "figures": 404, "another host": 400, "far too large": 413, "long address": 414, "long header": 400,
    "plain to TLS": 400, "nobody there": 503, "hung up": 503, "wrong password": 422, "too many sign-ins": 429,
    "sign-in page": 200, "nobody there for staff": 503,
}  # fmt: skip


def test_no_log_knows_of_a_citizen(street: Street, careless: Gateway) -> None:
    """Neither nginx's nor the application's; nor anything that nginx put into a file on the way.

    One test, for the street is dear: what happened, the search, its control, the staff's log, the pages.
    """
    everything_happened(street)
    places = [*files_under(street.front.logs, street.front.run), street.installation.server.log]
    assert street.front.staff_log in places
    assert search(needles(street), places) == []
    assert list(files_under(street.front.run / "body", street.front.run / "proxy")) == []
    a_careless_configuration_would_have_been_noticed(careless, street)
    the_staffs_log_has_the_kind_of_page_and_no_more(street)
    what_nginx_answers_by_itself_says_what_to_do(street)
    what_the_application_says_comes_through(street)


def everything_happened(street: Street) -> None:
    assert {what: street.seen[what] for what in EXPECTED} == EXPECTED
    assert len(set(street.receipts)) == len(DOORS) + 2
    for door in DOORS:
        happened = {what: status for what, status in street.seen.items() if what.startswith(f"{door} ")}
        assert len(happened) == 9
        assert set(happened.values()) == {200}  # by TLS once more while eighty lines stood still
    assert street.installation.settings.threads < 80


def the_staffs_log_has_the_kind_of_page_and_no_more(street: Street) -> None:
    lines = street.front.staff_log.read_text(encoding="utf-8").splitlines()
    stripped = [re.sub(r"^\d{4}-\d\d-\d\dT[\d:+]+ ", "", line) for line in lines]
    mapped = f"::ffff:{STAFF}"
    own = [line.replace(mapped, STAFF) for line in stripped if STAFF in line]
    assert own == [
        f"{STAFF} GET /staff/login 200", f"{STAFF} POST /staff/login 422", f"{STAFF} POST /staff/login 429",
        f"{STAFF} GET /staff/reports/* 303", f"{STAFF} GET /staff/activate/* 404",
    ]  # fmt: skip
    assert len(stripped) == len(own), "what nginx answers by itself is in no log, whoever asked"


def what_nginx_answers_by_itself_says_what_to_do(street: Street) -> None:
    """In Chinese, with a way on, strict as every other page, and without the name of a program."""
    for what, says in {
        "nobody there": "请等 30 秒", "hung up": "交两次也只算一次", "far too large": "先交文字",
        "long address": "重新扫",
    }.items():  # fmt: skip
        page = street.pages[what]
        assert says in page.text
        assert "<title>意见反映</title>" in page.text
        assert "nginx" not in page.text
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert page.headers.get("retry-after") == ("30" if page.status == 503 else None)
        assert not re.search(r"\d", page.headers["server"])


def what_the_application_says_comes_through(street: Street) -> None:
    """Its own refusals keep what was typed, its own headers stay."""
    for what in ("too large", "no room", "too short"):
        assert marked.WORDS["place"] in street.pages[what].text
    assert street.pages["no room"].headers["retry-after"] == "30"
    assert street.pages["front /leave"].headers["clear-site-data"] == '"cache", "storage"'
    assert {page.headers["server"] for what, page in street.pages.items() if what.startswith("front ")} == {"web"}


def a_careless_configuration_would_have_been_noticed(careless: Gateway, street: Street) -> None:
    """The control: with ordinary logs the same search finds address, agent, referrer and board at once."""
    for log, wanted in {
        "access.log": {"direct", "forwarded IPv6", "agent", "referrer", "board", "style sheet", "look-up"},
        "error.log": {"direct", "direct /24", "board"},
    }.items():
        found = {hit.needle for hit in search(needles(street), [careless.logs / log])}
        assert wanted <= found, log
