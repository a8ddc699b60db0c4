"""Where a report lies, whom it concerns, what it is linked with, and who holds a key to it."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from intake.core.tables import CITIZEN, Base, new_id


class Placement(Base):
    """One row a report: its queue. Every staff query over reports joins on the row filter over this.

    `cluster` is shared by all that is linked, directly or through others; alone it is the report's own id.
    A team "superior" and the lane "sealed" go together, always.
    """

    __tablename__ = "placement"

    report_id: Mapped[str] = mapped_column(primary_key=True)
    board_code: Mapped[str | None] = mapped_column(ForeignKey("board.code"))
    site_id: Mapped[str | None] = mapped_column(ForeignKey("site.id"), index=True)
    place_code: Mapped[str | None] = mapped_column(ForeignKey("region.code"), index=True)  # as corrected by the team
    place_site_id: Mapped[str | None] = mapped_column(ForeignKey("site.id"), index=True)
    team_id: Mapped[str] = mapped_column(ForeignKey("team.id"))
    lane: Mapped[str]  # ordinary, urgent, held, sealed
    urgent: Mapped[list[str]] = mapped_column(default=list)  # life, minor, hazard, wages
    guardian: Mapped[bool] = mapped_column(default=False)  # the office stepped in: an alarm until somebody acts
    reasons: Mapped[list[str]]
    rules_version: Mapped[int]
    alias_version: Mapped[int]  # of the aliases under which the text was last read
    cluster: Mapped[str]
    # Nearly the same words: one line of a list. It decides nothing about who may have a report. ADR 0023.
    flock: Mapped[str] = mapped_column(index=True, default=lambda row: row.get_current_parameters()["report_id"])
    # Of a held one: the report whose words it repeats. Whoever is out of that one is out of this, never the reverse.
    behind: Mapped[str | None] = mapped_column(index=True)
    mark: Mapped[str]  # keyed, over all of it that says who may have it: rows moved behind our back are found

    __table_args__ = (Index(None, "team_id", "lane"), Index(None, "cluster"), CITIZEN)


class Mention(Base):
    """Who is concerned, by id: never what is said. One row a report and somebody.

    `kind`: team, person, post, level, organisation, region; or "recused" for a person who stepped back by themselves.
    `source`: text, tick, self; or "was": of the site or place as it stood before somebody changed its row.
    A dismissed one (sent back: the alias caught it wrongly) counts no more.
    """

    __tablename__ = "mention"

    report_id: Mapped[str] = mapped_column(ForeignKey("placement.report_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    dismissed: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (Index(None, "kind", "target"), CITIZEN)


class Link(Base):
    """Two reports that belong together: a repeat of the same words, or an item split from a mixed report."""

    __tablename__ = "report_link"

    report_id: Mapped[str] = mapped_column(ForeignKey("placement.report_id"), primary_key=True)
    other_id: Mapped[str] = mapped_column(ForeignKey("placement.report_id"), primary_key=True, index=True)
    kind: Mapped[str]  # repeat, split
    day: Mapped[date]
    made_by: Mapped[str | None]  # a person's id; None: linked at filing, word for word

    __table_args__ = (CITIZEN,)


class Sketch(Base):
    """A report's near-identity: 64 minima of four bits under a key outside the database. None for the sealed lane."""

    __tablename__ = "sketch"

    report_id: Mapped[str] = mapped_column(ForeignKey("placement.report_id"), primary_key=True)
    marks: Mapped[bytes]
    day: Mapped[date]
    b0: Mapped[int] = mapped_column(index=True)
    b1: Mapped[int] = mapped_column(index=True)
    b2: Mapped[int] = mapped_column(index=True)
    b3: Mapped[int] = mapped_column(index=True)
    b4: Mapped[int] = mapped_column(index=True)
    b5: Mapped[int] = mapped_column(index=True)
    b6: Mapped[int] = mapped_column(index=True)
    b7: Mapped[int] = mapped_column(index=True)

    __table_args__ = (CITIZEN,)


class Conflict(Base):
    """A person who must not handle what concerns an organisation, a site, a place or somebody. Never deleted."""

    __tablename__ = "conflict"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str]  # organisation, site, region, person
    target: Mapped[str]  # an organisation's, site's or person's id, a region's code
    ground: Mapped[str]
    from_day: Mapped[date]
    to_day: Mapped[date | None]  # the last day on which it holds
    approved_by: Mapped[str]  # a person's id
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    ended_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]  # taken back: counts no more from that moment

    __table_args__ = (Index(None, "kind", "target"),)


class Alias(Base):
    """How people write a team, a person, a post, a level or an organisation. "ignore": a longer word that is none."""

    __tablename__ = "alias"

    folded: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    kind: Mapped[str]  # team, person, post, level, organisation, ignore
    target: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    version: Mapped[int]


class Rule(Base):
    """One line of the ordered set: what fits all its conditions goes to its team. An empty one fits everything."""

    __tablename__ = "routing_rule"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    position: Mapped[int]
    site_kind: Mapped[str | None]
    region_code: Mapped[str | None] = mapped_column(ForeignKey("region.code"))
    category: Mapped[str | None]
    tick: Mapped[str | None]
    team_id: Mapped[str] = mapped_column(ForeignKey("team.id"))
    why: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    active: Mapped[bool] = mapped_column(default=True)


class Release(Base):
    """A share of a sealed report's key, handed by one of the superior's people to another; it lives one day."""

    __tablename__ = "release"

    report_id: Mapped[str] = mapped_column(ForeignKey("placement.report_id"), primary_key=True)
    envelope: Mapped[str] = mapped_column(primary_key=True)
    from_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    to_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    sealed: Mapped[bytes]
    released_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    __table_args__ = (CITIZEN,)


class Alarm(Base):
    """What the office must know of, by day. One that says that an item went up names no report."""

    __tablename__ = "alarm"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    day: Mapped[date]
    kind: Mapped[str]  # went_up, guardian, climbed, empty, seal
    report_id: Mapped[str | None] = mapped_column(ForeignKey("placement.report_id"), index=True)
    team_id: Mapped[str | None]

    __table_args__ = (Index(None, "day", "kind"), CITIZEN)


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


class FactsSeal(Base):
    """A keyed mark over everything that decides where reports go: rows changed behind our back are found. ADR 0008."""

    __tablename__ = "facts_seal"

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    mark: Mapped[str]
