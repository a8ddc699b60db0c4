"""What cannot wait: what to do at once, and that somebody was called."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.core.access import SignedIn
from intake.core.errors import Invalid
from intake.core.world import World
from intake.reports import content
from intake.reports.models import StaffEvent
from intake.reports.services import history
from intake.reports.urgency import KINDS
from intake.triage.services import steps
from intake.triage.services.opening import find, find_own, locked_for_change
from intake.triage.services.story import Names, story_line

CALLED: dict[str, str] = {
    "110": "110 公安",
    "120": "120 急救",
    "119": "119 消防",
    "emergency": "应急管理部门",
    "labour": "劳动保障监察",
    "civil": "民政部门",
    "school": "教育部门",
    "other": "其他（写在备注里）",
}
NOTE_MAX = 500

# Kind → what to do at once, in order.
AT_ONCE: dict[str, tuple[str, ...]] = {
    "life": (
        "有人有危险：马上打 110；有人受伤再打 120。先打电话，再办手续。",
        "只说地点和危险，不说是谁反映的，不念原文。",
    ),
    "minor": (
        "强制报告：发现未成年人受到侵害或者疑似受到侵害，依法应当立即报案（《未成年人保护法》第十一条）。不等核实，不等批准。",
        "打 110，说清孩子现在在哪里、有什么危险；孩子受伤打 120。不向学校和家里打听是谁说的。",
    ),
    "hazard": (
        "现场有危险：请业主和主管部门马上停工、围挡、撤人；有人受伤打 120，起火、被困、倒塌打 119。",
        "只说哪里有什么危险，不说是看了谁的反映。",
    ),
    "wages": (
        "讨薪并有过激的话：有人要做傻事，马上打 110、120；同时请劳动保障监察到场。",
        "先写一封回信：有人在管，12333 可以求助，请先顾好自己。",
    ),
}


@dataclass(frozen=True, slots=True)
class Urgent:
    """Why a report cannot wait. `acts`: this reader may record a call; `called`: one is on record."""

    kinds: tuple[str, ...]
    acts: bool
    called: bool


def urgent_of(session: Session, signed_in: SignedIn, report_id: str) -> Urgent:
    """Of a report that this person may see; `NotFound` for every other."""
    held = find(session, signed_in, report_id)
    kinds = tuple(kind for kind in KINDS if kind in held.placement.urgent)
    on_record = select(StaffEvent.seq).where(StaffEvent.report_id == report_id, StaffEvent.kind == "police_called")
    called = bool(kinds) and session.execute(on_record.limit(1)).first() is not None
    return Urgent(kinds, held.opens, called)


def local_now(world: World) -> str:
    """The present minute as a form's field of a local time has it."""
    return world.clock.now().astimezone(ZoneInfo(world.settings.timezone)).strftime("%Y-%m-%dT%H:%M")


def record_call(world: World, signed_in: SignedIn, report_id: str, *, whom: str, at: str, note: str = "") -> None:
    """Who was called and when (local time, ISO without an offset); the note is for colleagues, under the report's key.

    No version is asked for: that somebody was called is true whatever else has happened. Raises `NotFound`,
    `Forbidden`, or `Invalid` (whom, at, note).
    """
    words = content.clean(note)
    now = world.clock.now()
    when = _when(at, world.settings.timezone)
    problems = {}
    if whom not in CALLED:
        problems["whom"] = "请选打给了谁。"
    elif whom == "other" and not words:
        problems["note"] = "打给了谁，请写在备注里。"
    if len(words) > NOTE_MAX:
        problems["note"] = f"最多 {NOTE_MAX} 个字，现在有 {len(words)} 个。"
    if when is None or when > now:
        problems["at"] = "请写打电话的时间，不能晚于现在。"
    if problems:
        raise Invalid(problems)
    assert when is not None
    with world.db.read() as session:
        held = find_own(session, signed_in, report_id)
        held.key(signed_in.keys.reading)
        row = steps.seal_note(world, session, signed_in, held, words) if words else None
    data = {"to": whom, "at": when.astimezone(ZoneInfo(world.settings.timezone)).isoformat(timespec="minutes")}
    key = world.secrets.chain_key

    def record(session: Session) -> None:
        report = locked_for_change(session, signed_in, report_id)
        if row is not None:
            steps.add_note_row(session, row)
        history.append_staff(
            session, key, report, at=now, actor_id=signed_in.actor.person_id, kind="police_called", data=data
        )  # fmt: skip

    world.db.write(record)


def _when(text: str, zone: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        return None


@story_line("police_called")
def _called(event: StaffEvent, names: Names) -> str:
    when = datetime.fromisoformat(event.data["at"])
    whom = CALLED.get(event.data["to"], event.data["to"]).removesuffix("（写在备注里）")
    return f"{names.of(event.actor_id)}已报警：{when.month}月{when.day}日 {when:%H:%M} 打给{whom}。"
