"""Sites from sheets and forms; each new one begins with a draft board."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards import facts
from intake.boards.columns import Register
from intake.boards.models import Board, Organisation, Round, Site
from intake.boards.queries import texts
from intake.boards.queries.ledger import BESIDE
from intake.boards.services.drafts import Draft, new_draft, put_drafts
from intake.boards.services.importing import Noun, Row
from intake.boards.services.keeping import Act
from intake.core.world import World
from qr import fonts

_CHUNK = 400  # of numbers in one question: databases have a limit, and one by one is slow
# What comes in at a live board must always have somebody who can open it.
_NOBODY = "负责的组：它还没有能打开来信的人，而这里的牌子在用。先开通并确认一位成员，或先关闭牌子。"
_NO_TEAM = "负责的组：这里的牌子在用，不能没有组。先关闭牌子，或换成别的组。"
_PRINTED = (
    "name", "place", "content", "funds", "owner_unit", "owner_head", "contractor", "contractor_head",
    "supervisor_firm", "supervisor_head", "designer", "designer_head",
)  # fmt: skip
_FIRMS = {
    "owner_unit": "owner_unit_id", "contractor": "contractor_id", "supervisor_firm": "supervisor_firm_id",
    "designer": "designer_id",
}  # fmt: skip


def _check(session: Session, register: Register, rows: Sequence[Row]) -> dict[int, dict[str, str]]:
    bad: dict[int, dict[str, str]] = {}
    for row in rows:
        if row.after.get("ends_on") and row.after["ends_on"] < row.after.get("starts_on", ""):
            bad.setdefault(row.line, {})["ends_on"] = "竣工（结束）日期在开始以前，请再看一下。"
    given = [row for row in rows if row.before is not None and row.moves("team_id")]
    hanging = _with_live_board(session, [row.says["site_no"] for row in given])
    for row in given:
        if row.says["site_no"] in hanging and row.after["team_id"] not in register.able:
            bad.setdefault(row.line, {})["team_id"] = _NOBODY if row.after["team_id"] else _NO_TEAM
    return bad


def _with_live_board(session: Session, numbers: Sequence[str]) -> set[str]:
    """Those of these sites at which a board takes reports."""
    live = select(Site.site_no).join(Board, Board.site_id == Site.id).where(Board.state == "live")
    found: set[str] = set()
    for start in range(0, len(numbers), _CHUNK):
        found |= set(session.scalars(live.where(Site.site_no.in_(numbers[start : start + _CHUNK]))))
    return found


def _put(session: Session, act: Act, rows: Sequence[Row], spare: Sequence[Draft]) -> None:
    organisations = dict(session.execute(select(Organisation.name, Organisation.id)).all())
    rounds = dict(session.execute(select(Round.name, Round.id)).all())
    known = _known(session, [row.says["site_no"] for row in rows if row.before is not None])
    new = []
    for row in rows:
        site = known.get(row.says["site_no"])
        if site is None:
            site = Site(site_no=row.says["site_no"])
            session.add(site)
            new.append(site)
        for name, value in _columns(row, organisations, rounds).items():
            setattr(site, name, value)
    session.flush()
    drafts = [(draft, site.id) for draft, site in zip(spare, new, strict=False)]
    put_drafts(session, drafts, actor=act.login, at=act.at, today=act.day)


def _known(session: Session, numbers: Sequence[str]) -> dict[str, Site]:
    found = {}
    for start in range(0, len(numbers), _CHUNK):
        for site in session.scalars(select(Site).where(Site.site_no.in_(numbers[start : start + _CHUNK]))):
            found[site.site_no] = site
    return found


def _columns(row: Row, organisations: dict[str, str], rounds: dict[str, str]) -> dict[str, Any]:
    """Column of the table → value, for what the row says; the rest stays as it is."""
    to_value: dict[str, tuple[str, Callable[[str], Any]]] = {
        "starts_on": ("starts_on", date.fromisoformat),
        "ends_on": ("ends_on", date.fromisoformat),
        "round": ("round_id", rounds.__getitem__),
        **{name: (column, organisations.__getitem__) for name, column in _FIRMS.items()},
    }
    found = {}
    for name, text in row.says.items():
        column, value = to_value.get(name, (name, str))
        found[column] = value(text) if text else None
    return found


def _unprintable(row: Row) -> str:
    """Characters that no poster can show, field by field: told at once, not on the day of printing."""
    missing = []
    for column in facts.SITES:
        if column.id in _PRINTED and (chars := fonts.missing(row.says.get(column.id, ""))):
            missing.append(f"{column.words}里的“{chars}”")
    return f"{'、'.join(missing)}海报上印不出来，请换个写法。" if missing else ""


def _spare(_: World, count: int) -> list[Draft]:
    return [new_draft() for _ in range(count)]


SITES = Noun(
    "sites", "点位", facts.SITES, "site_no", "name", lambda session, _: texts.register(session), texts.sites_there,
    _check, _put, spare=_spare, notices=_unprintable, ignored=(*BESIDE, *BESIDE.values()),
)  # fmt: skip
