"""The row filter: through it runs every staff query over reports.

Recusal comes before any allow. A report is shut to a person when it, or anything linked with it, touches what
they declared, names them, their team or their post, or when they stepped back from it. ADR 0006 and 0008.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, bindparam, false, or_, select, union
from sqlalchemy.orm import Session

from intake.boards.models import Region, Site
from intake.core.access import READER_ROLES, RECEIVER_ROLES, Actor, Role
from intake.core.tables import table_of
from intake.people.models import Team
from intake.routing.decide import CUSTODY, LOCKED, SUPERIOR
from intake.routing.machinery import ORGANISATION, PERSON, POST, RECUSED, REGION, TEAM
from intake.routing.models import Conflict, Mention, Placement

# Plain tables: a statement over mapped classes takes twice as long to build.
_PLACEMENT, _MENTION, _CONFLICT = table_of(Placement), table_of(Mention), table_of(Conflict)
_REGION, _SITE, _TEAM = table_of(Region), table_of(Site), table_of(Team)
_TEAM_NAME = select(_TEAM.c.name).where(_TEAM.c.id == bindparam("id"))  # built once: every receipt page asks


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody, as the filter asks about them: values, or the columns of their row. `day` None: every day."""

    person_id: Any
    team_id: Any
    role: Any
    day: date | None


def visible_reports(actor: Actor) -> Select[str]:
    """The ids of the reports whose existence `actor` may know of. Everything else does not exist.

    Nobody sees anything whose key no colleague has confirmed. A team sees its own; the office sees all that is
    not in the sealed lane (their text only where it holds them: see `opens_text`); the superior the sealed ones.
    Whoever is recused, in whatever way, sees nothing of it.
    """
    return _visible(actor, one=False)


def locked_reports(actor: Actor) -> Select[str]:
    """Reports past their time that are locked away, of which this person could know before; no page shows more."""
    return _visible(actor, one=False, locked=True)


def visible_report(actor: Actor) -> Select[str]:
    """The same filter asked for one report, the parameter `visible_id`: its id, or nothing."""
    return _visible(actor, one=True)


@lru_cache(maxsize=1024)
def _visible(actor: Actor, *, one: bool, locked: bool = False) -> Select[str]:
    """Kept for whoever is at work: building the statement takes longer than running it."""
    visible = _PLACEMENT.alias("visible")  # the guard of the tests knows the filter by this name
    who = Who(actor.person_id, actor.team_id, actor.role.value, actor.day)
    there = visible.c.lane == LOCKED if locked else visible.c.lane != LOCKED
    seen = select(visible.c.report_id).where(_allowed(actor, visible), there, open_to(who, visible.c))
    return seen.where(visible.c.report_id == bindparam("visible_id")) if one else seen


def _allowed(actor: Actor, placement: FromClause) -> ColumnElement[bool]:
    if not actor.trusted or actor.role not in READER_ROLES - RECEIVER_ROLES or actor.team_id is None:
        return false()
    if actor.role is Role.office:
        return and_(placement.c.team_id != SUPERIOR, placement.c.team_id != CUSTODY)
    allowed: ColumnElement[bool] = placement.c.team_id == actor.team_id
    return allowed


def open_to(who: Who, placement: Any) -> ColumnElement[bool]:
    """Not recused from it or anything it is linked with, nor from what one of these stands behind: a held copy of
    words that somebody must not read shuts all that somebody has linked with it."""
    blocked = select(blocked_clusters(who).cte().c.cluster)
    first, held = _PLACEMENT.alias().c, _PLACEMENT.alias().c
    shut = select(first.report_id).where(first.cluster.in_(blocked))
    after = select(held.cluster).where(held.behind.in_(shut))
    return and_(placement.cluster.not_in(blocked), placement.cluster.not_in(after))


def blocked_clusters(who: Who) -> Select[str]:
    """Clusters of linked reports from which this person is recused, by whatever one of them."""
    by_mention, mention = _PLACEMENT.alias(), _MENTION.c
    regions = _regions_below_conflicts(who)
    sites = _sites_in_conflict(who, regions)
    # One search a column: OR-ed together, no index of them would be used.
    touched = [
        _clusters_where(name, targets)
        for name, targets in (("site_id", sites), ("place_site_id", sites), ("place_code", regions))
    ]
    mentioned = (
        select(by_mention.c.cluster)
        .join_from(by_mention, _MENTION, mention.report_id == by_mention.c.report_id)
        .where(
            mention.dismissed.is_(False),
            or_(
                and_(mention.kind.in_((PERSON, RECUSED)), mention.target == who.person_id),
                and_(mention.kind == TEAM, mention.target == who.team_id),
                and_(mention.kind == POST, mention.target == who.role),
                and_(mention.kind == ORGANISATION, mention.target.in_(_targets(who, ORGANISATION))),
                and_(mention.kind == PERSON, mention.target.in_(_targets(who, PERSON))),
                and_(mention.kind == REGION, mention.target.in_(_targets(who, REGION))),
            ),
        )
    )
    every = union(*touched, mentioned).subquery()
    return select(every.c.cluster)


def _clusters_where(column: str, targets: Select[str]) -> Select[str]:
    place = _PLACEMENT.alias()
    return select(place.c.cluster).where(place.c[column].in_(targets))


def _targets(who: Who, kind: str) -> Select[str]:
    """What this person has a running conflict of this kind with."""
    conflict = _CONFLICT.alias().c
    running = [conflict.person_id == who.person_id, conflict.kind == kind, conflict.ended_at.is_(None)]
    if who.day is not None:
        running += [conflict.from_day <= who.day, or_(conflict.to_day.is_(None), conflict.to_day >= who.day)]
    return select(conflict.target).where(*running)


def _regions_below_conflicts(who: Who) -> Select[str]:
    """Regions in conflict, and every one below them."""
    region = _REGION.c
    below = select(region.code).where(region.code.in_(_targets(who, REGION))).cte(recursive=True)
    below = below.union(select(region.code).join(below, region.parent_code == below.c.code))
    return select(below.c.code)


def _sites_in_conflict(who: Who, regions: Select[str]) -> Select[str]:
    site, organisations = _SITE.c, _targets(who, ORGANISATION)
    return select(site.id).where(
        or_(
            site.id.in_(_targets(who, "site")),
            site.region_code.in_(regions),
            site.owner_unit_id.in_(organisations),
            site.contractor_id.in_(organisations),
            site.supervisor_firm_id.in_(organisations),
            site.designer_id.in_(organisations),
        )
    )


def opens_text(actor: Actor, placement: Placement) -> bool:
    """Whether pages show `actor` the text: those with whom the report lies; the office elsewhere sees its facts."""
    return placement.team_id == actor.team_id


def team_name_of(session: Session, team_id: str) -> str:
    """A team's name as pages show it."""
    found: str | None = session.execute(_TEAM_NAME, {"id": team_id}).scalar()
    return team_id if found is None else found
