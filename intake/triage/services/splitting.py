"""Splitting a mixed report: each matter becomes an item in the team's words, with a team and a lane of its own.

An item inherits every recusal of the original, by the link that ties them together. The citizen keeps one receipt:
answers are written in the original's box.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from intake.core.access import SignedIn
from intake.core.errors import Busy, Forbidden, Invalid, MoveForbidden, Retry, Stale
from intake.core.world import World
from intake.people.services import bump_epoch
from intake.reports import content, urgency
from intake.reports.content import CATEGORIES
from intake.reports.models import Report, StaffEvent
from intake.reports.services import history
from intake.reports.services.split_items import NewItem, new_item, since_of
from intake.reports.workflow import State
from intake.routing.aliases import Folded, Hit, fold
from intake.routing.decide import CUSTODY, SUPERIOR, Decision
from intake.routing.machinery import Machinery, Touching
from intake.routing.models import Grant, Link, Mention, Placement
from intake.routing.queries import Readers, machinery, readers_for, touching_of
from intake.routing.services import (
    TAMPERED,
    Hand,
    decide,
    ensure_custody,
    facts_of,
    mention_rows,
    placement_row,
    seal_out,
    settle,
    tampered,
    went_up,
)
from intake.triage.services import steps
from intake.triage.services.links import SPLIT
from intake.triage.services.opening import Held, find_own
from intake.triage.services.story import Names, story_line

FEWEST, MOST = 2, 9
_TRIES = 5
_SPLITTABLE = frozenset({
    State.received, State.registered, State.screening, State.assigned, State.returned, State.accepted,
    State.no_substance, State.in_progress,
})  # fmt: skip
_INHERITED = "从一件多项的反映里分出来：原件要回避的人，这一项也不经手。"


@dataclass(frozen=True, slots=True)
class ItemText:
    """One matter, restated: `category` as the form sent it."""

    text: str
    category: str = ""


@dataclass(frozen=True, slots=True)
class _Placed:
    """An item with its place, its readers and its rows."""

    item: NewItem
    decision: Decision
    readers: Readers
    placement: dict[str, Any]
    mentions: list[dict[str, Any]]
    grants: list[dict[str, Any]]

    @property
    def state(self) -> State:
        return State.sealed_up if self.decision.team_id == SUPERIOR else State.registered


def may_split(held: Held) -> bool:
    """Not what is an item already, nor what is settled or sealed."""
    return (
        held.opens
        and held.report.parent_id is None
        and held.placement.lane != "sealed"
        and State(held.report.state) in _SPLITTABLE
    )


def split(
    world: World, signed_in: SignedIn, report_id: str, *, items: Sequence[ItemText], version: int
) -> tuple[str, ...]:
    """The new items' ids. Items without a text are left out; their numbers in `Invalid` count from 1 (`text1`).

    Raises `NotFound`, `Forbidden`, `Stale`, `MoveForbidden`, `Invalid`.
    """
    with world.db.read() as session:
        held = find_own(session, signed_in, report_id)
        held.key(signed_in.keys.reading)
        if held.report.version != version:
            raise Stale(steps.STALE)
        if not may_split(held):
            raise MoveForbidden("这一件现在不能分：只有还在甄别或办理、没有密封、自己不是分出来的，才能分。")
        if tampered(session, world.secrets.routing_key, [held.placement.cluster]):
            raise Forbidden(TAMPERED)
    asked = _checked(world, items)
    for _ in range(_TRIES):
        fresh = [new_item(world, held.report, text=item.text, category=item.category or None) for item in asked]
        with world.db.read() as session:
            found = find_own(session, signed_in, report_id)
            placed = _place_all(world, session, found, fresh)
        try:
            _record(world, signed_in, found, version, placed)
        except (Retry, IntegrityError):  # readers moved, or a register number met another: all anew
            continue
        return tuple(one.item.report_id for one in placed)
    raise Busy(5)


def _checked(world: World, items: Sequence[ItemText]) -> list[ItemText]:
    least, longest = world.settings.body_min, world.settings.body_max
    problems, kept = {}, []
    for number, item in enumerate(items, 1):
        text = content.clean(item.text)
        if not text:
            continue
        if len(text) < least:
            problems[f"text{number}"] = f"第 {number} 项至少写 {least} 个字，现在有 {len(text)} 个。"
        elif len(text) > longest:
            problems[f"text{number}"] = f"第 {number} 项最多 {longest} 个字，现在有 {len(text)} 个。"
        kept.append(ItemText(text, item.category if item.category in CATEGORIES else ""))
    if not problems and not FEWEST <= len(kept) <= MOST:
        problems["text1" if not kept else "text2"] = f"请写 {FEWEST} 到 {MOST} 项，每项一件事，现在有 {len(kept)} 项。"
    if problems:
        raise Invalid(problems)
    return kept


# --- Placing: reading, and sealing outside the write -------------------------------------------------------


def _place_all(world: World, session: Session, held: Held, items: Sequence[NewItem]) -> list[_Placed]:
    """Every item is barred to whoever the original, or any other item, is barred to."""
    known, placement, day = machinery(session, world.secrets), held.placement, world.today()
    hits = [known.aliases.find(item.text) for item in items]
    mentions = [
        mention_rows(known, found, site_id=placement.site_id, category=item.category, about_handler=False)
        for item, found in zip(items, hits, strict=True)
    ]
    touching = touching_of(session, known, [placement.cluster])[placement.cluster]
    for rows in mentions:
        touching |= known.touching(sites=(), mentions=((row["kind"], row["target"]) for row in rows))
    return [
        _place(world, session, placement, item, found, rows, known=known, touching=touching, day=day)
        for item, found, rows in zip(items, hits, mentions, strict=True)
    ]


def _place(
    world: World, session: Session, parent: Placement, item: NewItem, hits: Sequence[Hit],
    mentions: list[dict[str, Any]], *, known: Machinery, touching: Touching, day: date,
) -> _Placed:  # fmt: skip
    secrets, report_id = world.secrets, item.report_id
    urgent = urgency.find(Folded(fold(item.text)), item.category, False)
    facts = facts_of(
        session, secrets, known, site_id=parent.site_id, touching=touching, hits=hits, day=day,
        category=item.category, urgent=urgent,
    )  # fmt: skip
    decision = decide(facts)
    decision = replace(decision, reasons=(*decision.reasons, _INHERITED))
    readers = readers_for(session, secrets, team_id=decision.team_id, known=known, touching=touching, day=day)
    row = placement_row(
        report_id, decision, board_code=parent.board_code, site_id=parent.site_id, place_code=parent.place_code,
        place_site_id=parent.place_site_id, cluster=parent.cluster, urgent=urgent, alias_version=known.alias_version,
        rules_version=known.rules_version,
        mentions=mentions, links=[(report_id, parent.report_id, SPLIT)], routing_key=secrets.routing_key,
    )  # fmt: skip
    grants = [
        grant
        for envelope, key in (("report", item.report_key), ("identity", item.identity_key))
        for grant in seal_out(readers, key, report_id=report_id, envelope=envelope, day=day)
    ]
    return _Placed(item, decision, readers, row, mentions, grants)


# --- Recording --------------------------------------------------------------------------------------------


def _record(world: World, signed_in: SignedIn, held: Held, version: int, placed: Sequence[_Placed]) -> None:
    hand, report_id = Hand.of(world, signed_in.actor.person_id), held.report.id
    cluster, epoch = held.placement.cluster, placed[0].readers.epoch

    def record(session: Session) -> None:
        if bump_epoch(session) != epoch + 1:
            raise Retry
        parent = steps.locked(session, signed_in, report_id, version)
        if session.get_one(Placement, report_id, with_for_update=True).cluster != cluster:
            raise Retry
        for one in placed:
            _add(session, hand, parent, one)
        parent.assignee_id = parent.assignee_id or hand.actor_id
        items = {"items": [one.item.report_id for one in placed]}
        steps.append(session, signed_in, parent, key=hand.chain_key, at=hand.at, kind="split", data=items)
        settle(session, hand, [report_id])

    world.db.write(record)


def _add(session: Session, hand: Hand, parent: Report, one: _Placed) -> None:
    item, state = one.item, one.state
    if one.decision.team_id == CUSTODY:
        ensure_custody(session)
    session.execute(insert(Placement), [one.placement])
    session.execute(insert(Report), [item.row_in(state, since_of(parent, state, hand.day))])
    session.execute(insert(Grant), one.grants)
    if one.mentions:
        session.execute(insert(Mention), [{"report_id": item.report_id, **row} for row in one.mentions])
    session.add(Link(report_id=item.report_id, other_id=parent.id, kind=SPLIT, day=hand.day, made_by=hand.actor_id))
    if one.decision.team_id == SUPERIOR:
        session.add(went_up(hand.day))
    row = session.get_one(Report, item.report_id)
    data = {"origin": parent.id, "state": state.value}
    history.append_staff(
        session, hand.chain_key, row, at=hand.at, actor_id=hand.actor_id, kind="split", data=data
    )  # fmt: skip


# How many items there are, the page's own list says, to those who may see each.
@story_line("split")
def _split_line(event: StaffEvent, names: Names) -> str:
    if "origin" in event.data:
        return f"{names.of(event.actor_id)}从一件多项的反映里分出这一项。"
    return f"{names.of(event.actor_id)}把它分成几项，各走各的。"
