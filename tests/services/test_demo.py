"""The demo county: what `expected.csv` promises since the line, seen through the staff's own pages."""

import base64
import csv
import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import config
from intake.app import create_app
from intake.core.clock import FixedClock
from intake.core.world import World, open_world
from intake.demo import build, county
from intake.demo.build import DemoError
from intake.people import totp
from tests.client import PageClient
from tests.conftest import NOW
from tests.database import fresh_database

URL = "http://127.0.0.1:8123"
TODAY = date(2027, 3, 1)


class Demo:
    """A built demo, its `demo.json` and its site."""

    def __init__(self, folder: Path, world: World) -> None:
        self.folder = folder
        self.world = world
        self.facts: dict[str, Any] = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
        self.app = create_app(world.settings, world=world)
        self.app.test_client_class = PageClient
        self.inside: dict[str, FlaskClient] = {}

    def report(self, ref: str) -> dict[str, str]:
        found: dict[str, str] = next(r for r in self.facts["reports"] if r["ref"] == ref)
        return found

    def staff(self, login: str) -> FlaskClient:
        """A browser signed in through the login page: once, since a code counts once."""
        if login not in self.inside:
            self.inside[login] = self._signed_in(login)
        return self.inside[login]

    def _signed_in(self, login: str) -> FlaskClient:
        person = next(p for p in self.facts["staff"] if p["login"] == login)
        client = self.app.test_client()
        page = client.get("/staff/login", base_url=URL).get_data(as_text=True)
        token = re.search(r'name="token"[^>]*value="([^"]+)"', page)
        assert token is not None
        fields = {"token": token.group(1), "login": login, "password": person["password"]}
        if person["totp_secret"]:
            secret = base64.b32decode(person["totp_secret"])
            fields["code"] = totp.code_of(secret, totp.step_of(self.world.clock.now()))
        assert client.post("/staff/login", base_url=URL, data=fields).status_code == 303
        return client

    def rows(self, login: str, lane: str = "") -> dict[str, str]:
        """report id → its row, over every page of a person's queue."""
        client, address, found = self.staff(login), f"/staff/queue?lane={lane}", {}
        while address:
            html = client.get(address, base_url=URL).get_data(as_text=True)
            for row in re.findall(r'<tr[^>]*data-testid="queue-row".*?</tr>', html, re.DOTALL):
                match = re.search(r'data-report-id="([^"]+)"', row)
                assert match is not None
                found[match.group(1)] = row
            following = re.search(r'<a[^>]*rel="next"[^>]*href="([^"]+)"|<a[^>]*href="([^"]+)"[^>]*rel="next"', html)
            address = (following.group(1) or following.group(2)).replace("&amp;", "&") if following else ""
        return found

    def case(self, login: str, ref: str) -> tuple[int, str]:
        page = self.staff(login).get(f"/staff/reports/{self.report(ref)['id']}", base_url=URL)
        return page.status_code, page.get_data(as_text=True)

    def in_queue_of(self, ref: str, *logins: str) -> None:
        for login in logins:
            assert self.report(ref)["id"] in self.rows(login), (ref, login)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo") / "county"
    with fresh_database(tmp_path_factory.mktemp("db")) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MSX_DATABASE_URL", url)
        settings = build(folder, url=URL, today=TODAY)
        world = open_world(settings, clock=FixedClock(NOW.replace(year=2027, month=3, day=1)))
        yield Demo(folder, world)
        world.close()


def _r01(demo: Demo) -> None:
    demo.in_queue_of("R01", "liaison3", "leader3")
    for login in ("liaison3", "leader3"):
        status, page = demo.case(login, "R01")
        assert status == 200
        assert "图纸上写的是DN300双壁波纹管" in page
        assert 'data-testid="case-file"' in page


def _r21(demo: Demo) -> None:
    row = demo.rows("liaison4")[demo.report("R21")["id"]]
    assert "13800138000" not in row
    assert "990121198001010028" not in row
    _, page = demo.case("liaison4", "R21")
    assert "不要打电话到村里" in re.sub(r'data-testid="case-body".*?</p>', "", page, flags=re.DOTALL)


CHECKS: dict[str, Callable[[Demo], None]] = {
    "R01": _r01,
    "R03": lambda demo: demo.in_queue_of("R03", "liaison4", "member4", "leader4", "leader4b"),
    "R04": lambda demo: demo.in_queue_of("R04", "liaison3", "leader3"),
    "R07": lambda demo: demo.in_queue_of("R07", "member4", "liaison4"),
    "R08": lambda demo: demo.in_queue_of("R08", "liaison1", "leader1"),
    "R16": lambda demo: demo.in_queue_of("R16", "liaison1", "leader1"),
    "R21": _r21,
}


def _expected() -> list[str]:
    with (county.SHIPPED / "expected.csv").open(encoding="utf-8") as file:
        return [row["report"] for row in csv.DictReader(file) if row["since"] == "line"]


@pytest.mark.parametrize("ref", _expected())
def test_what_must_be_seen_since_the_line(demo: Demo, ref: str) -> None:
    CHECKS[ref](demo)


def test_every_filing_has_its_entry_and_its_receipt_opens(demo: Demo) -> None:
    refs = [r["ref"] for r in demo.facts["reports"]]
    assert len(refs) == 27 + 37
    assert [r for r in refs if r.startswith("R24")] == [f"R24-{n:02}" for n in range(1, 38)]
    assert len({r["receipt"] for r in demo.facts["reports"]}) == len(refs)
    for ref in ("R01", "R24-37", "R19"):
        page = demo.app.test_client().post("/receipt", base_url=URL, data={"receipt": demo.report(ref)["receipt"]})
        assert page.status_code == 200
        assert 'data-testid="report-state"' in page.get_data(as_text=True)


def test_ticked_reports_lie_with_the_office_alone(demo: Demo) -> None:
    assert demo.report("R27")["id"] in demo.rows("office1")
    for login in ("liaison4", "leader4", "member4", "leader4b", "liaison3"):
        assert demo.report("R27")["id"] not in demo.rows(login)
        assert demo.case(login, "R27")[0] == 404


def test_nobody_else_sees_a_row(demo: Demo) -> None:
    for login in ("case1", "town_fl1", "superior1"):
        assert demo.rows(login) == {}
    for login in ("auditor1", "sysadmin1"):
        assert demo.staff(login).get("/staff/queue", base_url=URL).status_code == 403


def test_boards_and_posters(demo: Demo) -> None:
    states = {board["site_no"]: board["state"] for board in demo.facts["boards"]}
    assert states["CJ-990121200204"] == "revoked"
    assert states["DW-990121-009"] == "closed"
    assert sum(state == "live" for state in states.values()) == 7
    client = demo.app.test_client()
    codes = {board["site_no"]: board["code"] for board in demo.facts["boards"]}
    assert client.get(f"/b/{codes['CJ-990121200204']}", base_url=URL).status_code == 410
    assert client.get(f"/b/{codes['DW-990121-009']}", base_url=URL).status_code == 200
    posters = sorted(path.name for path in (demo.folder / "posters").iterdir())
    assert len(posters) == 7
    assert f"GC-2026-001_{codes['GC-2026-001']}_works_A4.pdf" in posters


def test_dates_are_shifted_and_settings_are_read_back(demo: Demo) -> None:
    assert county.read(county.SHIPPED, TODAY).day("2026-11-22") == TODAY
    assert config.load({"MSX_DIR": str(demo.folder)}).public_url == URL
    with demo.world.db.read() as session:
        from_rows = session.connection().exec_driver_sql("select min(day), max(day) from report").one()
    assert all(str(TODAY.year) in str(day) for day in from_rows)


def test_a_filled_folder_is_refused_and_a_strangers_folder_never_cleared(demo: Demo, tmp_path: Path) -> None:
    with pytest.raises(DemoError):
        build(demo.folder, url=URL)
    (tmp_path / "somebody's").write_text("work")
    with pytest.raises(DemoError):
        build(tmp_path, url=URL, fresh=True)
    assert (tmp_path / "somebody's").read_text() == "work"
