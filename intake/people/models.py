"""Rows of teams, people, their keys, sessions and what was done to them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from intake.core.tables import Base, new_id


class Team(Base):
    __tablename__ = "team"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    region_code: Mapped[str | None]
    covers: Mapped[str] = mapped_column(default="")


class Person(Base):
    __tablename__ = "person"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    team_id: Mapped[str | None] = mapped_column(ForeignKey("team.id"), index=True)
    note: Mapped[str] = mapped_column(default="")
    added_on: Mapped[date]
    signed_in_on: Mapped[date | None]  # the last day; None: never signed in
    left_on: Mapped[date | None]


class ActivationLink(Base):
    """Only the digest of a link is kept; the link itself is shown once."""

    __tablename__ = "activation_link"

    digest: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class PersonKey(Base):
    """A person's two public keys, the secrets sealed under the password, and who confirmed them.

    `login`, `role`, `team_id` and `made_on` repeat what the signed statement says: a signature
    that no longer fits the person's row does not count.
    """

    __tablename__ = "person_key"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    login: Mapped[str]
    role: Mapped[str]
    team_id: Mapped[str | None]
    reading_public: Mapped[bytes]
    signing_public: Mapped[bytes]
    salt: Mapped[bytes]
    sealed_secrets: Mapped[bytes]
    made_on: Mapped[date]
    retired_on: Mapped[date | None]
    confirmed_by: Mapped[str | None]  # a key id, or "county" / "superior" for a recovery key
    signature: Mapped[bytes | None]
    confirmed_on: Mapped[date | None]
    sealed_totp: Mapped[bytes | None]  # under a key that comes from the opened secrets; None: no second factor
    totp_step: Mapped[int | None]  # the last half minute whose code was used: each counts once
    totp_on: Mapped[date | None]

    __table_args__ = (
        # One live key a person, whoever activates twice at once.
        Index(
            "uq_person_key_live",
            "person_id",
            unique=True,
            sqlite_where=text("retired_on IS NULL"),
            postgresql_where=text("retired_on IS NULL"),
        ),
    )


class SpareCode(Base):
    """One of the codes for a day without the phone, as a keyed tag; the row goes when it is used.

    The key of the tag comes from the person's opened secrets: the database alone can neither try codes nor
    add one.
    """

    __tablename__ = "spare_code"

    key_id: Mapped[str] = mapped_column(ForeignKey("person_key.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)


class StaffSession(Base):
    __tablename__ = "staff_session"

    digest: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("person_key.id"))
    sealed_keys: Mapped[bytes]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    confirmed_until: Mapped[datetime | None]


class PeopleEvent(Base):
    """Who added, linked, activated, confirmed, left; appended, never edited."""

    __tablename__ = "people_event"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[datetime]
    actor: Mapped[str]  # a login, or "recovery:county", "init", …
    kind: Mapped[str]
    person_id: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (Index(None, "person_id", "at"),)


class Epoch(Base):
    """A counter that moves whenever the set of possible readers moves: prepared grants check it."""

    __tablename__ = "epoch"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(default=0)
