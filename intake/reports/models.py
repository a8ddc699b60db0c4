"""Rows of what citizens send and what they are answered. Citizens' rows carry a day, never a time."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from intake.core.tables import CITIZEN, Base


class Report(Base):
    """A filed report. Plain columns are what queues filter by; everything a citizen wrote is sealed."""

    __tablename__ = "report"

    id: Mapped[str] = mapped_column(ForeignKey("placement.report_id"), primary_key=True)
    register_no: Mapped[str] = mapped_column(unique=True)
    day: Mapped[date]
    day_order: Mapped[str]  # keyed hash of the id: the order within a day, unrelated to arrival
    category: Mapped[str | None]
    identity: Mapped[str]
    about_handler: Mapped[bool]
    about_superior: Mapped[bool]
    state: Mapped[str]
    since: Mapped[date]  # the day on which the state began: its clock runs from here
    awaiting_citizen: Mapped[bool] = mapped_column(default=False)
    result: Mapped[str | None]
    assignee_id: Mapped[str | None]  # who took it up first
    version: Mapped[int] = mapped_column(default=1)
    content: Mapped[bytes]  # body and the optional fields, under report_key
    contact: Mapped[bytes]  # under identity_key; as long for an empty contact as for a full one
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("report.id"), index=True)  # of an item split from it
    # A split item has no box of its own: the citizen holds one receipt, of the original.
    box_tag: Mapped[bytes | None] = mapped_column(unique=True)  # where the receipt finds it
    box_for_receipt: Mapped[bytes | None]  # box_key under the receipt's half
    box_for_staff: Mapped[bytes | None]  # box_key under report_key
    rated: Mapped[bool] = mapped_column(default=False)
    supervised: Mapped[bool] = mapped_column(default=False)  # 督办: not erased while it is, whatever its age
    staff_seq: Mapped[int] = mapped_column(default=0)
    staff_head: Mapped[str]
    staff_seal: Mapped[str]  # keyed: a history cut short by whoever can only write rows is found
    citizen_seq: Mapped[int] = mapped_column(default=0)
    citizen_head: Mapped[str]
    citizen_seal: Mapped[str]

    __table_args__ = (Index(None, "day", "day_order"), Index(None, "state"), CITIZEN)


class Addition(Base):
    """What a citizen added later, under a fresh key of its own (its id is the grants' envelope)."""

    __tablename__ = "addition"

    id: Mapped[str] = mapped_column(primary_key=True)
    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), index=True)
    seq: Mapped[int]
    kind: Mapped[str]  # message, files, rating
    day: Mapped[date]
    content: Mapped[bytes]

    __table_args__ = (CITIZEN,)


class ReportFile(Base):
    """A file of a report; `envelope` says which key opens it. Name and type are sealed in `meta`."""

    __tablename__ = "report_file"

    id: Mapped[str] = mapped_column(primary_key=True)
    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), index=True)
    envelope: Mapped[str]
    position: Mapped[int]
    day: Mapped[date]
    blob: Mapped[str] = mapped_column(unique=True)
    meta: Mapped[bytes]
    seen: Mapped[bytes]  # HMAC of the original under a key from the receipt: the same photo is known again

    __table_args__ = (Index(None, "report_id", "seen", unique=True), CITIZEN)


class BoxMessage(Base):
    """What the team wrote to the citizen, under box_key."""

    __tablename__ = "box_message"

    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    author_id: Mapped[str]
    asks: Mapped[bool]
    text: Mapped[bytes]

    __table_args__ = (CITIZEN,)


class Note(Base):
    """What staff wrote for each other, under report_key."""

    __tablename__ = "note"

    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    author_id: Mapped[str]
    text: Mapped[bytes]

    __table_args__ = (CITIZEN,)


class Spent(Base):
    """A form's nonce and content, used up. A keyed hash: it leads to no receipt and no report."""

    __tablename__ = "spent"

    tag: Mapped[bytes] = mapped_column(primary_key=True)
    day: Mapped[date]

    __table_args__ = (CITIZEN,)


class StaffEvent(Base):
    """One link of the chain of what staff did with a report, with its time."""

    __tablename__ = "staff_event"

    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[str]
    kind: Mapped[str]
    data: Mapped[dict[str, Any]]
    prev: Mapped[str]
    hash: Mapped[str]

    __table_args__ = (Index(None, "report_id", "kind", "actor_id"), CITIZEN)


class CitizenEvent(Base):
    """One link of the chain of what citizens did, with the day only."""

    __tablename__ = "citizen_event"

    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    kind: Mapped[str]
    data: Mapped[dict[str, Any]]
    prev: Mapped[str]
    hash: Mapped[str]

    __table_args__ = (CITIZEN,)


class LockedAway(Base):
    """A report past its time: nobody but a recovery key opens it, no receipt finds it; erased on or after a day.

    What it needs to come back as it was, should it be needed after all.
    """

    __tablename__ = "locked_away"

    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), primary_key=True)
    locked_on: Mapped[date]
    erase_on: Mapped[date]
    lane: Mapped[str]  # where it lay, under which mark
    mark: Mapped[str]
    box_tag: Mapped[bytes | None]

    __table_args__ = (Index(None, "erase_on"), CITIZEN)


class Erased(Base):
    """What is left of a report that was erased: that it was, on which day, and the hashes of its two chains.

    No word of it, no board, no team, nobody. Under a keyed seal, so that nobody makes one for what they deleted.
    """

    __tablename__ = "erased"

    report_id: Mapped[str] = mapped_column(primary_key=True)
    register_no: Mapped[str] = mapped_column(unique=True)
    erased_on: Mapped[date]
    staff_links: Mapped[list[str]]
    citizen_links: Mapped[list[str]]
    seal: Mapped[str]

    __table_args__ = (CITIZEN,)
