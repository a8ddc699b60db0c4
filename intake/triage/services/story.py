"""What happened to a report, in words: who can open it, who did, and what was done, by day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.core.access import Role, SignedIn
from intake.core.clock import local_day
from intake.core.world import World
from intake.people.models import Team
from intake.reports.models import CitizenEvent, StaffEvent
from intake.reports.workflow import REASONS, RESULTS, STATE_NAMES, State
from intake.routing.queries import holders_of
from intake.triage.services.second import REVEAL_GROUNDS

SYSTEM = "系统"


@dataclass(frozen=True, slots=True)
class CaseReader:
    """Somebody who holds a key or has used one, and how often. That a key is gone (`holds`) is told to the office
    alone: among colleagues it would say who stepped back or was kept out."""

    name: str
    opened: int
    last: date | None
    you: bool
    holds: bool


@dataclass(frozen=True, slots=True)
class StoryLine:
    day: date
    text: str


@dataclass(frozen=True, slots=True)
class Names:
    """What ids are called on pages."""

    people: Mapping[str, str]
    teams: Mapping[str, str]

    def of(self, person_id: str) -> str:
        return self.people.get(person_id, SYSTEM)

    def team(self, team_id: str) -> str:
        return self.teams.get(team_id, team_id)


Line = Callable[[Any, Names], str]  # of a staff's event, or of the citizen's chain what their words set off

_LINES: dict[str, Line] = {}
_FOR_THE_OFFICE: set[str] = set()


def story_line(kind: str, *, office_only: bool = False) -> Callable[[Line], Line]:
    """Register the words of a kind of staff's events; a kind without any is not shown."""

    def add(function: Line) -> Line:
        _LINES[kind] = function
        if office_only:
            _FOR_THE_OFFICE.add(kind)
        return function

    return add


def readers(
    world: World, session: Session, signed_in: SignedIn, report_id: str, names: Mapping[str, str]
) -> tuple[CaseReader, ...]:
    """Who holds a key or has used one, by name."""
    opened: dict[str, list[datetime]] = {}
    rows = session.execute(
        select(StaffEvent.actor_id, StaffEvent.at, StaffEvent.data).where(
            StaffEvent.report_id == report_id, StaffEvent.kind == "opened"
        )
    )
    for actor_id, at, data in rows:
        if data.get("text"):  # looking at the facts alone opens nothing
            opened.setdefault(actor_id, []).append(at)
    zone = world.settings.timezone
    holding, tells = holders_of(session, report_id), signed_in.actor.role is Role.office
    people = sorted(holder for holder in holding | set(opened) if holder in names)
    return tuple(
        CaseReader(
            names[holder],
            len(opened.get(holder, ())),
            local_day(max(opened[holder]), zone) if holder in opened else None,
            holder == signed_in.actor.person_id,
            holder in holding or not tells,
        )
        for holder in sorted(people, key=lambda holder: names[holder])
    )


def story(
    world: World, session: Session, signed_in: SignedIn, report_id: str, people: Mapping[str, str]
) -> tuple[StoryLine, ...]:
    """Both histories by day, the citizen's first within a day; openings are counted elsewhere."""
    citizen = session.scalars(
        select(CitizenEvent).where(CitizenEvent.report_id == report_id).order_by(CitizenEvent.seq)
    )
    staff = session.scalars(select(StaffEvent).where(StaffEvent.report_id == report_id).order_by(StaffEvent.seq))
    names = Names(people, dict(session.execute(select(Team.id, Team.name)).all()))
    lines = [(e.day, 0, e.seq, text) for e in citizen if (text := _citizen_line(e, names, signed_in))]
    for event in staff:
        text = _shown(event, names, signed_in)
        if text:
            lines.append((local_day(event.at, world.settings.timezone), 1, event.seq, text))
    return tuple(StoryLine(day, text) for day, _, _, text in sorted(lines))


def _shown(event: StaffEvent | CitizenEvent, names: Names, signed_in: SignedIn) -> str:
    if event.kind not in _LINES or (event.kind in _FOR_THE_OFFICE and signed_in.actor.role is not Role.office):
        return ""
    return _LINES[event.kind](event, names)


def _citizen_line(event: CitizenEvent, names: Names, signed_in: SignedIn) -> str:
    """What the citizen did; keys that went and a report that climbed by their words are told as staff's events are."""
    if event.kind in _LINES:
        return _shown(event, names, signed_in)
    photos = event.data.get("photos", 0)
    with_photos = f"，附照片 {photos} 张" if photos else ""
    return {
        "filed": f"群众扫码送来{with_photos}。",
        "message": f"群众回信{with_photos}。",
        "files": f"群众补了照片 {photos} 张。",
        "rating": "群众评了分。",
    }[event.kind]


def _why(event: StaffEvent) -> str:
    why = REASONS.get(event.data.get("reason") or "") or RESULTS.get(event.data.get("result") or "")
    return f"，{why}" if why else ""


def _step(event: StaffEvent) -> str:
    to = event.data.get("to")
    return STATE_NAMES[State(to)] if to else "开启联系方式"


@story_line("move")
def _move(event: StaffEvent, names: Names) -> str:
    team = event.data.get("to_team")
    where = f"（{names.team(team)}）" if team else ""
    proposer = event.data.get("proposed_by")
    if proposer:
        return f"{names.of(event.actor_id)}同意{names.of(proposer)}提出的：{_step(event)}{where}{_why(event)}。"
    return f"{names.of(event.actor_id)}：{_step(event)}{where}{_why(event)}。"


@story_line("proposed")
def _proposed(event: StaffEvent, names: Names) -> str:
    why = _why(event)
    if event.data["kind"] == "reveal":
        ground = REVEAL_GROUNDS.get(event.data.get("reason") or "")
        why = f"，{ground}" if ground else ""
    return f"{names.of(event.actor_id)}提出：{_step(event)}{why}，等第二个人同意。"


@story_line("agreed")
def _agreed(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}同意{names.of(event.data['proposed_by'])}开启联系方式，一天内有效。"


@story_line("declined")
def _declined(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}不同意{names.of(event.data['proposed_by'])}提出的：{_step(event)}。"


@story_line("taken_back")
def _taken_back(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}撤回：{_step(event)}。"


@story_line("ask")
def _ask(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}写信请群众补充，期限暂停。"


@story_line("answer")
def _answer(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}写信答复。"


@story_line("note")
def _note(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}记了一条备注。"


@story_line("contact_opened")
def _contact_opened(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}开启了联系方式。"


@story_line("climbed")
def _climbed(event: StaffEvent, names: Names) -> str:
    return f"{names.team(event.data['from'])}没有可以经手的人了，升到{names.team(event.data['to'])}。"


@story_line("withdrawn", office_only=True)
def _withdrawn(event: StaffEvent, names: Names) -> str:
    gone = "、".join(sorted(names.of(holder) for holder in event.data["holders"]))
    return f"因回避收回钥匙：{gone}。"
