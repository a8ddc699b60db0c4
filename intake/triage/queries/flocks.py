"""The lines of the held lane that somebody chose, with what lies in each: for acts on many at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.core.access import SignedIn
from intake.core.world import World
from intake.reports.models import Report
from intake.routing.models import Placement
from intake.routing.queries import visible_reports
from intake.routing.services import HELD
from intake.triage.queries.listing import LINE, Row, beside, rows_of

_SHOWN = 3  # of a line: enough to see whether the words really are the same


@dataclass(frozen=True, slots=True)
class Member:
    """One report of a line, as it is now."""

    report_id: str
    register_no: str
    version: int


@dataclass(frozen=True, slots=True)
class Flock:
    """A chosen line: all in it that the reader sees and that lie with them, and some of its beginnings."""

    members: tuple[Member, ...]
    shown: tuple[Row, ...]

    @property
    def state(self) -> str:
        return self.shown[0].state

    @property
    def purge_by(self) -> str | None:
        return self.shown[0].purge_by


def flocks_of(world: World, session: Session, signed_in: SignedIn, report_ids: Iterable[str]) -> tuple[Flock, ...]:
    """The lines in which these stand. What is not seen, not held, or with others is left out without a word."""
    wanted = list(dict.fromkeys(report_ids))
    theirs = [Placement.lane == HELD, Placement.team_id == signed_in.actor.team_id]
    seen = visible_reports(signed_in.actor)
    chosen = session.execute(
        beside(select(*LINE)).where(Placement.report_id.in_(wanted), Placement.report_id.in_(seen), *theirs)
    ).all()
    keys = dict.fromkeys(tuple(row) for row in chosen)
    rows = session.execute(
        beside(select(*LINE, Report.id, Report.register_no, Report.version))
        .where(Placement.flock.in_({key[0] for key in keys}), Placement.report_id.in_(seen), *theirs)
        .order_by(Report.day, Report.day_order)
    )
    members: dict[tuple[Any, ...], list[Member]] = {key: [] for key in keys}
    for row in rows:
        key = tuple(row[: len(LINE)])
        if key in members:
            members[key].append(Member(*row[len(LINE) :]))
    shown = [member.report_id for found in members.values() for member in found[:_SHOWN]]
    drawn = {row.report_id: row for row in rows_of(world, session, signed_in, shown)}
    return tuple(
        Flock(tuple(found), tuple(drawn[member.report_id] for member in found[:_SHOWN]))
        for found in members.values()
        if found
    )
