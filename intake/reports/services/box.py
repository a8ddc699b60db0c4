"""The citizen's side of a filed report: look it up, read what the team wrote, answer, rate."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.clock import local_day
from intake.core.errors import Invalid, NotFound
from intake.core.tables import table_of
from intake.core.world import World
from intake.people.models import Team
from intake.reports import content, receipt
from intake.reports.models import BoxMessage as BoxRow
from intake.reports.models import CitizenEvent, Report, StaffEvent
from intake.reports.receipt import ReceiptKeys
from intake.reports.services import additions
from intake.reports.services.additions import Added
from intake.reports.services.filing import is_spent, seen_key, spent_tag
from intake.reports.services.photos import Upload
from intake.reports.workflow import COARSE, State, coarse
from intake.routing.models import Placement
from intake.web.formtoken import FormToken

_REPORT, _PLACEMENT, _BOX_ROW = table_of(Report), table_of(Placement), table_of(BoxRow)
_CITIZEN, _STAFF, _TEAM = table_of(CitizenEvent), table_of(StaffEvent), table_of(Team)
# What a citizen added. Keys that went by their words are in their chain too, and nothing that they are told of.
_ADDED = ("message", "files", "rating")
# Built once: every look-up runs these.
_BY_TAG = (
    select(
        _REPORT.c.id, _REPORT.c.state, _REPORT.c.awaiting_citizen, _REPORT.c.day, _REPORT.c.rated,
        _REPORT.c.box_for_receipt, func.coalesce(_TEAM.c.name, _PLACEMENT.c.team_id).label("team_name"),
    )
    .join_from(_REPORT, _PLACEMENT, _PLACEMENT.c.report_id == _REPORT.c.id)
    .outerjoin(_TEAM, _TEAM.c.id == _PLACEMENT.c.team_id)
    .where(_REPORT.c.box_tag == bindparam("tag"))
)  # fmt: skip
_BOX = select(_BOX_ROW).where(_BOX_ROW.c.report_id == bindparam("id")).order_by(_BOX_ROW.c.seq)
_EVENTS = select(_CITIZEN).where(_CITIZEN.c.report_id == bindparam("id")).order_by(_CITIZEN.c.seq)
_MOVES = (
    select(_STAFF.c.at, _STAFF.c.data)
    .where(_STAFF.c.report_id == bindparam("id"), _STAFF.c.kind == "move")
    .order_by(_STAFF.c.seq)
)


@dataclass(frozen=True, slots=True)
class BoxMessage:
    """Something the team wrote to the citizen."""

    text: str
    day: date
    asks: bool


@dataclass(frozen=True, slots=True)
class BoxAddition:
    """That something arrived, and when; never what it said."""

    kind: str
    day: date


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the track: `status` is done, now or next."""

    state: str
    day: date | None
    status: str


@dataclass(frozen=True, slots=True)
class Box:
    """What a receipt opens: never the report, never a note."""

    digits: str
    state: str
    team_name: str
    filed_on: date
    messages: tuple[BoxMessage, ...]
    additions: tuple[BoxAddition, ...]
    steps: tuple[Step, ...]
    rating_open: bool
    rated: bool


def _found(session: Session, keys: ReceiptKeys) -> Report:
    report = session.scalars(select(Report).where(Report.box_tag == keys.tag)).first()
    if report is None:
        raise NotFound
    return report


def open_box(world: World, *, digits: str) -> Box:
    """The box that this receipt opens; `NotFound` for every other, whatever the reason."""
    keys = receipt.opened(digits, world.secrets.pepper)
    with world.db.read() as session:
        report = session.execute(_BY_TAG, {"tag": keys.tag}).first()
        if report is None:
            raise NotFound
        rows, events, moves = (session.execute(query, {"id": report.id}).all() for query in (_BOX, _EVENTS, _MOVES))
    box_key = vault.decrypt(keys.key, report.box_for_receipt, ("report", report.id, "box_for_receipt"))
    messages = tuple(
        BoxMessage(
            vault.decrypt(box_key, row.text, ("box_message", f"{report.id}/{row.seq}", "text")).decode(),
            row.day,
            row.asks,
        )
        for row in rows
    )
    state = coarse(State(report.state), awaiting_citizen=report.awaiting_citizen)
    moved = _days(moves, world.settings.timezone)
    return Box(
        digits=digits,
        state=state,
        team_name=report.team_name,
        filed_on=report.day,
        messages=messages,
        additions=tuple(BoxAddition(event.kind, event.day) for event in events if event.kind in _ADDED),
        steps=_steps(state, report.day, moved, messages),
        rating_open=state == "closed" and not report.rated,
        rated=report.rated,
    )


def _days(moves: Sequence[Any], zone: str) -> dict[str, date]:
    """Coarse state → the day on which it was first reached; of "closed" the last."""
    days: dict[str, date] = {}
    for move in moves:
        name, day = COARSE[State(move.data["to"])], local_day(move.at, zone)
        days[name] = day if name == "closed" else days.get(name, day)
    return days


def _steps(state: str, filed_on: date, moved: dict[str, date], messages: Sequence[BoxMessage]) -> tuple[Step, ...]:
    """Received, in progress, closed; what else is so now stands between, and the question where it waits."""
    days: dict[str, date | None] = {**moved, "received": filed_on}
    if state != "closed":
        days["closed"] = None
    order = ["received"]
    if state == "in_review":
        order.append("in_review")
    passed_on = state == "referred" or (state == "closed" and "referred" in moved)
    if "in_progress" in moved or (state != "closed" and not passed_on):
        order.append("in_progress")
    if passed_on:
        order.append("referred")
    order.append("closed")
    if state == "needs_info":
        order.insert(2 if "in_progress" in moved else 1, "needs_info")
        days["needs_info"] = next((m.day for m in reversed(messages) if m.asks), None)
    here = order.index(state)
    return tuple(
        Step(name, days.get(name), "done" if place < here else "now" if place == here else "next")
        for place, name in enumerate(order)
    )


def add_to_report(
    world: World, *, digits: str, token: FormToken, body: str = "", uploads: Sequence[Upload] = ()
) -> Added:
    """A message and photos through the receipt; the same form with the same content counts once."""
    keys = receipt.opened(digits, world.secrets.pepper)
    text = content.clean(body)
    tag = _message_tag(world, digits, token, text, uploads)
    with world.db.read() as session:
        report_id = _found(session, keys).id
        if is_spent(session, tag):
            return Added((), 0, True)
    if not text and not uploads:
        raise Invalid({"body": "请写几个字，或者选一张照片。"})
    if len(text) > world.settings.body_max:
        raise Invalid({"body": f"最多 {world.settings.body_max} 个字，现在有 {len(text)} 个。"})
    value = {"text": text} if text else {}
    kind = "message" if text else "files"
    return additions.add(
        world,
        report_id=report_id,
        seen_key=seen_key(keys),
        kind=kind,
        value=value,
        uploads=uploads,
        spent=tag,
    )


def already_added(
    world: World, *, digits: str, token: FormToken, body: str = "", uploads: Sequence[Upload] = ()
) -> bool:
    """Whether this form was taken with this content; looked at before the form's age."""
    with world.db.read() as session:
        return is_spent(session, _message_tag(world, digits, token, content.clean(body), uploads))


def _message_tag(world: World, digits: str, token: FormToken, text: str, uploads: Sequence[Upload]) -> bytes:
    originals = tuple(hashlib.sha256(upload.data or b"").digest() for upload in uploads)
    return spent_tag(world, token.nonce, content.message_digest(digits, text, originals))


def rate_report(world: World, *, digits: str, token: FormToken, score: int, text: str = "") -> None:
    """One rating, once the report is closed."""
    keys = receipt.opened(digits, world.secrets.pepper)
    words = content.clean(text)
    if score not in range(1, 6):
        raise Invalid({"score": "请选 1 到 5 分。"})
    if len(words) > world.settings.field_max:
        raise Invalid({"text": f"最多 {world.settings.field_max} 个字，现在有 {len(words)} 个。"})
    tag = spent_tag(world, token.nonce, content.message_digest(digits, f"{score}\n{words}", ()))
    with world.db.read() as session:
        report = _found(session, keys)
        if is_spent(session, tag):
            return
        if coarse(State(report.state), awaiting_citizen=False) != "closed":
            raise Invalid({"score": "办结以后才能评。"})
        if report.rated:
            raise Invalid({"score": additions.ALREADY_RATED})
        report_id = report.id
    additions.add(
        world,
        report_id=report_id,
        seen_key=seen_key(keys),
        kind="rating",
        value={"score": score, "text": words},
        spent=tag,
    )
