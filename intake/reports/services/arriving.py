"""Where a new report goes: whom its words name, what it repeats, who may hold its keys.

The one moment at which this process sees the text: what is found out now (ids, kinds, a sketch) is what recusal
goes by for as long as the report is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from intake.boards.queries import BoardPage
from intake.core.secretfile import Secrets
from intake.core.tables import table_of
from intake.core.world import World
from intake.reports import near, urgency
from intake.reports.content import Draft
from intake.reports.models import Report
from intake.reports.workflow import State
from intake.routing.aliases import Folded, fold
from intake.routing.decide import CUSTODY, SUPERIOR, Decision
from intake.routing.machinery import Touching
from intake.routing.models import Placement, Sketch
from intake.routing.queries import Readers, machinery, readers_for, touching_of
from intake.routing.queries.marks import is_sound
from intake.routing.services import decide, facts_of, mention_rows, placement_row

_SKETCH, _PLACEMENT, _REPORT = table_of(Sketch), table_of(Placement), table_of(Report)
REPEAT = "repeat"
HELD = "held"
_NEVER_TWINS = ("held", "purged", "locked")  # lanes
_BANDS = 8
_CANDIDATES = 200  # sketches compared: of strangers a few in a thousand share a band and must not crowd out a twin



def _honest() -> ColumnElement[bool]:
    return and_(_PLACEMENT.c.lane.not_in(_NEVER_TWINS), _REPORT.c.state != State.spam.value).label("honest")


# Built once: every filing asks. Whoever shares a band is worth comparing; what waits in the held lane or was set aside
# as spam is a neighbour in a list, and never a twin.
_NEAR = (
    select(_SKETCH.c.report_id, _SKETCH.c.marks, _PLACEMENT.c.cluster, _PLACEMENT.c.flock, _honest())
    .join_from(_SKETCH, _PLACEMENT, _PLACEMENT.c.report_id == _SKETCH.c.report_id)
    .join(_REPORT, _REPORT.c.id == _SKETCH.c.report_id)
    .where(or_(*(_SKETCH.c[f"b{place}"] == bindparam(f"b{place}") for place in range(_BANDS))))
    .limit(_CANDIDATES)
)
# A held copy of a held flock leaves no sketch of its own, so a flood of the same words crowds nobody out of these.
_OF_FLOCK = (
    select(_PLACEMENT.c.report_id, _PLACEMENT.c.cluster)
    .join(_REPORT, _REPORT.c.id == _PLACEMENT.c.report_id)
    .where(_PLACEMENT.c.flock == bindparam("flock"), _honest())
    .order_by(_REPORT.c.day, _REPORT.c.day_order)
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Words:
    """What the text says about where it goes; made once, outside any transaction."""

    folded: Folded
    urgent: tuple[str, ...]
    marks: bytes | None
    few: bool  # too few of them to be linked with anything by itself


@dataclass(frozen=True, slots=True)
class Twin:
    """An earlier report with nearly the same words, and the cluster in which it lies."""

    report_id: str
    cluster: str


@dataclass(frozen=True, slots=True)
class Nearest:
    """What has nearly the same words: the flock to stand in, a twin among what is no spam, if there is one."""

    flock: str | None
    twin: Twin | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """Everything about the place of a new report, as rows. `widens`: its cluster must be settled again."""

    decision: Decision
    readers: Readers
    placement: dict[str, Any]
    mentions: list[dict[str, Any]]
    sketch: dict[str, Any] | None
    twin: Twin | None
    widens: bool


def read_words(secrets: Secrets, draft: Draft) -> Words:
    """Folded once: names are looked for in the body, the subject and the place, each by itself."""
    body = fold(draft.body)
    folded = Folded("|".join((body, fold(draft.subject), fold(draft.place))))
    marks = near.sketch(secrets.sketch_key, body, least=near.MIN_HELD)
    few = len(body) < near.MIN_CHARS
    return Words(folded, urgency.find(body, draft.category, draft.urgent), marks, few)


def arrive(
    session: Session,
    world: World,
    words: Words,
    *,
    report_id: str,
    board: BoardPage,
    draft: Draft,
    held: Sequence[str],
    day: date,
) -> Arrival:
    """Decide, and say who may hold the keys there. Reading only."""
    secrets = world.secrets
    known = machinery(session, secrets)
    hits = known.aliases.find_folded(words.folded)
    ticks = frozenset({"urgent"}) if draft.urgent else frozenset[str]()
    mentions = mention_rows(
        known, hits, site_id=board.site_id, category=draft.category, about_handler=draft.about_handler, ticks=ticks
    )
    own = known.touching(sites=(board.site_id,), mentions=((row["kind"], row["target"]) for row in mentions))
    nearest = find_nearest(session, words, secrets.routing_key)
    twin = nearest.twin
    before = touching_of(session, known, [twin.cluster])[twin.cluster] if twin is not None else Touching()
    touching = own | before
    decision = decide(
        facts_of(
            session, secrets, known, site_id=board.site_id, touching=touching, hits=hits, day=day,
            board_live=board.state == "live" and not board.after_round,
            category=draft.category, about_handler=draft.about_handler,
            about_superior=draft.about_superior, linked=twin is not None, urgent=words.urgent, held=tuple(held),
            ticks=ticks,
        )
    )  # fmt: skip
    behind: str | None = None
    flock = nearest.flock
    if decision.team_id in (SUPERIOR, CUSTODY):
        # Nothing of a sealed report is compared with anything: it stands alone, also against later ones.
        twin, touching, flock = None, own, None
    elif decision.lane == HELD:
        # What is held ties nobody else to it: spam must not take a report from those who work on it. ADR 0023.
        behind, twin = nearest.twin.report_id if nearest.twin is not None else None, None
    elif twin is None and words.few:
        flock = None
    readers = readers_for(
        session, secrets, team_id=decision.team_id, known=known, touching=touching, day=day
    )  # fmt: skip
    return Arrival(
        decision=decision,
        readers=readers,
        placement=placement_row(
            report_id, decision, board_code=board.code, site_id=board.site_id, urgent=words.urgent,
            cluster=twin.cluster if twin is not None else report_id, alias_version=known.alias_version,
            rules_version=known.rules_version,
            flock=flock or report_id, behind=behind, mentions=mentions,
            links=[(report_id, twin.report_id, REPEAT)] if twin is not None else (),
            routing_key=secrets.routing_key,
        ),
        mentions=[{"report_id": report_id, **row} for row in mentions],
        sketch=_sketch_row(report_id, words.marks, day) if _keeps_sketch(decision, words, flock) else None,
        twin=twin,
        widens=twin is not None and (own | before) != before,
    )  # fmt: skip


def _keeps_sketch(decision: Decision, words: Words, flock: str | None) -> bool:
    if decision.team_id in (SUPERIOR, CUSTODY):
        return False
    return flock is None if decision.lane == HELD else not words.few


def _sketch_row(report_id: str, marks: bytes | None, day: date) -> dict[str, Any] | None:
    if marks is None:
        return None
    bands = {f"b{place}": value for place, value in enumerate(near.bands(marks))}
    return {"report_id": report_id, "marks": marks, "day": day, **bands}


def find_nearest(session: Session, words: Words, routing_key: bytes) -> Nearest:
    """Whose words are nearly the same. A few words stand in a flock of held ones, and are nobody's twin."""
    if words.marks is None:
        return Nearest(None, None)
    marks = words.marks
    rows = session.execute(_NEAR, {f"b{place}": value for place, value in enumerate(near.bands(marks))}).all()
    alike = sorted(((near.alike(marks, row.marks), row.report_id, row) for row in rows), reverse=True)
    close = [row for likeness, _, row in alike if likeness >= near.THRESHOLD]
    if not close:
        return Nearest(None, None)
    if words.few:
        return Nearest(close[0].flock, None)
    twin = next((Twin(row.report_id, row.cluster) for row in close if row.honest), None)
    if twin is None:  # of a flock whose first is held, one that was let through since
        found = session.execute(_OF_FLOCK, {"flock": close[0].flock}).first()
        twin = Twin(found.report_id, found.cluster) if found is not None else None
    if twin is not None and not is_sound(session, routing_key, twin.report_id):
        twin = None  # nothing is tied to what somebody has forged
    return Nearest(close[0].flock, twin)
