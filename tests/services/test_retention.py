"""Kept no longer than needed, in two stages, with a moved clock: who can open what, and what is left afterwards."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from intake.core.access import Role, SignedIn
from intake.core.clock import FixedClock
from intake.core.errors import Forbidden, NotFound
from intake.core.secretfile import RecoveryKeys
from intake.core.tables import Base
from intake.core.world import World
from intake.reports import services as reports
from intake.reports.models import Erased, LockedAway, Report, ReportFile
from intake.reports.privacy import KEPT
from intake.reports.services import Upload, auditing
from intake.reports.services.sweeping import settle_day, sweep_blobs
from intake.routing.models import Grant, Placement, Sketch
from intake.routing.queries.readers import count_unreadable
from intake.routing.services import regrant_from_recovery
from intake.triage import services
from intake.triage.models import Handover
from intake.triage.services import handing_on, retention
from intake.triage.services.handing_on import Restated
from intake.triage.services.retention import Kept, keep_to_terms
from tests.cast import Member, add_member, build_cast, enter
from tests.client import PageClient
from tests.journeys import photo
from tests.views.desk import Case, Desk

BODY = "村里的鱼塘包给了支书的亲戚，一签二十年，没有公示，账上也看不到租金，群众问了好几次没有人答。"
NOTHING = Kept(locked=0, erased=0)


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    return desk


def who(desk: Desk, member: Member) -> SignedIn:
    return enter(desk.world, member).signed_in


def close(desk: Desk, case: Case, *, result: str = "fixed") -> None:
    services.move(
        desk.world, who(desk, desk.cast.leader), case.report_id, to="closed", result=result, version=desk.version(case)
    )


def later(desk: Desk, clock: FixedClock, days: int) -> Kept:
    clock.advance(timedelta(days=days))
    return keep_to_terms(desk.world)


def rows_of(world: World, report_id: str) -> dict[str, int]:
    """How many rows of each table still name this report."""
    found = {}
    with world.db.read() as session:
        for name in KEPT:
            table = Base.metadata.tables[name]
            for column in {"report_id", "other_id", "parent_id", "id"} & set(table.columns.keys()):
                counted = select(func.count()).select_from(table).where(table.c[column] == report_id)
                found[f"{name}.{column}"] = session.scalar(counted) or 0
    return {name: count for name, count in found.items() if count}


def test_nothing_is_touched_a_day_before_its_time_and_the_day_itself_locks_it(desk: Desk, clock: FixedClock) -> None:
    case = desk.file(BODY)
    close(desk, case)
    assert later(desk, clock, 1094) == NOTHING
    assert reports.open_box(desk.world, digits=case.digits).state == "closed"
    assert later(desk, clock, 1) == Kept(locked=1, erased=0)
    assert keep_to_terms(desk.world) == NOTHING


def test_the_first_stage_leaves_nobody_a_key_but_recovery_and_no_page_knows_of_it(
    desk: Desk, clock: FixedClock
) -> None:
    case, other = desk.file(BODY, uploads=(Upload("a.jpg", photo()),)), desk.file("另一件事，说的是路灯一直不亮。")
    close(desk, case)
    assert later(desk, clock, 1095) == Kept(locked=1, erased=0)
    with desk.world.db.read() as session:
        holders = set(session.scalars(select(Grant.holder).where(Grant.report_id == case.report_id)))
        assert count_unreadable(session) == 0
        assert session.scalars(select(Sketch).where(Sketch.report_id == case.report_id)).all() == []
    assert holders == {"recovery:county"}
    for member in (desk.cast.leader, desk.cast.liaison, desk.cast.office):
        with pytest.raises(NotFound):
            services.open_case(desk.world, who(desk, member), case.report_id)
    desk.enter(desk.cast.liaison)
    assert desk.get("/staff/queue?state=closed").text.count("queue-row") == 0
    assert other.report_id in desk.get("/staff/queue").text
    with pytest.raises(NotFound):
        reports.open_box(desk.world, digits=case.digits)
    assert auditing.verify(desk.world).broken is None
    settle_day(desk.world)  # what nobody can open does not climb any more
    with desk.world.db.read() as session:
        assert session.get_one(Placement, case.report_id).team_id == "team4"


def test_the_second_stage_leaves_no_row_no_file_and_a_record_that_it_was(desk: Desk, clock: FixedClock) -> None:
    case = desk.file(BODY, uploads=(Upload("a.jpg", photo()), Upload("b.jpg", photo(7))), contact="13800138000")
    number = desk.row(case).register_no
    services.answer(desk.world, who(desk, desk.cast.leader), case.report_id, text="已经去看过。", version=1)
    services.add_note(desk.world, who(desk, desk.cast.leader), case.report_id, text="电话问过。")
    desk.write_again(case, "谢谢，还有一处。")
    close(desk, case)
    with desk.world.db.read() as session:
        blobs = list(session.scalars(select(ReportFile.blob).where(ReportFile.report_id == case.report_id)))
    assert len(blobs) == 2
    kept = json.loads(json.dumps(auditing.anchor(desk.world)))
    later(desk, clock, 1095)
    assert later(desk, clock, 29) == NOTHING
    assert later(desk, clock, 1) == Kept(locked=0, erased=1)
    assert rows_of(desk.world, case.report_id) == {"erased.report_id": 1}
    assert sweep_blobs(desk.world) == 2
    with desk.world.db.read() as session:
        left = session.get_one(Erased, case.report_id)
        assert (left.register_no, left.erased_on) == (number, desk.world.today())
    verdict = auditing.verify(desk.world, kept)
    assert (verdict.broken, verdict.reports, verdict.erased) == (None, 0, 1)
    again = auditing.anchor(desk.world)
    assert auditing.verify(desk.world, again).broken is None
    assert keep_to_terms(desk.world) == NOTHING


def test_a_deletion_by_hand_is_still_found(desk: Desk, clock: FixedClock) -> None:
    case = desk.file(BODY)
    close(desk, case)
    kept = auditing.anchor(desk.world)
    later(desk, clock, 1095)
    later(desk, clock, 30)

    def forge(session: Session) -> None:
        session.get_one(Erased, case.report_id).register_no = "AAA-AAA"

    def take_away(session: Session) -> None:
        session.delete(session.get_one(Erased, case.report_id))

    desk.world.db.write(forge)
    assert auditing.verify(desk.world).broken == f"{case.report_id} erased: not by us"
    desk.world.db.write(take_away)
    assert auditing.verify(desk.world, kept).broken == f"{case.report_id} staff: the kept head is gone"


def test_a_receipt_of_what_is_gone_answers_like_one_that_never_was(desk: Desk, clock: FixedClock) -> None:
    case = desk.file(BODY)
    close(desk, case)
    for days in (1095, 30):
        later(desk, clock, days)
        gone = desk.client.post("/receipt", data={"receipt": case.digits})
        unknown = desk.client.post("/receipt", data={"receipt": "0" * 20})
        assert (gone.status_code, gone.text) == (404, unknown.text)
        assert dict(gone.headers) == dict(unknown.headers)


@pytest.mark.parametrize(
    ("result", "days"),
    [("fixed", 1095), ("verified", 1825)],
)
def test_terms_by_result(desk: Desk, clock: FixedClock, result: str, days: int) -> None:
    world = replace(desk.world, settings=replace(desk.world.settings, retention_by={"spam": 180, "verified": 1825}))
    case = desk.file(BODY)
    close(desk, case, result=result)
    clock.advance(timedelta(days=days - 1))
    assert keep_to_terms(world) == NOTHING
    clock.advance(timedelta(days=1))
    assert keep_to_terms(world).locked == 1


def test_spam_goes_sooner(desk: Desk, clock: FixedClock) -> None:
    case = desk.file(BODY, held=("rate_board",))
    services.move(desk.world, who(desk, desk.cast.leader), case.report_id, to="spam", reason="flooding", version=1)
    assert later(desk, clock, 179) == NOTHING
    assert later(desk, clock, 1).locked == 1
    assert later(desk, clock, 30).erased == 1


def test_the_citizens_last_word_begins_the_term_again(desk: Desk, clock: FixedClock) -> None:
    case = desk.file(BODY)
    close(desk, case)
    clock.advance(timedelta(days=1000))
    desk.write_again(case, "又发生了同样的事。")
    assert later(desk, clock, 95) == NOTHING
    assert later(desk, clock, 1000).locked == 1


class TestHolds:
    """What is not over keeps everything that hangs together with it."""

    def test_an_item_that_a_unit_has_not_reported_back(self, desk: Desk, clock: FixedClock) -> None:
        add_member(desk.world, "town_lw1", "示例巳", Role.town_discipline, "town_lw", signer=desk.cast.office)
        case = desk.file(BODY)
        leader = who(desk, desk.cast.leader)
        services.move(desk.world, leader, case.report_id, to="accepted", version=1)
        words = "请核实这一处的入账情况，调取合同和银行流水，一个月内报结果。"
        restated = Restated("delegated", "team:town_lw", "入账情况核查", words)
        handing_on.hand_on(desk.world, leader, case.report_id, restated, version=desk.version(case))
        close(desk, case)
        assert later(desk, clock, 2000) == NOTHING

        def reported(session: Session) -> None:
            session.scalars(select(Handover)).one().state = "done"

        desk.world.db.write(reported)
        assert keep_to_terms(desk.world).locked == 1
        assert later(desk, clock, 30).erased == 1
        assert rows_of(desk.world, case.report_id) == {"erased.report_id": 1}

    def test_a_copy_that_is_still_being_worked_on(self, desk: Desk, clock: FixedClock) -> None:
        case, copy = desk.file(BODY), desk.file(BODY + "！")
        close(desk, case)
        assert later(desk, clock, 1095) == NOTHING
        close(desk, copy)
        assert later(desk, clock, 1094) == NOTHING
        assert later(desk, clock, 1) == Kept(locked=2, erased=0)

    def test_a_held_copy_that_stands_behind_it(self, desk: Desk, clock: FixedClock) -> None:
        case = desk.file(BODY)
        desk.file(BODY + "！", held=("rate_board",))
        close(desk, case)
        assert later(desk, clock, 2000) == NOTHING

    def test_an_act_that_waits_for_a_second_person(self, desk: Desk, clock: FixedClock) -> None:
        case = desk.file(BODY)
        leader = who(desk, desk.cast.leader)
        services.move(desk.world, leader, case.report_id, to="spam", reason="flooding", version=1)
        assert services.move(
            desk.world, leader, case.report_id, to="purged", reason="flooding", version=desk.version(case)
        ) is False  # fmt: skip
        assert later(desk, clock, 400) == NOTHING

    def test_what_is_supervised_until_it_is_no_more(self, desk: Desk, clock: FixedClock) -> None:
        case = desk.file(BODY)
        close(desk, case)
        retention.supervise(desk.world, who(desk, desk.cast.office), case.report_id, on=True)
        assert later(desk, clock, 3000) == NOTHING
        retention.supervise(desk.world, who(desk, desk.cast.leader), case.report_id, on=False)
        assert keep_to_terms(desk.world).locked == 1

    def test_a_liaison_does_not_decide_that(self, desk: Desk) -> None:
        case = desk.file(BODY)
        with pytest.raises(Forbidden):
            retention.supervise(desk.world, who(desk, desk.cast.liaison), case.report_id, on=True)
        with pytest.raises(NotFound):
            retention.supervise(desk.world, who(desk, desk.cast.stranger), case.report_id, on=True)


def test_what_is_needed_after_all_comes_back_and_opens_with_the_recovery_key(desk: Desk, clock: FixedClock) -> None:
    case = desk.file(BODY)
    close(desk, case)
    later(desk, clock, 1095)
    office = who(desk, desk.cast.office)
    with desk.world.db.read() as session:
        (waiting,) = retention.waiting_to_be_erased(session, office)
        assert retention.waiting_to_be_erased(session, who_cannot(desk)) == ()
    assert waiting.report_id == case.report_id
    with pytest.raises(NotFound):
        retention.keep(desk.world, who_cannot(desk), case.report_id)
    pair = desk.cast.county.keys.reading
    assert regrant_from_recovery(desk.world, pair).done == 0, "what is locked away is given to nobody"
    retention.keep(desk.world, office, case.report_id)
    assert reports.open_box(desk.world, digits=case.digits).state == "closed"
    assert later(desk, clock, 60) == NOTHING
    assert regrant_from_recovery(desk.world, pair).done > 0
    assert services.open_case(desk.world, who(desk, desk.cast.leader), case.report_id).locked is None
    assert auditing.verify(desk.world).broken is None
    with pytest.raises(NotFound):
        retention.keep(desk.world, office, case.report_id)


def who_cannot(desk: Desk) -> SignedIn:
    return who(desk, desk.cast.stranger)


def test_cut_short_between_the_stages_and_inside_each_nothing_is_half_done(
    desk: Desk, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [desk.file(text) for text in (BODY, "另一件，说的是路灯三个月不亮。", "再一件，说的是修渠的钱没有公示。")]
    for case in cases:
        close(desk, case)
    clock.advance(timedelta(days=1095))
    with pytest.raises(SystemExit):
        cut_after(desk, monkeypatch, 1)
    assert states(desk, cases) == {"locked": 1, "there": 2}
    assert auditing.verify(desk.world).broken is None
    assert keep_to_terms(desk.world) == Kept(locked=2, erased=0)
    clock.advance(timedelta(days=30))
    with pytest.raises(SystemExit):
        cut_after(desk, monkeypatch, 2)
    assert states(desk, cases) == {"erased": 2, "locked": 1}
    assert auditing.verify(desk.world).broken is None
    assert keep_to_terms(desk.world) == Kept(locked=0, erased=1)
    assert states(desk, cases) == {"erased": 3}
    assert auditing.verify(desk.world).erased == 3


def cut_after(desk: Desk, monkeypatch: pytest.MonkeyPatch, writes: int) -> None:
    """The machine dies inside the write after `writes` of them: that one leaves nothing."""
    ordinary, left = desk.world.db.write, [writes]

    def dying(function: Callable[[Session], object]) -> object:
        if left[0] == 0:

            def half_way(session: Session) -> object:
                function(session)
                raise SystemExit(1)

            return ordinary(half_way)
        left[0] -= 1
        return ordinary(function)

    with monkeypatch.context() as cut:
        cut.setattr(desk.world.db, "write", dying)
        keep_to_terms(desk.world)


def states(desk: Desk, cases: list[Case]) -> dict[str, int]:
    found: dict[str, int] = {}
    with desk.world.db.read() as session:
        for case in cases:
            locked = session.get(LockedAway, case.report_id) is not None
            there = session.get(Report, case.report_id) is not None
            name = "locked" if locked else "there" if there else "erased"
            found[name] = found.get(name, 0) + 1
    return found


@pytest.mark.sqlite
def test_nothing_of_it_is_left_in_the_file(desk: Desk, clock: FixedClock, tmp_path: Path) -> None:
    """Not in a row, not on a free page, not in the write-ahead log: the sealed text itself is looked for."""
    case = desk.file(BODY)
    with desk.world.db.read() as session:
        sealed = session.get_one(Report, case.report_id).content[20:60]
        key = session.scalars(select(Grant.sealed).where(Grant.holder == "recovery:county")).first()
    assert key is not None
    close(desk, case)
    desk.world.db.checkpoint()
    assert sealed in database(tmp_path)
    later(desk, clock, 1095)
    later(desk, clock, 30)
    desk.world.db.checkpoint()
    left = database(tmp_path)
    assert sealed not in left
    assert key[10:40] not in left


def database(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("*.db*")))


def test_every_table_of_a_report_is_reached() -> None:
    """What hangs on a report only by a column without a reference would stay behind."""
    for name in set(KEPT) - {"erased"}:
        columns = {"report_id", "other_id", "parent_id"} & set(Base.metadata.tables[name].columns.keys())
        if name != "report":
            assert columns <= set(retention._hangs_on_reports(name)), name
