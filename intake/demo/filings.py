"""Posting the demo's reports through the citizen's own form, minutes apart by the demo's clock."""

import io
import random
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageDraw
from sqlalchemy import select

from intake.core.clock import FixedClock
from intake.core.world import World
from intake.reports import questions, receipt
from intake.reports.models import Report
from intake.web import challenge

_TOKEN = re.compile(r'name="token"[^>]*value="([^"]+)"')
_RECEIPT = re.compile(r'data-testid="receipt"[^>]*>(.*?)</p>', re.DOTALL)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)"(?: id="\w+")? value="([^"]*)">')
_READING = timedelta(seconds=75)
_BETWEEN_COPIES = timedelta(seconds=15)


class FilingFailed(Exception):
    """The form did not answer with a receipt."""


@dataclass(frozen=True, slots=True)
class Filing:
    """One entry of `demo.json`."""

    ref: str
    id: str
    receipt: str
    site_no: str


def post_all(
    app: Flask, world: World, clock: FixedClock, reports: list[dict[str, Any]], codes: dict[str, str],
    *, start: datetime, end: datetime, seed: int,
) -> list[Filing]:  # fmt: skip
    """Post every report in a shuffled order between `start` and `end`; `codes` maps site number to board code."""
    rng = random.Random(seed)  # noqa: S311 - order and days of a demo, never a key or a receipt
    order = list(reports)
    rng.shuffle(order)
    step = (end - start) / max(1, len(order))
    client = app.test_client()
    filings: list[Filing] = []
    for place, row in enumerate(order):
        _set(clock, max(clock.now(), start + step * place))
        copies = int(row.get("copies") or 1)
        for number in range(1, copies + 1):
            ref = row["id"] if copies == 1 else f"{row['id']}-{number:02}"
            text = row["text"] if number == 1 else _variation(row["text"], number)
            digits = _post(client, world, clock, codes[row["site"]], row, text)
            filings.append(Filing(ref, _report_id(world, digits), digits, row["site"]))
            clock.advance(_BETWEEN_COPIES if copies > 1 else timedelta(minutes=3))
    return sorted(filings, key=lambda filing: filing.ref)


def post(client: FlaskClient, world: World, clock: FixedClock, code: str, row: dict[str, Any]) -> Filing:
    """One report as it is told, at the clock's moment."""
    digits = _post(client, world, clock, code, row, row["text"])
    return Filing(row["id"], _report_id(world, digits), digits, row["site"])


def _set(clock: FixedClock, when: datetime) -> None:
    clock.advance(when - clock.now())


def _variation(text: str, number: int) -> str:
    """Small variations, as somebody makes who posts the same by hand again and again."""
    tails = ("", "！", "！！", " 求转发", "…", "。", " 顶", "！！！！", "大家看看", " 快看")
    return text.rstrip("！") + "！" * (number % 4 + 1) + tails[number % len(tails)]


def _post(client: FlaskClient, world: World, clock: FixedClock, code: str, row: dict[str, Any], text: str) -> str:
    """One filing, the confirm step included; returns the receipt's digits."""
    address, url = f"/b/{code}/report", world.settings.public_url
    page = client.get(address, base_url=url)
    token = _TOKEN.search(page.get_data(as_text=True))
    if token is None:
        raise FilingFailed(f"{row['id']}: the form of {code} answered {page.status_code}")
    clock.advance(_READING)
    fields: dict[str, Any] = {
        "token": token.group(1),
        "body": text,
        "category": row.get("posted_category") or "",
        "identity": row.get("posted_identity") or "anonymous",
        "contact": row.get("posted_contact") or "",
        "contact_restriction": row.get("posted_contact_restriction") or "",
    }
    for tick in ("about_handler", "about_superior"):
        if row.get(f"posted_{tick}"):
            fields[tick] = "y"
    if "attachment" in (row.get("flags") or ()):
        fields["files"] = (io.BytesIO(photo()), "IMG_20261111.jpg")
    answer = client.post(address, base_url=url, data=dict(fields), content_type="multipart/form-data")
    if 'data-testid="confirm"' in answer.get_data(as_text=True):
        fields["confirmed"] = "y"
        answer = client.post(address, base_url=url, data=fields, content_type="multipart/form-data")
    if 'data-testid="challenge"' in answer.get_data(as_text=True):
        answer = client.post(address, base_url=url, data=_answered(client, answer.get_data(as_text=True)))
    found = _RECEIPT.search(answer.get_data(as_text=True))
    if answer.status_code != 200 or found is None:
        raise FilingFailed(f"{row['id']}: the form answered {answer.status_code} without a receipt")
    return re.sub(r"\D", "", re.sub(r"<[^>]+>", "", found.group(1)))


def _answered(client: FlaskClient, page: str) -> dict[str, str]:
    """The question of a challenge page, answered as somebody would who reads it."""
    fields = {name: unescape(value) for name, value in _HIDDEN.findall(page)}
    with client.application.test_request_context():
        asked = questions.question(challenge.seed_of(fields["challenge_id"]))
    return fields | {"answer": str(asked.number)}


def _report_id(world: World, digits: str) -> str:
    """The id that the pages carry: the receipt's own look-up, in the one place that may do both."""
    tag = receipt.opened(digits, world.secrets.pepper).tag
    with world.db.read() as session:
        return session.scalars(select(Report.id).where(Report.box_tag == tag)).one()


def photo() -> bytes:
    """A drawn photograph of a trench, a narrow pipe and a folding rule: nobody's picture."""
    image = Image.new("RGB", (1600, 1200), "#8d7355")
    draw = ImageDraw.Draw(image)
    rng = random.Random(7)  # noqa: S311 - gravel in a picture
    for _ in range(2600):
        x, y, r = rng.randrange(1600), rng.randrange(1200), rng.randrange(2, 9)
        shade = rng.randrange(90, 150)
        draw.ellipse((x, y, x + r, y + r), fill=(shade, shade - 20, shade - 45))
    draw.polygon([(380, 1200), (620, 260), (1010, 260), (1260, 1200)], fill="#4d3d2b")
    draw.polygon([(640, 1200), (745, 300), (865, 300), (965, 1200)], fill="#2f3437")
    for y in range(320, 1200, 26):
        w = 62 + (y - 300) // 6
        draw.arc((805 - w, y - 10, 805 + w, y + 16), 0, 180, fill="#5b6468", width=5)
    draw.polygon([(985, 1130), (1050, 1130), (930, 420), (905, 420)], fill="#e9cf52")
    for step in range(14):
        y = 440 + step * 50
        x = 915 + step * 9
        draw.line((x, y, x + 20 + step, y), fill="#222222", width=4)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=86)
    return out.getvalue()
