"""From boards' rows to what their posters say, for many boards with a constant number of statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session, aliased

from config import Settings
from intake.boards import printing
from intake.boards.models import Board, BoardRevision, Organisation, Region, Round, Site
from intake.boards.queries.pages import place_of
from intake.people.models import Team
from qr import payload
from qr.data import PosterData

_AT_ONCE = 500
_FIRMS = ("owner_unit_id", "contractor_id", "supervisor_firm_id", "designer_id")


@dataclass(frozen=True, slots=True)
class Saying:
    """What a board says now, as the poster of its site's kind, and what its current revision said when printed."""

    code: str
    site_no: str
    region_code: str | None
    state: str
    data: PosterData
    digest: str
    current: int
    kept: str | None  # the digest of the current revision; None: never printed
    since: date | None  # when the current revision was made; None: it is the first under this code

    @property
    def number(self) -> int:
        """The revision that a print made now carries."""
        return printing.number_for(self.current, self.kept, self.digest)

    def updated_on(self, today: date) -> date | None:
        """Since when a print made today says what it says; None for what the board says from the beginning."""
        return today if self.outdated else self.since

    @property
    def outdated(self) -> bool:
        """What hangs says something else than what is known now."""
        return self.number != self.current


def sayings(session: Session, settings: Settings, codes: Sequence[str]) -> dict[str, Saying]:
    """code → what that board says; a code that no board has is left out."""
    found: dict[str, Saying] = {}
    for part in printing.in_parts(codes, _AT_ONCE):
        rows = session.execute(_BOARDS.where(Board.code.in_(part))).all()
        firms = _firms(session, [row.Site for row in rows])
        for row in rows:
            found[row.Board.code] = _saying(settings, row, firms)
    return found


def _boards() -> Select[Any]:
    own, above, top = (aliased(Region) for _ in range(3))
    regions: list[Any] = [column for region in (top, above, own) for column in (region.level, region.name)]
    columns: list[Any] = [Board, Site, Round, Team.name.label("team_name"), BoardRevision, *regions]
    printed = and_(BoardRevision.board_code == Board.code, BoardRevision.number == Board.revision)
    return (
        select(*columns)
        .join(Site, Site.id == Board.site_id)
        .outerjoin(Round, Round.id == Site.round_id)
        .outerjoin(Team, Team.id == Site.team_id)
        .outerjoin(BoardRevision, printed)
        .outerjoin(own, own.code == Site.region_code)
        .outerjoin(above, above.code == own.parent_code)
        .outerjoin(top, top.code == above.parent_code)
    )


_BOARDS = _boards()
_REGIONS_FROM = 5


def _firms(session: Session, sites: Iterable[Site]) -> Mapping[str, str]:
    ids = {getattr(site, column) for site in sites for column in _FIRMS} - {None}
    if not ids:
        return {}
    rows = session.execute(select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _saying(settings: Settings, row: Any, firms: Mapping[str, str]) -> Saying:
    board, site = row.Board, row.Site
    data = PosterData(
        kind=printing.BOARD_OF_SITE[site.kind],
        site_no=site.site_no,
        code=board.code,
        name=site.name,
        url=payload.board_url(settings.public_url, board.code),
        domain=payload.domain(settings.public_url),
        revision=board.revision,
        place=site.place or place_of(row[_REGIONS_FROM:]),
        rows=_rows(settings, site, row.Round, firms),
        check_words=tuple(board.check_words),
        team_name=row.team_name or "",
        hotline=settings.office_hotline or "",
        phones=tuple(p for p in (site.phone or settings.office_phone,) if p),
        phone_hours=settings.office_phone_hours or "",
        ways=_ways(settings),
        issuer=settings.organiser or "",
        set_on=board.made_on,
        headline=row.Round.name if row.Round and site.kind == "unit" else "",
        committee=row.Round.committee if row.Round and site.kind == "unit" else "",
    )
    kept = row.BoardRevision
    since = kept.made_at.astimezone(ZoneInfo(settings.timezone)).date() if kept else None
    return Saying(
        board.code, site.site_no, site.region_code, board.state, data, printing.digest_of(data), board.revision,
        kept.digest if kept else None, since if board.revision > board.first_revision else None,
    )  # fmt: skip


def _ways(settings: Settings) -> tuple[tuple[str, str], ...]:
    ways = (("写信", settings.office_mailbox), ("当面说", settings.office_address))
    return tuple((label, text) for label, text in ways if text)


def _rows(
    settings: Settings, site: Site, round_: Round | None, firms: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    if site.kind == "unit":
        return _round_rows(site, round_, settings.timezone)
    if site.kind != "project":
        return ()

    def firm(organisation_id: str | None, head: str | None) -> str:
        name = firms.get(organisation_id or "", "")
        return f"{name}　{head}" if name and head else name

    amount = f"{site.amount_wan_yuan} 万元" if site.amount_wan_yuan else ""
    rows = (
        ("主要内容", site.content or ""),
        ("总投资", amount),
        ("资金来源", site.funds or ""),
        ("建设单位", firm(site.owner_unit_id, site.owner_head)),
        ("施工单位", firm(site.contractor_id, site.contractor_head)),
        ("监理单位", firm(site.supervisor_firm_id, site.supervisor_head)),
        ("设计单位", firm(site.designer_id, site.designer_head)),
        ("工期", _period(site)),
    )
    return tuple((label, value) for label, value in rows if value)


def _round_rows(site: Site, round_: Round | None, timezone: str) -> tuple[tuple[str, str], ...]:
    """When the team is there, from the unit's own days, else from the round; and the hour that the round closes."""
    opens, closes = (
        (when.astimezone(ZoneInfo(timezone)) for when in (round_.opens_at, round_.closes_at))
        if round_
        else (None, None)
    )
    first, last = site.starts_on or opens, site.ends_on or closes
    there = f"{_day(first)} 至 {_day(last)}" if first and last else ""
    until = f"{_day(closes)} {closes:%H:%M}" if closes else _day(last)
    return tuple((label, text) for label, text in (("巡察时间", there), ("受理截止", until)) if text)


def _day(day: date | None) -> str:
    return f"{day.year}.{day.month}.{day.day}" if day else ""


def _period(site: Site) -> str:
    if site.starts_on is None or site.ends_on is None:
        return ""
    return f"{_day(site.starts_on)} 开工　{_day(site.ends_on)} 竣工"
