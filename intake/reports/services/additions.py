"""What a citizen adds later: sealed under a fresh key to the report's present readers.

The public process cannot open the report, so it cannot use the report's own key.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.errors import Busy, Invalid, NotFound, Retry
from intake.core.tables import new_id
from intake.core.world import World
from intake.reports.models import Addition, Report, ReportFile, Spent
from intake.reports.services import clocks, history, photos
from intake.reports.services.photos import FileProblem, Taken, Upload
from intake.routing.aliases import Folded, fold
from intake.routing.models import Grant
from intake.routing.queries import clusters_of, holders_of, machinery, present_readers
from intake.routing.queries.marks import tampered
from intake.routing.services import CITIZEN_ACT, Hand, check_epoch, moves_away, note_mentions, seal_out, settle

_TRIES = 5
ALREADY_RATED = "您已经评过了，谢谢。"


@dataclass(frozen=True, slots=True)
class Added:
    """What came of it. `wrote`: something of it is kept (now, or by the same form before)."""

    problems: tuple[FileProblem, ...]
    taken: int
    wrote: bool


def add_photos(
    world: World, *, report_id: str, seen_key: bytes, uploads: Sequence[Upload], spent: bytes | None = None
) -> Added:
    """Photos alone; those that the report has already are not added twice."""
    return add(world, report_id=report_id, seen_key=seen_key, kind="files", value={}, uploads=uploads, spent=spent)


def add(
    world: World,
    *,
    report_id: str,
    seen_key: bytes,
    kind: str,
    value: dict[str, Any],
    uploads: Sequence[Upload] = (),
    spent: bytes | None = None,
) -> Added:
    """One addition of `kind` (message, files, rating); nothing is recorded where nothing is left of it.

    Raises `NotFound` where the report is gone, `Invalid` for a second rating. Whoever loses a race with
    another page of the same receipt is prepared again on what the other left.
    """
    for _ in range(_TRIES):
        with world.db.read() as session:
            if spent is not None and session.get(Spent, spent) is not None:
                return Added((), 0, True)
            known = set(session.scalars(select(ReportFile.seen).where(ReportFile.report_id == report_id)))
        room = max(0, world.settings.max_photos - len(known))
        taken, problems = photos.take(world, uploads, seen_key=seen_key, known=known, room=room)
        prepared, failed = _prepare(world, report_id, kind, value, taken, len(known) + 1)
        problems += failed
        if not value and not prepared.files:
            return Added(tuple(problems), 0, not problems)
        try:
            _record(world, prepared, known=known, spent=spent)
        except (Retry, IntegrityError):
            continue
        return Added(tuple(problems), len(prepared.files), True)
    raise Busy(5)


@dataclass(frozen=True, slots=True)
class _Prepared:
    report_id: str
    key: bytes
    row: dict[str, Any]
    files: list[dict[str, Any]]
    words: Folded


def _prepare(
    world: World, report_id: str, kind: str, value: dict[str, Any], taken: Sequence[Taken], first: int
) -> tuple[_Prepared, list[FileProblem]]:
    addition_id, day, key = new_id(), world.today(), vault.new_key()
    plain = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    row = {
        "id": addition_id,
        "report_id": report_id,
        "kind": kind,
        "day": day,
        "content": vault.encrypt(key, plain, ("addition", addition_id, "content")),
    }
    files, failed = photos.store(world, taken, report_id=report_id, envelope=addition_id, key=key, day=day, first=first)
    return _Prepared(report_id, key, row, files, fold(str(value.get("text", "")))), failed


def _record(world: World, prepared: _Prepared, *, known: set[bytes], spent: bytes | None) -> None:
    report_id, day, chain_key = prepared.report_id, prepared.row["day"], world.secrets.chain_key
    hand = Hand.of(world, CITIZEN_ACT)
    kind, zone = prepared.row["kind"], world.settings.timezone
    with world.db.read() as session:
        if session.get(Report, report_id) is None:
            raise NotFound
        named = [
            (hit.kind, hit.target) for hit in machinery(session, world.secrets).aliases.find_folded(prepared.words)
        ]
        readers = present_readers(session, world.secrets, report_id, day, also=named)
        held = holders_of(session, report_id)
        sound = not tampered(session, world.secrets.routing_key, clusters_of(session, [report_id]))
    grants = seal_out(readers, prepared.key, report_id=report_id, envelope=prepared.row["id"], day=day)

    def record(session: Session) -> None:
        report = session.get(Report, report_id, with_for_update=True)
        if report is None:
            raise NotFound
        check_epoch(session, readers)
        if kind == "rating" and report.rated:
            raise Invalid({"score": ALREADY_RATED})
        if set(session.scalars(select(ReportFile.seen).where(ReportFile.report_id == report_id))) != known:
            raise Retry  # another page added photos: how many there is room for has changed
        if holders_of(session, report_id) != held:
            raise Retry  # somebody was granted the report since, and would miss what is added now
        if spent is not None:
            session.execute(insert(Spent), [{"tag": spent, "day": day}])
        seq = session.scalar(select(func.count()).where(Addition.report_id == report_id)) or 0
        session.execute(insert(Addition), [{**prepared.row, "seq": seq + 1}])
        session.execute(insert(Grant), grants)
        if prepared.files:
            session.execute(insert(ReportFile), prepared.files)
        history.append_citizen(
            session,
            chain_key,
            report,
            day=day,
            kind=kind,
            data={"photos": len(prepared.files)},
        )
        report.rated = report.rated or kind == "rating"
        clocks.citizen_wrote(session, report, kind=kind, day=day, zone=zone)
        report.version += 1
        if new := note_mentions(session, report_id, named):
            away = [report_id] if any(moves_away(kind) for kind, _ in new) else []
            # A forged place keeps its wrong mark, whatever is written beside it.
            settle(session, hand, [report_id] if sound else (), also=[report_id], named=away)

    world.db.write(record)
