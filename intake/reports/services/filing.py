"""Filing a report: prepared outside the transaction, recorded as rows, answered with a receipt."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Insert, bindparam, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from intake.boards.queries import board_page, was_live
from intake.core import chain, vault
from intake.core.errors import Busy, NotFound, Retry
from intake.core.tables import Base, new_id, table_of
from intake.core.world import World
from intake.reports import content, receipt, sensitive
from intake.reports.content import Draft
from intake.reports.models import CitizenEvent, Report, ReportFile, Spent
from intake.reports.receipt import ReceiptKeys
from intake.reports.services import history, photos
from intake.reports.services.additions import add_photos
from intake.reports.services.arriving import REPEAT, Arrival, Words, arrive, read_words
from intake.reports.services.photos import FileProblem, Taken, Upload
from intake.reports.workflow import State
from intake.routing.decide import CUSTODY, SUPERIOR
from intake.routing.models import Grant, Link, Mention, Placement, Sketch
from intake.routing.queries import team_name_of
from intake.routing.services import CITIZEN_ACT, Hand, check_epoch, ensure_custody, seal_out, settle, stamp, went_up
from intake.web.formtoken import FormToken

_TRIES = 5
_REGISTER_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Built once: every filing runs these.
_NEW: dict[type[Base], Insert] = {
    rows: insert(table_of(rows))
    for rows in (Spent, Placement, Report, Grant, CitizenEvent, ReportFile, Mention, Sketch, Link)
}
_MARKS = table_of(Spent)
_SPENT = select(_MARKS.c.day).where(_MARKS.c.tag == bindparam("tag"))


@dataclass(frozen=True, slots=True)
class Filed:
    """What the receipt page says. `repeated`: nothing new was filed. `urgent`: the emergency numbers go with it."""

    digits: str
    team_name: str
    problems: tuple[FileProblem, ...]
    taken: int
    repeated: bool
    found: frozenset[str]
    urgent: bool = False
    compared: bool = False  # with others' words: nothing of what went up sealed is


def spent_tag(world: World, nonce: bytes, digest: bytes) -> bytes:
    """The unique mark of a used form: keyed, and leading to no receipt."""
    return vault.mac(world.secrets.spent_key, "spent", nonce, digest)


def is_spent(session: Session, tag: bytes) -> bool:
    return session.execute(_SPENT, {"tag": tag}).first() is not None


def already_filed(world: World, *, token: FormToken, draft: Draft) -> bool:
    """Whether this form was filed with this content; looked at before the form's age."""
    return _spent_now(world, spent_tag(world, token.nonce, content.digest(token.board, draft)))


def _spent_now(world: World, tag: bytes) -> bool:
    with world.db.read() as session:
        return is_spent(session, tag)


def file_report(
    world: World,
    *,
    token: FormToken,
    draft: Draft,
    uploads: Sequence[Upload] = (),
    held: Sequence[str] = (),
    words: Words | None = None,
) -> Filed:
    """File once, whoever wins the race: the same form and content always answer with the same receipt.

    Returns after the rows are on disk. Raises `NotFound` for a board that never was live.
    """
    digest = content.digest(token.board, draft)
    digits = receipt.derive(world.secrets.receipt_key, token.nonce, digest)
    tag = spent_tag(world, token.nonce, digest)
    keys = receipt.opened(digits, world.secrets.pepper)
    repeated = bool(uploads) and _spent_now(world, tag)  # before the work on photos; words are asked for on the way
    taken: list[Taken] = []
    problems: list[FileProblem] = []
    prepared: _Prepared | None = None
    for _ in range(_TRIES):
        if repeated:
            return _repeated(world, digits=digits, keys=keys, draft=draft, uploads=uploads)
        if prepared is None:
            taken, problems = photos.take(
                world, uploads, seen_key=seen_key(keys), known=(), room=world.settings.max_photos
            )
            words = words or read_words(world.secrets, draft)
            prepared, failed = _prepare(world, draft, words, keys, taken)
            problems += failed
        try:
            placed = _place_and_record(world, prepared, token=token, draft=draft, tag=tag, held=held)
        except Retry:
            continue
        except IntegrityError:
            repeated = _spent_now(world, tag)
            prepared = prepared if repeated else None  # a register number or an id met another: draw again
            continue
        if placed is None:
            repeated = True
            continue
        kept = len(prepared.files)
        found, urgent = sensitive.find(draft.body), bool(prepared.words.urgent)
        return Filed(
            digits, placed.team_name, tuple(problems), kept, False, found, urgent, compared=placed.compared
        )  # fmt: skip
    raise Busy(5)


def seen_key(keys: ReceiptKeys) -> bytes:
    """Knows a photo again, with the receipt in hand and never without."""
    return vault.derive(keys.key, "msx/seen")


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Everything of a filing that does not depend on who may read it."""

    report_id: str
    report_key: bytes
    identity_key: bytes
    report: dict[str, Any]
    files: list[dict[str, Any]]
    event: dict[str, Any]
    words: Words


def _prepare(
    world: World, draft: Draft, words: Words, keys: ReceiptKeys, taken: Sequence[Taken]
) -> tuple[_Prepared, list[FileProblem]]:
    report_id, day, chain_key = new_id(), world.today(), world.secrets.chain_key
    report_key, identity_key, box_key = vault.new_key(), vault.new_key(), vault.new_key()
    files, failed = photos.store(world, taken, report_id=report_id, envelope="report", key=report_key, day=day, first=1)
    event = history.filed_event(chain_key, report_id, day=day, data={"photos": len(files)})
    written = {k: v for k, v in content.values_of(draft).items() if k in _SEALED_FIELDS}
    report = {
        "id": report_id,
        "register_no": register_no(),
        "day": day,
        "day_order": vault.mac(world.secrets.order_key, "day-order", report_id).hex()[:32],
        "category": draft.category,
        "identity": draft.identity,
        "about_handler": draft.about_handler,
        "about_superior": draft.about_superior,
        "state": State.received.value,
        "since": day,
        "parent_id": None,
        "awaiting_citizen": False,
        "version": 1,
        "content": _sealed(report_key, written, report_id, "content"),
        # As long without a contact as with one: the length must not say whether somebody left theirs.
        "contact": vault.encrypt(
            identity_key,
            draft.contact.encode(),
            ("report", report_id, "contact"),
            at_least=world.settings.field_max * 4,
        ),
        "box_tag": keys.tag,
        "box_for_receipt": vault.encrypt(keys.key, box_key, ("report", report_id, "box_for_receipt")),
        "box_for_staff": vault.encrypt(report_key, box_key, ("report", report_id, "box_for_staff")),
        "rated": False,
        "staff_seq": 0,
        "staff_head": chain.GENESIS,
        "staff_seal": history.seal(chain_key, "staff", report_id, 0, chain.GENESIS),
        "citizen_seq": 1,
        "citizen_head": event["hash"],
        "citizen_seal": history.seal(chain_key, "citizen", report_id, 1, event["hash"]),
    }
    return _Prepared(report_id, report_key, identity_key, report, files, event, words), failed


_SEALED_FIELDS = ("body", "place", "happened_on", "subject", "contact_restriction")


def _sealed(key: bytes, value: object, report_id: str, field: str) -> bytes:
    plain = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return vault.encrypt(key, plain, ("report", report_id, field))


def register_no() -> str:
    """Random, so that a gap says nothing: 7QM-4KD."""
    letters = "".join(_REGISTER_ALPHABET[b & 31] for b in vault.random_bytes(6))
    return f"{letters[:3]}-{letters[3:]}"


@dataclass(frozen=True, slots=True)
class _Placed:
    """With whom it lies, and whether its words are compared with others'."""

    team_name: str
    compared: bool


def _place_and_record(
    world: World, prepared: _Prepared, *, token: FormToken, draft: Draft, tag: bytes, held: Sequence[str]
) -> _Placed | None:
    """Decide where it goes, seal its keys to those who may read it there, and record it all at once.

    None where the form was used before.
    """
    report_id, day = prepared.report_id, prepared.report["day"]
    with world.db.read() as session:
        if is_spent(session, tag):
            return None
        board = board_page(session, token.board, now=world.clock.now())
        if board is None or not was_live(board, token.issued_at):
            raise NotFound
        arrival = arrive(
            session, world, prepared.words, report_id=report_id, board=board, draft=draft, held=held, day=day
        )  # fmt: skip
        team_id = arrival.decision.team_id
        team_name = (team_id == board.team_id and board.team_name) or team_name_of(session, team_id)
    grants = [
        row
        for envelope, key in (("report", prepared.report_key), ("identity", prepared.identity_key))
        for row in seal_out(arrival.readers, key, report_id=report_id, envelope=envelope, day=day)
    ]
    report, event = _begun(world, prepared, sealed=team_id == SUPERIOR)
    hand = Hand.of(world, CITIZEN_ACT)

    def record(session: Session) -> None:
        check_epoch(session, arrival.readers)
        rows = session.connection()  # plain rows: the session itself would look for mapped objects in each of them
        rows.execute(_NEW[Spent], {"tag": tag, "day": day})
        if team_id == CUSTODY:
            ensure_custody(session)
        rows.execute(_NEW[Placement], arrival.placement)
        rows.execute(_NEW[Report], report)
        rows.execute(_NEW[Grant], grants)
        rows.execute(_NEW[CitizenEvent], event)
        for kind, several in ((Mention, arrival.mentions), (ReportFile, prepared.files)):
            if several:
                rows.execute(_NEW[kind], several)
        if arrival.sketch is not None:
            rows.execute(_NEW[Sketch], arrival.sketch)
        if team_id == SUPERIOR:
            session.add(went_up(day))
        if arrival.twin is not None:
            _join_twin(session, hand, report_id, arrival)

    world.db.write(record)
    return _Placed(team_name, team_id not in (SUPERIOR, CUSTODY))


def _begun(world: World, prepared: _Prepared, *, sealed: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """The report's row and the first event of its chain: what goes straight up begins as sealed up, on record."""
    if not sealed:
        return prepared.report, prepared.event
    key, state = world.secrets.chain_key, State.sealed_up.value
    data = {"photos": len(prepared.files), "state": state}
    event = history.filed_event(key, prepared.report_id, day=prepared.report["day"], data=data)
    seal = history.seal(key, "citizen", prepared.report_id, 1, event["hash"])
    return {**prepared.report, "state": state, "citizen_head": event["hash"], "citizen_seal": seal}, event


def _join_twin(session: Session, hand: Hand, report_id: str, arrival: Arrival) -> None:
    """Linked word for word: what shuts one of the cluster to somebody shuts them all."""
    assert arrival.twin is not None
    twin = session.get(Placement, arrival.twin.report_id, with_for_update=True)
    if twin is None or twin.cluster != arrival.twin.cluster:
        raise Retry  # it was linked with something else since
    link = {"report_id": report_id, "other_id": twin.report_id, "kind": REPEAT, "day": hand.day, "made_by": None}
    session.execute(_NEW[Link], link)
    stamp(session, hand.routing_key, [twin.report_id])  # its mark covers its links; it was sound a moment ago
    if arrival.widens:
        settle(session, hand, [report_id])


def _repeated(world: World, *, digits: str, keys: ReceiptKeys, draft: Draft, uploads: Sequence[Upload]) -> Filed:
    """The same filing again: the same receipt, and the photos that it has not got yet."""
    with world.db.read() as session:
        row = session.execute(
            select(Report.id, Placement.team_id, Placement.urgent)
            .join(Placement, Placement.report_id == Report.id)
            .where(Report.box_tag == keys.tag)
        ).first()
        team_name = team_name_of(session, row.team_id) if row is not None else ""
    found, urgent = sensitive.find(draft.body), row is not None and bool(row.urgent)
    if row is None or not uploads:
        return Filed(digits, team_name, (), 0, True, found, urgent)
    added = add_photos(world, report_id=row.id, seen_key=seen_key(keys), uploads=uploads)
    return Filed(digits, team_name, added.problems, added.taken, True, found, urgent)
