"""Handing on to another unit: a restatement written beside the original, under a key of its own.

The original never leaves. Whoever receives holds the key of their item alone; who is recused from the report, or
from anything it is linked with, is never among them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from intake.boards.models import Site
from intake.core import vault
from intake.core.access import ROLE_PERMISSIONS, Permission, SignedIn
from intake.core.errors import Forbidden, Invalid, MoveForbidden, Retry, Stale
from intake.core.tables import new_id
from intake.core.world import World
from intake.people import queries as people
from intake.people.queries import Reader
from intake.reports import content
from intake.reports.deadlines import due
from intake.reports.models import Addition
from intake.reports.services import history
from intake.reports.services.filing import register_no
from intake.reports.workflow import STATE_NAMES, Move, State
from intake.routing.models import Grant, Placement
from intake.routing.queries import Readers, machinery, readers_for, touching_of
from intake.routing.services import TAMPERED, check_epoch, seal_to, tampered
from intake.triage.models import Handover, Reveal
from intake.triage.services import restating, second, steps
from intake.triage.services.opening import Held, find_own
from intake.triage.services.rereading import reread
from intake.triage.services.restating import Original, Segments
from intake.triage.services.steps import Asked, Prepared
from intake.triage.services.units import KINDS, LIMIT_OF, Receiver, find_receiver
from qr import fonts

_SET_BY_HAND = frozenset({State.delegated, State.immediate_fix})

TITLE_MAX = 100
TEXT_MIN, TEXT_MAX = 10, 5000
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Restated:
    """What the form says. `receiver`: "team:<id>" or "out:<target>"; `unit`: which one outside; `told`: to the citizen
    (for a lead, which the citizen is not told of, a note among colleagues)."""

    kind: str
    receiver: str
    title: str
    text: str
    unit: str = ""
    due_on: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """What would leave, to whom and with what in it: shown before it is sent. `takers` are the receiving people."""

    kind_name: str
    receiver: Receiver
    due_on: date | None
    title: Segments
    text: Segments
    warnings: tuple[str, ...]
    takers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Takers:
    """To whom the item's key is sealed: the unit's people, the team's, the recovery key."""

    unit: tuple[Reader, ...]
    readers: Readers
    cluster: str

    @property
    def all(self) -> list[Reader]:
        return list({reader.holder: reader for reader in (*self.readers.report, *self.unit)}.values())


@steps.performs("pass_on")
def _needs_its_own_form(_world: World, _signed_in: SignedIn, _held: Held, prepared: Prepared) -> None:
    """Nothing leaves without a restatement and a receiver, which the plain form of a move does not have."""
    raise MoveForbidden(f"“{STATE_NAMES[prepared.step.to]}”要先写转述、选收件单位，请用“转出去”那一栏。")


def envelope_of(item_id: str) -> str:
    return f"handover:{item_id}"


def look(world: World, signed_in: SignedIn, report_id: str, restated: Restated, *, version: int) -> Looked:
    """Check a restatement against the original; nothing is written. Raises as `hand_on`."""
    with world.db.read() as session:
        held, step, _ = _checked(world, session, signed_in, report_id, restated, version)
        receiver = find_receiver(session, step.to, restated.receiver, restated.unit)
        takers = takers_of(world, session, held, receiver)
        original = _original(session, signed_in, held)
        names = _names(session, takers.unit)
    in_title, in_text = (restating.find(words, original) for words in (restated.title, restated.text))
    kinds = {found.kind for found in (*in_title, *in_text)}
    if receiver.target and restating.names_unit(restated.unit, original):
        kinds.add("concerned")
    return Looked(
        kind_name=STATE_NAMES[step.to],
        receiver=receiver,
        due_on=_due(world, step.to, restated),
        title=restating.segments(restated.title, in_title),
        text=restating.segments(restated.text, in_text),
        warnings=tuple(words for kind, words in restating.KINDS.items() if kind in kinds),
        takers=names,
    )


def hand_on(world: World, signed_in: SignedIn, report_id: str, restated: Restated, *, version: int) -> str:
    """Seal the restatement to the receiving unit's people and take the step of the workflow table; the item's id.

    Raises `NotFound`, `Forbidden` (no key), `Stale`, `MoveForbidden`, or `Invalid` (to, receiver, unit, title, text,
    due_on, told), also where nobody of the unit may have it.
    """
    reread(world, signed_in, among=[report_id])  # it may name somebody of the unit who came since
    for _ in range(_TRIES):
        try:
            return _hand_on(world, signed_in, report_id, restated, version)
        except Retry:
            continue
    raise Stale(steps.STALE)


def _hand_on(world: World, signed_in: SignedIn, report_id: str, restated: Restated, version: int) -> str:
    with world.db.read() as session:
        held, step, asked = _checked(world, session, signed_in, report_id, restated, version)
        receiver = find_receiver(session, step.to, restated.receiver, restated.unit)
        takers = takers_of(world, session, held, receiver)
        prepared = steps.prepare(world, session, signed_in, held, step, asked)
    item_id, key = new_id(), vault.random_bytes(vault.KEY_BYTES)
    sender = signed_in.actor.team_name or ""
    written = {"title": restated.title, "text": restated.text, "unit": restated.unit, "from": sender}
    row = {
        "id": item_id,
        "report_id": report_id,
        "number": register_no(),
        "kind": step.to.value,
        "to_team_id": receiver.team_id,
        "to_target": receiver.target,
        "text": seal_words(key, item_id, "text", written),
        "day": prepared.day,
        "due_on": _due(world, step.to, restated),
        "state": "sent",
        "by": signed_in.actor.person_id,
        "at": prepared.at,
        "reply": None,
        "replied_on": None,
    }
    grants = seal_to(takers.all, key, report_id=report_id, envelope=envelope_of(item_id), day=prepared.day)
    _record(world, prepared, takers, row, grants)
    return item_id


def _record(
    world: World, prepared: Prepared, takers: Takers, row: Mapping[str, Any], grants: list[dict[str, Any]]
) -> None:
    data = {"handover": row["id"], "number": row["number"], "to_team": row["to_team_id"], "to": row["to_target"]}

    def record(session: Session) -> None:
        check_epoch(session, takers.readers)  # first: its lock comes before that of any report
        report = prepared.record(session)
        placement = session.get_one(Placement, row["report_id"], with_for_update=True)
        if placement.cluster != takers.cluster:
            raise Retry
        session.execute(insert(Handover), [dict(row)])
        session.execute(insert(Grant), grants)
        history.append_staff(
            session, prepared.chain_key, report, at=prepared.at, actor_id=row["by"], kind="handed_on", data=data
        )  # fmt: skip

    world.db.write(record)


def cleaned(restated: Restated) -> Restated:
    """Words as they are kept and compared."""
    title, unit = (" ".join(content.clean(words).split()) for words in (restated.title, restated.unit))
    text, told = content.clean(restated.text), content.clean(restated.told)
    return replace(restated, title=title, unit=unit, text=text, told=told, due_on=restated.due_on.strip())


def _checked(
    world: World, session: Session, signed_in: SignedIn, report_id: str, restated: Restated, version: int
) -> tuple[Held, Move, Asked]:
    """The report in hand, the row of the table, and all that the form needs."""
    held = find_own(session, signed_in, report_id)
    held.key(signed_in.keys.reading)
    if restated.kind not in KINDS:
        raise MoveForbidden("没有这样的去向。")
    asked = steps.cleaned(Asked(to=restated.kind, version=version, text=restated.told))
    try:
        step = steps.checked(world, held, signed_in, asked)
    except Invalid as refusal:
        raise Invalid({"told" if name == "text" else name: words for name, words in refusal.fields.items()}) from None
    waiting = second.waiting_of(session, report_id)
    if waiting is not None and waiting.kind != "reveal":
        raise MoveForbidden(second.WAITS)
    problems = _problems(restated) | _due_problem(world, step.to, restated)
    if problems:
        raise Invalid(problems)
    return held, step, asked


def _problems(restated: Restated) -> dict[str, str]:
    problems = {}
    count = len(restated.text)
    if not restated.title:
        problems["title"] = "请写事由，一句话。"
    elif len(restated.title) > TITLE_MAX:
        problems["title"] = f"最多 {TITLE_MAX} 个字，现在有 {len(restated.title)} 个。"
    if count < TEXT_MIN:
        problems["text"] = f"请用自己的话写清要办什么，至少 {TEXT_MIN} 个字，现在有 {count} 个。"
    elif count > TEXT_MAX:
        problems["text"] = f"最多 {TEXT_MAX} 个字，现在有 {count} 个。"
    if len(restated.unit) > TITLE_MAX:
        problems["unit"] = f"最多 {TITLE_MAX} 个字，现在有 {len(restated.unit)} 个。"
    for name in ("unit", "title", "text"):
        lost = fonts.missing(getattr(restated, name).replace("\n", ""))
        if lost:
            problems.setdefault(name, f"这几个字打印不出来，请换个写法：{lost}")
    return problems


def _due_problem(world: World, kind: State, restated: Restated) -> dict[str, str]:
    if kind not in _SET_BY_HAND or not restated.due_on:
        return {}
    try:
        day = date.fromisoformat(restated.due_on)
    except ValueError:
        return {"due_on": "请写成 2026-12-01 这样的日期。"}
    last = due("xf_close", world.today()).day
    if not world.today() < day <= last:
        return {"due_on": f"请写明天到 {last.isoformat()} 之间的一天。"}
    return {}


def _due(world: World, kind: State, restated: Restated) -> date | None:
    """The last day of an answer: as written where it may be set, else what the table of limits says."""
    if kind not in LIMIT_OF:
        return None
    if kind in _SET_BY_HAND and restated.due_on:
        return date.fromisoformat(restated.due_on)
    return due(LIMIT_OF[kind], world.today()).day


def takers_of(world: World, session: Session, held: Held, receiver: Receiver) -> Takers:
    """Whoever may hold the item's key now. Raises `Invalid` (receiver) where nobody of the unit is left."""
    known, cluster, day = machinery(session, world.secrets), held.placement.cluster, world.today()
    if known.broken or tampered(session, world.secrets.routing_key, [cluster]):
        raise Forbidden(TAMPERED)
    touching = touching_of(session, known, [cluster])[cluster]
    readers = readers_for(
        session, world.secrets, team_id=held.placement.team_id, known=known, touching=touching, day=day
    )  # fmt: skip
    if receiver.team_id is None:
        return Takers((), readers, cluster)
    members = people.trusted_members(session, world.secrets, receiver.team_id)
    unit = tuple(
        reader for reader in members
        if Permission.items_read in ROLE_PERMISSIONS[reader.role] and known.may_read(reader.holder, touching, day)
    )  # fmt: skip
    if not unit:
        raise Invalid({"receiver": f"{receiver.name}现在没有能收的人：都要回避，或者钥匙还没有确认。请换个单位。"})
    return Takers(unit, readers, cluster)


def _names(session: Session, readers: tuple[Reader, ...]) -> tuple[str, ...]:
    found = (people.person_by_id(session, reader.holder) for reader in readers)
    return tuple(person.name for person in found if person is not None)


def _original(session: Session, signed_in: SignedIn, held: Held) -> Original:
    """What the citizen wrote, at filing and since."""
    report, placement, pair = held.report, held.placement, signed_in.keys.reading
    written = json.loads(vault.decrypt(held.key(pair), report.content, ("report", report.id, "content")))
    later = session.scalars(select(Addition).where(Addition.report_id == report.id))
    added = [
        json.loads(vault.decrypt(held.key(pair, row.id), row.content, ("addition", row.id, "content")))
        for row in later
        if row.id in held.grants
    ]
    fields = ("body", "subject", "place", "happened_on")
    site = session.get(Site, placement.site_id) if placement.site_id else None
    return Original(
        words=(*(written.get(name, "") for name in fields), *(row.get("text", "") for row in added)),
        day=report.day,
        register_no=report.register_no,
        board=tuple(name for name in (site.site_no if site else None, placement.board_code) if name),
        restriction=written.get("contact_restriction", ""),
        contact=_contact(session, signed_in, held),
    )


def _contact(session: Session, signed_in: SignedIn, held: Held) -> str:
    """The contact, only for somebody to whom it was opened before: nobody learns it by trying out names."""
    report = held.report
    if "identity" not in held.grants or session.get(Reveal, (report.id, signed_in.actor.person_id)) is None:
        return ""
    key = held.key(signed_in.keys.reading, "identity")
    return vault.decrypt(key, report.contact, ("report", report.id, "contact")).decode("utf-8", "surrogatepass")


def seal_words(key: bytes, item_id: str, field: str, words: Mapping[str, str]) -> bytes:
    """Words of an item under its key: `text` what was handed on, `reply` what came back."""
    plain = json.dumps(dict(words), ensure_ascii=False).encode("utf-8", "surrogatepass")
    return vault.encrypt(key, plain, ("handover", item_id, field))


def open_words(key: bytes, item_id: str, field: str, sealed: bytes) -> dict[str, str]:
    """What `seal_words` was given."""
    words: dict[str, str] = json.loads(vault.decrypt(key, sealed, ("handover", item_id, field)))
    return words
