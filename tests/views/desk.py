"""A desk for tests of staff pages: the cast, a few boards, filings, and a browser with a session."""

import html
import re
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from intake.boards import services as boards
from intake.boards.models import Site
from intake.core import vault
from intake.core.world import World
from intake.reports import content, services
from intake.reports.models import Report, StaffEvent
from intake.reports.services import Upload
from intake.routing.models import Grant
from intake.routing.services import reseal
from intake.web.formtoken import FormToken
from tests.cast import Cast, Member, enter
from tests.client import PageClient

SITES = (("CJ-990121101202", "village", "河口村公告栏", "team4"), ("GC-2026-001", "project", "上庄村道路硬化", "team3"))
RESTRICTION = "不要打电话到村里"
CONTACT = "何某，13800138000"
BODY = "村集体林场2024年卖树的钱11万没有进账，会计一个人管账。"


@dataclass(frozen=True)
class Case:
    report_id: str
    digits: str

    @property
    def path(self) -> str:
        return f"/staff/reports/{self.report_id}"


@dataclass
class Desk:
    """`client` acts for whoever entered last."""

    world: World
    cast: Cast
    client: PageClient
    codes: dict[str, str] = field(default_factory=dict)

    def open_boards(self) -> None:
        for site_no, kind, name, team_id in SITES:
            self._add_site(site_no, kind, name, team_id)
            code = boards.make_board(self.world, "test", site_no=site_no)
            boards.set_state(self.world, "test", code=code, state="live", reason="测试")
            self.codes[team_id] = code

    def _add_site(self, site_no: str, kind: str, name: str, team_id: str) -> None:
        routing_key = self.world.secrets.routing_key

        def write(session: Session) -> None:
            session.add(Site(site_no=site_no, kind=kind, name=name, team_id=team_id))
            reseal(session, routing_key)

        self.world.db.write(write)

    def file(
        self,
        body: str = BODY,
        *,
        team: str = "team4",
        uploads: tuple[Upload, ...] = (),
        held: tuple[str, ...] = (),
        **fields: object,
    ) -> Case:
        """A citizen's report as the form would hand it over."""
        draft = content.normalised(body=body, **fields)  # type: ignore[arg-type]  # the form's raw values
        token = FormToken("report", self.codes[team], vault.random_bytes(16), self.world.clock.now())
        with self.world.db.read() as session:
            before = set(session.scalars(select(Report.id)))
        filed = services.file_report(self.world, token=token, draft=draft, uploads=uploads, held=held)
        with self.world.db.read() as session:
            report_id = next(r for r in session.scalars(select(Report.id)) if r not in before)
        return Case(report_id, filed.digits)

    def write_again(self, case: Case, body: str) -> None:
        """The citizen answers through the receipt."""
        token = FormToken("receipt", "", vault.random_bytes(16), self.world.clock.now())
        services.add_to_report(self.world, digits=case.digits, token=token, body=body, uploads=())

    def rate(self, case: Case, score: int, text: str) -> None:
        token = FormToken("receipt", "", vault.random_bytes(16), self.world.clock.now())
        services.rate_report(self.world, digits=case.digits, token=token, score=score, text=text)

    def enter(self, member: Member, *, confirmed: bool = False) -> None:
        self.client.set_cookie("msx", enter(self.world, member, confirmed=confirmed).token)

    def leave(self) -> None:
        self.client.delete_cookie("msx")

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def post(self, path: str, **data: object) -> TestResponse:
        """As pressed on a page: the session's own form token goes along."""
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get("/staff/password").text)
        return self.client.post(path, data={"csrf_token": found.group(1) if found else "", **data})

    def version(self, case: Case) -> int:
        return self.row(case).version

    def row(self, case: Case) -> Report:
        with self.world.db.read() as session:
            return session.get_one(Report, case.report_id)

    def events(self, case: Case) -> list[str]:
        """What staff did with it, openings included, in order."""
        with self.world.db.read() as session:
            rows = select(StaffEvent.kind).where(StaffEvent.report_id == case.report_id)
            return list(session.scalars(rows.order_by(StaffEvent.seq)))

    def drop_grants(self, member: Member) -> None:
        """As if this person had joined after everything so far was filed."""

        def write(session: Session) -> None:
            for grant in session.scalars(select(Grant).where(Grant.holder == member.person_id)):
                session.delete(grant)

        self.world.db.write(write)


def hidden(page: TestResponse, name: str) -> str:
    """The value of the first hidden input of this name."""
    found = re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', page.text)
    assert found is not None, f"no field {name}"
    return html.unescape(found.group(1))


def marked(page: TestResponse, testid: str) -> list[str]:
    """The opening tags that carry this data-testid."""
    return re.findall(rf'<[^>]*data-testid="{testid}"[^>]*>', page.text)


def words(page: TestResponse, testid: str) -> list[str]:
    """The plain text of each element that carries this data-testid (up to its closing tag of the same name)."""
    found = re.finditer(rf'<(\w+)[^>]*data-testid="{testid}"[^>]*>(.*?)</\1>', page.text, re.S)
    return [html.unescape(re.sub(r"<[^>]+>", "", m.group(2))).strip() for m in found]
