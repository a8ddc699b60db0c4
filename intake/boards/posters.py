"""From a board's rows to the poster that is printed for it."""

from sqlalchemy.orm import Session

from config import Settings
from intake.boards.models import Site
from intake.boards.queries import BoardPage, organisation_names
from qr import payload, poster
from qr.poster import PosterData

_KINDS = {"project": "works", "village": "village", "unit": "notice"}


def poster_of(session: Session, settings: Settings, board: BoardPage) -> bytes:
    """The board's A4 poster as PDF, read back before it is handed out. Raises what `qr.poster.make` raises."""
    return poster.make(poster_data(session, settings, board))


def poster_data(session: Session, settings: Settings, board: BoardPage) -> PosterData:
    """What the poster says; what is not known is left out of it."""
    site = session.get_one(Site, board.site_id)
    return PosterData(
        kind=_KINDS[board.kind],  # type: ignore[arg-type]  # the three kinds of sites are the three kinds of posters
        site_no=board.site_no,
        code=board.code,
        name=board.name,
        url=payload.board_url(settings.public_url, board.code),
        domain=payload.domain(settings.public_url),
        revision=board.revision,
        place=site.place or board.place,
        rows=_rows(session, site),
        check_words=board.check_words,
        team_name=board.team_name or "",
        hotline=settings.office_hotline or "",
        phones=tuple(p for p in (board.phone or settings.office_phone,) if p),
        phone_hours=settings.office_phone_hours or "",
        ways=_ways(settings),
        issuer=settings.organiser or "",
        set_on=None,
    )


def _ways(settings: Settings) -> tuple[tuple[str, str], ...]:
    ways = (("写信", settings.office_mailbox), ("当面说", settings.office_address))
    return tuple((label, text) for label, text in ways if text)


def _rows(session: Session, site: Site) -> tuple[tuple[str, str], ...]:
    if site.kind == "unit":
        return _round_rows(site)
    if site.kind != "project":
        return ()
    names = organisation_names(session)

    def firm(organisation_id: str | None, head: str | None) -> str:
        name = names.get(organisation_id or "", "")
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


def _round_rows(site: Site) -> tuple[tuple[str, str], ...]:
    if site.starts_on is None or site.ends_on is None:
        return ()
    start, end = site.starts_on, site.ends_on
    last = f"{end.year}.{end.month}.{end.day}"
    return (("巡察时间", f"{start.year}.{start.month}.{start.day} 至 {last}"), ("受理截止", last))


def _period(site: Site) -> str:
    if site.starts_on is None or site.ends_on is None:
        return ""
    start, end = site.starts_on, site.ends_on
    return f"{start.year}.{start.month}.{start.day} 开工　{end.year}.{end.month}.{end.day} 竣工"
