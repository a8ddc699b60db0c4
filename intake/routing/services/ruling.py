"""The ordered rules: what fits the first of them goes to its team, before the board's own. They touch new filings."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.core.access import Actor
from intake.core.errors import Invalid, NotFound
from intake.core.tables import new_id
from intake.core.world import World
from intake.people.models import Team
from intake.people.services import count_on
from intake.routing.models import Rule
from intake.routing.queries.knowledge import RULES
from intake.routing.queries.targets import find_target
from intake.routing.services.declaring import managing
from intake.routing.services.facts import check_mark, reseal

WHY_MAX = 60
TEAM_KINDS = ("inspection_team", "office")  # who has originals; units to which something is handed on never do
_CONDITIONS = ("site_kind", "region_code", "category", "tick")
SITE_KINDS = {"project": "工程", "village": "村（社区）", "unit": "被巡察单位"}


@dataclass(frozen=True, slots=True)
class Terms:
    """A rule as somebody wrote it; what is empty fits everything. `region` is a name or a code."""

    team_id: str
    why: str
    site_kind: str = ""
    region: str = ""
    category: str = ""
    tick: str = ""


def add_rule(world: World, actor: Actor, terms: Terms, *, categories: frozenset[str], ticks: frozenset[str]) -> str:
    """At the end of the order; the new id. Raises `Invalid` with every field that cannot be taken.

    `categories` and `ticks` are what a report can have: whoever knows reports says which.
    """
    managing(actor)
    with world.db.read() as session:
        row = _understood(session, terms, categories, ticks)
    row |= {"id": new_id(), "made_by": actor.person_id, "made_at": world.clock.now()}
    routing_key = world.secrets.routing_key

    def record(session: Session) -> str:
        check_mark(session, routing_key)
        rows = _active(session)
        if any(all(getattr(rule, name) == row[name] for name in _CONDITIONS) for rule in rows):
            raise Invalid({"why": "这样的规则已经有一条了，后面的不会用到。"})
        session.add(Rule(position=len(rows) + 1, active=True, **row))
        _number(rows)
        _renumbered(session, routing_key)
        return str(row["id"])

    return world.db.write(record)


def _understood(session: Session, terms: Terms, categories: frozenset[str], ticks: frozenset[str]) -> dict[str, object]:
    problems: dict[str, str] = {}
    team = session.get(Team, terms.team_id) if terms.team_id.isprintable() and terms.team_id else None
    if team is None or team.kind not in TEAM_KINDS:
        problems["team_id"] = "请选交给哪个组。"
    why = " ".join(terms.why.split())
    if not why:
        problems["why"] = "请写为什么，比如“工程归工程专项组”：它会出现在分件理由里。"
    elif len(why) > WHY_MAX:
        problems["why"] = f"理由最多 {WHY_MAX} 个字。"
    region = None
    if terms.region.strip():
        try:
            region = find_target(session, "region", terms.region, field="region").id
        except Invalid as refusal:
            problems |= refusal.fields
    for field, value, allowed in (
        ("site_kind", terms.site_kind, SITE_KINDS.keys()), ("category", terms.category, categories),
        ("tick", terms.tick, ticks),
    ):  # fmt: skip
        if value and value not in allowed:
            problems[field] = "请从列表里选一项。"
    if not (terms.site_kind or terms.region.strip() or terms.category or terms.tick):
        problems["site_kind"] = "至少写一个条件，不然所有的件都归这个组。"
    if problems:
        raise Invalid(problems)
    return {
        "site_kind": terms.site_kind or None,
        "region_code": region,
        "category": terms.category or None,
        "tick": terms.tick or None,
        "team_id": terms.team_id,
        "why": why,
    }


def _active(session: Session) -> list[Rule]:
    found = select(Rule).where(Rule.active.is_(True)).order_by(Rule.position, Rule.id).with_for_update()
    return list(session.scalars(found))


def _renumbered(session: Session, routing_key: bytes) -> None:
    """They are another version from here on: each report keeps under which it was placed."""
    count_on(session, RULES)
    reseal(session, routing_key)


def _number(rows: list[Rule]) -> None:
    for place, row in enumerate(rows, 1):
        row.position = place


def move_rule(world: World, actor: Actor, *, rule_id: str, up: bool) -> None:
    """One place up or down; at the end of the order nothing happens. Raises `NotFound`, `Forbidden`."""
    managing(actor)
    routing_key = world.secrets.routing_key

    def record(session: Session) -> None:
        check_mark(session, routing_key)
        rows = _active(session)
        at = next((place for place, row in enumerate(rows) if row.id == rule_id), None)
        if at is None:
            raise NotFound
        other = at - 1 if up else at + 1
        if 0 <= other < len(rows):
            rows[at], rows[other] = rows[other], rows[at]
            _number(rows)
            _renumbered(session, routing_key)

    world.db.write(record)


def set_rule_active(world: World, actor: Actor, *, rule_id: str, active: bool) -> None:
    """Take it out of the order, or put it back at its end. Raises `NotFound`, `Forbidden`."""
    managing(actor)
    routing_key = world.secrets.routing_key

    def record(session: Session) -> None:
        check_mark(session, routing_key)
        rows = _active(session)
        rule = session.get(Rule, rule_id, with_for_update=True)
        if rule is None:
            raise NotFound
        if rule.active is active:
            return
        rule.active = active
        rows = [row for row in rows if row is not rule] + ([rule] if active else [])
        _number(rows)
        if not active:
            rule.position = 0
        _renumbered(session, routing_key)

    world.db.write(record)
