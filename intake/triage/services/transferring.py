"""Transfer to another team by the hand of somebody who holds the keys, one report or a whole round's.

The old team reads nothing from that moment; its history stays with the report.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from intake.core.access import Permission, Role, SignedIn
from intake.core.errors import Busy, Forbidden, Invalid, NotFound, Retry, Stale
from intake.core.vault import KeyPair
from intake.core.world import World
from intake.people.models import Team
from intake.reports import content
from intake.reports.models import Report, StaffEvent
from intake.reports.workflow import State
from intake.routing.decide import OFFICE
from intake.routing.models import Grant, Placement
from intake.routing.queries import able_teams, grants_of, machinery, team_name_of, touching_of, visible_reports
from intake.routing.services import Hand, Transfer, check_epoch, open_grant, prepare_transfer, record_transfer
from intake.triage.models import Pending, Reveal
from intake.triage.services import steps
from intake.triage.services.opening import Held, find
from intake.triage.services.rereading import reread
from intake.triage.services.steps import Prepared, performs
from intake.triage.services.story import Names, story_line

_TRIES = 5
BATCH = 20  # reports handed over a press: sealing and recording each takes tens of milliseconds
_TEAM_KINDS = ("inspection_team", "office")
_OVER = (State.closed.value, State.not_accepted.value, State.archived.value, State.purged.value)
_NO_WORDS = "请写明为什么移交，接手的同事看得到。"


def targets_of(world: World, session: Session, placement: Placement) -> tuple[tuple[str, str], ...]:
    """Teams (id, name) that may have it and can open it: neither named nor ticked nor without an eligible member."""
    known = machinery(session, world.secrets)
    touching = touching_of(session, known, [placement.cluster])[placement.cluster]
    teams = _other_teams(session, placement.team_id)
    wanted = {team_id for team_id, _ in teams} - touching.teams
    able = able_teams(session, world.secrets, known, wanted, touching, world.today())
    return tuple((team_id, name) for team_id, name in teams if team_id in able)


def _other_teams(session: Session, but: str) -> list[tuple[str, str]]:
    rows = session.execute(
        select(Team.id, Team.name).where(Team.kind.in_(_TEAM_KINDS), Team.id != but).order_by(Team.id)
    )
    return [(team_id, name) for team_id, name in rows]


def keys_of(pair: KeyPair, grants: Mapping[str, Grant]) -> dict[str, bytes]:
    """Envelope → key, of all that this holder can open; items that a unit received are the new team's to follow up."""
    return {envelope: open_grant(pair, grant) for envelope, grant in grants.items()}


@performs("transfer")
def transfer(world: World, signed_in: SignedIn, held: Held, prepared: Prepared) -> None:
    """The step to `assigned`, with the keys. Raises `Invalid` (team_id, text), `Forbidden`, `Stale`, `Busy`."""
    team_id, words = prepared.asked.team_id, prepared.asked.text or content.clean(prepared.asked.reason)
    held.key(signed_in.keys.reading)
    with world.db.read() as session:
        _must_be_team(session, team_id, held.placement.team_id)
        if not words:
            raise Invalid({"text": _NO_WORDS})
        note = prepared.note or steps.seal_note(world, session, signed_in, held, words)
        reason = _reason(session, held.placement.team_id, team_id)
    data = {**prepared.data, "from_team": held.placement.team_id, "to_team": team_id}
    ready = replace(prepared, note=note, data=data)
    _in_turns(world, signed_in, held.report.id, team_id, reason, ready)


def _must_be_team(session: Session, team_id: str, now: str) -> None:
    team = session.get(Team, team_id) if team_id.isprintable() else None
    if team is None or team.kind not in _TEAM_KINDS:
        raise Invalid({"team_id": "请选一个巡察组或巡察办。"})
    if team_id == now:
        raise Invalid({"team_id": "它现在就在这个组。"})


def _reason(session: Session, from_team: str, to_team: str) -> str:
    return f"由{team_name_of(session, from_team)}移交{team_name_of(session, to_team)}。"


@dataclass(frozen=True, slots=True)
class _Handing:
    """One report of a round, as `Prepared` is of a step: no change of state, a note and a line of its own."""

    signed_in: SignedIn
    report_id: str
    note: dict[str, object]
    data: dict[str, str]
    hand: Hand

    def record(self, session: Session) -> Report:
        report = session.get(Report, self.report_id, with_for_update=True)
        if report is None:
            raise NotFound
        find(session, self.signed_in, self.report_id)
        steps.add_note_row(session, self.note)
        steps.append(
            session, self.signed_in, report, key=self.hand.chain_key, at=self.hand.at, kind="transferred",
            data=dict(self.data),
        )  # fmt: skip
        return report


def _in_turns(
    world: World, signed_in: SignedIn, report_id: str, team_id: str, reason: str, ready: Prepared | _Handing
) -> None:
    """Sealed for the readers of one epoch; where those moved, or something came, sealed again with all there is."""
    hand = Hand.of(world, signed_in.actor.person_id)
    reread(world, signed_in, among=[report_id])  # it may name somebody of that team who came since
    for _ in range(_TRIES):
        with world.db.read() as session:
            there = set(session.scalars(select(Grant.envelope).where(Grant.report_id == report_id)))
            rows = grants_of(session, hand.actor_id, [report_id])
            keys = keys_of(signed_in.keys.reading, {envelope: grant for (_, envelope), grant in rows.items()})
        moving = prepare_transfer(world, report_id, team_id=team_id, keys=keys, reason=reason)
        if moving.envelopes != there:
            continue
        try:
            _record(world, hand, moving, ready)
        except Retry:
            continue
        return
    raise Busy(5)


def _record(world: World, hand: Hand, moving: Transfer, ready: Prepared | _Handing) -> None:
    holder = Grant.report_id == moving.report_id, Grant.envelope == "report", Grant.holder == hand.actor_id

    def record(session: Session) -> None:
        check_epoch(session, moving.readers)  # first: its lock comes before that of any report
        report = ready.record(session)
        if session.scalars(select(Grant.holder).where(*holder)).first() is None:
            raise Stale(steps.STALE)
        for waiting in (Pending, Reveal):
            session.execute(delete(waiting).where(waiting.report_id == moving.report_id))
        report.assignee_id = None
        record_transfer(session, hand, moving)

    world.db.write(record)


# --- A whole round ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Round:
    """How far a hand-over has come: `done` with this press, `left` open, `stuck` register numbers that the other
    team may not have or cannot open."""

    done: int
    left: int
    stuck: tuple[str, ...] = ()


def teams_to_hand_over(session: Session, signed_in: SignedIn) -> tuple[tuple[str, str], ...]:
    """A leader hands over their own team's; the office any team's, of which it holds the keys."""
    if not signed_in.actor.may(Permission.report_transfer):
        return ()
    rows = session.execute(select(Team.id, Team.name).where(Team.kind.in_(_TEAM_KINDS)).order_by(Team.id))
    office = signed_in.actor.role is Role.office
    return tuple((team_id, name) for team_id, name in rows if office or team_id == signed_in.actor.team_id)


def teams_to_receive(session: Session) -> tuple[tuple[str, str], ...]:
    return tuple(_other_teams(session, ""))


def count_open(session: Session, signed_in: SignedIn, team_id: str) -> int:
    """How many open reports of the team this person could hand over: those they see and hold."""
    return len(_open_of(session, signed_in, team_id))


def _open_of(session: Session, signed_in: SignedIn, team_id: str) -> list[str]:
    rows = session.scalars(
        select(Report.id)
        .join(Placement, Placement.report_id == Report.id)
        .join(Grant, Grant.report_id == Report.id)
        .where(
            Placement.report_id.in_(visible_reports(signed_in.actor)),
            Placement.team_id == team_id,
            Report.state.not_in(_OVER),
            Grant.envelope == "report",
            Grant.holder == signed_in.actor.person_id,
        )
        .order_by(Report.day, Report.day_order)
    )
    return list(rows)


def hand_over_round(
    world: World, signed_in: SignedIn, *, from_team: str, to_team: str, text: str, limit: int = BATCH
) -> Round:
    """Hand over up to `limit` open reports. Raises `Forbidden`, `Invalid` (from_team, team_id, text)."""
    words = content.clean(text)
    with world.db.read() as session:
        if from_team not in dict(teams_to_hand_over(session, signed_in)):
            raise Forbidden("整组移交由本组组长或巡察办办理。")
        _must_be_team(session, to_team, from_team)
        problems = steps.too_long(world, words) if words else {"text": _NO_WORDS}
        if problems:
            raise Invalid(problems)
        waiting = _open_of(session, signed_in, from_team)
        reason = _reason(session, from_team, to_team)
    done, stuck = 0, []
    for report_id in waiting:
        if done == limit:
            break
        try:
            _hand_over_one(world, signed_in, report_id, from_team, to_team, words, reason)
            done += 1
        except (Invalid, NotFound, Stale, Forbidden):  # barred there, or somebody was faster: it stays, and is named
            stuck.append(report_id)
    with world.db.read() as session:
        left = set(_open_of(session, signed_in, from_team))
        numbers = _numbers(session, signed_in, [report_id for report_id in stuck if report_id in left])
    return Round(done, len(left), numbers)


def _hand_over_one(
    world: World, signed_in: SignedIn, report_id: str, from_team: str, to_team: str, words: str, reason: str
) -> None:
    with world.db.read() as session:
        held = find(session, signed_in, report_id)
        if held.placement.team_id != from_team:
            raise Stale(steps.STALE)
        rows = grants_of(session, signed_in.actor.person_id, [report_id])
        holding = replace(held, grants={envelope: grant for (_, envelope), grant in rows.items()}, theirs=True)
        note = steps.seal_note(world, session, signed_in, holding, words)
    data = {"from_team": from_team, "to_team": to_team}
    ready = _Handing(signed_in, report_id, note, data, Hand.of(world, signed_in.actor.person_id))
    _in_turns(world, signed_in, report_id, to_team, reason, ready)


def _numbers(session: Session, signed_in: SignedIn, report_ids: Iterable[str]) -> tuple[str, ...]:
    rows = session.scalars(
        select(Report.register_no)
        .where(Report.id.in_(list(report_ids)), Report.id.in_(visible_reports(signed_in.actor)))
        .order_by(Report.register_no)
    )
    return tuple(rows)


def hands_over_without_contact(signed_in: SignedIn, from_team: str) -> bool:
    """The office holds no key of the contacts of a team's reports: those then open with the recovery key alone."""
    return from_team != OFFICE and signed_in.actor.team_id != from_team


@story_line("transferred")
def _transferred(event: StaffEvent, names: Names) -> str:
    from_team, to_team = names.team(event.data["from_team"]), names.team(event.data["to_team"])
    return f"{names.of(event.actor_id)}把{from_team}的件整组移交{to_team}。"
