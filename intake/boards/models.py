"""Rows of regions, organisations, rounds, sites and their boards."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from intake.core.tables import CITIZEN, Base, new_id


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


class Round(Base):
    """One round of inspection: who sends it, from which hour to which it takes reports, what it is about."""

    __tablename__ = "round"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    committee: Mapped[str]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    tasks: Mapped[str] = mapped_column(default="")


class Site(Base):
    """What a board stands for: a works project, a village's notice board, an inspected unit."""

    __tablename__ = "site"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    site_no: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    name: Mapped[str]
    region_code: Mapped[str | None] = mapped_column(ForeignKey("region.code"), index=True)
    team_id: Mapped[str | None] = mapped_column(ForeignKey("team.id"), index=True)
    round_id: Mapped[str | None] = mapped_column(ForeignKey("round.id"), index=True)
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
    """A code that hangs somewhere. `revision` and `check_words` repeat the newest row of its revisions."""

    __tablename__ = "board"

    code: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"), index=True)
    state: Mapped[str]
    revision: Mapped[int] = mapped_column(default=1)
    first_revision: Mapped[int] = mapped_column(default=1)  # the first number under this code
    check_words: Mapped[list[str]] = mapped_column(default=list)
    made_on: Mapped[date]
    checked_on: Mapped[date | None]
    live_until: Mapped[datetime | None]  # when it stopped being live: a form opened before is still taken
    successor: Mapped[str | None]  # the code that took over when this one was rotated


class BoardEvent(Base):
    """Who changed a board, when and why; appended, never edited.

    `kind`: made, or what was done to it (`lifecycle.Act`); `state` is the one it was left in; `data` says from where
    to where.
    """

    __tablename__ = "board_event"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    board_code: Mapped[str] = mapped_column(ForeignKey("board.code"), index=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)


class BoardRevision(Base):
    """One numbered wording of a board. `digest` is of all it says; None until its first print."""

    __tablename__ = "board_revision"

    board_code: Mapped[str] = mapped_column(ForeignKey("board.code"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    check_words: Mapped[list[str]]
    digest: Mapped[str | None]
    made_at: Mapped[datetime]
    made_by: Mapped[str]


class BoardPrint(Base):
    """One file that was handed out to be printed; appended, never edited."""

    __tablename__ = "board_print"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    board_code: Mapped[str] = mapped_column(ForeignKey("board.code"), index=True)
    revision: Mapped[int]
    kind: Mapped[str]
    paper: Mapped[str]
    format: Mapped[str]
    second: Mapped[str | None]  # the second language on it
    by: Mapped[str]
    at: Mapped[datetime]


class PrintJob(Base):
    """Many boards printed in the background: how far it is, and where its file lies until when.

    `beat_at` moves while somebody works on it: one that stands still was cut off. `wanted` is what was asked for,
    `failed` a list of boards with field and reason.
    """

    __tablename__ = "print_job"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    at: Mapped[datetime]
    state: Mapped[str]  # waiting, running, done, failed
    wanted: Mapped[dict[str, Any]]
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    failed: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    beat_at: Mapped[datetime]
    file_name: Mapped[str | None]
    size: Mapped[int | None]
    until: Mapped[datetime | None]  # the file is kept until then


class BoardSum(Base):
    """How often something happened at a board on a day, and nothing finer: `kind` is one of `counting.KINDS`.

    No reference to the board: codes that no board ever had are summed under the empty code.
    """

    __tablename__ = "board_sum"

    board_code: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]

    __table_args__ = (Index(None, "kind", "day"), CITIZEN)


class BoardWord(Base):
    """Citizens say that a board is damaged or covered: a sum of the day. `settled` of them were looked into since."""

    __tablename__ = "board_word"

    board_code: Mapped[str] = mapped_column(ForeignKey("board.code"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)  # damaged, covered
    count: Mapped[int]
    settled: Mapped[int] = mapped_column(default=0)

    __table_args__ = (CITIZEN,)


class BoardPatrol(Base):
    """What a member of staff found at a board; appended, never edited. `photo` names a sealed blob."""

    __tablename__ = "board_patrol"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    board_code: Mapped[str] = mapped_column(ForeignKey("board.code"))
    day: Mapped[date]
    at: Mapped[datetime]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    result: Mapped[str]  # whole, damaged, covered, missing
    at_board: Mapped[bool]  # reached by the board's own code
    note: Mapped[str]
    photo: Mapped[str | None] = mapped_column(index=True)

    __table_args__ = (Index(None, "board_code", "at"),)
