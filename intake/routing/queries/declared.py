"""Reading what was declared: the office's lists of conflicts, aliases and rules."""

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards.models import Region
from intake.core.access import Actor, Role
from intake.core.clock import local_day
from intake.core.world import World
from intake.people.models import Person, Team
from intake.routing.aliases import fold
from intake.routing.decide import SUPERIOR
from intake.routing.machinery import Declared
from intake.routing.models import Alias, Conflict, Placement, Rule
from intake.routing.queries.knowledge import machinery, touching_of
from intake.routing.queries.row_filter import visible_reports
from intake.routing.queries.targets import ALIAS_KINDS, CONFLICT_KINDS, labels

_CHUNK = 400  # clusters at a time
_MACHINES = {"import": "从表格导入", "demo": "演示数据"}  # who acts without being a person
STATES = {"running": "生效中", "future": "还没到", "past": "已到期", "ended": "已结束"}


@dataclass(frozen=True, slots=True)
class ConflictLine:
    """One line of the office's list. `state`: running, future, past or ended."""

    id: str
    person_id: str
    person: str
    kind: str
    kind_name: str
    target: str
    ground: str
    from_day: date
    to_day: date | None
    state: str
    approved_by: str
    made_by: str
    made_on: date
    ended_by: str | None
    ended_on: date | None

    @property
    def state_name(self) -> str:
        return STATES[self.state]


def conflict_lines(session: Session, world: World, *, state: str = "", words: str = "") -> list[ConflictLine]:
    """Every conflict ever declared, those that count first. `words` may stand in name, target, ground or people."""
    names = labels(session, ("organisation", "site", "region", "person"))
    today, zone = world.today(), world.settings.timezone
    rows = session.scalars(select(Conflict).order_by(Conflict.from_day.desc(), Conflict.id))

    def name(person_id: str) -> str:
        return names.get(("person", person_id)) or _MACHINES.get(person_id, person_id)

    lines = [
        ConflictLine(
            id=row.id,
            person_id=row.person_id,
            person=name(row.person_id),
            kind=row.kind,
            kind_name=CONFLICT_KINDS.get(row.kind, row.kind),
            target=names.get((row.kind, row.target), row.target),
            ground=row.ground,
            from_day=row.from_day,
            to_day=row.to_day,
            state=_state(row, today),
            approved_by=name(row.approved_by),
            made_by=name(row.made_by),
            made_on=local_day(row.made_at, zone),
            ended_by=name(row.ended_by) if row.ended_by else None,
            ended_on=local_day(row.ended_at, zone) if row.ended_at else None,
        )
        for row in rows
    ]
    order = {wanted: place for place, wanted in enumerate(STATES)}
    found = [line for line in lines if (not state or line.state == state) and _has(line, words)]
    return sorted(found, key=lambda line: (order[line.state], line.person, line.target))


def _state(row: Conflict, today: date) -> str:
    if row.ended_at is not None:
        return "ended"
    if row.from_day > today:
        return "future"
    return "past" if row.to_day is not None and row.to_day < today else "running"


def _has(line: ConflictLine, words: str) -> bool:
    text = fold(f"{line.person}\n{line.target}\n{line.ground}\n{line.approved_by}\n{line.made_by}")
    return all(fold(word) in text for word in words.split())


def would_lose(session: Session, world: World, actor: Actor, declared: Declared) -> int:
    """How many of the reports that `actor` may know of this person handles now and would not any more.

    Counted in the actor's own view: what is sealed or shut to them is not in the number.
    """
    known, today = machinery(session, world.secrets), world.today()
    person, day = known.people[declared.person_id], max(today, declared.from_day)
    mine = select(Placement.cluster).where(Placement.report_id.in_(visible_reports(actor)))
    if person.role != Role.office:
        mine = mine.where(Placement.team_id == person.team_id)
    after = replace(known, declared=(*known.declared, declared))
    clusters: dict[str, int] = {}
    for cluster in session.scalars(mine.where(Placement.team_id != SUPERIOR)):
        clusters[cluster] = clusters.get(cluster, 0) + 1
    wanted, lost = list(clusters), 0
    for start in range(0, len(wanted), _CHUNK):
        touching = touching_of(session, known, wanted[start : start + _CHUNK])
        lost += sum(
            clusters[cluster]
            for cluster, touched in touching.items()
            if known.ground(person, touched, today) is None and after.ground(person, touched, day) is not None
        )
    return lost


@dataclass(frozen=True, slots=True)
class AliasLine:
    folded: str
    text: str
    kind: str
    kind_name: str
    target: str
    made_by: str
    made_on: date
    version: int


def alias_lines(session: Session, world: World, *, words: str = "") -> list[AliasLine]:
    """Every declared alias, by kind and text."""
    names = labels(session, ("team", "person", "post", "level", "organisation"))
    zone = world.settings.timezone
    lines = [
        AliasLine(
            folded=row.folded,
            text=row.text,
            kind=row.kind,
            kind_name=ALIAS_KINDS.get(row.kind, row.kind),
            target=names.get((row.kind, row.target), row.target),
            made_by=names.get(("person", row.made_by)) or _MACHINES.get(row.made_by, row.made_by),
            made_on=local_day(row.made_at, zone),
            version=row.version,
        )
        for row in session.scalars(select(Alias))
    ]
    order = {kind: place for place, kind in enumerate(ALIAS_KINDS)}
    wanted = [fold(word) for word in words.split()]
    found = [line for line in lines if all(w in line.folded or w in fold(line.target) for w in wanted)]
    return sorted(found, key=lambda line: (order.get(line.kind, 9), line.text))


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One line of the ordered set; `place` is its number among the active ones, from 1."""

    id: str
    place: int
    site_kind: str | None
    region: str | None
    category: str | None
    tick: str | None
    team: str
    why: str
    active: bool
    made_by: str
    made_on: date


def rule_lines(session: Session, world: World) -> list[RuleLine]:
    """The active rules in their order, then those that were taken out."""
    people = {person.id: person.name for person in session.scalars(select(Person))}
    regions = {region.code: region.name for region in session.scalars(select(Region))}
    teams = {team.id: team.name for team in session.scalars(select(Team))}
    rows = session.scalars(select(Rule).order_by(Rule.active.desc(), Rule.position, Rule.id))
    return [
        RuleLine(
            id=row.id,
            place=place,
            site_kind=row.site_kind,
            region=regions.get(row.region_code, row.region_code) if row.region_code else None,
            category=row.category,
            tick=row.tick,
            team=teams.get(row.team_id, row.team_id),
            why=row.why,
            active=row.active,
            made_by=people.get(row.made_by, row.made_by),
            made_on=local_day(row.made_at, world.settings.timezone),
        )
        for place, row in enumerate(rows, 1)
    ]
