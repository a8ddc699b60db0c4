"""Triage: who sees which report, what an act needs, what stays on record, and that edits are found."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from intake.core import vault
from intake.core.access import SignedIn
from intake.core.clock import FixedClock
from intake.core.errors import Forbidden, Invalid, MoveForbidden, NotFound, Stale
from intake.core.secretfile import RecoveryKeys, read_recovery_key
from intake.core.world import World
from intake.people import services as people
from intake.people.models import PeopleEvent
from intake.reports import content
from intake.reports import services as reports
from intake.reports.models import CitizenEvent, Report, StaffEvent
from intake.reports.services import Upload, auditing, history
from intake.routing import services as routing
from intake.routing.models import Grant
from intake.triage import queries, services
from intake.triage.queries import QueueFilters, QueuePage
from intake.web.formtoken import FormToken
from tests.cast import Cast, Member, add_member, enter
from tests.journeys import BODY, live_board, photo, report_of

CONTACT = "13800138000"


@pytest.fixture
def filed(world: World, cast: Cast) -> Report:
    """A named report with a photo, of team4."""
    token = FormToken("report", live_board(world), vault.random_bytes(16), world.clock.now())
    draft = content.normalised(
        body=BODY, identity="named", contact=CONTACT, contact_restriction="不要打电话到村里", place="村口"
    )
    uploads = [Upload("IMG_1.jpg", photo())]
    return report_of(world, reports.file_report(world, token=token, draft=draft, uploads=uploads).digits)


def queue_of(world: World, member: Member, **filters: str) -> QueuePage:
    who = enter(world, member).signed_in
    with world.db.read() as session:
        return queries.queue(world, session, who, filters=QueueFilters(**filters))


def test_the_team_reads_everything_the_citizen_sent(world: World, cast: Cast, filed: Report) -> None:
    who = enter(world, cast.liaison).signed_in
    case = services.open_case(world, who, filed.id)
    assert (case.body, case.place, case.contact_restriction) == (BODY, "村口", "不要打电话到村里")
    opened = services.open_file(world, who, filed.id, case.files[0].id)
    assert (opened.name, opened.media_type) == ("photo-1.jpg", "image/jpeg")
    assert opened.data.startswith(b"\xff\xd8")


def test_every_opening_is_on_record_with_who_and_when(world: World, cast: Cast, filed: Report) -> None:
    for member in (cast.liaison, cast.leader, cast.liaison):
        services.open_case(world, enter(world, member).signed_in, filed.id)
    with world.db.read() as session:
        rows = session.scalars(select(StaffEvent).where(StaffEvent.report_id == filed.id).order_by(StaffEvent.seq))
        assert [(e.actor_id, e.kind) for e in rows] == [
            (cast.liaison.person_id, "opened"), (cast.leader.person_id, "opened"), (cast.liaison.person_id, "opened"),
        ]  # fmt: skip
    case = services.open_case(world, enter(world, cast.leader).signed_in, filed.id)
    assert {(r.name, r.opened) for r in case.readers} == {
        (cast.liaison.name, 2), (cast.leader.name, 2), (cast.recused.name, 0), (cast.office.name, 0),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["stranger", "auditor", "administrator", "superior"])
def test_others_find_neither_row_nor_count_nor_case_nor_file(
    world: World, cast: Cast, filed: Report, name: str
) -> None:
    member: Member = getattr(cast, name)
    who = enter(world, member).signed_in
    file_id = services.open_case(world, enter(world, cast.liaison).signed_in, filed.id).files[0].id
    page = queue_of(world, member)
    assert (page.rows, page.count, page.reports, page.boards, page.teams) == ((), 0, 0, (), ())
    for attempt in (
        lambda: services.open_case(world, who, filed.id),
        lambda: services.open_file(world, who, filed.id, file_id),
        lambda: services.answer(world, who, filed.id, text="您好", version=filed.version),
        lambda: services.move(world, who, filed.id, to="accepted", version=filed.version),
        lambda: services.add_note(world, who, filed.id, text="备注"),
        lambda: services.reveal_contact(world, who, filed.id),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert not [e for e in _staff_events(world) if e.actor_id == member.person_id]


def _staff_events(world: World) -> list[StaffEvent]:
    with world.db.read() as session:
        return list(session.scalars(select(StaffEvent)))


def test_the_office_sees_the_facts_of_a_teams_report_and_not_its_text(world: World, cast: Cast, filed: Report) -> None:
    who = enter(world, cast.office).signed_in
    case = services.open_case(world, who, filed.id)
    assert (case.locked, case.body, case.files, case.moves, case.can_answer) == ("metadata", None, (), (), False)
    assert queue_of(world, cast.office).rows[0].text == ()
    with pytest.raises(Forbidden):
        services.answer(world, who, filed.id, text="您好", version=case.version)
    with pytest.raises(NotFound):
        services.open_file(world, who, filed.id, "any")


def _allow_contact(world: World, leader: Member, colleague: Member, report_id: str) -> SignedIn:
    """The leader asks, the colleague agrees; returns the leader's session."""
    who = enter(world, leader).signed_in
    version = services.open_case(world, who, report_id).version
    services.ask_reveal(world, who, report_id, ground="verify", text="", version=version)
    services.agree(world, enter(world, colleague).signed_in, report_id, version=version + 1)
    return who


def test_moves_follow_the_table_and_need_what_it_says(world: World, cast: Cast, filed: Report) -> None:
    who = enter(world, cast.liaison).signed_in
    with pytest.raises(Invalid) as refused:
        services.move(world, who, filed.id, to="not_accepted", version=1)
    assert "reason" in refused.value.fields
    with pytest.raises(Invalid) as refused:
        services.move(world, who, filed.id, to="closed", version=1, result="invented")
    assert "result" in refused.value.fields
    for to in ("received", "referred", "nonsense", ""):
        with pytest.raises(MoveForbidden):
            services.move(world, who, filed.id, to=to, version=1)
    services.move(world, who, filed.id, to="accepted", version=1)
    with pytest.raises(Stale):
        services.move(world, who, filed.id, to="closed", version=1, result="fixed")
    services.move(world, who, filed.id, to="closed", version=2, result="fixed")
    with pytest.raises(MoveForbidden):
        services.move(world, who, filed.id, to="accepted", version=3)
    case = services.open_case(world, who, filed.id)
    assert (case.state, case.result_name, [move.to for move in case.moves]) == ("closed", "已整改", ["replied"])
    leaders = services.open_case(world, enter(world, cast.leader).signed_in, filed.id)
    assert [move.to for move in leaders.moves] == ["in_progress", "replied", "archived"]


def test_a_refusal_tells_the_citizen_its_reason(world: World, cast: Cast, filed: Report) -> None:
    who = enter(world, cast.liaison).signed_in
    services.move(world, who, filed.id, to="not_accepted", version=1, reason="inquiry", text="可以打 12345 问。")
    case = services.open_case(world, who, filed.id)
    assert case.box[-1].text == "没有受理：属于咨询，不是反映问题。\n可以打 12345 问。"
    with pytest.raises(Invalid):
        services.answer(world, who, filed.id, text="还想问您", version=case.version, ask=True)
    services.answer(world, who, filed.id, text="再补一句。", version=case.version)


def test_who_leaves_loses_everything_at_once(world: World, cast: Cast, filed: Report) -> None:
    gone = enter(world, cast.recused)
    people.leave(world, cast.administrator.actor, person_id=cast.recused.person_id)
    assert people.load_session(world, gone.token) is None
    who = gone.signed_in
    case = services.open_case(world, who, filed.id)  # even with the old object in hand there is no key left
    assert (case.locked, case.body) == ("no_grant", None)


def test_a_newcomers_backlog_is_granted_by_a_colleague_with_progress(world: World, cast: Cast, filed: Report) -> None:
    reports.add_to_report(
        world, digits=_digits_of(world, cast), token=FormToken("box", "", vault.random_bytes(16), world.clock.now()),
        body="后来又看到一次。",
    )  # fmt: skip
    newcomer = add_member(world, "new4", "示例新", cast.liaison.role, "team4", signer=cast.leader)
    signed = enter(world, newcomer).signed_in
    assert services.open_case(world, signed, filed.id).locked == "no_grant"
    leader = enter(world, cast.leader).signed_in
    progress = routing.grant_backlog(world, leader, person_id=newcomer.person_id, limit=1)
    assert (progress.done, progress.left) == (1, 1)
    progress = routing.grant_backlog(world, leader, person_id=newcomer.person_id)
    assert (progress.done, progress.left) == (1, 0)
    case = services.open_case(world, signed, filed.id)
    assert (case.locked, case.body, case.can_ask_reveal) == (None, BODY, False)
    with pytest.raises(NotFound):
        routing.grant_backlog(world, leader, person_id=cast.stranger.person_id)
    with pytest.raises(NotFound):
        routing.grant_backlog(world, enter(world, cast.stranger).signed_in, person_id=newcomer.person_id)


def _digits_of(world: World, cast: Cast) -> str:
    """Another report of the same team, for the second half of a backlog."""
    token = FormToken("report", live_board(world, site_no="CJ-2"), vault.random_bytes(16), world.clock.now())
    return reports.file_report(world, token=token, draft=content.normalised(body="另一件事，也请看看。")).digits


def test_additions_are_part_of_the_backlog(world: World, cast: Cast) -> None:
    digits = _digits_of(world, cast)
    token = FormToken("box", "", vault.random_bytes(16), world.clock.now())
    reports.add_to_report(world, digits=digits, token=token, body="补一句", uploads=[Upload("a.jpg", photo())])
    newcomer = add_member(world, "new4", "示例新", cast.liaison.role, "team4", signer=cast.leader)
    routing.grant_backlog(world, enter(world, cast.leader).signed_in, person_id=newcomer.person_id)
    case = services.open_case(world, enter(world, newcomer).signed_in, report_of(world, digits).id)
    assert [(a.kind, a.text, len(a.files)) for a in case.additions] == [("message", "补一句", 1)]


def test_lists_mask_numbers_and_the_case_page_does_not(world: World, cast: Cast) -> None:
    token = FormToken("report", live_board(world), vault.random_bytes(16), world.clock.now())
    text = "我叫何某，电话13800138000，身份证990121198001010028，村里卖树的钱没有进账。"
    digits = reports.file_report(world, token=token, draft=content.normalised(body=text)).digits
    row = queue_of(world, cast.liaison).rows[0]
    shown = "".join(part for part, _ in row.text)
    assert "13800138000" not in shown
    assert "990121198001010028" not in shown
    assert "村里卖树的钱没有进账" in shown
    case = services.open_case(world, enter(world, cast.liaison).signed_in, report_of(world, digits).id)
    assert case.body == text


def test_paging_is_stable_and_asks_a_constant_number_of_queries(world: World, cast: Cast) -> None:
    code = live_board(world)
    for number in range(queries.PAGE + 7):
        token = FormToken("report", code, vault.random_bytes(16), world.clock.now())
        reports.file_report(world, token=token, draft=content.normalised(body=f"第 {number} 件，请来看看这里。"))
    who = enter(world, cast.liaison).signed_in
    with world.db.read() as session:
        first = queries.queue(world, session, who, filters=QueueFilters())
        second = queries.queue(world, session, who, filters=QueueFilters(), cursor=first.next_cursor)
    seen = [row.report_id for row in (*first.rows, *second.rows)]
    assert (len(first.rows), len(second.rows), second.next_cursor) == (queries.PAGE, 7, None)
    assert len(set(seen)) == len(seen) == first.count
    for junk in ("x", "e30", "W10", "WzEsMiwzXQ"):
        with world.db.read() as session:
            assert queries.queue(world, session, who, filters=QueueFilters(), cursor=junk).rows == first.rows


def test_filters_and_none_as_a_value(world: World, cast: Cast, filed: Report) -> None:
    assert queue_of(world, cast.liaison, category="none").count == 1
    assert queue_of(world, cast.liaison, category="subsidy").count == 0
    assert queue_of(world, cast.liaison, state="received", board="CJ-990121200203", due="none").count == 0
    assert queue_of(world, cast.liaison, due="2026-12-14").count == 1
    assert queue_of(world, cast.liaison, assignee="none").count == 1
    assert queue_of(world, cast.liaison, lane="held").count == 0
    assert queue_of(world, cast.liaison, lane="sealed").count == 0
    assert queue_of(world, cast.liaison, team="team3").count == 0
    services.move(world, enter(world, cast.liaison).signed_in, filed.id, to="accepted", version=1)
    assert queue_of(world, cast.liaison, assignee=cast.liaison.person_id, state="accepted").count == 1


def test_held_reports_wait_in_their_own_lane(world: World, cast: Cast) -> None:
    token = FormToken("report", live_board(world), vault.random_bytes(16), world.clock.now())
    reports.file_report(world, token=token, draft=content.normalised(body=BODY), held=["honeypot"])
    page = queue_of(world, cast.liaison)
    assert (page.count, page.held.count, page.held.oldest) == (0, 1, world.today())
    assert [row.lane for row in queue_of(world, cast.liaison, lane="held").rows] == ["held"]


# ---------------------------------------------------------------- the histories


def _edit(world: World, what: str, report_id: str) -> None:
    staff, citizen = StaffEvent.report_id == report_id, CitizenEvent.report_id == report_id
    earlier = world.today() - timedelta(3)
    edits = {
        "edited": update(StaffEvent).where(staff, StaffEvent.seq == 2).values(data={"to": "closed"}),
        "redated": update(CitizenEvent).where(citizen).values(day=earlier),
        "removed": delete(StaffEvent).where(staff, StaffEvent.seq == 2),
        "last removed": delete(StaffEvent).where(staff, StaffEvent.seq == 3),
        "reauthored": update(StaffEvent).where(staff, StaffEvent.seq == 1).values(actor_id="somebody"),
        "state": update(Report).where(Report.id == report_id).values(state="received"),
        "result": update(Report).where(Report.id == report_id).values(result="verified"),
        "head": update(Report).where(Report.id == report_id).values(staff_head="0" * 64),
    }
    world.db.write(lambda session: session.execute(edits[what]))


@pytest.mark.parametrize(
    "what", ["edited", "redated", "removed", "last removed", "reauthored", "head", "state", "result"]
)
def test_a_history_changed_by_hand_is_found(world: World, cast: Cast, filed: Report, what: str) -> None:
    who = enter(world, cast.liaison).signed_in
    services.open_case(world, who, filed.id)
    services.move(world, who, filed.id, to="accepted", version=1)
    services.open_case(world, who, filed.id)
    assert auditing.verify(world).broken is None
    _edit(world, what, filed.id)
    broken = auditing.verify(world).broken
    assert broken is not None
    assert broken.startswith(filed.id)


def test_a_history_cut_and_recomputed_with_the_secret_is_found_by_a_kept_anchor(
    world: World, cast: Cast, filed: Report, clock: FixedClock
) -> None:
    who = enter(world, cast.liaison).signed_in
    services.open_case(world, who, filed.id)
    before = auditing.anchor(world)
    clock.advance(timedelta(days=1))
    services.move(world, who, filed.id, to="accepted", version=1)
    assert auditing.verify(world, before).broken is None
    kept = auditing.anchor(world)
    with world.db.read() as session:
        head = session.get_one(StaffEvent, (filed.id, 1)).hash
    cut = {"staff_head": head, "staff_seq": 1, "state": "received"}
    world.db.write(lambda session: session.execute(delete(StaffEvent).where(StaffEvent.seq == 2)))
    world.db.write(lambda session: session.execute(update(Report).values(cut)))
    assert auditing.verify(world).broken == f"{filed.id} staff 2", "whoever can only write rows is found at once"
    cut["staff_seal"] = history.seal(world.secrets.chain_key, "staff", filed.id, 1, head)
    world.db.write(lambda session: session.execute(update(Report).values(cut)))
    assert auditing.verify(world).broken is None, "the chains alone cannot tell"
    assert auditing.verify(world, before).broken is None
    assert auditing.verify(world, kept).broken == f"{filed.id} staff: the kept head is gone"


def test_somebody_whose_key_nobody_confirmed_sees_no_row(world: World, cast: Cast, filed: Report) -> None:
    """An administrator can add a person; only a colleague's signature makes them one of the team."""
    newcomer = add_member(world, "new4", "示例新", cast.liaison.role, "team4")
    page = queue_of(world, newcomer)
    assert (page.rows, page.count, page.boards) == ((), 0, ())
    with pytest.raises(NotFound):
        services.open_case(world, enter(world, newcomer).signed_in, filed.id)


def test_a_photo_shown_again_and_again_is_one_opening_a_day(
    world: World, cast: Cast, filed: Report, clock: FixedClock
) -> None:
    who = enter(world, cast.liaison).signed_in
    file_id = services.open_case(world, who, filed.id).files[0].id
    for _ in range(3):
        services.open_file(world, who, filed.id, file_id)
    assert [e.kind for e in _staff_events(world)].count("file_opened") == 1
    clock.advance(timedelta(days=1))
    services.open_file(world, who, filed.id, file_id)
    assert [e.kind for e in _staff_events(world)].count("file_opened") == 2


def test_a_new_leader_gets_the_contacts_from_a_leader_even_after_a_liaison_gave_the_reports(
    world: World, cast: Cast, filed: Report
) -> None:
    newcomer = add_member(world, "leader4b", "示例午", cast.leader.role, "team4", signer=cast.leader)
    signed = enter(world, newcomer).signed_in
    liaison, leader = enter(world, cast.liaison).signed_in, enter(world, cast.leader).signed_in
    assert routing.grant_backlog(world, liaison, person_id=newcomer.person_id).done == 1
    assert not services.open_case(world, signed, filed.id).can_ask_reveal
    assert routing.grant_backlog(world, leader, person_id=newcomer.person_id).done == 1
    assert routing.grant_backlog(world, leader, person_id=newcomer.person_id).done == 0
    _allow_contact(world, newcomer, cast.leader, filed.id)
    assert services.reveal_contact(world, signed, filed.id) == CONTACT
    with world.db.read() as session:
        given = select(PeopleEvent.actor).where(
            PeopleEvent.kind == "granted", PeopleEvent.person_id == newcomer.person_id
        )
        assert sorted(session.scalars(given)) == ["leader4", "liaison4"]


def test_the_office_gives_a_teams_newcomer_what_lies_with_the_team_and_no_contact(
    world: World, cast: Cast, filed: Report
) -> None:
    newcomer = add_member(world, "leader4b", "示例午", cast.leader.role, "team4", signer=cast.leader)
    office = enter(world, cast.office).signed_in
    assert routing.grant_backlog(world, office, person_id=newcomer.person_id).done == 1
    case = services.open_case(world, enter(world, newcomer).signed_in, filed.id)
    assert (case.body, case.can_ask_reveal) == (BODY, False)


def test_the_recovery_key_gives_everything_back_to_those_who_may_read(
    world: World, cast: Cast, filed: Report, recovery: RecoveryKeys
) -> None:
    world.db.write(lambda session: session.execute(delete(Grant).where(Grant.holder != "recovery:county")))
    assert services.open_case(world, enter(world, cast.liaison).signed_in, filed.id).locked == "no_grant"
    _, keys = read_recovery_key(recovery.county)
    assert routing.regrant_from_recovery(world, keys.reading).done == 4
    assert routing.regrant_from_recovery(world, keys.reading).done == 0
    assert services.open_case(world, enter(world, cast.liaison).signed_in, filed.id).body == BODY
    leader = _allow_contact(world, cast.leader, cast.liaison, filed.id)
    assert services.reveal_contact(world, leader, filed.id) == CONTACT
    with pytest.raises(NotFound):
        services.open_case(world, enter(world, cast.stranger).signed_in, filed.id)
