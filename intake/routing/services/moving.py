"""Moving a report's keys by the hand of somebody who holds them: transfer, sealing up, sending back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.orm import Session

from intake.core.access import ROLE_PERMISSIONS, Permission
from intake.core.errors import Forbidden, Invalid, Retry
from intake.core.world import World
from intake.people.models import Person
from intake.routing.decide import CUSTODY, OFFICE, SUPERIOR
from intake.routing.models import Alarm, Grant, Mention, Placement, Release
from intake.routing.queries import Readers, able_teams, machinery, readers_for, touching_of
from intake.routing.queries.marks import TAMPERED, tampered
from intake.routing.services.marks import stamp
from intake.routing.services.placing import check_epoch, seal_out
from intake.routing.services.settling import Hand

_BROKEN = "分件用的数据被人改动过，先不移交。请管理员运行 msx check。"


@dataclass(frozen=True, slots=True)
class Transfer:
    """A move prepared outside the transaction: the new grants, sealed for the readers of one epoch."""

    report_id: str
    team_id: str
    lane: str
    reasons: tuple[str, ...]
    readers: Readers
    grants: list[dict[str, Any]]
    dismissed: frozenset[tuple[str, str]]
    cluster: str
    mark: str
    envelopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Moved:
    """From where to where, for the history."""

    from_team: str
    to_team: str


def prepare_transfer(
    world: World,
    report_id: str,
    *,
    team_id: str,
    keys: Mapping[str, bytes],
    reason: str,
    dismissed: frozenset[tuple[str, str]] = frozenset(),
) -> Transfer:
    """Seal what the holder has opened (`keys`: envelope → key) to those who may read it at `team_id`.

    `dismissed`: mentions (kind, target) that are sent back with it as caught wrongly: they do not count any more.
    Raises `Invalid` (team_id) where the team must not have it or nobody there may open it.
    """
    day = world.today()
    with world.db.read() as session:
        placement = session.get_one(Placement, report_id)
        if tampered(session, world.secrets.routing_key, [placement.cluster]):
            raise Forbidden(TAMPERED)
        known = machinery(session, world.secrets)
        if known.broken:  # it would be sealed to the recovery key alone, and everybody's keys go
            raise Forbidden(_BROKEN)
        touching = touching_of(session, known, [placement.cluster])[placement.cluster]
        touching = replace(touching, mentions=touching.mentions - dismissed)
        if team_id == CUSTODY or team_id in touching.teams:
            raise Invalid({"team_id": "这个组要回避，不能移给它。"})
        if team_id not in able_teams(session, world.secrets, known, {team_id}, touching, day):
            raise Invalid({"team_id": "这个组现在没有可以经手的人，不能移给它。"})
        readers = readers_for(
            session, world.secrets, team_id=team_id, known=known, touching=touching, day=day
        )  # fmt: skip
        lane = _lane(placement, team_id)
        cluster, mark, there = placement.cluster, placement.mark, _envelopes(session, report_id)
    grants = [
        row
        for envelope, key in keys.items()
        for row in seal_out(readers, key, report_id=report_id, envelope=envelope, day=day)
    ]
    return Transfer(report_id, team_id, lane, (reason,), readers, grants, dismissed, cluster, mark, there)


def _envelopes(session: Session, report_id: str) -> frozenset[str]:
    return frozenset(session.scalars(select(Grant.envelope).where(Grant.report_id == report_id)))


def _lane(placement: Placement, team_id: str) -> str:
    if team_id == SUPERIOR:
        return "sealed"
    if placement.urgent:
        return "urgent"
    return "ordinary" if placement.lane in ("sealed", "held") else placement.lane  # somebody looked and decided


def record_transfer(session: Session, hand: Hand, transfer: Transfer) -> Moved:
    """Inside the write: the old readers' grants go, the new ones' come, and the report lies elsewhere.

    Raises `Retry` where somebody joined, left, was recused, named or linked since, or something came: prepare again.
    """
    check_epoch(session, transfer.readers)
    placement = session.get_one(Placement, transfer.report_id, with_for_update=True)
    if (placement.cluster, placement.mark) != (transfer.cluster, transfer.mark):
        raise Retry
    if _envelopes(session, transfer.report_id) != transfer.envelopes:
        raise Retry  # what the citizen has just added would be left with nobody
    before = placement.team_id
    for kind, target in transfer.dismissed:
        mention = session.get(Mention, (transfer.report_id, kind, target))
        if mention is not None:
            mention.dismissed = True
    kept = _kept_recovery(session, transfer)
    gone = delete(Grant).where(Grant.report_id == transfer.report_id, ~_of_receivers())
    if kept:
        gone = gone.where(~((Grant.holder.startswith("recovery:")) & Grant.envelope.in_(kept)))
    session.execute(gone)
    session.execute(delete(Release).where(Release.report_id == transfer.report_id))
    session.execute(insert(Grant), transfer.grants)
    placement.team_id, placement.lane = transfer.team_id, transfer.lane
    placement.guardian = False
    placement.reasons = [*placement.reasons, *transfer.reasons]
    stamp(session, hand.routing_key, [transfer.report_id])
    if transfer.team_id == SUPERIOR and before != SUPERIOR:
        session.add(went_up(hand.day))
    return Moved(before, transfer.team_id)


def _of_receivers() -> ColumnElement[bool]:
    """Keys of restatements that a unit received: they stay with that unit's people wherever the original goes."""
    roles = [role.value for role, may in ROLE_PERMISSIONS.items() if Permission.items_read in may]
    return Grant.envelope.startswith("handover:") & Grant.holder.in_(select(Person.id).where(Person.role.in_(roles)))


def went_up(day: date) -> Alarm:
    """What the office learns of a sealed report: that one went up, and on which day."""
    return Alarm(day=day, kind="went_up", report_id=None, team_id=OFFICE)


def _kept_recovery(session: Session, transfer: Transfer) -> list[str]:
    """Envelopes that the holder could not open: nobody but the recovery key keeps them."""
    sealed = {row["envelope"] for row in transfer.grants}
    there = session.scalars(
        select(Grant.envelope).where(Grant.report_id == transfer.report_id, Grant.holder.startswith("recovery:"))
    )
    items_stay = transfer.team_id != SUPERIOR  # the county's recovery key opens nothing of the sealed lane
    return sorted(
        {envelope for envelope in there if envelope not in sealed and (items_stay or envelope[:9] != "handover:")}
    )
