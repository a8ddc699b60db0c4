"""How boards are used: opened, begun, finished. Sums as far as they may be shown; see ADR 0018.

Finished forms are counted here, from the reports themselves and through the row filter: whoever is recused from a
report, and whoever may not know of a sealed one, is shown a sum without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from intake.boards import counting
from intake.boards.models import Board, Region, Site
from intake.boards.queries import sums
from intake.core.access import Actor, Role
from intake.core.errors import NotFound
from intake.reports.models import Report
from intake.routing.models import Placement
from intake.routing.queries import visible_reports


@dataclass(frozen=True, slots=True)
class Use:
    """Sums of a day, or of four weeks; None says fewer than five. `finished` is None for all but the office."""

    scans: int | None
    started: int | None
    finished: int | None


@dataclass(frozen=True, slots=True)
class SiteUse:
    site_no: str
    name: str
    place: str | None
    use: Use


@dataclass(frozen=True, slots=True)
class Usage:
    """`days`: the last 28 that are over. `weeks`: first and last day of the four whole weeks that `sites` sum up.

    `site`: the one that `days` are about, where one was asked for. `counts_reports`: whether this person sees any.
    """

    days: tuple[tuple[date, Use], ...]
    weeks: tuple[date, date]
    sites: tuple[SiteUse, ...]
    site: SiteUse | None
    counts_reports: bool


def usage(session: Session, actor: Actor, today: date, *, site_no: str = "", find: str = "") -> Usage:
    """What the figures are of all boards, or by day of the one at `site_no`; `NotFound` where there is none."""
    weeks = counting.whole_weeks(today)
    sites = _sites(session, actor, weeks)
    one = sites.get(site_no) if site_no else None
    if site_no and one is None:
        raise NotFound
    listed = [site for site in sites.values() if _fits(site, find)]
    days = _days(session, actor, today, site_no)
    return Usage(days, weeks, tuple(listed), one, _counts_reports(actor))


def _counts_reports(actor: Actor) -> bool:
    return actor.role is Role.office and actor.trusted


def _fits(site: SiteUse, find: str) -> bool:
    wanted = find.casefold()
    return any(wanted in (text or "").casefold() for text in (site.name, site.site_no, site.place))


def _days(session: Session, actor: Actor, today: date, site_no: str) -> tuple[tuple[date, Use], ...]:
    over = counting.days_over(today)
    codes = _codes(session, site_no) if site_no else None
    scans, started = (
        sums.by_day(session, kind, over[0], over[-1], codes=codes) for kind in (counting.SCAN, counting.STARTED)
    )
    finished: dict[date, int] = {}
    if _counts_reports(actor):
        rows = _finished(actor, Report.day).where(Report.day.between(over[0], over[-1]))
        if site_no:
            rows = rows.join(Site, Site.id == Placement.site_id).where(Site.site_no == site_no)
        finished = dict(session.execute(rows).all())
    return tuple((day, _use(actor, day, scans, started, finished)) for day in over)


def _sites(session: Session, actor: Actor, weeks: tuple[date, date]) -> dict[str, SiteUse]:
    """By number, every site that has, or had, a board."""
    scans, started = (sums.by_site(session, kind, *weeks) for kind in (counting.SCAN, counting.STARTED))
    finished: dict[str, int] = {}
    if _counts_reports(actor):
        rows = _finished(actor, Placement.site_id).where(Report.day.between(*weeks))
        finished = {site: count for site, count in session.execute(rows) if site}
    hung = select(Board.site_id).where(Board.state != "draft")
    rows_of_sites = session.execute(
        select(Site.id, Site.site_no, Site.name, Region.name)
        .outerjoin(Region, Region.code == Site.region_code)
        .where(Site.id.in_(hung))
        .order_by(Site.kind.desc(), Site.site_no)
    )
    return {
        site_no: SiteUse(site_no, name, place, _use(actor, site_id, scans, started, finished))
        for site_id, site_no, name, place in rows_of_sites
    }


def _codes(session: Session, site_no: str) -> list[str]:
    """Every code that this site ever had."""
    return list(session.scalars(select(Board.code).join(Site, Site.id == Board.site_id).where(Site.site_no == site_no)))


def _finished(actor: Actor, by: Any) -> Select[Any, int]:
    """Filings of which this person may know, counted by a column; a part split off later was filed by nobody."""
    return (
        select(by, func.count(Report.id))
        .select_from(Report)
        .join(Placement, Placement.report_id == Report.id)
        .where(Report.id.in_(visible_reports(actor)), Report.parent_id.is_(None))
        .group_by(by)
    )


def _use(actor: Actor, key: object, *sums_by: Mapping[Any, int]) -> Use:
    scans, started, finished = (counting.shown(one.get(key, 0)) for one in sums_by)
    return Use(scans, started, finished if _counts_reports(actor) else None)
