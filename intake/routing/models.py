"""Where a report lies, and who holds a key to it."""

from datetime import date

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from intake.core.tables import CITIZEN, Base


class Placement(Base):
    """One row a report: its queue. Every staff query over reports joins on the row filter over this."""

    __tablename__ = "placement"

    report_id: Mapped[str] = mapped_column(primary_key=True)
    board_code: Mapped[str | None] = mapped_column(ForeignKey("board.code"))
    site_id: Mapped[str | None] = mapped_column(ForeignKey("site.id"))
    team_id: Mapped[str] = mapped_column(ForeignKey("team.id"))
    lane: Mapped[str]
    reasons: Mapped[list[str]]
    rules_version: Mapped[int]
    alias_version: Mapped[int]

    __table_args__ = (Index(None, "team_id", "lane"), CITIZEN)


class Grant(Base):
    """One key of a report sealed to one holder.

    `envelope` names the key: "report", "identity", or the id of something the citizen added later.
    `holder` is a person's id, or "recovery:county" / "recovery:superior".
    """

    __tablename__ = "report_grant"

    report_id: Mapped[str] = mapped_column(ForeignKey("placement.report_id"), primary_key=True)
    envelope: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[str]
    sealed: Mapped[bytes]
    granted_on: Mapped[date]

    __table_args__ = (Index(None, "holder", "report_id"), CITIZEN)
