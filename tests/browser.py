"""A real browser in front of the real server: Debian's Chromium, `msx serve`, the demo county, stories in steps.

A `Site` is a served copy of the demo with a clock of its own. `Visits` opens browser contexts, each a separate
visitor with its own network, and remembers whatever went wrong inside them. `Citizen` and `Staffer` are the steps
that tests tell their stories with.
"""

import base64
import fcntl
import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FilePayload,
    Page,
    Request,
    sync_playwright,
)

from intake.demo.filings import photo
from intake.people import totp
from tests.robustness.live_server import MSX, ROOT, LiveServer, free_port

CHROMIUM = "/usr/bin/chromium"
COOKIE = "msx"  # of a signed-in session over plain http on this machine
DAY = "2026-11-22"  # the demo's last filings; the visits begin on the Monday after
MORNING = datetime.fromisoformat("2026-11-23T09:30:00+08:00")
PHONE = (360, 640)
DESK = (1366, 768)
_ARGUMENTS = (
    "--no-sandbox",  # root in a container has no namespaces to give away
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-features=OptimizationHints,MediaRouter,Translate",
    "--disable-sync",
    "--hide-scrollbars",
    "--no-first-run",
    "--no-proxy-server",
)
_NETWORKS = itertools.count(1)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Headless Chromium, as people have it: Playwright would turn off the cache that brings a page back on Back."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=list(_ARGUMENTS),
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield browser
        browser.close()


# ---------------------------------------------------------------- the site


@dataclass
class Site:
    """A served demo county: what `demo.json` says, and the hand on its clock."""

    url: str
    folder: Path
    demo: dict[str, Any]
    clock_file: Path
    now: datetime = MORNING
    sessions: dict[str, str] = field(default_factory=dict)  # by login: its cookie, for many looks
    shown: dict[str, int] = field(default_factory=dict)  # by login: the last half minute whose code was used

    def later(self, **step: float) -> None:
        """Let time pass: nobody fills in a form in under two seconds, and sessions end."""
        self.now += timedelta(**step)
        fresh = self.clock_file.with_suffix(".new")
        fresh.write_text(self.now.isoformat(), encoding="utf-8")
        fresh.replace(self.clock_file)

    def code(self, site_no: str) -> str:
        return str(next(board["code"] for board in self.demo["boards"] if board["site_no"] == site_no))

    def board(self, site_no: str, query: str = "") -> str:
        """The address in the code of the board at `site_no`."""
        return f"{self.url}/b/{self.code(site_no)}{query}"

    def filing(self, ref: str) -> dict[str, str]:
        """id, receipt and site number of one of the demo's filings."""
        found: dict[str, str] = next(report for report in self.demo["reports"] if report["ref"] == ref)
        return found

    def password(self, login: str) -> str:
        return str(self._staff(login)["password"])

    def phone(self, login: str) -> str:
        """What this person's phone shows, once each: time passes until it shows another. Empty without a phone."""
        secret = next((one["totp_secret"] for one in self.demo["staff"] if one["login"] == login), None)
        if secret is None:
            return ""
        if totp.step_of(self.now) <= self.shown.get(login, 0):
            self.later(seconds=totp.STEP_SECONDS)
        self.shown[login] = totp.step_of(self.now)
        return self.shows(secret)

    def shows(self, secret: str) -> str:
        """What an app that was given `secret` shows now."""
        return totp.code_of(base64.b32decode(secret.replace(" ", "")), totp.step_of(self.now))

    def _staff(self, login: str) -> dict[str, Any]:
        found: dict[str, Any] = next(one for one in self.demo["staff"] if one["login"] == login)
        return found


def build_county(folder: Path) -> None:
    """The demo county, with the same texts, days and states every time."""
    command = [str(MSX), "--dir", str(folder), "demo", "--no-serve", "--fresh", "--today", DAY]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def county_of_this_run(shared: Path) -> Path:
    """The demo county under `shared`, built by whichever worker comes first."""
    folder = shared / "county"
    with (shared / "county.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "demo.json").exists():
            build_county(folder)
    return folder


@contextmanager
def served(county: Path, folder: Path) -> Iterator[Site]:
    """A copy of the county in `folder`, served on a free port. A forwarded address counts: see `Visits`."""
    shutil.copytree(county, folder)
    port = free_port()
    url, clock_file = f"http://127.0.0.1:{port}", folder / "clock"
    environment = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "MSX_CLOCK_FILE": str(clock_file),
        "MSX_PUBLIC_URL": url,
        "MSX_TRUSTED_PROXIES": "1",
    }
    site = Site(url, folder, json.loads((folder / "demo.json").read_text(encoding="utf-8")), clock_file)
    site.later(seconds=0)
    command = [str(MSX), "--dir", str(folder), "serve", "--port", str(port)]
    with LiveServer(command, port=port, environment=environment, log=folder / "serve.log"):
        yield site


# ---------------------------------------------------------------- visitors


@dataclass
class Visits:
    """Browser contexts of one test. Each comes from a network of its own, so that no limit is shared."""

    browser: Browser
    site: Site
    wrong: list[str] = field(default_factory=list)
    _open: list[BrowserContext] = field(default_factory=list)

    def page(self, size: tuple[int, int] = PHONE, **options: Any) -> Page:
        """A fresh page of a fresh visitor; `options` are Playwright's for a context."""
        number = next(_NETWORKS)
        network = {"X-Forwarded-For": f"10.{number >> 8 & 255}.{number & 255}.7"}
        width, height = size
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            base_url=self.site.url,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            extra_http_headers=network,
            **options,
        )
        context.set_default_timeout(15_000)
        context.on("console", self._said)
        context.on("weberror", lambda error: self.wrong.append(f"script: {error.error}"))
        context.on("request", self._asked)
        self._open.append(context)
        return context.new_page()

    def citizen(self, **options: Any) -> "Citizen":
        """Somebody with a phone in front of a board."""
        return Citizen(self.page(**{"has_touch": True} | options), self.site)

    def staffer(self, size: tuple[int, int] = PHONE, **options: Any) -> "Staffer":
        return Staffer(self.page(size, **options), self.site)

    def close(self) -> None:
        for context in self._open:
            context.close()
        self._open.clear()

    def _said(self, message: ConsoleMessage) -> None:
        """Refusals by the page's own policy and the like. A page that answers 404 is no mistake."""
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.wrong.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.site.url}/", "blob:", "about:")):
            self.wrong.append(f"foreign request: {request.url}")


def picture(name: str = "IMG_20261111_081502.jpg", data: bytes | None = None) -> FilePayload:
    """A photograph as a phone would hand it over: a trench, unless other bytes are given."""
    return {"name": name, "mimeType": "image/jpeg", "buffer": photo() if data is None else data}


@dataclass
class Citizen:
    """Somebody with a phone: no account, no cookie, no name."""

    page: Page
    site: Site

    def scans(self, site_no: str, query: str = "") -> Self:
        self.page.goto(self.site.board(site_no, query))
        return self

    def opens_form(self) -> Self:
        self.page.get_by_role("link", name="我要反映").click()
        self.site.later(minutes=1)  # reading and writing take a while
        return self

    def writes(self, text: str) -> Self:
        self.page.get_by_label("发生了什么事？").fill(text)
        return self

    def adds_photo(self, *photos: FilePayload) -> Self:
        self.page.get_by_label("照片").set_input_files(list(photos) or [picture()])
        return self

    def sends(self) -> Self:
        self.page.locator("main").get_by_role("button", name="交上去").click()
        return self

    @property
    def receipt(self) -> str:
        """The digits on the slip."""
        return re.sub(r"\D", "", self.page.get_by_test_id("receipt").inner_text())

    def files(self, site_no: str, text: str) -> str:
        """The whole way without a photo; the receipt's digits."""
        return self.scans(site_no).opens_form().writes(text).sends().receipt

    def looks_up(self, digits: str, query: str = "") -> Self:
        self.page.goto(f"/receipt{query}")
        self.page.locator("#receipt").fill(" ".join(re.findall("....", digits)))
        self.page.locator("main button[type=submit]").click()
        return self

    @property
    def state(self) -> str | None:
        """What the box says: one of the coarse states."""
        return self.page.get_by_test_id("report-state").get_attribute("data-state")

    def answers(self, text: str, *photos: FilePayload) -> Self:
        self.page.get_by_label("您的回答").fill(text)
        if photos:
            self.page.get_by_label("照片").set_input_files(list(photos))
        self.page.get_by_role("button", name="送出回答").click()
        return self

    def rates(self, score: int, words: str) -> Self:
        # The radio lies over its tile, as on the form: a person touches the tile.
        self.page.get_by_role("radio", name=str(score)).check()
        self.page.get_by_label("想说的话").fill(words)
        self.page.get_by_role("button", name="送出评分").click()
        return self


@dataclass
class Staffer:
    """Somebody of a team, at a desk or on the way."""

    page: Page
    site: Site

    def signs_in(self, login: str, password: str | None = None) -> Self:
        self.page.goto("/staff/login")
        return self.enters(login, password or self.site.password(login))

    def enters(self, login: str, password: str) -> Self:
        self.page.get_by_label("登录名").fill(login)
        self.page.get_by_label("口令").fill(password)
        self.page.get_by_label("动态码").fill(self.site.phone(login))
        self.page.get_by_role("button", name="登录").click()
        return self

    def sees_login_page(self) -> bool:
        return self.page.url.split("?")[0] == f"{self.site.url}/staff/login"

    def signs_out(self) -> Self:
        self.page.get_by_role("button", name="退出").click()
        return self

    def opens(self, text: str) -> Self:
        """The case in the queue whose first words are `text`, on whichever page of it."""
        self.page.goto("/staff/queue")
        row = self.page.get_by_test_id("queue-row").filter(has_text=text)
        following = self.page.locator("a[rel=next]")
        while not row.count():
            assert following.count(), f"no case begins with {text}"
            following.click()
        row.get_by_role("link").click()
        return self

    def asks(self, text: str) -> Self:
        self.page.get_by_label("回信").fill(text)
        self.page.get_by_label("请群众补充").check()
        self.page.get_by_role("button", name="发出").click()
        return self

    def moves(self, to: str, *, result: str | None = None, words: str = "") -> Self:
        """One of the case's moves: its fold opened, its own form sent."""
        move = self.page.locator("details", has=self.page.get_by_test_id(f"move-{to}"))
        move.locator("summary").click()
        if result is not None:
            move.get_by_label("结果").select_option(label=result)
        if words:
            move.get_by_label("说明").fill(words)
        move.get_by_test_id(f"move-{to}").click()
        return self

    def confirms_password(self, login: str, password: str | None = None) -> Self:
        """The page that asks once more before keys are touched."""
        self.page.get_by_label("口令").fill(password or self.site.password(login))
        self.page.get_by_role("button", name="确认").click()
        return self
