"""Taking a row out of a register: only one that nothing refers to, and the page says what does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from intake.boards.models import Board, BoardEvent, BoardRevision, Organisation, OrganisationAlias, Region, Round, Site
from intake.boards.services.keeping import Act, is_used, keep
from intake.core.access import OFFICE_TEAM, SUPERIOR_TEAM, Actor
from intake.core.errors import Invalid, NotFound
from intake.core.world import World
from intake.people.models import Person, Team

# One sentence for all that lies above: it must not tell whether it was a rule, a conflict or a report.
ELSEWHERE = "分件规则、回避、称呼或别的记录里用到它"


@dataclass(frozen=True, slots=True)
class Removal:
    """How a noun's rows go. `refer`: what speaks against it, in words; `take`: the rows themselves."""

    table: str
    row: Callable[[Session, str], object | None]
    refer: Callable[[Session, str], Sequence[str]]
    take: Callable[[Session, str], None]


def speaks_against(session: Session, noun: str, key: str) -> list[str]:
    """What refers to the row, a phrase each; empty where it may go. Raises `NotFound`."""
    removal = _REMOVALS[noun]
    row = removal.row(session, key)
    if row is None:
        raise NotFound
    found = list(removal.refer(session, key))
    own = row if isinstance(row, str) else key  # others know a site by its id
    if any(asked(session, removal.table, own) for asked in is_used):
        found.append(ELSEWHERE)
    return found


def remove(world: World, actor: Actor, *, noun: str, key: str) -> None:
    """Raises `NotFound`, `Forbidden`, `Invalid` with what refers to it."""

    def change(session: Session, _: Act) -> None:
        against = speaks_against(session, noun, key)
        if against:
            raise Invalid({"key": f"不能删：{'；'.join(against)}。"})
        try:
            with session.begin_nested():
                _REMOVALS[noun].take(session, key)
                session.flush()
        except IntegrityError as error:
            raise Invalid({"key": f"不能删：{ELSEWHERE}。"}) from error

    keep(world, actor, change)


def _count(session: Session, phrase: str, column: object, condition: object) -> list[str]:
    count = session.scalar(select(func.count()).select_from(column).where(condition)) or 0  # type: ignore[arg-type]  # rows, and what is asked of them
    return [phrase.format(count)] if count else []


def _of_region(session: Session, code: str) -> list[str]:
    return [
        *_count(session, "下面还有 {} 个地方", Region, Region.parent_code == code),
        *_count(session, "{} 个点位在这里", Site, Site.region_code == code),
        *_count(session, "{} 个组在这里", Team, Team.region_code == code),
    ]


def _of_organisation(session: Session, key: str) -> list[str]:
    firms = (Site.owner_unit_id, Site.contractor_id, Site.supervisor_firm_id, Site.designer_id)
    return _count(session, "{} 个点位写着它", Site, or_(*(firm == key for firm in firms)))


def _of_team(session: Session, key: str) -> list[str]:
    house = ["巡察办和上级信访室是系统要用的组"] if key in (OFFICE_TEAM, SUPERIOR_TEAM) else []
    return [
        *house,
        *_count(session, "{} 个点位归它", Site, Site.team_id == key),
        *_count(session, "有过 {} 位组员", Person, Person.team_id == key),
    ]


def _of_round(session: Session, key: str) -> list[str]:
    return _count(session, "{} 个点位属于这一轮", Site, Site.round_id == key)


def _of_site(session: Session, site_no: str) -> list[str]:
    hung = (Site.site_no == site_no) & (Board.site_id == Site.id) & (Board.state != "draft")
    count = session.scalar(select(func.count()).select_from(Board).join(Site, hung)) or 0
    return [f"它的 {count} 块牌子挂出去过（不再用的，请到牌子那里关闭或停用）"] if count else []


def _site_id(session: Session, site_no: str) -> str | None:
    return session.scalar(select(Site.id).where(Site.site_no == site_no))


def _take_site(session: Session, site_no: str) -> None:
    """With its drafts, which nobody ever saw."""
    drafts = select(Board.code).join(Site, Site.id == Board.site_id).where(Site.site_no == site_no)
    for rows in (BoardEvent, BoardRevision):
        statement = delete(rows).where(rows.board_code.in_(drafts))
        session.execute(statement, execution_options={"synchronize_session": False})
    session.execute(delete(Board).where(Board.site_id == _site_id(session, site_no)))
    session.execute(delete(Site).where(Site.site_no == site_no))


def _take_organisation(session: Session, key: str) -> None:
    session.execute(delete(OrganisationAlias).where(OrganisationAlias.organisation_id == key))
    session.execute(delete(Organisation).where(Organisation.id == key))


_REMOVALS = {
    "regions": Removal(
        "region", lambda s, key: s.get(Region, key), _of_region,
        lambda s, key: _run(s, delete(Region).where(Region.code == key)),
    ),
    "organisations": Removal(
        "organisation", lambda s, key: s.get(Organisation, key), _of_organisation, _take_organisation
    ),
    "teams": Removal(
        "team", lambda s, key: s.get(Team, key), _of_team, lambda s, key: _run(s, delete(Team).where(Team.id == key))
    ),
    "rounds": Removal(
        "round", lambda s, key: s.get(Round, key), _of_round,
        lambda s, key: _run(s, delete(Round).where(Round.id == key)),
    ),
    "sites": Removal("site", _site_id, _of_site, _take_site),
}  # fmt: skip


def _run(session: Session, statement: object) -> None:
    session.execute(statement)  # type: ignore[call-overload]  # every delete
