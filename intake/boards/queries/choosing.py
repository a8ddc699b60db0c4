"""Finding a board without standing in front of one: place by place, down to the sites.

Drafts and withdrawn boards are nowhere in it; one that takes nothing now is named and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards.models import Board, Region, Round, Site

PAGE = 40
_LISTED = ("closed", "live")  # in this order: a site's live board stands before an older one


@dataclass(frozen=True, slots=True)
class SiteLine:
    """A site whose board can be opened."""

    code: str
    site_no: str
    name: str
    kind: str
    takes_reports: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A place to look in; its name is as the county wrote it."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One page of the choosing: further places, or sites under the names of their villages.

    `above` leads back up, nearest last. `groups`: (name of the place, its sites); the name is empty for sites of the
    place itself.
    """

    place: Place | None
    above: tuple[Place, ...]
    places: tuple[Place, ...]
    groups: tuple[tuple[str, tuple[SiteLine, ...]], ...]
    page: int
    pages: int


@dataclass(slots=True)
class _Node:
    place: Place
    parent: str | None
    below: list[str] = field(default_factory=list)
    sites: list[SiteLine] = field(default_factory=list)


def choice(session: Session, today: date, now: datetime, *, code: str | None = None, page: int = 1) -> Choice | None:
    """What stands under the region `code`, or at the top; None where there is no such place with a board in it."""
    nodes, loose = _tree(session, today, now)
    if code is not None:
        return _of(nodes, code, page) if code in nodes else None
    roots = [node.place.code for node in nodes.values() if node.parent is None]
    top = roots[0] if len(roots) == 1 and not loose else None
    while top is not None and len(nodes[top].below) == 1 and not nodes[top].sites:
        top = nodes[top].below[0]  # a province with one county: nobody has to choose where there is no choice
    if top is not None:
        return _of(nodes, top, page, is_top=True)
    places = tuple(nodes[root].place for root in sorted(roots))
    return Choice(None, (), places, (("", tuple(loose)),) if loose else (), 1, 1)


def _tree(session: Session, today: date, now: datetime) -> tuple[dict[str, _Node], list[SiteLine]]:
    """Every region with a board in it or below it, and the sites that lie nowhere."""
    rows = session.execute(select(Region.code, Region.name, Region.parent_code)).all()
    every = {code: _Node(Place(code, name), parent) for code, name, parent in rows}
    kept: dict[str, _Node] = {}
    loose: list[SiteLine] = []
    for region_code, line in _lines(session, today, now):
        at = region_code if region_code in every else None
        (every[at].sites if at is not None else loose).append(line)
        while at is not None and at not in kept:
            kept[at] = every[at]
            at = every[at].parent if every[at].parent in every else None
    for code, node in sorted(kept.items()):
        if node.parent in kept:
            kept[str(node.parent)].below.append(code)
        else:
            node.parent = None
    return kept, loose


def _lines(session: Session, today: date, now: datetime) -> list[tuple[str | None, SiteLine]]:
    rows = session.execute(
        select(
            Site.region_code, Board.code, Board.state, Board.revision, Site.site_no, Site.name, Site.kind,
            Site.starts_on, Round.opens_at, Round.closes_at,
        )
        .join(Board, Board.site_id == Site.id)
        .outerjoin(Round, Round.id == Site.round_id)
        .where(Board.state.in_(_LISTED))
        .order_by(Site.kind.desc(), Site.site_no)
    )  # fmt: skip
    newest: dict[str, tuple[tuple[int, int], str | None, SiteLine]] = {}
    for region, code, state, revision, site_no, name, kind, starts_on, opens_at, closes_at in rows:
        begins = starts_on if kind == "unit" else None
        open_now = state == "live" and _takes(today, now, begins, opens_at, closes_at)
        line = SiteLine(code, site_no, name, kind, open_now)
        rank = (_LISTED.index(state), revision)
        if site_no not in newest or newest[site_no][0] < rank:
            newest[site_no] = (rank, region, line)
    return [(region, line) for _, region, line in newest.values()]


def _takes(
    today: date, now: datetime, begins: date | None, opens_at: datetime | None, closes_at: datetime | None
) -> bool:
    """By the hours of its round; a unit without one begins on its own first day."""
    if opens_at is not None:
        return opens_at <= now and (closes_at is None or now < closes_at)
    return begins is None or begins <= today


def _of(nodes: Mapping[str, _Node], code: str, page: int, *, is_top: bool = False) -> Choice:
    node = nodes[code]
    above = () if is_top else _above(nodes, code)
    inside = _groups(nodes, code)
    if node.below and sum(len(sites) for _, sites in inside) > PAGE:
        own = (("", tuple(node.sites)),) if node.sites else ()
        return Choice(node.place, above, tuple(nodes[one].place for one in node.below), own, 1, 1)
    lines = [(name, line) for name, sites in inside for line in sites]
    pages = max(1, -(-len(lines) // PAGE))
    page = min(max(page, 1), pages)
    groups: dict[str, list[SiteLine]] = {}
    for name, line in lines[(page - 1) * PAGE : page * PAGE]:
        groups.setdefault(name, []).append(line)
    shown = tuple((name, tuple(sites)) for name, sites in groups.items())
    return Choice(node.place, above, (), shown, page, pages)


def _above(nodes: Mapping[str, _Node], code: str) -> tuple[Place, ...]:
    found: list[Place] = []
    parent = nodes[code].parent
    while parent is not None and (nodes[parent].sites or len(nodes[parent].below) > 1):
        found.insert(0, nodes[parent].place)
        parent = nodes[parent].parent
    return tuple(found)


def _groups(nodes: Mapping[str, _Node], code: str) -> list[tuple[str, list[SiteLine]]]:
    """Sites at a place and below it, in the order of the codes; the place's own first."""
    node = nodes[code]
    found = [("", node.sites)] if node.sites else []
    for below in node.below:
        for name, sites in _groups(nodes, below):
            found.append((name or nodes[below].place.name, sites))
    return found
