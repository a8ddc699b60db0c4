"""Appending to the two chains of a report: what staff did, with its time; what citizens did, by day."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.core import chain
from intake.core.chain import Link, Value
from intake.core.tables import Base, table_of
from intake.reports.models import CitizenEvent, Report, StaffEvent
from intake.reports.workflow import State
from intake.routing.services import Hand, Settled, on_settled


def _data(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def staff_fields(event: StaffEvent) -> dict[str, Value]:
    """What a staff link's hash is made over."""
    return {
        "chain": "staff",
        "report": event.report_id,
        "seq": event.seq,
        "at": event.at.astimezone(UTC).isoformat(),
        "actor": event.actor_id,
        "kind": event.kind,
        "data": _data(event.data),
    }


def citizen_fields(event: CitizenEvent) -> dict[str, Value]:
    """What a citizen link's hash is made over: the day, never a time, and nothing of the staff's chain."""
    return _citizen_fields(event.report_id, event.seq, day=event.day, kind=event.kind, data=event.data)


def _citizen_fields(report_id: str, seq: int, *, day: date, kind: str, data: Mapping[str, Any]) -> dict[str, Value]:
    return {
        "chain": "citizen",
        "report": report_id,
        "seq": seq,
        "day": day.isoformat(),
        "kind": kind,
        "data": _data(data),
    }


def seal(key: bytes, which: str, report_id: str, seq: int, head: str) -> str:
    """A keyed mark over where a chain ends: its rows can be deleted without the secret file, this cannot be made."""
    return chain.link(key, head, {"chain": which, "report": report_id, "ends": seq})


def filed_event(key: bytes, report_id: str, *, day: date, data: Mapping[str, Any]) -> dict[str, Any]:
    """The first row of a new report's citizen chain."""
    fields = _citizen_fields(report_id, 1, day=day, kind="filed", data=data)
    return {
        "report_id": report_id,
        "seq": 1,
        "day": day,
        "kind": "filed",
        "data": dict(data),
        "prev": chain.GENESIS,
        "hash": chain.link(key, chain.GENESIS, fields),
    }


def append_staff(
    session: Session,
    key: bytes,
    report: Report,
    *,
    at: datetime,
    actor_id: str,
    kind: str,
    data: Mapping[str, Any],
) -> None:
    """One more link; the caller holds the lock of the report's row."""
    event = StaffEvent(
        report_id=report.id, seq=report.staff_seq + 1, at=at, actor_id=actor_id, kind=kind, data=dict(data),
        prev=report.staff_head,
    )  # fmt: skip
    event.hash = chain.link(key, event.prev, staff_fields(event))
    report.staff_seq, report.staff_head = event.seq, event.hash
    report.staff_seal = seal(key, "staff", report.id, event.seq, event.hash)
    session.add(event)


def append_citizen(
    session: Session, key: bytes, report: Report, *, day: date, kind: str, data: Mapping[str, Any]
) -> None:
    """As `append_staff`, on the other chain."""
    event = CitizenEvent(
        report_id=report.id,
        seq=report.citizen_seq + 1,
        day=day,
        kind=kind,
        data=dict(data),
        prev=report.citizen_head,
    )
    event.hash = chain.link(key, event.prev, citizen_fields(event))
    report.citizen_seq, report.citizen_head = event.seq, event.hash
    report.citizen_seal = seal(key, "citizen", report.id, event.seq, event.hash)
    session.add(event)


_OF_REPORT = table_of(Report).c
ENDS = tuple(
    _OF_REPORT[name]
    for name in (
        "id", "state", "result", "staff_seq", "staff_head", "staff_seal", "citizen_seq", "citizen_head", "citizen_seal",
    )
)  # fmt: skip
"""What a report says about its chains; without what is sealed in it, which is long."""


def first_broken(session: Session, key: bytes, report: Report) -> str | None:
    """Where a chain of this report does not hold: "staff 3", "citizen 1", "state"; None where all holds."""
    return next((place for _, place in broken_places(session, key, [report])), None)


def broken_places(session: Session, key: bytes, reports: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """(report id, where) of those of these reports whose chains do not hold, two queries however many.

    `reports`: rows with the columns of `ENDS`, or the reports themselves.
    """
    ids = [report.id for report in reports]
    staff, citizen = _by_report(session, StaffEvent, ids), _by_report(session, CitizenEvent, ids)
    for report in reports:
        place = _broken_place(key, report, staff.get(report.id, []), citizen.get(report.id, []))
        if place is not None:
            yield report.id, place


def _by_report(session: Session, kind: type[Base], ids: Sequence[str]) -> dict[str, list[Any]]:
    """Plain rows: thousands of mapped objects would take longer to make than to check."""
    events = table_of(kind)
    rows = session.execute(select(events).where(events.c.report_id.in_(ids)).order_by(events.c.report_id, events.c.seq))
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.report_id, []).append(row)
    return found


def _broken_place(key: bytes, report: Any, staff: Sequence[Any], citizen: Sequence[Any]) -> str | None:
    place = chain.first_broken(key, [Link(e.prev, e.hash, staff_fields(e)) for e in staff], report.staff_head)
    if place is None and report.staff_seal != seal(key, "staff", report.id, report.staff_seq, report.staff_head):
        place = len(staff)
    if place is not None:
        return f"staff {place + 1}"
    place = chain.first_broken(key, [Link(e.prev, e.hash, citizen_fields(e)) for e in citizen], report.citizen_head)
    ends = seal(key, "citizen", report.id, report.citizen_seq, report.citizen_head)
    if place is None and report.citizen_seal != ends:
        place = len(citizen)
    if place is not None:
        return f"citizen {place + 1}"
    return None if _state_told(citizen, staff) == (report.state, report.result) else "state"


def _state_told(citizen: Sequence[Any], staff: Sequence[Any]) -> tuple[str, str | None]:
    """State and result as the first event and the moves on record leave them.

    An item split from a mixed report has no citizen's event: its first of staff says how it began.
    """
    state, result = State.received.value, None
    if citizen:
        state = citizen[0].data.get("state", state)
    elif staff:
        state = staff[0].data.get("state", state)
    for event in staff:
        if event.kind == "move":
            state, result = event.data["to"], event.data["result"] or result
    return state, result


def heads(session: Session) -> dict[str, tuple[str, str]]:
    """report id → heads of its staff's and its citizen's chain."""
    rows = session.execute(select(Report.id, Report.staff_head, Report.citizen_head))
    return {report_id: (staff, citizen) for report_id, staff, citizen in rows}


def record_settled(session: Session, hand: Hand, settled: Settled) -> None:
    """Keys that were withdrawn and a report that climbed are on its record, like any act.

    What a citizen's words set off goes into the citizens' chain, by day: between two staff times it would date them.
    """
    report = session.get_one(Report, settled.report_id, with_for_update=True)
    if report.assignee_id in settled.withdrawn:
        report.assignee_id = None
    if settled.withdrawn:
        _append_settled(session, hand, report, "withdrawn", {"holders": sorted(settled.withdrawn)})
    if settled.climbed_from is not None:
        _append_settled(session, hand, report, "climbed", {"from": settled.climbed_from, "to": settled.team_id})
        report.version += 1


def _append_settled(session: Session, hand: Hand, report: Report, kind: str, data: Mapping[str, Any]) -> None:
    if hand.is_citizen:
        append_citizen(session, hand.chain_key, report, day=hand.day, kind=kind, data=data)
    else:
        append_staff(session, hand.chain_key, report, at=hand.at, actor_id=hand.actor_id, kind=kind, data=data)


on_settled.append(record_settled)
