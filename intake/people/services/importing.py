"""People from a sheet: added without any key, or told apart where one is there. All or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.core.access import ROLE_NAMES, Actor, Permission, Role
from intake.core.errors import Forbidden, Invalid
from intake.core.importing import CHANGED, NEW, SAME, BadRows, Change, Difference, Imported, told_in_full
from intake.core.nearness import near
from intake.core.sheets import Line
from intake.core.world import World
from intake.people.models import Person, PersonKey, Team
from intake.people.queries import SPELLINGS, normal_login
from intake.people.services.readers import bump_epoch, count_on, record
from intake.people.services.staffing import problems_of

COLUMNS = ("login", "name", "role", "team_id", "note")
REQUIRED = ("login",)
HEADINGS = {"登录名": "login", "姓名": "name", "职务": "role", "组": "team_id", "备注": "note"}
_WORDS = {column: words for words, column in HEADINGS.items()}
_NOTE_MAX = 200
_KEYED = (
    "已经有钥匙：钥匙上签的是原来的{what}，改了就作废。请先让这个人离任，再用新的登录名添一位；"
    "或者在“人员”里换新钥匙以后再改。"
)
_ROLES = {**{words: role.value for role, words in ROLE_NAMES.items()}, **{role.value: role.value for role in Role}}


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    login: str
    after: Mapping[str, str]
    before: Mapping[str, str] | None


def import_people(
    world: World, actor: Actor, lines: Sequence[Line], *, dry_run: bool = False, digest: str | None = None
) -> Imported:
    """New people have no password: each sets one through an activation link. Known again by login.

    `digest`: of the changes that somebody saw; `Stale` where they would be others. Raises `BadRows`, `Forbidden`.
    """
    if not actor.may(Permission.people_manage):
        raise Forbidden
    with world.db.read() as session:
        told = _told(_rows(session, lines))
    told.same_as_seen(digest)
    if dry_run or not told.writes:
        return told
    today, now = world.today(), world.clock.now()

    def write(session: Session) -> Imported:
        bump_epoch(session)  # one import at a time; names and posts of the machinery move
        rows = _rows(session, lines)
        told = _told(rows)
        told.same_as_seen(digest)
        if any(row.before is None or row.before["name"] != row.after["name"] for row in rows):
            count_on(session, SPELLINGS)  # a name is an alias: what was read before was read without it
        for row in rows:
            _put(session, row, by=actor.login, today=today, now=now)
        return told

    return world.db.write(write)


def _rows(session: Session, lines: Sequence[Line]) -> list[_Row]:
    teams = {team.id: team for team in session.scalars(select(Team))}
    people = {person.login: person for person in session.scalars(select(Person))}
    keyed = set(session.scalars(select(PersonKey.person_id).where(PersonKey.retired_on.is_(None))))
    found: list[_Row] = []
    bad: list[tuple[int, str]] = []
    first: dict[str, int] = {}
    for line in lines:
        try:
            row = _row(line, teams, people, keyed)
        except Invalid as refusal:
            bad.append((line.number, str(refusal)))
            continue
        seen = first.setdefault(row.login, line.number)
        if seen != line.number:
            bad.append((line.number, f"和第 {seen} 行是同一个登录名：{row.login}。请留一行。"))
        found.append(row)
    if bad:
        raise BadRows(bad)
    return found


def _row(line: Line, teams: Mapping[str, Team], people: Mapping[str, Person], keyed: set[str]) -> _Row:
    login = normal_login(line.values["login"])
    person = people.get(login)
    if person is not None and person.left_on is not None:
        raise Invalid({"login": f"{login} 已经离任，登录名不能再用，请换一个。"})
    before = _texts(person) if person is not None else None
    says = {name: " ".join(line.values[name].split()) for name in COLUMNS[1:] if name in line.values}
    missing = [_WORDS[name] for name in ("name", "role") if before is None and name not in says]
    if missing:
        raise Invalid({"login": f"新的一行要有{'、'.join(missing)}这几列。"})
    after = {**(before or dict.fromkeys(COLUMNS[1:], "")), **says}
    after["role"] = _role(after["role"])
    after["team_id"] = _team(after["team_id"], teams)
    problems = problems_of(
        login, after["name"], Role(after["role"]), after["team_id"] or None, teams.get(after["team_id"])
    )
    if len(after["note"]) > _NOTE_MAX:
        problems["note"] = f"备注最多 {_NOTE_MAX} 个字。"
    if person is not None and person.id in keyed and before is not None:
        moved = [_WORDS[name] for name in ("role", "team_id") if before[name] != after[name]]
        if moved:
            problems["role"] = f"{login} {_KEYED.format(what='和'.join(moved))}"
    if problems:
        raise Invalid(problems)
    return _Row(line.number, login, after, before)


def _role(text: str) -> str:
    if text not in _ROLES:
        raise Invalid(
            {"role": f"没有“{text[:20]}”这个职务，可以写：{'、'.join(ROLE_NAMES.values())}。" if text else "请写职务。"}
        )
    return _ROLES[text]


def _team(text: str, teams: Mapping[str, Team]) -> str:
    """By number or name; an unknown one with those that are spelled nearly so."""
    named = {team.name: team.id for team in teams.values()}
    if not text or text in teams:
        return text
    if text in named:
        return named[text]
    spelled = {**{team_id: team_id for team_id in teams}, **named}
    close = "、".join(f"{teams[team_id].name}（{team_id}）" for team_id in near(text, spelled))
    raise Invalid({"team_id": f"没有“{text[:40]}”这个组。" + (f"是不是：{close}？" if close else "请先把组登记好。")})


def _texts(person: Person) -> dict[str, str]:
    return {"name": person.name, "role": person.role, "team_id": person.team_id or "", "note": person.note}


def _told(rows: Sequence[_Row]) -> Imported:
    return told_in_full([_change(row) for row in rows])


def _change(row: _Row) -> Change:
    before = row.before or {}
    differences = tuple(
        Difference(_WORDS[name], _shown(name, before.get(name, "")), _shown(name, value))
        for name, value in row.after.items()
        if value != before.get(name, "")
    )
    kind = NEW if row.before is None else CHANGED if differences else SAME
    return Change(row.line, kind, row.login, row.after["name"], differences)


def _shown(name: str, text: str) -> str:
    return ROLE_NAMES[Role(text)] if name == "role" and text else text


def _put(session: Session, row: _Row, *, by: str, today: date, now: datetime) -> None:
    after = row.after
    columns = {"name": after["name"], "role": after["role"], "team_id": after["team_id"] or None, "note": after["note"]}
    if row.before is None:
        person = Person(login=row.login, added_on=today, **columns)
        session.add(person)
    elif dict(row.before) == dict(after):
        return
    else:
        person = session.scalars(select(Person).where(Person.login == row.login)).one()
        for name, value in columns.items():
            setattr(person, name, value)
    session.flush()
    data = {"role": after["role"], "team_id": after["team_id"] or None}
    record(session, at=now, actor=by, kind="changed" if row.before else "added", person_id=person.id, data=data)
