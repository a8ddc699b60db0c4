"""Printing many boards in the background: one file at the end, told honestly how far it is and what became of it.

The file lies in the data folder under a random name, readable by this system alone, for a day.
"""

import logging
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from intake.boards.models import PrintJob
from intake.boards.printing import Wanted
from intake.boards.services.prints import NotPrinted, Printed, print_each, print_one_file
from intake.core.access import Actor, Role
from intake.core.errors import Invalid, NotFound
from intake.core.world import World
from intake.people.models import Person
from qr.contact import contact_sheet
from qr.poster import Format

log = logging.getLogger("msx")

Bundle = Literal["pdf", "zip"]
BUNDLES: dict[str, str] = {"pdf": "一份 PDF，按地区和牌号排好", "zip": "一个压缩包，一块牌子一个文件，另有缩略图"}
KEPT_HOURS = 24
_CUT_OFF = timedelta(seconds=90)  # a job that beats no more
_FOLDER = "prints"
_BEAT_EVERY = 20  # boards
_RUNNING = ("waiting", "running")
CONTACT_SHEET, LEFT_OUT = "目录.pdf", "没有印的.txt"


@dataclass(frozen=True, slots=True)
class Job:
    """One job as its page shows it. `state`: waiting, running, done, failed, cut (nobody works on it any more)."""

    id: str
    by: str
    at: datetime
    state: str
    bundle: str
    kind: str | None
    paper: str | None
    second: str | None
    total: int
    done: int
    failed: tuple[NotPrinted, ...]
    file_name: str
    size: int
    until: datetime | None
    chosen: tuple[tuple[str, str], ...]

    @property
    def going(self) -> bool:
        return self.state in _RUNNING


def open_job(
    world: World, actor: Actor, *, codes: Sequence[str], wanted: Wanted, bundle: str, chosen: Sequence[tuple[str, str]]
) -> str:  # fmt: skip
    """A job that waits to be worked on; its id. `chosen`: how an address says which boards. Raises `Invalid`."""
    problems = {}
    if not codes:
        problems["code"] = "还没有选牌子。"
    if bundle not in BUNDLES:
        problems["bundle"] = "请选一种文件。"
    if said := wanted.problem():
        problems["paper"] = said
    if problems:
        raise Invalid(problems)
    clear_old_prints(world)
    now = world.clock.now()
    asked = {"codes": list(codes), "bundle": bundle, "kind": wanted.kind, "paper": wanted.paper,
             "second": wanted.second, "press": wanted.press, "chosen": [list(pair) for pair in chosen]}  # fmt: skip

    def record(session: Session) -> str:
        job = PrintJob(person_id=actor.person_id, at=now, state="waiting", wanted=asked, total=len(codes), beat_at=now)
        session.add(job)
        session.flush()
        return job.id

    return world.db.write(record)


def run_job(world: World, job_id: str, *, waiting: Callable[[], Sequence[str]] = tuple) -> None:
    """Work on a job that waits; whatever happens, its row says so. `waiting`: jobs of this process behind it."""
    job = _take(world, job_id)
    if job is None:
        return
    work = _Work(world, job, waiting)
    try:
        work.go()
    except Exception:
        log.exception("printing boards failed")
        work.path.unlink(missing_ok=True)
        _set(world, job_id, state="failed")


def job_of(world: World, actor: Actor, *, job_id: str) -> Job:
    """The job as its starter, or the office, may see it; anybody else's is not there. Raises `NotFound`."""
    with world.db.read() as session:
        row = session.get(PrintJob, job_id)
        if row is None or (row.person_id != actor.person_id and actor.role is not Role.office):
            raise NotFound
        by = session.get_one(Person, row.person_id).name
    now, wanted = world.clock.now(), row.wanted
    state = row.state
    if state in _RUNNING and now - row.beat_at > _CUT_OFF:
        state = "cut"
    elif state == "done" and row.size and not (row.until and now < row.until and _path(world, row).exists()):
        state = "expired"
    return Job(
        row.id, by, row.at, state, wanted["bundle"], wanted["kind"], wanted["paper"], wanted["second"], row.total,
        row.done, tuple(NotPrinted(**one) for one in row.failed), row.file_name or "", row.size or 0, row.until,
        tuple((name, value) for name, value in wanted["chosen"]),
    )  # fmt: skip


def file_of(world: World, actor: Actor, *, job_id: str) -> tuple[Path, str]:
    """Where the finished file lies and what it is called. Raises `NotFound`."""
    job = job_of(world, actor, job_id=job_id)
    if job.state != "done" or not job.size:
        raise NotFound
    with world.db.read() as session:
        return _path(world, session.get_one(PrintJob, job_id)), job.file_name


def clear_old_prints(world: World) -> int:
    """Delete files whose day is over, and what a job that was cut off left; how many."""
    now, folder = world.clock.now(), world.settings.dir / _FOLDER
    with world.db.read() as session:
        rows = session.scalars(select(PrintJob)).all()
    keep = {
        _path(world, row).name for row in rows
        if (row.state in _RUNNING and now - row.beat_at <= _CUT_OFF) or (row.until is not None and now < row.until)
    }  # fmt: skip
    gone = [path for path in folder.glob("*") if path.name.removesuffix(".part") not in keep] if folder.exists() else []
    for path in gone:
        path.unlink(missing_ok=True)
    month = now - timedelta(days=31)
    if any(row.at < month for row in rows):
        world.db.write(lambda session: session.execute(delete(PrintJob).where(PrintJob.at < month)))
    return len(gone)


class _Work:
    """One job being worked on: what is finished, what was refused, and the beat that says so."""

    def __init__(self, world: World, job: PrintJob, waiting: Callable[[], Sequence[str]]) -> None:
        self.world, self.job, self.waiting = world, job, waiting
        asked = job.wanted
        self.codes: list[str] = asked["codes"]
        screens = asked["bundle"] == "zip" and "screen" in (asked["kind"], asked["paper"])
        ending: Format = "png" if screens else "pdf"
        self.wanted = Wanted(asked["kind"], asked["paper"], ending, asked["second"], asked["press"])
        self.path = _path(world, job)
        self.refused: list[NotPrinted] = []
        self.made = 0

    def go(self) -> None:
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        with self.world.db.read() as session:
            by = session.get_one(Person, self.job.person_id).login
        part = self.path.with_name(f"{self.path.name}.part")
        part.touch(mode=0o600)
        try:
            if self.job.wanted["bundle"] == "pdf":
                self._one_pdf(by, part)
            else:
                self._archive(by, part)
            if self.made:
                part.replace(self.path)
        finally:
            part.unlink(missing_ok=True)
        now = self.world.clock.now()
        _set(
            self.world, self.job.id, state="done", done=len(self.codes), failed=[_row(one) for one in self.refused],
            size=self.path.stat().st_size if self.made else 0, until=now + timedelta(hours=KEPT_HOURS),
            file_name=f"牌子-{self.world.today().isoformat()}-{self.made}块.{self.job.wanted['bundle']}",
        )  # fmt: skip

    def _one_pdf(self, by: str, out: Path) -> None:
        made, self.refused = print_one_file(
            self.world, by, codes=self.codes, wanted=self.wanted, out=out, progress=self._beat
        )
        self.made = len(made)

    def _archive(self, by: str, out: Path) -> None:
        shown: list[tuple[str, str]] = []
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:  # PDFs are packed already
            for done, one in enumerate(print_each(self.world, by, codes=self.codes, wanted=self.wanted), start=1):
                if isinstance(one, Printed):
                    archive.writestr(one.file_name, one.file)
                    shown.append((one.file_name, f"{one.item.saying.site_no}　{one.item.saying.data.name}"))
                else:
                    self.refused.append(one)
                self._beat(done)
            self.made = len(shown)
            if shown:
                files = ((caption, archive.read(name)) for name, caption in shown)
                archive.writestr(CONTACT_SHEET, contact_sheet(files, title="印好的牌子"))
            if self.refused:
                lines = [f"{one.site_no}\t{one.code}\t{one.name}\t{one.field}：{one.reason}" for one in self.refused]
                archive.writestr(LEFT_OUT, "\ufeff" + "\r\n".join(lines) + "\r\n")

    def _beat(self, done: int) -> None:
        if done % _BEAT_EVERY and done != len(self.codes):
            return
        now, behind = self.world.clock.now(), list(self.waiting())

        def record(session: Session) -> None:
            session.execute(update(PrintJob).where(PrintJob.id == self.job.id).values(done=done, beat_at=now))
            if behind:
                waiting = update(PrintJob).where(PrintJob.id.in_(behind), PrintJob.state == "waiting")
                session.execute(waiting.values(beat_at=now))

        self.world.db.write(record)


def _take(world: World, job_id: str) -> PrintJob | None:
    """The waiting job, which is running from now on; None where somebody else took it or it is gone."""
    now = world.clock.now()

    def record(session: Session) -> bool:
        taken = update(PrintJob).where(PrintJob.id == job_id, PrintJob.state == "waiting")
        taking = taken.values(state="running", beat_at=now).returning(PrintJob.id)
        return session.scalars(taking).first() is not None

    if not world.db.write(record):
        return None
    with world.db.read() as session:
        return session.get(PrintJob, job_id)


def _set(world: World, job_id: str, **values: Any) -> None:
    now = world.clock.now()
    world.db.write(
        lambda session: session.execute(update(PrintJob).where(PrintJob.id == job_id).values(beat_at=now, **values))
    )


def _path(world: World, job: PrintJob) -> Path:
    return world.settings.dir / _FOLDER / f"{job.id}.{job.wanted['bundle']}"


def _row(one: NotPrinted) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("code", "site_no", "name", "field", "reason")}
