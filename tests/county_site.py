"""A built demo county behind its own site: what its staff see through their pages."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from intake.app import create_app
from intake.core.clock import FixedClock
from intake.core.world import World, open_world
from intake.demo import build
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


@contextmanager
def built_demo(folders: pytest.TempPathFactory, data: Path | None = None) -> Iterator[Demo]:
    """The demo of this data as of `TODAY`, its clock standing still on that day."""
    folder = folders.mktemp("demo") / "county"
    with fresh_database(folders.mktemp("db")) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MSX_DATABASE_URL", url)
        settings = build(folder, url=URL, data=data, today=TODAY)
        world = open_world(settings, clock=FixedClock(NOW.replace(year=2027, month=3, day=1)))
        yield Demo(folder, world)
        world.close()
