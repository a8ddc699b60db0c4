"""What a citizen does, over the real forms: find a board, open the form, send it, keep the receipt."""

import io
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from intake.boards import services as boards
from intake.boards.models import Region, Site
from intake.core.clock import FixedClock
from intake.core.world import World
from intake.reports import receipt
from intake.reports.models import Report
from intake.routing.services import reseal

BODY = "村口的路修了半截就停了，石子堆在学校门口，孩子每天绕着走。"
_TOKEN = re.compile(r'name="token"[^>]*value="([^"]+)"')
_RECEIPT = re.compile(r'data-testid="receipt"[^>]*>(.*?)</p>', re.DOTALL)


def make_site(world: World, *, site_no: str = "CJ-990121200203", kind: str = "village", team_id: str = "team4") -> None:
    """A site in a village of a town of a county."""

    def write(session: Session) -> None:
        for code, parent, level, name in (
            ("990121", None, "county", "岚溪县"),
            ("990121200", "990121", "town", "凤岭乡"),
            ("990121200203", "990121200", "village", "坪上村"),
        ):
            if session.get(Region, code) is None:
                session.add(Region(code=code, parent_code=parent, level=level, name=name))
                session.flush()
        name = f"坪上村公告栏{site_no[-3:]}"
        session.add(Site(site_no=site_no, kind=kind, name=name, region_code="990121200203", team_id=team_id))
        reseal(session, routing_key)

    routing_key = world.secrets.routing_key
    world.db.write(write)


def live_board(world: World, *, site_no: str = "CJ-990121200203", kind: str = "village", team_id: str = "team4") -> str:
    """A live board's code; its team needs an active member."""
    make_site(world, site_no=site_no, kind=kind, team_id=team_id)
    code = boards.make_board(world, "test", site_no=site_no)
    boards.set_state(world, "test", code=code, state="live", reason="挂牌")
    return code


def form_token(client: FlaskClient, code: str) -> str:
    """Open the form; the token it carries."""
    page = client.get(f"/b/{code}/report")
    assert page.status_code == 200, page.status_code
    return token_in(page)


def token_in(page: TestResponse) -> str:
    found = _TOKEN.search(page.get_data(as_text=True))
    assert found is not None, "no token on the page"
    return found.group(1)


def fields(token: str, body: str = BODY, **more: Any) -> dict[str, Any]:
    return {"token": token, "body": body, "identity": "anonymous", **more}


def send(client: FlaskClient, code: str, data: Mapping[str, Any]) -> TestResponse:
    """Post the form as a browser does, `body` before `files`."""
    ordered = {key: value for key, value in data.items() if key != "files"}
    if "files" in data:
        ordered["files"] = data["files"]
    return client.post(f"/b/{code}/report", data=ordered, content_type="multipart/form-data")


def file_report(client: FlaskClient, clock: FixedClock, code: str, body: str = BODY, **more: Any) -> str:
    """The whole way, slowly enough for a person; the receipt's digits."""
    token = form_token(client, code)
    clock.advance(timedelta(seconds=40))
    return digits_in(send(client, code, fields(token, body, **more)))


def digits_in(page: TestResponse) -> str:
    """The receipt on a receipt page."""
    assert page.status_code == 200, page.status_code
    found = _RECEIPT.search(page.get_data(as_text=True))
    assert found is not None, "no receipt on the page"
    digits = re.sub(r"\D", "", re.sub(r"<[^>]+>", "", found.group(1)))
    assert receipt.valid(digits)
    return digits


def look_up(client: FlaskClient, digits: str) -> TestResponse:
    return client.post("/receipt", data={"receipt": digits})


def report_of(world: World, digits: str) -> Report:
    """The row behind a receipt."""
    tag = receipt.opened(digits, world.secrets.pepper).tag
    with world.db.read() as session:
        return session.scalars(select(Report).where(Report.box_tag == tag)).one()


def photo(shade: int = 120, size: tuple[int, int] = (640, 480)) -> bytes:
    """A small plain JPEG; another `shade` is another photo."""
    out = io.BytesIO()
    Image.new("RGB", size, (shade, shade // 2, 90)).save(out, "JPEG")
    return out.getvalue()


def upload(data: bytes, name: str = "IMG_20261122_093011.jpg") -> tuple[io.BytesIO, str]:
    return io.BytesIO(data), name
