"""The case page: everything of one report that this person may read. Every opening is recorded."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards.models import Site
from intake.core import vault
from intake.core.access import Permission, SignedIn
from intake.core.clock import local_day
from intake.core.errors import Forbidden, NotFound
from intake.core.turnstile import stepped_out
from intake.core.world import World
from intake.people.models import Person
from intake.reports.content import CATEGORIES
from intake.reports.models import Addition, BoxMessage, Note, Report, ReportFile, StaffEvent
from intake.reports.services import history
from intake.reports.services.clocks import Deadline, deadline_of
from intake.reports.workflow import REASONS, RESULTS, STATE_NAMES, Move, State, moves_of
from intake.routing.queries import machinery, team_name_of
from intake.triage.models import Pending, Reveal
from intake.triage.services import second
from intake.triage.services.opening import Held, find, find_own
from intake.triage.services.rereading import reread
from intake.triage.services.steps import can_perform
from intake.triage.services.story import CaseReader, StoryLine, readers, story
from intake.triage.services.transferring import targets_of


@dataclass(frozen=True, slots=True)
class CaseFile:
    id: str
    label: str
    media_type: str
    day: date


@dataclass(frozen=True, slots=True)
class CaseAddition:
    """Something the citizen added later: `kind` is message, files or rating."""

    kind: str
    text: str
    day: date
    files: tuple[CaseFile, ...]
    score: int | None


@dataclass(frozen=True, slots=True)
class CaseMessage:
    """One line of the box, both ways, in order."""

    ours: bool
    by: str
    day: date
    text: str
    asks: bool


@dataclass(frozen=True, slots=True)
class CaseNote:
    by: str
    day: date
    text: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a second person. `what`: the step's name; `mine`: this reader proposed it."""

    what: str
    to: str | None
    why: str
    text: str
    by: str
    day: date
    mine: bool


@dataclass(frozen=True, slots=True)
class Case:
    """`locked` says why there is no text: "metadata" (it lies with others), "no_grant" or "purged"; else None.

    `can_reveal`: this reader may open the contact now; `can_ask_reveal`: they may ask a second person for it.
    """

    report_id: str
    register_no: str
    state: str
    state_name: str
    awaiting: bool
    lane: str
    day: date
    category_name: str | None
    identity: str
    site_no: str | None
    site_name: str | None
    board_code: str | None
    team_name: str
    version: int
    locked: str | None
    body: str | None
    place: str
    happened_on: str
    subject: str
    contact_restriction: str
    files: tuple[CaseFile, ...]
    additions: tuple[CaseAddition, ...]
    box: tuple[CaseMessage, ...]
    notes: tuple[CaseNote, ...]
    reasons: tuple[str, ...]
    rules_version: int
    readers: tuple[CaseReader, ...]
    story: tuple[StoryLine, ...]
    moves: tuple[Move, ...]
    teams: tuple[tuple[str, str], ...]  # to which it may be assigned
    waiting: Waiting | None
    deadline: Deadline | None
    can_answer: bool
    can_reveal: bool
    can_ask_reveal: bool
    result_name: str | None


@dataclass(frozen=True, slots=True)
class OpenedFile:
    name: str
    media_type: str
    data: bytes


def open_case(world: World, signed_in: SignedIn, report_id: str) -> Case:
    """Read one report; that it was read is on record before it is. `NotFound` for what one may not see."""
    with world.db.read() as session:
        held = find(session, signed_in, report_id)
        opens, known = held.opens, machinery(session, world.secrets)
        unread = opens and not held.shared and held.placement.alias_version < known.alias_version
    if unread and not known.broken:
        reread(world, signed_in, among=[report_id])  # it may name somebody who came since, this reader too
    _record(world, signed_in, report_id, kind="opened", data={"text": opens})
    with world.db.read() as session:
        return _read(world, session, signed_in, find(session, signed_in, report_id))


def _record(world: World, signed_in: SignedIn, report_id: str, *, kind: str, data: dict[str, Any]) -> None:
    now, chain_key = world.clock.now(), world.secrets.chain_key

    def record(session: Session) -> None:
        report = session.get_one(Report, report_id, with_for_update=True)
        find(session, signed_in, report_id)
        history.append_staff(
            session,
            chain_key,
            report,
            at=now,
            actor_id=signed_in.actor.person_id,
            kind=kind,
            data=data,
        )

    world.db.write(record)


def _read(world: World, session: Session, signed_in: SignedIn, held: Held) -> Case:
    report, placement = held.report, held.placement
    site = session.get(Site, placement.site_id) if placement.site_id else None
    names = dict(session.execute(select(Person.id, Person.name)).all())
    locked = _locked(held)
    waiting = second.waiting_of(session, report.id) if held.theirs else None
    opened = _Opened(session, signed_in, held, names, world.settings.timezone) if held.opens else None
    written = opened.written() if opened else {}
    additions = opened.additions() if opened else ()
    acts = held.opens and signed_in.actor.may(Permission.report_move)
    return Case(
        report_id=report.id,
        register_no=report.register_no,
        state=report.state,
        state_name=STATE_NAMES[State(report.state)],
        awaiting=report.awaiting_citizen,
        lane=placement.lane,
        day=report.day,
        category_name=CATEGORIES.get(report.category or ""),
        identity=report.identity,
        site_no=site.site_no if site is not None else None,
        site_name=site.name if site is not None else None,
        board_code=placement.board_code,
        team_name=team_name_of(session, placement.team_id),
        version=report.version,
        locked=locked,
        body=written.get("body"),
        place=written.get("place", ""),
        happened_on=written.get("happened_on", ""),
        subject=written.get("subject", ""),
        contact_restriction=written.get("contact_restriction", ""),
        files=opened.files("report") if opened else (),
        additions=additions,
        box=opened.box(additions) if opened and report.box_for_staff is not None else (),
        notes=opened.notes() if opened else (),
        reasons=tuple(placement.reasons),
        rules_version=placement.rules_version,
        readers=readers(world, session, signed_in, report.id, names),
        story=story(world, session, signed_in, report.id, names),
        moves=_moves(report.state, signed_in, waiting) if acts else (),
        teams=targets_of(world, session, placement) if acts and signed_in.actor.may(Permission.report_transfer) else (),
        waiting=_waiting(world, signed_in, held, waiting, names) if held.opens and waiting is not None else None,
        deadline=deadline_of(
            report, lane=placement.lane, today=world.today(), overrides=world.settings.workdays
        ),
        can_answer=held.opens and report.box_for_staff is not None and signed_in.actor.may(Permission.report_answer),
        can_reveal=_may_reveal(world, session, signed_in, held),
        can_ask_reveal=second.may_open_contact(held, signed_in) and waiting is None,
        result_name=RESULTS.get(report.result or ""),
    )


def _locked(held: Held) -> str | None:
    if held.opens:
        return None
    if held.report.state == State.purged:
        return "purged"
    return "no_grant" if held.theirs else "metadata"


def _moves(state: str, signed_in: SignedIn, waiting: Pending | None) -> tuple[Move, ...]:
    """The steps that this reader may take now: none while one waits for a second person."""
    if waiting is not None and waiting.kind != "reveal":
        return ()
    return tuple(move for move in moves_of(State(state), signed_in.actor.role) if can_perform(move.act))


def _waiting(world: World, signed_in: SignedIn, held: Held, waiting: Pending, names: dict[str, str]) -> Waiting:
    words = second.REVEAL_GROUNDS if waiting.kind == "reveal" else REASONS
    why = [words.get(waiting.reason or ""), RESULTS.get(waiting.result or "")]
    return Waiting(
        what=STATE_NAMES[State(waiting.to)] if waiting.to else "开启联系方式",
        to=waiting.to,
        why="，".join(word for word in why if word),
        text=second.words_of(held, signed_in, waiting),
        by=names.get(waiting.proposer_id, ""),
        day=local_day(waiting.at, world.settings.timezone),
        mine=waiting.proposer_id == signed_in.actor.person_id,
    )


def _may_reveal(world: World, session: Session, signed_in: SignedIn, held: Held) -> bool:
    """A leader, for the day for which a second person agreed."""
    agreed = session.get(Reveal, (held.report.id, signed_in.actor.person_id))
    live = agreed is not None and agreed.until > world.clock.now()
    return live and second.may_open_contact(held, signed_in)


class _Opened:
    """A report with its key in hand, for the length of one request."""

    def __init__(
        self, session: Session, signed_in: SignedIn, held: Held, names: dict[str, str], zone: str
    ) -> None:
        self.session = session
        self.zone = zone
        self.pair = signed_in.keys.reading
        self.held = held
        self.names = names
        self.report = held.report
        self.key = held.key(self.pair)
        rows = session.scalars(
            select(ReportFile).where(ReportFile.report_id == self.report.id).order_by(ReportFile.position)
        )
        self.all_files = list(rows)

    def written(self) -> dict[str, str]:
        plain = vault.decrypt(self.key, self.report.content, ("report", self.report.id, "content"))
        found: dict[str, str] = json.loads(plain)
        return found

    def files(self, envelope: str) -> tuple[CaseFile, ...]:
        if envelope not in self.held.grants:
            return ()
        key = self.held.key(self.pair, envelope)
        return tuple(_case_file(key, row) for row in self.all_files if row.envelope == envelope)

    def additions(self) -> tuple[CaseAddition, ...]:
        rows = self.session.scalars(select(Addition).where(Addition.report_id == self.report.id).order_by(Addition.seq))
        return tuple(self._addition(row) for row in rows if row.id in self.held.grants)

    def _addition(self, row: Addition) -> CaseAddition:
        key = self.held.key(self.pair, row.id)
        value = json.loads(vault.decrypt(key, row.content, ("addition", row.id, "content")))
        return CaseAddition(row.kind, value.get("text", ""), row.day, self.files(row.id), value.get("score"))

    def box(self, additions: Sequence[CaseAddition]) -> tuple[CaseMessage, ...]:
        """Both ways by day. Within a day ours come first: no order of a citizen's act is kept."""
        box_key = self.held.box_key(self.pair)
        rows = self.session.scalars(
            select(BoxMessage).where(BoxMessage.report_id == self.report.id).order_by(BoxMessage.seq)
        )
        ours = [
            CaseMessage(True, self.names.get(row.author_id, ""), row.day, _message_text(box_key, row), row.asks)
            for row in rows
        ]
        theirs = [CaseMessage(False, "群众", a.day, a.text, False) for a in additions if a.kind == "message"]
        return tuple(sorted([*ours, *theirs], key=lambda message: message.day))

    def notes(self) -> tuple[CaseNote, ...]:
        rows = self.session.scalars(select(Note).where(Note.report_id == self.report.id).order_by(Note.seq))
        return tuple(
            CaseNote(
                self.names.get(row.author_id, ""),
                local_day(row.at, self.zone),
                vault.decrypt(self.key, row.text, ("note", f"{row.report_id}/{row.seq}", "text")).decode(
                    "utf-8", "surrogatepass"
                ),
            )
            for row in rows
        )


def _message_text(box_key: bytes, row: BoxMessage) -> str:
    place = ("box_message", f"{row.report_id}/{row.seq}", "text")
    return vault.decrypt(box_key, row.text, place).decode("utf-8", "surrogatepass")


def _case_file(key: bytes, row: ReportFile) -> CaseFile:
    meta = json.loads(vault.decrypt(key, row.meta, ("report_file", row.id, "meta")))
    return CaseFile(row.id, f"照片 {row.position}", meta["type"], row.day)


def open_file(world: World, signed_in: SignedIn, report_id: str, file_id: str) -> OpenedFile:
    """One file's bytes; who opened it on which day is on record."""
    with world.db.read() as session:
        held = find_own_or_nothing(session, signed_in, report_id)
        own = select(ReportFile).where(ReportFile.id == file_id, ReportFile.report_id == report_id)
        row = session.scalars(own).one_or_none()
    if row is None or row.envelope not in held.grants:
        raise NotFound
    key = held.key(signed_in.keys.reading, row.envelope)
    meta = json.loads(vault.decrypt(key, row.meta, ("report_file", row.id, "meta")))
    with stepped_out():  # a slow store holds no place of those who compute
        sealed = world.storage.get(row.blob)
    data = vault.decrypt_file(key, sealed, ("report_file", row.id, "blob"))
    if not _seen_today(world, signed_in, report_id, file_id):
        _record(world, signed_in, report_id, kind="file_opened", data={"file": file_id})
    return OpenedFile(meta["name"], meta["type"], data)


def _seen_today(world: World, signed_in: SignedIn, report_id: str, file_id: str) -> bool:
    """Whether this person's opening of this file is on record for today: a page shows its photos again and again."""
    zone, today = world.settings.timezone, world.today()
    with world.db.read() as session:
        rows = session.execute(
            select(StaffEvent.at, StaffEvent.data).where(
                StaffEvent.report_id == report_id,
                StaffEvent.kind == "file_opened",
                StaffEvent.actor_id == signed_in.actor.person_id,
            )
        )
        return any(data["file"] == file_id and local_day(at, zone) == today for at, data in rows)


def find_own_or_nothing(session: Session, signed_in: SignedIn, report_id: str) -> Held:
    """A file of a report that lies with others is nothing, also to those who may see the report's facts."""
    try:
        return find_own(session, signed_in, report_id)
    except Forbidden as error:
        raise NotFound from error


def reveal_contact(world: World, signed_in: SignedIn, report_id: str) -> str:
    """The contact that the citizen left, empty where they left none. Raises `Forbidden` but for a leader for whom a
    second person agreed, for one day; every opening is on record."""
    with world.db.read() as session:
        held = find_own(session, signed_in, report_id)
        allowed = _may_reveal(world, session, signed_in, held)
    if not allowed:
        raise Forbidden("联系方式由组长提出、第二个人同意以后开启，一天内有效。")
    key = held.key(signed_in.keys.reading, "identity")
    contact = vault.decrypt(key, held.report.contact, ("report", report_id, "contact"))
    _record(world, signed_in, report_id, kind="contact_opened", data={})
    return contact.decode("utf-8", "surrogatepass")
