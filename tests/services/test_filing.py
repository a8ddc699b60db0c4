"""Filing: one report for one form and content, sealed to those who may read it, whoever wins the race."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from intake.boards import services as boards
from intake.core import vault
from intake.core.access import Role
from intake.core.clock import FixedClock
from intake.core.errors import NotFound
from intake.core.vault import VaultError
from intake.core.world import World
from intake.people import services as people
from intake.people.models import PersonKey
from intake.reports import content, services
from intake.reports.models import Report, ReportFile, Spent
from intake.reports.services import Upload
from intake.routing.models import Alarm, Grant, Placement, Sketch
from intake.routing.services import open_grant
from intake.web.formtoken import FormToken
from tests.cast import Cast, Member, add_member
from tests.journeys import BODY, live_board, photo, report_of


def token_for(world: World, code: str) -> FormToken:
    return FormToken("report", code, vault.random_bytes(16), world.clock.now())


def count(world: World, table: type[Report] | type[Spent] | type[ReportFile] | type[Grant]) -> int:
    with world.db.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def holders(world: World, report_id: str, envelope: str = "report") -> set[str]:
    with world.db.read() as session:
        return set(
            session.scalars(select(Grant.holder).where(Grant.report_id == report_id, Grant.envelope == envelope))
        )


def opens(world: World, member: Member, report: Report) -> str:
    """The body as this person reads it with their own key."""
    with world.db.read() as session:
        grant = session.get_one(Grant, (report.id, "report", member.person_id))
    key = open_grant(member.keys.reading, grant)
    return vault.decrypt(key, report.content, ("report", report.id, "content")).decode()


def test_a_report_is_sealed_to_its_team_the_office_and_the_recovery_key(world: World, cast: Cast) -> None:
    code = live_board(world)
    filed = services.file_report(world, token=token_for(world, code), draft=content.normalised(body=BODY))
    report = report_of(world, filed.digits)
    team = {cast.liaison.person_id, cast.leader.person_id, cast.recused.person_id}
    assert holders(world, report.id) == team | {cast.office.person_id, "recovery:county"}
    assert holders(world, report.id, "identity") == {cast.leader.person_id, "recovery:county"}
    for member in (cast.liaison, cast.leader, cast.office):
        assert BODY in opens(world, member, report)


def test_a_grant_opens_for_nobody_else_and_in_no_other_place(world: World, cast: Cast) -> None:
    code = live_board(world)
    draft = content.normalised(body=BODY)
    first, second = (
        report_of(world, services.file_report(world, token=token_for(world, code), draft=draft).digits) for _ in "ab"
    )
    with world.db.read() as session:
        grant = session.get_one(Grant, (first.id, "report", cast.liaison.person_id))
    with pytest.raises(VaultError):
        open_grant(cast.stranger.keys.reading, grant)
    grant.report_id = second.id
    with pytest.raises(VaultError):
        open_grant(cast.liaison.keys.reading, grant)


def test_the_same_form_and_content_is_one_report_and_one_receipt(world: World, cast: Cast) -> None:
    token = token_for(world, live_board(world))
    draft = content.normalised(body=BODY, place="村口")
    first = services.file_report(world, token=token, draft=draft)
    again = services.file_report(world, token=token, draft=content.normalised(body=f"\r\n{BODY}  ", place=" 村口"))
    assert (again.digits, again.repeated, first.repeated) == (first.digits, True, False)
    assert count(world, Report) == 1


@pytest.mark.parametrize(
    "change",
    [{"body": BODY + "！"}, {"place": "桥头"}, {"contact": "1"}, {"about_handler": True}, {"category": "subsidy"}],
)
def test_the_same_form_with_a_changed_field_is_a_second_report(
    world: World, cast: Cast, change: dict[str, str]
) -> None:
    token = token_for(world, live_board(world))
    first = services.file_report(world, token=token, draft=content.normalised(body=BODY))
    changed = content.normalised(**{"body": BODY, **change})  # type: ignore[arg-type]  # one field of any type
    second = services.file_report(world, token=token, draft=changed)
    assert second.digits != first.digits
    assert not second.repeated
    assert count(world, Report) == 2


def test_eight_at_once_file_one(world: World, cast: Cast) -> None:
    token = token_for(world, live_board(world))
    draft = content.normalised(body=BODY)
    digits: list[str] = []
    start = threading.Barrier(8)

    def post() -> None:
        start.wait()
        digits.append(services.file_report(world, token=token, draft=draft, uploads=[Upload("a.jpg", photo())]).digits)

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(digits) == 8
    assert len(set(digits)) == 1
    assert (count(world, Report), count(world, Spent)) == (1, 1)
    assert count(world, ReportFile) == 1


def test_a_repeat_brings_the_photos_that_were_missing_and_no_other_twice(world: World, cast: Cast) -> None:
    token = token_for(world, live_board(world))
    draft = content.normalised(body=BODY)
    one, two = Upload("1.jpg", photo(60)), Upload("2.jpg", photo(200))
    services.file_report(world, token=token, draft=draft, uploads=[one])
    again = services.file_report(world, token=token, draft=draft, uploads=[one, two])
    third = services.file_report(world, token=token, draft=draft, uploads=[two, one])
    assert (again.taken, third.taken) == (1, 0)
    assert count(world, ReportFile) == 2


def test_twelve_photos_one_broken_one_film_ten_kept_and_the_rest_named(world: World, cast: Cast) -> None:
    film = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 64 + b"vide"
    uploads = [Upload(f"{n}.jpg", photo(20 + n * 9)) for n in range(10)]
    uploads[4:4] = [Upload("坏的.jpg", b"\xff\xd8\xff\xe0 broken"), Upload("录像.mp4", film)]
    draft = content.normalised(body=BODY)
    filed = services.file_report(world, token=token_for(world, live_board(world)), draft=draft, uploads=uploads)
    assert filed.taken == 10
    assert [(p.name, p.reason) for p in filed.problems] == [("坏的.jpg", "broken"), ("录像.mp4", "video")]
    eleventh = [Upload(f"{n}.jpg", photo(20 + n * 9)) for n in range(11)]
    filed = services.file_report(world, token=token_for(world, live_board(world, site_no="CJ-2")), draft=draft,
                                 uploads=eleventh)  # fmt: skip
    assert [(p.name, p.reason) for p in filed.problems] == [("10.jpg", "too_many")]


def test_a_ticked_report_lies_with_the_office_and_its_team_holds_nothing(world: World, cast: Cast) -> None:
    draft = content.normalised(body=BODY, about_handler=True)
    report = report_of(
        world, services.file_report(world, token=token_for(world, live_board(world)), draft=draft).digits
    )
    with world.db.read() as session:
        assert session.get_one(Placement, report.id).team_id == "office"
    assert holders(world, report.id) == {cast.office.person_id, "recovery:county"}
    assert holders(world, report.id, "identity") == {cast.office.person_id, "recovery:county"}


def test_what_is_about_the_level_above_is_the_superiors_alone(world: World, cast: Cast) -> None:
    draft = content.normalised(body=BODY, about_superior=True)
    report = report_of(
        world, services.file_report(world, token=token_for(world, live_board(world)), draft=draft).digits
    )
    with world.db.read() as session:
        placement = session.get_one(Placement, report.id)
        assert (placement.team_id, placement.lane) == ("superior", "sealed")
        alarms = session.scalars(select(Alarm)).all()
        assert session.get(Sketch, report.id) is None
    assert [(alarm.kind, alarm.report_id) for alarm in alarms] == [("went_up", None)]
    assert report.state == "sealed_up"
    for envelope in ("report", "identity"):
        assert holders(world, report.id, envelope) == {cast.superior.person_id, "recovery:superior"}


def test_a_team_that_lost_its_people_falls_to_the_office_with_an_alarm(world: World, cast: Cast) -> None:
    code = live_board(world)
    for member in (cast.liaison, cast.leader, cast.recused):
        people.leave(world, cast.administrator.actor, person_id=member.person_id)
    filed = services.file_report(world, token=token_for(world, code), draft=content.normalised(body=BODY))
    report = report_of(world, filed.digits)
    with world.db.read() as session:
        placement = session.get_one(Placement, report.id)
    assert placement.team_id == "office"
    assert "代管" in placement.reasons[0]
    assert holders(world, report.id) == {cast.office.person_id, "recovery:county"}


def test_a_public_key_swapped_in_the_database_receives_no_grant(world: World, cast: Cast) -> None:
    code = live_board(world)
    stolen = vault.new_keys()
    world.db.write(
        lambda session: session.execute(
            update(PersonKey)
            .where(PersonKey.id == cast.liaison.key_id)
            .values(reading_public=stolen.reading.public, signing_public=stolen.signing.public)
        )
    )
    filed = services.file_report(world, token=token_for(world, code), draft=content.normalised(body=BODY))
    assert cast.liaison.person_id not in holders(world, report_of(world, filed.digits).id)


def test_an_unconfirmed_colleague_and_an_administrator_hold_no_key(world: World, cast: Cast) -> None:
    code = live_board(world)
    newcomer = add_member(world, "new4", "示例新", Role.team_liaison, "team4")
    filed = services.file_report(world, token=token_for(world, code), draft=content.normalised(body=BODY))
    held = holders(world, report_of(world, filed.digits).id)
    assert not held & {newcomer.person_id, cast.administrator.person_id, cast.auditor.person_id}


def test_someone_who_leaves_while_a_report_is_prepared_gets_no_grant(
    world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The readers' epoch: prepared seals that no longer fit are thrown away and made again."""
    code = live_board(world)
    left: list[bool] = []
    write = world.db.write

    def leave_first(fn: object) -> object:
        if not left:
            left.append(True)
            people.leave(world, cast.administrator.actor, person_id=cast.recused.person_id)
        return write(fn)  # type: ignore[arg-type]  # handed through unread

    monkeypatch.setattr(world.db, "write", leave_first)
    filed = services.file_report(world, token=token_for(world, code), draft=content.normalised(body=BODY))
    assert cast.recused.person_id not in holders(world, report_of(world, filed.digits).id)
    assert cast.liaison.person_id in holders(world, report_of(world, filed.digits).id)


def test_a_form_opened_while_the_board_was_live_is_taken_afterwards_and_one_after_is_not(
    world: World, cast: Cast, clock: FixedClock
) -> None:
    code = live_board(world)
    opened = token_for(world, code)
    clock.advance(timedelta(minutes=5))
    boards.set_state(world, "test", code=code, state="revoked", reason="被覆盖")
    clock.advance(timedelta(minutes=5))
    report = report_of(world, services.file_report(world, token=opened, draft=content.normalised(body=BODY)).digits)
    with world.db.read() as session:
        assert "停用" in session.get_one(Placement, report.id).reasons[-1]
    with pytest.raises(NotFound):
        services.file_report(world, token=token_for(world, code), draft=content.normalised(body=BODY))


def test_a_citizens_rows_carry_the_day_and_padded_lengths(world: World, cast: Cast) -> None:
    code = live_board(world)
    sizes = set()
    for text in ("路坏了，没人修，请来看看。", "路坏了。" * 8):
        filed = services.file_report(world, token=token_for(world, code), draft=content.normalised(body=text))
        report = report_of(world, filed.digits)
        assert report.day == world.today()
        sizes.add((len(report.content), len(report.contact)))
    assert len(sizes) == 1, "two short texts must look alike"
    with_contact = content.normalised(body=BODY, contact="13800138000")
    report = report_of(world, services.file_report(world, token=token_for(world, code), draft=with_contact).digits)
    assert {len(report.contact)} == {contact for _, contact in sizes}


def test_register_numbers_and_order_within_a_day_follow_no_arrival(world: World, cast: Cast) -> None:
    code = live_board(world)
    filed = [
        services.file_report(world, token=token_for(world, code), draft=content.normalised(body=f"{BODY}{n}"))
        for n in range(12)
    ]
    rows = [report_of(world, one.digits) for one in filed]
    assert len({row.register_no for row in rows}) == 12
    for orders in ([r.register_no for r in rows], [r.day_order for r in rows], [r.id for r in rows]):
        assert orders != sorted(orders)
        assert orders != sorted(orders, reverse=True)
