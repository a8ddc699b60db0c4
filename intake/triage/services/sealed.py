"""The sealed lane: one of the superior's people releases, a second opens. Nobody opens alone. ADR 0009."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import SignedIn
from intake.core.errors import Busy, Forbidden, Invalid, MoveForbidden, NotFound, Retry
from intake.core.world import World
from intake.people.models import Person
from intake.people.queries import Reader
from intake.reports.models import StaffEvent
from intake.reports.services import history
from intake.routing.decide import SUPERIOR
from intake.routing.machinery import Mentioned
from intake.routing.models import Grant, Mention, Placement, Release
from intake.routing.queries import Readers, machinery, readers_for, touching_of
from intake.routing.services import TAMPERED, Hand, check_epoch, note_mentions, release_rows, seal_out, settle, tampered
from intake.triage.services.opening import UNSEALED, Held, find, find_own, locked_for_change
from intake.triage.services.reading import words_of
from intake.triage.services.story import Names, story_line

_TRIES = 5
_NO_SHARE = "您还没有这一件的一份。请打开了这一件的同事按“重新分份”。"
_NOBODY = "现在没有第二个人可以放行。"
_NOT_RELEASED = "还没有同事放行给您，或者放行已经过了一天。"
_NOT_ONE_KEY = "放行的这一份打不开这一件，请同事再放行一次。"
_MORE_CAME = "群众后来又补了内容，还没有放行给您。请同事再放行一次，这样才不会落下。"
_TOO_FEW = "要有两个能打开的人才能分份。"


@dataclass(frozen=True, slots=True)
class Passed:
    """A release that lives: with whom, and until when."""

    person_id: str
    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Lane:
    """How a sealed report stands for this reader.

    `receivers`: (id, name) of those to whom they can release. `later`: something came that nobody has released to
    them yet. `unshared`: names of eligible people who hold no share of something.
    """

    has_share: bool
    receivers: tuple[tuple[str, str], ...]
    given: tuple[Passed, ...]
    received: tuple[Passed, ...]
    opened: bool
    later: bool
    unshared: tuple[str, ...]


def lane_of(world: World, signed_in: SignedIn, report_id: str) -> Lane | None:
    """None for a report that is not in the sealed lane, or lies with others. `NotFound` as everywhere."""
    with world.db.read() as session:
        held = find(session, signed_in, report_id)
        if not held.shared or not held.theirs:
            return None
        names = dict(session.execute(select(Person.id, Person.name)).all())
        me, now = signed_in.actor.person_id, world.clock.now()
        people = _people(_readers(world, session, held))
        holders = _holders(session, report_id)
        given = session.execute(
            select(Release.to_id, Release.expires_at).where(
                Release.report_id == report_id, Release.from_id == me, Release.expires_at > now,
                Release.envelope == "report",
            )
        ).all()  # fmt: skip
    lacking = [reader.holder for reader in people if not all(reader.holder in of for of in holders.values())]
    return Lane(
        has_share="report" in held.shares,
        receivers=_named(names, [r.holder for r in people if r.holder != me and r.holder in holders.get("report", ())]),
        given=tuple(Passed(to, names.get(to, ""), until) for to, until in given),
        received=tuple(
            Passed(row.from_id, names.get(row.from_id, ""), row.expires_at)
            for envelope, row in held.releases.items()
            if envelope == "report"
        ),
        opened=held.opens,
        later=held.opens and bool(held.shares.keys() - held.grants.keys()),
        unshared=tuple(name for _, name in _named(names, lacking)),
    )


def _named(names: Mapping[str, str], people: Collection[str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(((id_, names.get(id_, "")) for id_ in people), key=lambda person: person[1]))


def _readers(world: World, session: Session, held: Held, *, named: Collection[Mentioned] = ()) -> Readers:
    known = machinery(session, world.secrets)
    touching = touching_of(session, known, [held.placement.cluster])[held.placement.cluster]
    touching |= known.touching(sites=(), mentions=named)
    return readers_for(
        session, world.secrets, team_id=SUPERIOR, known=known, touching=touching, day=world.today()
    )  # fmt: skip


def _counting(session: Session, report_id: str, named: Collection[Mentioned]) -> list[Mentioned]:
    """Without what was sent back as caught wrongly."""
    gone = select(Mention.kind, Mention.target).where(Mention.report_id == report_id, Mention.dismissed.is_(True))
    dismissed = {(kind, target) for kind, target in session.execute(gone)}
    return [mention for mention in named if mention not in dismissed]


def _people(readers: Readers) -> list[Reader]:
    return [reader for reader in readers.report if not reader.holder.startswith("recovery:")]


def _holders(session: Session, report_id: str) -> dict[str, set[str]]:
    """envelope → the people who hold a share of it."""
    found: dict[str, set[str]] = {}
    for envelope, holder in session.execute(
        select(Grant.envelope, Grant.holder).where(Grant.report_id == report_id)
    ):
        if not (envelope.startswith("handover:") or holder.startswith("recovery:")):
            found.setdefault(envelope, set()).add(holder)
    return found


def _own(session: Session, signed_in: SignedIn, report_id: str) -> Held:
    held = find_own(session, signed_in, report_id)
    if not held.shared:
        raise NotFound
    if "report" not in held.shares:
        raise Forbidden(_NO_SHARE)
    return held


def again(attempt: Callable[[], None]) -> None:
    """Prepared anew where somebody joined, left or was recused in between."""
    for _ in range(_TRIES):
        try:
            attempt()
            return
        except Retry:
            continue
    raise Busy(5)


def release(world: World, signed_in: SignedIn, report_id: str, *, to: str = "") -> None:
    """Hand one's own share of everything there is now to one colleague, or (`to` empty) to all, for a day.

    Raises `NotFound`, `Forbidden` (no share), `MoveForbidden` (nobody else) or `Invalid` (receiver).
    """
    again(lambda: _release(world, signed_in, report_id, to))


def _release(world: World, signed_in: SignedIn, report_id: str, to: str) -> None:
    me, now, chain_key = signed_in.actor.person_id, world.clock.now(), world.secrets.chain_key
    with world.db.read() as session:
        held = _own(session, signed_in, report_id)
        readers = _readers(world, session, held)
        holders = _holders(session, report_id)["report"]
    others = [reader for reader in _people(readers) if reader.holder != me and reader.holder in holders]
    receivers = [reader for reader in others if to in ("", reader.holder)]
    if not others:
        raise MoveForbidden(_NOBODY)
    if not receivers:
        raise Invalid({"receiver": "请选一位能打开的同事。"})
    rows = release_rows(signed_in.keys.reading, held.shares, receivers, giver=me, now=now)
    sealed = {envelope: grant.sealed for envelope, grant in held.shares.items()}
    taken = sorted(reader.holder for reader in receivers)
    data = {"to": taken, "until": rows[0]["expires_at"].isoformat()}

    def record(session: Session) -> None:
        report = locked_for_change(session, signed_in, report_id)
        check_epoch(session, readers)
        if {env: grant.sealed for env, grant in find_own(session, signed_in, report_id).shares.items()} != sealed:
            raise Retry  # shared out anew since, or something came
        _drop(session, report_id, giver=me, receivers=taken)
        session.execute(insert(Release), rows)
        history.append_staff(session, chain_key, report, at=now, actor_id=me, kind="released", data=data)

    world.db.write(record)


def _drop(session: Session, report_id: str, *, giver: str, receivers: Collection[str]) -> None:
    session.execute(
        delete(Release).where(
            Release.report_id == report_id, Release.from_id == giver, Release.to_id.in_(list(receivers))
        )
    )


def take_back(world: World, signed_in: SignedIn, report_id: str) -> None:
    """End what one has released oneself, before its day is over. `NotFound` where there is nothing."""
    me, now, chain_key = signed_in.actor.person_id, world.clock.now(), world.secrets.chain_key

    def record(session: Session) -> None:
        report = locked_for_change(session, signed_in, report_id)
        mine = select(Release.to_id).where(Release.report_id == report_id, Release.from_id == me)
        taken = sorted(set(session.scalars(mine.where(Release.expires_at > now))))
        if not taken:
            raise NotFound
        _drop(session, report_id, giver=me, receivers=taken)
        history.append_staff(
            session, chain_key, report, at=now, actor_id=me, kind="release_taken_back", data={"to": taken}
        )  # fmt: skip

    with world.db.read() as session:
        _own(session, signed_in, report_id)
    world.db.write(record)


def unseal(world: World, signed_in: SignedIn, report_id: str) -> None:
    """Be the second person: what was released and one's own share open it, for this person and a day.

    On record before a word of it is shown. Raises `NotFound`, `Forbidden` (no share, nothing released, does not fit).
    """
    me, now, chain_key = signed_in.actor.person_id, world.clock.now(), world.secrets.chain_key
    with world.db.read() as session:
        held = _own(session, signed_in, report_id)
        if "report" not in held.releases:
            raise Forbidden(_NOT_RELEASED)
        _must_open(held, signed_in)

    def record(session: Session) -> None:
        report = locked_for_change(session, signed_in, report_id)
        live = find_own(session, signed_in, report_id).releases.get("report")
        if live is None:
            raise Forbidden(_NOT_RELEASED)
        history.append_staff(
            session, chain_key, report, at=now, actor_id=me, kind=UNSEALED, data={"from": [live.from_id]}
        )  # fmt: skip

    world.db.write(record)


def _must_open(held: Held, signed_in: SignedIn) -> None:
    key = held.joined(signed_in.keys.reading)
    try:
        vault.decrypt(key, held.report.content, ("report", held.report.id, "content"))
    except vault.VaultError as error:
        raise Forbidden(_NOT_ONE_KEY) from error


def every_key(session: Session, signed_in: SignedIn, held: Held) -> dict[str, bytes]:
    """envelope → key, of all that people hold of this report. Raises `MoveForbidden` where one is out of reach.

    Whoever moves a report moves all of it: what stays behind would be nobody's.
    """
    missing = _holders(session, held.report.id).keys() - held.grants.keys()
    if missing:
        raise MoveForbidden(_MORE_CAME if held.shared else "有一部分内容的钥匙不在您手里，请由拿着全部钥匙的组长办。")
    pair = signed_in.keys.reading
    return {env: held.key(pair, env) for env in held.grants if not env.startswith("handover:")}


def share_anew(world: World, signed_in: SignedIn, report_id: str) -> None:
    """From the opened session: new shares for everybody eligible, the old ones and all releases end.

    Raises `NotFound`, `Forbidden` (not opened), `MoveForbidden` (something is out of reach, or too few people).
    """
    again(lambda: _share_anew(world, signed_in, report_id))


def _share_anew(world: World, signed_in: SignedIn, report_id: str) -> None:
    hand = Hand.of(world, signed_in.actor.person_id)
    me, now, day, chain_key = signed_in.actor.person_id, world.clock.now(), world.today(), world.secrets.chain_key
    with world.db.read() as session:
        held = _own(session, signed_in, report_id)
        held.key(signed_in.keys.reading)
        if tampered(session, world.secrets.routing_key, [held.placement.cluster]):
            raise Forbidden(TAMPERED)
        keys = every_key(session, signed_in, held)
        known = machinery(session, world.secrets)
        named = [(hit.kind, hit.target) for hit in known.aliases.find_folded(words_of(session, report_id, keys))]
        readers = _readers(world, session, held, named=_counting(session, report_id, named))
    people = sorted(reader.holder for reader in _people(readers))
    if len(people) < 2:
        raise MoveForbidden(_TOO_FEW)
    rows: list[dict[str, Any]] = []
    for envelope, key in keys.items():
        rows += seal_out(readers, key, report_id=report_id, envelope=envelope, day=day)
    sealed = {envelope: grant.sealed for envelope, grant in held.shares.items()}

    def record(session: Session) -> None:
        report = locked_for_change(session, signed_in, report_id)
        check_epoch(session, readers)
        if {env: grant.sealed for env, grant in find_own(session, signed_in, report_id).shares.items()} != sealed:
            raise Retry
        session.execute(delete(Grant).where(Grant.report_id == report_id, Grant.envelope.in_(list(keys))))
        session.execute(delete(Release).where(Release.report_id == report_id))
        session.execute(insert(Grant), rows)
        note_mentions(session, report_id, named)
        placement = session.get_one(Placement, report_id, with_for_update=True)
        placement.alias_version = max(placement.alias_version, known.alias_version)
        history.append_staff(session, chain_key, report, at=now, actor_id=me, kind="shared_anew", data={"to": people})
        settle(session, hand, [report_id])

    world.db.write(record)


@story_line("released")
def _released(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}放行给{_all(event.data['to'], names)}，一天内有效。"


@story_line("release_taken_back")
def _taken_back(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}收回给{_all(event.data['to'], names)}的放行。"


@story_line(UNSEALED)
def _unsealed(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}凭{_all(event.data['from'], names)}的放行打开。"


@story_line("shared_anew")
def _shared_anew(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}重新分份：{_all(event.data['to'], names)}。"


def _all(people: Collection[str], names: Names) -> str:
    return "、".join(sorted(names.of(person) for person in people))
