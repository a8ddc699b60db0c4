"""Whom a clerk means by a name: organisations, sites, places and people, by number or by any spelling.

An unknown name is an error with suggestions, never silence: a conflict that means nobody protects nobody.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards.models import Organisation, OrganisationAlias, Region, Site
from intake.core.access import ROLE_NAMES, Role
from intake.core.errors import Invalid
from intake.core.nearness import near
from intake.people.models import Person, Team
from intake.routing.aliases import fold
from intake.routing.decide import CUSTODY

ABOVE = "above"  # the one target of a level: whoever the level above answers for


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that a name may mean. `label` is how pages call it; `spellings` are all ways to write it."""

    kind: str
    id: str
    label: str
    spellings: tuple[str, ...]


def _organisations(session: Session) -> list[Candidate]:
    others: defaultdict[str, list[str]] = defaultdict(list)
    for alias in session.scalars(select(OrganisationAlias)):
        others[alias.organisation_id].append(alias.text)
    rows = session.scalars(select(Organisation).order_by(Organisation.name))
    return [Candidate("organisation", row.id, row.name, (row.name, *others[row.id])) for row in rows]


def _sites(session: Session) -> list[Candidate]:
    rows = session.scalars(select(Site).order_by(Site.site_no))
    return [Candidate("site", row.id, f"{row.name}（{row.site_no}）", (row.site_no, row.name)) for row in rows]


def _units(session: Session) -> list[Candidate]:
    """Sites that stand for an inspected unit."""
    rows = session.scalars(select(Site).where(Site.kind == "unit").order_by(Site.site_no))
    return [Candidate("site", row.id, f"{row.name}（{row.site_no}）", (row.site_no, row.name)) for row in rows]


def _regions(session: Session) -> list[Candidate]:
    rows = session.scalars(select(Region).order_by(Region.code))
    return [Candidate("region", row.code, f"{row.name}（{row.code}）", (row.code, row.name)) for row in rows]


def _people(session: Session) -> list[Candidate]:
    rows = session.scalars(select(Person).where(Person.left_on.is_(None)).order_by(Person.login))
    return [Candidate("person", row.id, f"{row.name}（{row.login}）", (row.login, row.name)) for row in rows]


def _teams(session: Session) -> list[Candidate]:
    rows = session.scalars(select(Team).where(Team.id != CUSTODY).order_by(Team.id))
    return [Candidate("team", row.id, row.name, (row.id, row.name)) for row in rows]


def _posts(session: Session) -> list[Candidate]:
    return [Candidate("post", role.value, ROLE_NAMES[role], (role.value, ROLE_NAMES[role])) for role in Role]


def _levels(session: Session) -> list[Candidate]:
    return [Candidate("level", ABOVE, "上一级", (ABOVE, "上一级", "上级"))]


_Source = Callable[[Session], list[Candidate]]
_SOURCES: dict[str, tuple[str, tuple[_Source, ...]]] = {
    "organisation": ("单位", (_organisations,)),
    "unit": ("单位", (_organisations, _units)),
    "site": ("点位", (_sites,)),
    "region": ("地方", (_regions,)),
    "place": ("地方", (_regions,)),
    "whereabouts": ("地方或点位", (_regions, _sites)),
    "person": ("人", (_people,)),
    "team": ("组", (_teams,)),
    "post": ("岗位", (_posts,)),
    "level": ("级别", (_levels,)),
}
# What a conflict and an alias may be about, in the words of pages; `unit` and `place` are what sheets say.
CONFLICT_KINDS = {"organisation": "单位", "site": "点位", "region": "地方", "person": "人"}
CONFLICT_WORDS = (*CONFLICT_KINDS, "unit", "place")
ALIAS_KINDS = {"team": "组", "person": "人", "post": "岗位", "level": "级别", "organisation": "单位", "ignore": "不算"}


def candidates(session: Session, kind: str) -> list[Candidate]:
    """All that a name of this kind may mean, in the order of pages."""
    return [found for source in _SOURCES[kind][1] for found in source(session)]


def find_target(session: Session, kind: str, text: str, *, field: str = "target") -> Candidate:
    """What `text` means, by number, login or any spelling. Raises `Invalid` (`field`) with suggestions."""
    wanted, noun = fold(text), _SOURCES[kind][0]
    if not wanted:
        raise Invalid({field: f"请写是哪个{noun}。"})
    known = candidates(session, kind)
    exact = [found for found in known if text.strip() in (found.id, found.spellings[0])]
    named = exact or [found for found in known if wanted in map(fold, found.spellings)]
    if len(named) == 1:
        return named[0]
    if named:
        raise Invalid({field: f"“{text.strip()}”不止一个：{_list(named)}。请写括号里的编号。"})
    close = _near(wanted, known)
    hint = f"是不是：{_list(close)}？" if close else f"请先把这个{noun}登记好，或换个写法。"
    raise Invalid({field: f"没有叫“{text.strip()[:40]}”的{noun}。{hint}"})


def _list(found: Iterable[Candidate]) -> str:
    return "、".join(candidate.label for candidate in found)


def _near(wanted: str, known: Iterable[Candidate]) -> list[Candidate]:
    return near(wanted, {fold(spelling): candidate for candidate in known for spelling in candidate.spellings})


def labels(session: Session, kinds: Iterable[str]) -> dict[tuple[str, str], str]:
    """(kind, id) → how pages call it, for every kind asked for. People who left keep their names."""
    found = {(c.kind, c.id): c.label for kind in kinds for c in candidates(session, kind)}
    if "person" in kinds:
        gone = session.scalars(select(Person).where(Person.left_on.is_not(None)))
        found |= {("person", person.id): f"{person.name}（{person.login}，已离开）" for person in gone}
    return found
