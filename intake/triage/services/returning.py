"""Sending back (退回) what an alias caught wrongly: by the superior from the opened report, by the office with a second
person. What was caught wrongly counts no more, and the report is routed again with all the rest."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import ROLE_NAMES, Role, SignedIn
from intake.core.errors import Invalid, MoveForbidden
from intake.core.world import World
from intake.reports import near
from intake.reports.workflow import REASONS
from intake.routing.aliases import Hit, fold
from intake.routing.decide import CUSTODY, OFFICE, SUPERIOR, Decision, Named
from intake.routing.machinery import LEVEL, PERSON, POST, TEAM, Machinery, Mentioned
from intake.routing.models import Alarm, Mention, Placement, Sketch
from intake.routing.queries import machinery, touching_of
from intake.routing.services import Hand, Transfer, decide, facts_of, prepare_transfer, record_transfer, settle
from intake.triage.services.opening import Held, find_own
from intake.triage.services.sealed import again, every_key
from intake.triage.services.sealing import forget_waiting
from intake.triage.services.steps import Prepared, performs

_KINDS = (LEVEL, TEAM, PERSON, POST)
_WHO = {SUPERIOR: "上级", OFFICE: "巡察办"}


@dataclass(frozen=True, slots=True)
class Naming:
    """One whom the report is said to concern. `value` is what a form sends; `usual`: taken out unless one says else."""

    value: str
    words: str
    usual: bool


@dataclass(frozen=True, slots=True)
class _Way:
    """Where it goes then. `counts_out`: mentions that shut nobody out any more, in the whole cluster."""

    decision: Decision
    counts_out: frozenset[Mentioned]
    rules_version: int


def namings(world: World, signed_in: SignedIn, report_id: str, *, text: str) -> tuple[Naming, ...]:
    """Who is named, for the form of a return; `text` is the opened report's, so that its own spelling is shown."""
    with world.db.read() as session:
        held = find_own(session, signed_in, report_id)
        known = machinery(session, world.secrets)
        rows = _live(session, report_id)
    hits = known.aliases.find(text)
    return tuple(
        Naming(f"{row.kind}:{row.target}", _words(known, row, hits), _is_usual(held, row))
        for row in sorted(rows, key=lambda row: (_KINDS.index(row.kind), row.target))
    )


def _live(session: Session, report_id: str) -> list[Mention]:
    rows = select(Mention).where(
        Mention.report_id == report_id, Mention.dismissed.is_(False), Mention.kind.in_(_KINDS)
    )  # fmt: skip
    return list(session.scalars(rows))


def _is_usual(held: Held, row: Mention) -> bool:
    """For the superior what sent it up; for the office all that the text names. The rest still keeps people out."""
    if held.shared:
        return row.kind == LEVEL or (row.kind, row.target) == (TEAM, OFFICE)
    return row.source == "text"


def _words(known: Machinery, row: Mention, hits: Collection[Hit]) -> str:
    who = {
        LEVEL: "上一级管的人",
        TEAM: known.teams.get(row.target, row.target),
        PERSON: known.people[row.target].name if row.target in known.people else "已经离开的人",
        POST: f"岗位：{ROLE_NAMES[Role(row.target)] if row.target in set(Role) else row.target}",
    }[row.kind]
    if row.source == "tick":
        return f"反映人打勾：{who}"
    spelled = "、".join(f"“{hit.text}”" for hit in hits if (hit.kind, hit.target) == (row.kind, row.target))
    return f"{spelled}：{who}" if spelled else who


@performs("send_back")
def send_back(world: World, signed_in: SignedIn, held: Held, prepared: Prepared) -> None:
    """Take out the mentions, route again, and re-seal all of it to whoever is eligible there.

    Raises `MoveForbidden` where it would stay where it is or nobody may have it, or something is out of reach.
    """
    again(lambda: _send_back(world, signed_in, held, prepared))


def _send_back(world: World, signed_in: SignedIn, held: Held, prepared: Prepared) -> None:
    report_id, hand = held.report.id, Hand.of(world, signed_in.actor.person_id)
    with world.db.read() as session:
        keys = every_key(session, signed_in, held)
        chosen = _chosen(held, _live(session, report_id), prepared.asked.dismissed)
        way = _way(world, session, held, chosen)
    transfer = _transfer(world, held, keys, way, prepared.asked.reason)
    sketch = _sketch_row(world, held, keys["report"], prepared) if held.shared else None
    data = {"to_team": way.decision.team_id, "dismissed": sorted(f"{kind}:{target}" for kind, target in chosen)}
    step = replace(prepared, data={**prepared.data, **data})

    def record(session: Session) -> None:
        step.record(session).assignee_id = None
        record_transfer(session, hand, transfer)
        for kind, target in chosen:
            session.get_one(Mention, (report_id, kind, target)).dismissed = True
        if sketch is not None and session.get(Sketch, report_id) is None:
            session.add(Sketch(**sketch))
        forget_waiting(session, report_id)
        _note_decision(session, hand, report_id, way)
        settle(session, hand, [report_id])

    world.db.write(record)


def _chosen(held: Held, rows: Collection[Mention], asked: Collection[str] | None) -> frozenset[Mentioned]:
    if asked is None:
        return frozenset((row.kind, row.target) for row in rows if _is_usual(held, row))
    return frozenset((row.kind, row.target) for row in rows if f"{row.kind}:{row.target}" in asked)


def _way(world: World, session: Session, held: Held, chosen: frozenset[Mentioned]) -> _Way:
    """Routed again with what is left. What something linked with it names too keeps everybody out as before."""
    placement, report, secrets = held.placement, held.report, world.secrets
    known = machinery(session, secrets)
    linked = list(
        session.scalars(
            select(Placement.report_id).where(Placement.cluster == placement.cluster, Placement.report_id != report.id)
        )
    )
    others = session.execute(
        select(Mention.kind, Mention.target).where(Mention.report_id.in_(linked), Mention.dismissed.is_(False))
    )
    counts_out = chosen.difference((kind, target) for kind, target in others)
    touching = touching_of(session, known, [placement.cluster])[placement.cluster]
    touching = replace(touching, mentions=touching.mentions - counts_out)
    left = [row for row in _live(session, report.id) if (row.kind, row.target) not in chosen]
    ticked = report.about_handler and not _tick_taken_out(session, report.id, chosen)
    facts = facts_of(
        session, secrets, known, site_id=placement.place_site_id or placement.site_id, touching=touching,
        hits=(), named=tuple(Named(row.kind, row.target, _name(known, row)) for row in left if row.source == "text"),
        day=world.today(), category=report.category, about_handler=ticked, linked=bool(linked),
        # Two of the superior's people have read it: what the citizen ticked about the superior is answered.
        about_superior=False, urgent=tuple(placement.urgent),
    )  # fmt: skip
    return _Way(_allowed(held, decide(facts)), counts_out, known.rules_version)


def _tick_taken_out(session: Session, report_id: str, chosen: Collection[Mentioned]) -> bool:
    ticks = select(Mention).where(Mention.report_id == report_id, Mention.source == "tick")
    return any(row.dismissed or (row.kind, row.target) in chosen for row in session.scalars(ticks))


def _name(known: Machinery, row: Mention) -> str:
    """How the table of aliases spells it first: the reason names nobody in the citizen's words."""
    found = (entry.text for entry in known.entries if (entry.kind, entry.target) == (row.kind, row.target))
    return next(found, known.teams.get(row.target, row.target))


def _allowed(held: Held, decision: Decision) -> Decision:
    if decision.team_id == held.placement.team_id:
        raise MoveForbidden(f"照规则还是该在这里，退不下去：{decision.reasons[0]}")
    if decision.team_id in (CUSTODY, SUPERIOR):
        raise MoveForbidden("现在没有一个组可以经手，退不下去。")
    return decision


def _transfer(world: World, held: Held, keys: Mapping[str, bytes], way: _Way, reason: str) -> Transfer:
    why = f"{_WHO.get(held.placement.team_id, '')}退回：{REASONS[reason]}。"
    try:
        transfer = prepare_transfer(
            world, held.report.id, team_id=way.decision.team_id, keys=keys, reason=why, dismissed=way.counts_out
        )
    except Invalid as refusal:
        raise MoveForbidden(str(refusal)) from refusal
    return replace(transfer, reasons=(why, *way.decision.reasons))


def _sketch_row(world: World, held: Held, key: bytes, prepared: Prepared) -> dict[str, Any] | None:
    """Below the superior it is compared with others again, as everything there is."""
    written = json.loads(vault.decrypt(key, held.report.content, ("report", held.report.id, "content")))
    marks = near.sketch(world.secrets.sketch_key, fold(written["body"]))
    if marks is None:
        return None
    bands = {f"b{place}": value for place, value in enumerate(near.bands(marks))}
    return {"report_id": held.report.id, "marks": marks, "day": prepared.day, **bands}


def _note_decision(session: Session, hand: Hand, report_id: str, way: _Way) -> None:
    placement = session.get_one(Placement, report_id)
    decision = way.decision
    placement.rules_version, placement.guardian = way.rules_version, decision.alarm
    if decision.alarm:
        session.add(Alarm(day=hand.day, kind="guardian", report_id=report_id, team_id=decision.team_id))
