"""Rows of what staff hand on and of what waits for a second person."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from intake.core.tables import CITIZEN, Base, new_id


class Pending(Base):
    """An act that waits for a second person; one at a time for a report."""

    __tablename__ = "pending"

    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), primary_key=True)
    kind: Mapped[str]  # move, reveal, purge, return
    to: Mapped[str | None]
    reason: Mapped[str | None]
    result: Mapped[str | None]
    team_id: Mapped[str | None]
    text: Mapped[bytes | None]  # under report_key
    dismissed: Mapped[list[str] | None]  # of a return: which mentions (kind:target) were caught wrongly
    proposer_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    version: Mapped[int]

    __table_args__ = (CITIZEN,)


class Reveal(Base):
    """A leader may open the contact until `until`: a second person agreed."""

    __tablename__ = "reveal"

    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    agreed_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    until: Mapped[datetime]

    __table_args__ = (CITIZEN,)


class Handover(Base):
    """What leaves the team for another unit: a restatement beside the original, under a key of its own.

    Its grants are rows of `report_grant` with the envelope "handover:<id>".
    """

    __tablename__ = "handover"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), index=True)
    number: Mapped[str] = mapped_column(unique=True)  # random, as a register number
    kind: Mapped[str]  # referred, delegated, lead_transferred, immediate_fix
    to_team_id: Mapped[str | None] = mapped_column(ForeignKey("team.id"))
    to_target: Mapped[str | None]  # a unit outside: 12345, xinfang, …
    text: Mapped[bytes]
    day: Mapped[date]
    due_on: Mapped[date | None]
    state: Mapped[str]  # sent, accepted, returned, done
    by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    reply: Mapped[bytes | None]
    replied_on: Mapped[date | None]

    __table_args__ = (Index(None, "to_team_id", "state"), CITIZEN)
