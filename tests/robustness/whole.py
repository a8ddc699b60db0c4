"""Whether what lies in an installation is whole: every row with all that belongs to it, every file with its row."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from intake.core.access import SignedIn
from intake.core.clock import FixedClock
from intake.core.world import World
from intake.reports.models import Addition, CitizenEvent, Report, ReportFile, Spent
from intake.reports.services import auditing
from intake.reports.services.sweeping import sweep_blobs
from intake.routing.models import Grant, Placement
from intake.triage import services as triage


def check_rows(world: World) -> int:
    """Nothing half there: returns the number of reports, each with its placement, grants, event and files."""
    with world.db.read() as session:
        if world.db.dialect == "sqlite":
            assert session.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
            assert session.execute(text("PRAGMA foreign_key_check")).all() == []
        reports = set(session.scalars(select(Report.id)))
        assert set(session.scalars(select(Placement.report_id))) == reports
        _check_grants(session, reports)
        _check_additions(session)
        _check_files(session)
        blobs = set(session.scalars(select(ReportFile.blob)))
    assert blobs <= set(world.storage.names()), "a file's row without its blob"
    verdict = auditing.verify(world)
    assert verdict.broken is None, verdict.broken
    assert verdict.reports == len(reports)
    return len(reports)


def _check_grants(session: Session, reports: set[str]) -> None:
    """The same readers hold every report of these boards, and everything that came later."""
    held: dict[tuple[str, str], set[str]] = defaultdict(set)
    for grant in session.scalars(select(Grant)):
        held[(grant.report_id, grant.envelope)].add(grant.holder)
    additions = {(report, addition) for report, addition in session.execute(select(Addition.report_id, Addition.id))}
    expected = {(report, envelope) for report in reports for envelope in ("report", "identity")}
    assert set(held) == expected | additions
    kinds = {frozenset(holders) for (_, envelope), holders in held.items() if envelope == "identity"}
    assert len(kinds) <= 1
    readers = {frozenset(holders) for (_, envelope), holders in held.items() if envelope != "identity"}
    assert len(readers) <= 1


def _check_additions(session: Session) -> None:
    """A link in the citizen's chain for the filing and for each addition; a mark for each form that was used."""
    additions = _count_by_report(session, Addition)
    for report_id, seq, last in session.execute(
        select(Report.id, Report.citizen_seq, func.max(CitizenEvent.seq))
        .join(CitizenEvent, CitizenEvent.report_id == Report.id)
        .group_by(Report.id)
    ):
        assert seq == last == 1 + additions[report_id]
    reports = session.scalar(select(func.count()).select_from(Report)) or 0
    assert set(_count_by_report(session, CitizenEvent)) == set(session.scalars(select(Report.id)))
    # A photo that a repeated filing brings is known by itself and uses no form up, so additions may be more.
    marks = session.scalar(select(func.count()).select_from(Spent)) or 0
    assert reports <= marks <= reports + sum(additions.values())


def _count_by_report(session: Session, rows: Any) -> Counter[str]:
    counted = session.execute(select(rows.report_id, func.count()).group_by(rows.report_id))
    return Counter(dict(iter(counted)))


def _check_files(session: Session) -> None:
    """As many file rows as the events say photos were taken."""
    said: Counter[str] = Counter()
    for event in session.scalars(select(CitizenEvent)):
        said[event.report_id] += event.data.get("photos", 0)
    assert _count_by_report(session, ReportFile) == +said


def check_sweep(world: World) -> int:
    """Two days later the sweep leaves exactly the blobs that rows refer to; returns how many it took."""
    later = replace(world, clock=FixedClock(world.clock.now() + timedelta(days=2)))
    taken = sweep_blobs(later)
    with world.db.read() as session:
        blobs = set(session.scalars(select(ReportFile.blob)))
    assert set(world.storage.names()) == blobs
    folder = Path(world.settings.storage_url.removeprefix("file://"))
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == blobs
    assert sweep_blobs(later) == 0
    return taken


def read_report(world: World, signed_in: SignedIn, report_id: str) -> tuple[str, Counter[bytes]]:
    """Text and files of a report as one of its readers opens them, what was added later with it."""
    case = triage.open_case(world, signed_in, report_id)
    assert case.body is not None
    files = [*case.files, *(file for addition in case.additions for file in addition.files)]
    opened = [triage.open_file(world, signed_in, report_id, file.id).data for file in files]
    return case.body, Counter(opened)


def check_report(
    world: World, signed_in: SignedIn, report_id: str, *, body: str, photos: Iterable[int], album: Mapping[int, bytes]
) -> None:
    """Byte for byte what was sent, each photo once."""
    found, files = read_report(world, signed_in, report_id)
    assert found == body
    assert files == Counter(album[number] for number in photos), "photos missing, doubled or altered"
