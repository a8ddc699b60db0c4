"""Regions, organisations, teams and rounds: what a row of each must hold to, and how it is put down."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from intake.boards import facts
from intake.boards.columns import Register, folded, spelled_out, tidy
from intake.boards.models import Organisation, OrganisationAlias, Region, Round
from intake.boards.queries import texts
from intake.boards.queries.texts import ALIAS_GAP
from intake.boards.services.importing import Noun, Row
from intake.boards.services.keeping import Act
from intake.core.access import CUSTODY_TEAM, OFFICE_TEAM, SUPERIOR_TEAM
from intake.core.sheets import Line
from intake.people.models import Person, Team

_LEVELS = list(facts.LEVELS)
_ALIAS_MIN, _ALIAS_MAX = 2, 40
_HOUSES = {OFFICE_TEAM: "office", SUPERIOR_TEAM: "superior"}


# --- regions ---------------------------------------------------------------------------------------------------


def _with_own_regions(session: Session, lines: Sequence[Line]) -> Register:
    """A region may stand below one of the same sheet."""
    found = texts.register(session)
    own = {tidy(line.values.get("code", "")): tidy(line.values.get("name", "")) for line in lines}
    there = {row.code: row.name for row in session.scalars(select(Region))}
    return replace(found, regions=spelled_out({**there, **{code: name for code, name in own.items() if code}}))


def _check_regions(session: Session, _: Register, rows: Sequence[Row]) -> dict[int, dict[str, str]]:
    final = texts.regions_there(session) | {row.says["code"]: row.after for row in rows}
    bad = {}
    for row in rows:
        problem = _above(row.says["code"], final)
        if problem:
            bad[row.line] = {"parent_code": problem}
    return bad


def _above(code: str, final: Mapping[str, Mapping[str, str]]) -> str:
    """What is wrong with the way up from here; empty where nothing is."""
    own, parent = final[code], final[code].get("parent_code", "")
    if not parent:
        return ""
    if parent not in final:
        return "上一级：它自己那一行也不能用，请先改好。"
    if _LEVELS.index(final[parent]["level"]) >= _LEVELS.index(own["level"]):
        above, level = facts.LEVELS[final[parent]["level"]], facts.LEVELS[own["level"]]
        return f"上一级：“{final[parent]['name']}”是{above}，不能在{level}的上面。"
    return ""


def _put_regions(session: Session, _: Act, rows: Sequence[Row], spare: Any) -> None:
    """Those above first: each refers to its parent. Levels only ever rise, so there is no circle."""
    for row in sorted(rows, key=lambda row: _LEVELS.index(row.after["level"])):
        after = row.after
        region = session.get(Region, after["code"])
        if region is None:
            region = Region(code=after["code"])
            session.add(region)
        region.parent_code, region.level, region.name = after.get("parent_code") or None, after["level"], after["name"]
        session.flush()


REGIONS = Noun(
    "regions", "地方", facts.REGIONS, "code", "name", _with_own_regions,
    lambda session, _: texts.regions_there(session), _check_regions, _put_regions,
)  # fmt: skip


# --- organisations ---------------------------------------------------------------------------------------------


def split_aliases(text: str) -> list[str]:
    for gap in "；、,，":
        text = text.replace(gap, ALIAS_GAP)
    return sorted({alias for part in text.split(ALIAS_GAP) if (alias := tidy(part))})


def _check_organisations(session: Session, _: Register, rows: Sequence[Row]) -> dict[int, dict[str, str]]:
    """No spelling may mean two: a conflict with a name that means either protects nobody."""
    there = texts.organisations_there(session)
    for row in rows:
        there.pop((row.before or {}).get("name", ""), None)
    there |= {row.says["name"]: row.after for row in rows}
    owners: dict[str, set[str]] = {}
    for name, row_texts in there.items():
        for spelling in (name, *split_aliases(row_texts.get("aliases", ""))):
            owners.setdefault(folded(spelling), set()).add(name)
    bad: dict[int, dict[str, str]] = {}
    for row in rows:
        for field, spelling in _spellings(row):
            problem = _alias_problem(field, spelling, owners[folded(spelling)] - {row.says["name"]})
            if problem:
                bad.setdefault(row.line, {}).setdefault(field, problem)
    return bad


def _spellings(row: Row) -> list[tuple[str, str]]:
    return [("name", row.says["name"]), *(("aliases", a) for a in split_aliases(row.after.get("aliases", "")))]


def _alias_problem(field: str, spelling: str, others: set[str]) -> str:
    if others:
        return f"“{spelling}”也是{'、'.join(sorted(others))}的叫法，分不清是哪一家。"
    if field == "aliases" and not _ALIAS_MIN <= len(spelling) <= _ALIAS_MAX:
        return f"别的叫法“{spelling[:_ALIAS_MAX]}”要有 {_ALIAS_MIN} 到 {_ALIAS_MAX} 个字。"
    return ""


def _put_organisations(session: Session, _: Act, rows: Sequence[Row], spare: Any) -> None:
    known = {row.name: row for row in session.scalars(select(Organisation))}
    touched = []
    for row in rows:
        organisation = known.get((row.before or {}).get("name", ""))
        if organisation is None:
            organisation = Organisation()
            session.add(organisation)
        organisation.name, organisation.kind = row.after["name"], row.after["kind"]
        touched.append((organisation, split_aliases(row.after.get("aliases", ""))))
    session.flush()
    # All old spellings first: one may pass from a row to the next.
    session.execute(
        delete(OrganisationAlias).where(OrganisationAlias.organisation_id.in_([row.id for row, _ in touched]))
    )
    for organisation, aliases in touched:
        own = folded(organisation.name)
        session.add_all(OrganisationAlias(text=a, organisation_id=organisation.id) for a in aliases if folded(a) != own)
    session.flush()


def _read_aliases(_: Register, text: str) -> str:
    return ALIAS_GAP.join(split_aliases(text))


ORGANISATIONS = Noun(
    "organisations", "单位",
    tuple(replace(c, read=_read_aliases) if c.id == "aliases" else c for c in facts.ORGANISATIONS), "name", "name",
    lambda session, _: texts.register(session), lambda session, _: texts.organisations_there(session),
    _check_organisations, _put_organisations, renames=True,
)  # fmt: skip


# --- teams -----------------------------------------------------------------------------------------------------


def _check_teams(session: Session, _: Register, rows: Sequence[Row]) -> dict[int, dict[str, str]]:
    there = texts.teams_there(session) | {row.says["team_id"]: row.after for row in rows}
    named: dict[str, set[str]] = {}
    for team_id, row_texts in there.items():
        named.setdefault(folded(row_texts["name"]), set()).add(team_id)
    staffed = set(session.scalars(select(Person.team_id).where(Person.left_on.is_(None)).distinct()))
    bad: dict[int, dict[str, str]] = {}
    for row in rows:
        team_id, kind = row.says["team_id"], row.after["kind"]
        problems = {}
        if team_id == CUSTODY_TEAM:
            problems["team_id"] = f"“{CUSTODY_TEAM}”留给系统自己用，请换一个。"
        elif (kind in _HOUSES.values() or team_id in _HOUSES) and _HOUSES.get(team_id) != kind:
            problems["kind"] = "巡察办的编号只能是 office，上级信访室的只能是 superior，各只有一个。"
        elif row.before is not None and row.moves("kind") and team_id in staffed:
            problems["kind"] = "组里已经有人，种类不能改：他们的职务和钥匙是按原来的种类定的。"
        others = named[folded(row.after["name"])] - {team_id}
        if others:
            problems["name"] = f"和 {'、'.join(sorted(others))} 的组名一样，来信里提到时分不清。"
        if problems:
            bad[row.line] = problems
    return bad


def _put_teams(session: Session, _: Act, rows: Sequence[Row], spare: Any) -> None:
    for row in rows:
        after = row.after
        team = session.get(Team, after["team_id"])
        if team is None:
            team = Team(id=after["team_id"])
            session.add(team)
        team.name, team.kind, team.covers = after["name"], after["kind"], after.get("covers", "")
        team.region_code = after.get("region_code") or None
    session.flush()


TEAMS = Noun(
    "teams", "组", facts.TEAMS, "team_id", "name", lambda session, _: texts.register(session),
    lambda session, _: texts.teams_there(session), _check_teams, _put_teams,
)  # fmt: skip


# --- rounds ----------------------------------------------------------------------------------------------------


def _check_rounds(_: Session, __: Register, rows: Sequence[Row]) -> dict[int, dict[str, str]]:
    return {
        row.line: {"closes_at": "截止要在开始以后。"} for row in rows if row.after["closes_at"] <= row.after["opens_at"]
    }


def rounds(timezone: str) -> Noun:
    """Their hours are those of the installation's own clock on the wall."""
    zone = ZoneInfo(timezone)

    def instant(text: str) -> datetime:
        return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=zone).astimezone(UTC)

    def put(session: Session, _: Act, rows: Sequence[Row], spare: Any) -> None:
        known = {row.name: row for row in session.scalars(select(Round))}
        for row in rows:
            after, there = row.after, known.get((row.before or {}).get("name", ""))
            if there is None:
                there = Round()
                session.add(there)
            there.name, there.committee, there.tasks = after["name"], after["committee"], after.get("tasks", "")
            there.opens_at, there.closes_at = instant(after["opens_at"]), instant(after["closes_at"])
        session.flush()

    return Noun(
        "rounds", "轮次", facts.ROUNDS, "name", "name", lambda session, _: texts.register(session),
        lambda session, _: texts.rounds_there(session, zone), _check_rounds, put, renames=True,
    )  # fmt: skip
