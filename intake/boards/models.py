"""Rows of regions, organisations, sites and their boards."""

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from intake.core.tables import Base, new_id


class Region(Base):
    __tablename__ = "region"

    code: Mapped[str] = mapped_column(primary_key=True)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("region.code"), index=True)
    level: Mapped[str]
    name: Mapped[str]


class Organisation(Base):
    __tablename__ = "organisation"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]


class OrganisationAlias(Base):
    __tablename__ = "organisation_alias"

    text: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"), index=True)


class Site(Base):
    """What a board stands for: a works project, a village's notice board, an inspected unit."""

    __tablename__ = "site"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    site_no: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    name: Mapped[str]
    region_code: Mapped[str | None] = mapped_column(ForeignKey("region.code"), index=True)
    team_id: Mapped[str | None] = mapped_column(ForeignKey("team.id"), index=True)
    owner_unit_id: Mapped[str | None] = mapped_column(ForeignKey("organisation.id"))
    contractor_id: Mapped[str | None] = mapped_column(ForeignKey("organisation.id"))
    supervisor_firm_id: Mapped[str | None] = mapped_column(ForeignKey("organisation.id"))
    designer_id: Mapped[str | None] = mapped_column(ForeignKey("organisation.id"))
    amount_wan_yuan: Mapped[str | None]  # as the clerk wrote it: it is printed, never counted with
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    place: Mapped[str | None]
    content: Mapped[str | None]
    funds: Mapped[str | None]
    owner_head: Mapped[str | None]
    contractor_head: Mapped[str | None]
    supervisor_head: Mapped[str | None]
    designer_head: Mapped[str | None]
    phone: Mapped[str | None]


class Board(Base):
    __tablename__ = "board"

    code: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"), index=True)
    state: Mapped[str]
    revision: Mapped[int] = mapped_column(default=1)
    check_words: Mapped[list[str]] = mapped_column(default=list)
    made_on: Mapped[date]
    checked_on: Mapped[date | None]
    live_until: Mapped[datetime | None]  # when it stopped being live: a form opened before is still taken


class BoardEvent(Base):
    """Who changed a board's state, when and why; appended, never edited."""

    __tablename__ = "board_event"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    board_code: Mapped[str] = mapped_column(ForeignKey("board.code"), index=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str]
