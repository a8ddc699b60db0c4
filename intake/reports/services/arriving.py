"""Where a new report goes: whom its words name, what it repeats, who may hold its keys.

The one moment at which this process sees the text: what is found out now (ids, kinds, a sketch) is what recusal
goes by for as long as the report is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from intake.boards.queries import BoardPage
from intake.core.secretfile import Secrets
from intake.core.tables import table_of
from intake.core.world import World
from intake.reports import near, urgency
from intake.reports.content import Draft
from intake.routing.aliases import Folded, fold
from intake.routing.decide import CUSTODY, SUPERIOR, Decision
from intake.routing.machinery import Touching
from intake.routing.models import Placement, Sketch
from intake.routing.queries import Readers, machinery, readers_for, touching_of
from intake.routing.queries.marks import is_sound
from intake.routing.services import decide, facts_of, mention_rows, placement_row

_SKETCH, _PLACEMENT = table_of(Sketch), table_of(Placement)
REPEAT = "repeat"
_BANDS = 8
_CANDIDATES = 200  # sketches compared: of strangers a few in a thousand share a band and must not crowd out a twin

# Built once: every filing asks. Whoever shares a band is worth comparing.
_NEAR = (
    select(_SKETCH.c.report_id, _SKETCH.c.marks, _PLACEMENT.c.cluster)
    .join_from(_SKETCH, _PLACEMENT, _PLACEMENT.c.report_id == _SKETCH.c.report_id)
    .where(or_(*(_SKETCH.c[f"b{place}"] == bindparam(f"b{place}") for place in range(_BANDS))))
    .limit(_CANDIDATES)
)


@dataclass(frozen=True, slots=True)
class Words:
    """What the text says about where it goes; made once, outside any transaction."""

    folded: Folded
    urgent: tuple[str, ...]
    marks: bytes | None


@dataclass(frozen=True, slots=True)
class Twin:
    """An earlier report with nearly the same words, and the cluster in which it lies."""

    report_id: str
    cluster: str


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
    return Words(folded, urgency.find(body, draft.category, draft.urgent), near.sketch(secrets.sketch_key, body))


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
    twin = _twin(session, words.marks, secrets.routing_key)
    before = touching_of(session, known, [twin.cluster])[twin.cluster] if twin is not None else Touching()
    touching = own | before
    decision = decide(
        facts_of(
            session, secrets, known, site_id=board.site_id, touching=touching, hits=hits, day=day,
            board_live=board.state == "live", category=draft.category, about_handler=draft.about_handler,
            about_superior=draft.about_superior, linked=twin is not None, urgent=words.urgent, held=tuple(held),
            ticks=ticks,
        )
    )  # fmt: skip
    if decision.team_id in (SUPERIOR, CUSTODY):
        # Nothing of a sealed report is compared with anything: it stands alone, also against later ones.
        twin, touching = None, own
    readers = readers_for(
        session, secrets, team_id=decision.team_id, known=known, touching=touching, day=day
    )  # fmt: skip
    return Arrival(
        decision=decision,
        readers=readers,
        placement=placement_row(
            report_id, decision, board_code=board.code, site_id=board.site_id, urgent=words.urgent,
            cluster=twin.cluster if twin is not None else report_id, alias_version=known.alias_version,
            mentions=mentions,
            links=[(report_id, twin.report_id, REPEAT)] if twin is not None else (),
            routing_key=secrets.routing_key,
        ),
        mentions=[{"report_id": report_id, **row} for row in mentions],
        sketch=_sketch_row(report_id, words.marks, day) if decision.team_id not in (SUPERIOR, CUSTODY) else None,
        twin=twin,
        widens=twin is not None and (own | before) != before,
    )  # fmt: skip


def _sketch_row(report_id: str, marks: bytes | None, day: date) -> dict[str, Any] | None:
    if marks is None:
        return None
    bands = {f"b{place}": value for place, value in enumerate(near.bands(marks))}
    return {"report_id": report_id, "marks": marks, "day": day, **bands}


def _twin(session: Session, marks: bytes | None, routing_key: bytes) -> Twin | None:
    """An earlier report with nearly the same words."""
    if marks is None:
        return None
    rows = session.execute(_NEAR, {f"b{place}": value for place, value in enumerate(near.bands(marks))}).all()
    alike = [(near.alike(marks, row.marks), row.report_id, row.cluster) for row in rows]
    best = max(alike, default=None)
    if best is None or best[0] < near.THRESHOLD or not is_sound(session, routing_key, best[1]):
        return None  # nothing is tied to what somebody has forged
    return Twin(best[1], best[2])
