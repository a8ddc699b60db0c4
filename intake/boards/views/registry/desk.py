"""What the pages of the registers share: the blueprint, and what each register calls its things."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import StringField

from intake.boards import facts, lifecycle
from intake.boards.columns import Column
from intake.boards.models import Organisation, Region, Round
from intake.boards.queries import registers, texts
from intake.boards.queries.registers import Filters, Found, Seen
from intake.boards.services.importing import Noun
from intake.boards.services.nouns import ORGANISATIONS, REGIONS, TEAMS, rounds
from intake.boards.services.sites import SITES
from intake.core.access import CUSTODY_TEAM
from intake.core.errors import NotFound
from intake.people.models import Team
from intake.web.context import world
from intake.web.formtoken import StaffForm

blueprint = Blueprint("registry", __name__)
NOUNS = "<any(sites,organisations,regions,teams,rounds):noun>"
SUGGESTED_MAX = 600  # names that a page offers while somebody types; beyond that the answer to a wrong one has to do
Options = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Filter:
    """`options` None: free text."""

    name: str
    words: str
    options: Callable[[Session], Options] | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """One register as its pages show it."""

    noun: str
    words: str
    measure: str  # 个, 家, …: how one counts its rows
    headings: tuple[str, ...]
    listed: Callable[[Session, Seen, Filters, int], Found]
    filters: tuple[Filter, ...]
    about: str  # what it is for, where it is empty


def _fixed(choices: dict[str, str]) -> Callable[[Session], Options]:
    return lambda _: list(choices.items())


def _teams(session: Session) -> Options:
    rows = session.execute(select(Team.id, Team.name).where(Team.id != CUSTODY_TEAM).order_by(Team.id))
    return [("none", "还没有组"), *((id_, name) for id_, name in rows)]


def _rounds(session: Session) -> Options:
    rows = session.execute(select(Round.id, Round.name).order_by(Round.opens_at.desc()))
    return [("none", "不属于哪一轮"), *((id_, name) for id_, name in rows)]


_WORDS = Filter("q", "编号、名称")
SHELVES = {
    "sites": Shelf(
        "sites", "点位", "个", ("点位", "种类，地方", "负责的组，轮次", "牌子"), registers.list_sites,
        (_WORDS, Filter("region", "地方（连同下面的）"), Filter("kind", "种类", _fixed(facts.SITE_KINDS)),
         Filter("team", "组", _teams), Filter("round", "轮次", _rounds),
         Filter("state", "牌子", _fixed(dict(lifecycle.STATE_NAMES)))),
        "一个点位就是一块牌子要立的地方：工程、村务公开栏、被巡察的单位。添一个，或者把手里的表格导进来，"
        "每个新点位先有一块待挂牌的牌子。",
    ),
    "organisations": Shelf(
        "organisations", "单位", "家", ("单位", "类别", "别的叫法", "用在"), registers.list_organisations,
        (Filter("q", "名称、别的叫法"), Filter("kind", "类别", _fixed(facts.ORGANISATION_KINDS))),
        "建设、施工、监理、设计单位，村委会、机关。点位上写的单位都从这里选；来信里写到的叫法也在这里认。",
    ),
    "regions": Shelf(
        "regions", "地方", "个", ("地方", "级别", "上一级", "用在"), registers.list_regions,
        (_WORDS, Filter("level", "级别", _fixed(facts.LEVELS))),
        "省、市、县、乡镇、村，一级一级往下。先登记县和乡镇，再登记村。",
    ),
    "teams": Shelf(
        "teams", "组", "个", ("组", "种类，地方", "管什么", "人", "负责"), registers.list_teams,
        (_WORDS, Filter("kind", "种类", _fixed(facts.TEAM_KINDS))),
        "收件的组。组里有一位开通并确认过的人，它的牌子才能挂出去。",
    ),
    "rounds": Shelf(
        "rounds", "轮次", "轮", ("轮次", "开始受理", "截止受理", "现在", "用在"), registers.list_rounds,
        (Filter("q", "名称、党委"),),
        "一轮巡察从哪天几点收到哪天几点。到点以后牌子的页面自己换成别的反映办法，不用谁去关。",
    ),
}  # fmt: skip


def noun_of(name: str) -> Noun:
    """How rows of this register are read and written."""
    known = {"sites": SITES, "organisations": ORGANISATIONS, "regions": REGIONS, "teams": TEAMS}
    return known.get(name) or rounds(world().settings.timezone)


def zone() -> ZoneInfo:
    return ZoneInfo(world().settings.timezone)


def there(session: Session, name: str, only: str | None = None) -> dict[str, dict[str, str]]:
    """The rows of a register in canonical texts, by its key: all of them, or at least this one."""
    if name == "sites":
        return texts.sites_there(session, None if only is None else [only])
    known: dict[str, Callable[[Session], dict[str, dict[str, str]]]] = {
        "organisations": texts.organisations_there, "regions": texts.regions_there, "teams": texts.teams_there,
    }  # fmt: skip
    return known[name](session) if name in known else texts.rounds_there(session, zone())


def key_of(session: Session, noun: str, address: str) -> str:
    """The key by which a sheet knows the row with this address: names may change, addresses do not."""
    if noun == "organisations":
        return _named(session.scalar(select(Organisation.name).where(Organisation.id == address)))
    if noun == "rounds":
        return _named(session.scalar(select(Round.name).where(Round.id == address)))
    return address


def _named(name: str | None) -> str:
    if name is None:
        raise NotFound
    return name


def form_of(columns: tuple[Column, ...], **data: str) -> StaffForm:
    """A form with a field for every column; without data it reads what was posted."""
    kind: Any = type("RegisterForm", (StaffForm,), {column.id: StringField() for column in columns})
    form: StaffForm = kind(formdata=None, data=data) if data else kind()
    return form


def options_of(session: Session, columns: tuple[Column, ...]) -> dict[str, Options]:
    """Column → what may be chosen for it, where that is a short list."""
    found: dict[str, Options] = {}
    for column in columns:
        if column.choices is not None:
            found[column.id] = list(column.choices.items())
        elif column.refers == "teams":
            found[column.id] = _teams(session)[1:]
        elif column.refers == "rounds":
            found[column.id] = [(name, name) for _, name in _rounds(session)[1:]]
    return found


def region_names(session: Session, columns: tuple[Column, ...], row: dict[str, str]) -> dict[str, str]:
    """Column → the name of the region whose code stands there: nobody knows codes by heart."""
    codes = {column.id: row.get(column.id, "") for column in columns if column.refers == "regions"}
    rows = session.execute(select(Region.code, Region.name).where(Region.code.in_(codes.values()))).all()
    names = {code: name for code, name in rows}  # noqa: C416 - rows are no pairs to the type checker
    return {column: names[code] for column, code in codes.items() if code in names}


def suggestions(session: Session, columns: tuple[Column, ...]) -> dict[str, Options]:
    """Register → (what is written, what it is), for the browser's own list; none where they are too many."""
    wanted = {column.refers for column in columns}
    asked: dict[str, Any] = {
        "regions": select(Region.code, Region.name).order_by(Region.code),
        "organisations": select(Organisation.name, Organisation.name).order_by(Organisation.name),
    }
    found: dict[str, Options] = {}
    for name in wanted & asked.keys():
        rows = session.execute(asked[name].limit(SUGGESTED_MAX + 1)).all()
        found[name] = [(value, words) for value, words in rows] if len(rows) <= SUGGESTED_MAX else []
    return found
