"""Recusal from filing on: who is named or declared never holds a key and never sees a row, and it moves at once."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Delete, Update, delete, select, update
from sqlalchemy.orm import Session

from intake.boards.models import Organisation, Region, Site
from intake.core.access import Role, SignedIn
from intake.core.clock import FixedClock
from intake.core.errors import Forbidden, Invalid, NotFound
from intake.core.secretfile import RecoveryKeys, read_recovery_key
from intake.core.tables import new_id
from intake.core.vault import random_bytes
from intake.core.world import World
from intake.reports import content, services
from intake.reports.models import CitizenEvent, Report
from intake.reports.services.history import first_broken
from intake.routing.aliases import Kind, checked
from intake.routing.models import Alarm, Alias, Conflict, FactsSeal, Grant, Link, Mention, Placement
from intake.routing.queries import machinery, visible_reports
from intake.routing.services import (
    Hand,
    dismiss_with_recovery,
    regrant_from_recovery,
    reseal,
    seal_is_broken,
    settle,
    settle_everything,
    tampered_reports,
)
from intake.routing.services.naming import add_alias
from intake.triage.services import open_case
from intake.triage.services.opening import find
from intake.web.formtoken import FormToken
from tests.cast import Cast, Member, add_member, enter
from tests.journeys import live_board, report_of

BODY = "村里的鱼塘包给支书的小舅子，一亩一年才一百五，隔壁村都是六百多，没开会也没公示，合同一签就是二十年。"
SITE = "CJ-990121200203"
CLIMBED = "岚溪县委第四巡察组没有可以经手的人了，升到岚溪县委巡察办。"


@pytest.fixture
def board(world: World, cast: Cast) -> str:
    return live_board(world)


def file(world: World, board: str, body: str = BODY, **fields: Any) -> tuple[str, str]:
    """A report's id and receipt."""
    draft = content.normalised(body=body, **fields)
    token = FormToken("report", board, random_bytes(16), world.clock.now())
    digits = services.file_report(world, token=token, draft=draft).digits
    return report_of(world, digits).id, digits


def change(world: World, *rows: object) -> None:
    """Rows that decide where reports go, put in as the office does, under a new mark; then everything is settled."""
    key, hand = world.secrets.routing_key, Hand.of(world, "test")

    def write(session: Session) -> None:
        session.add_all(rows)
        reseal(session, key)
        settle_everything(session, hand)

    world.db.write(write)


def change_unseen(world: World, statement: Update | Delete) -> None:
    """As somebody does who has the database and nothing else."""

    def write(session: Session) -> None:
        session.execute(statement)

    world.db.write(write)


def conflict(member: Member, kind: str, target: str, since: date, until: date | None = None) -> Conflict:
    return Conflict(
        person_id=member.person_id, kind=kind, target=target, ground="近亲属", from_day=since, to_day=until,
        approved_by="office1", made_by="office1", made_at=datetime(2026, 11, 1, tzinfo=UTC),
    )  # fmt: skip


def alias(text: str, kind: Kind, target: str, version: int = 1) -> Alias:
    return Alias(
        folded=checked(text), text=text, kind=kind, target=target, made_by="office1",
        made_at=datetime(2026, 11, 1, tzinfo=UTC), version=version,
    )  # fmt: skip


def site_id(world: World) -> str:
    with world.db.read() as session:
        return session.scalars(select(Site.id).where(Site.site_no == SITE)).one()


def holders(world: World, report_id: str) -> set[str]:
    with world.db.read() as session:
        return set(session.scalars(select(Grant.holder).where(Grant.report_id == report_id)))


def placement(world: World, report_id: str) -> Placement:
    with world.db.read() as session:
        return session.get_one(Placement, report_id)


def sees(world: World, member: Member, report_id: str) -> bool:
    """By row and by address, which must agree."""
    entered = member_signed_in(world, member)
    with world.db.read() as session:
        row = report_id in set(session.scalars(visible_reports(entered.actor)))
        try:
            find(session, entered, report_id)
        except NotFound:
            assert not row
            return False
    assert row
    return True


def member_signed_in(world: World, member: Member) -> SignedIn:
    return enter(world, member).signed_in


def whole(world: World, report_id: str) -> None:
    with world.db.read() as session:
        report = session.get_one(Report, report_id)
        assert first_broken(session, world.secrets.chain_key, report) is None


@pytest.mark.parametrize("kind", ["site", "region", "organisation", "person"])
def test_a_declared_conflict_shuts_what_comes_and_what_is_there(
    world: World, cast: Cast, board: str, kind: str
) -> None:
    organisation = Organisation(id=new_id(), name="坪上村民委员会", kind="owner")
    targets = {
        "site": site_id(world), "region": "990121200", "organisation": organisation.id,
        "person": cast.stranger.person_id,
    }  # fmt: skip
    change(world, organisation, alias("三组联络员", "person", cast.stranger.person_id))
    key = world.secrets.routing_key

    def owned(session: Session) -> None:
        session.execute(update(Site).values(owner_unit_id=organisation.id))
        reseal(session, key)

    world.db.write(owned)
    body = BODY + "三组联络员也在场。" if kind == "person" else BODY
    before, _ = file(world, board, body)
    member = cast.office if kind == "person" else cast.recused
    assert member.person_id in holders(world, before)
    assert sees(world, member, before)
    change(world, conflict(member, kind, targets[kind], world.today()))
    after, _ = file(world, board, body + "又及。" * 30)
    for report_id in (before, after):
        assert member.person_id not in holders(world, report_id)
        assert not sees(world, member, report_id)
        whole(world, report_id)
    if kind != "person":
        assert placement(world, after).team_id == "team4"
        assert sees(world, cast.liaison, after)


def test_a_conflict_holds_from_its_first_day_to_its_last(
    world: World, cast: Cast, board: str, clock: FixedClock
) -> None:
    today = world.today()
    change(world, conflict(cast.recused, "site", site_id(world), today + timedelta(2), today + timedelta(3)))
    report_id, _ = file(world, board)
    seen = []
    for _ in range(5):
        hand = Hand.of(world, "sweep")
        world.db.write(lambda session, hand=hand: settle_everything(session, hand))  # type: ignore[misc]  # the day's hand
        seen.append(sees(world, cast.recused, report_id))
        clock.advance(timedelta(days=1))
    assert seen == [True, True, False, False, True]
    assert cast.recused.person_id not in holders(world, report_id)  # what was withdrawn does not come back by itself


def test_an_ended_conflict_is_none(world: World, cast: Cast, board: str) -> None:
    ended = conflict(cast.recused, "site", site_id(world), world.today())
    ended.ended_at = datetime(2026, 11, 2, tzinfo=UTC)
    change(world, ended)
    report_id, _ = file(world, board)
    assert sees(world, cast.recused, report_id)
    assert cast.recused.person_id in holders(world, report_id)


@pytest.mark.parametrize(
    ("kind", "target", "team", "reason"),
    [
        ("team", "team3", "office", "正文提到“三组”：该组回避，转巡察办。"),
        ("team", "team4", "office", "正文提到“三组”：该组回避，转巡察办。"),
        ("post", "village_supervisor", "office", "正文提到“三组”：这一岗位的人回避，转巡察办。"),
        ("team", "office", "superior", "正文提到“三组”：巡察办回避，密封径送上级。"),
        ("level", "above", "superior", "正文提到“三组”：属于上一级管的人，密封径送上级。"),
        ("team", "superior", "office", "正文提到“三组”：该组回避，转巡察办。"),
    ],
)
def test_an_alias_sends_it_where_it_says(
    world: World, cast: Cast, board: str, kind: Kind, target: str, team: str, reason: str
) -> None:
    change(world, alias("三组", kind, target))
    report_id, _ = file(world, board, "那个第 3 組的人：３组 昨天又去了农家乐，大家都看见了，是开白车来的。")
    placed = placement(world, report_id)
    assert placed.team_id == team
    assert placed.reasons[0] == reason
    assert not sees(world, cast.liaison, report_id)
    assert sees(world, cast.superior, report_id) == (team == "superior")
    assert sees(world, cast.office, report_id) == (team == "office")


def test_where_nobody_may_have_it_only_a_recovery_key_opens_it(world: World, cast: Cast, board: str) -> None:
    change(world, alias("巡察机关", "team", "office"), alias("信访室", "team", "superior"))
    report_id, _ = file(world, board, "巡察机关和信访室的人一起来村里吃饭，第二天我写的材料就到了支书手上。")
    assert placement(world, report_id).team_id == "custody"
    assert holders(world, report_id) == {"recovery:county"}
    for member in (cast.office, cast.superior, cast.leader):
        assert not sees(world, member, report_id)


def test_a_team_without_anybody_left_to_handle_it_climbs_with_an_alarm(world: World, cast: Cast, board: str) -> None:
    report_id, _ = file(world, board)
    team = (cast.liaison, cast.leader, cast.recused)
    change(world, *(conflict(member, "site", site_id(world), world.today()) for member in team))
    placed = placement(world, report_id)
    assert (placed.team_id, placed.guardian) == ("office", True)
    assert holders(world, report_id) == {cast.office.person_id, "recovery:county"}
    with world.db.read() as session:
        assert [a.kind for a in session.scalars(select(Alarm).where(Alarm.report_id == report_id))] == ["climbed"]
    whole(world, report_id)


def test_the_same_words_again_are_linked_and_the_recused_of_one_are_out_of_both(
    world: World, cast: Cast, board: str
) -> None:
    first, _ = file(world, board)
    elsewhere = live_board(world, site_no="CJ-2")
    change(world, conflict(cast.recused, "site", site_id(world), world.today()))
    second, _ = file(world, elsewhere, BODY + "请查。")
    with world.db.read() as session:
        assert session.get(Link, (second, first)) is not None
    assert placement(world, second).cluster == placement(world, first).cluster
    for report_id in (first, second):
        assert cast.recused.person_id not in holders(world, report_id)
        assert not sees(world, cast.recused, report_id)
        assert sees(world, cast.liaison, report_id)


def test_a_later_copy_shuts_the_earlier_one_too(world: World, cast: Cast, board: str) -> None:
    first, _ = file(world, board)
    elsewhere = live_board(world, site_no="CJ-2")
    with world.db.read() as session:
        other = session.scalars(select(Site.id).where(Site.site_no == "CJ-2")).one()
    change(world, conflict(cast.recused, "site", other, world.today()))
    assert cast.recused.person_id in holders(world, first)
    file(world, elsewhere, BODY + "请查。")
    assert cast.recused.person_id not in holders(world, first)
    assert not sees(world, cast.recused, first)
    whole(world, first)


def test_a_supplement_that_names_the_team_takes_the_report_from_it(world: World, cast: Cast, board: str) -> None:
    change(world, alias("四组", "team", "team4"))
    report_id, digits = file(world, board)
    token = FormToken("box", "", random_bytes(16), world.clock.now())
    services.add_to_report(world, digits=digits, token=token, body="后来知道，四组的人和支书是同学。")
    assert placement(world, report_id).team_id == "office"
    for member in (cast.liaison, cast.leader, cast.recused):
        assert member.person_id not in holders(world, report_id)
        assert not sees(world, member, report_id)
    with world.db.read() as session:
        assert session.get(Mention, (report_id, "team", "team4")) is not None
        kinds = session.scalars(select(CitizenEvent.kind).where(CitizenEvent.report_id == report_id)).all()
    assert {"message", "withdrawn", "climbed"} <= set(kinds)  # by day, never between two staff times
    whole(world, report_id)
    told = [line.text for line in open_case(world, enter(world, cast.office).signed_in, report_id).story]
    assert told[2:] == [f"因回避收回钥匙：{cast.recused.name}、{cast.leader.name}、{cast.liaison.name}。", CLIMBED]
    box = services.open_box(world, digits=digits)
    assert [added.kind for added in box.additions] == ["message"]  # and the citizen is not told whom it named


def test_rows_changed_behind_our_back_give_nobody_anything(world: World, cast: Cast, board: str) -> None:
    """Somebody with the database alone points the site at another team, after a restart of the process."""
    change(world, conflict(cast.recused, "site", site_id(world), world.today()))
    assert not seal_is_broken(world)
    change_unseen(world, update(Site).values(team_id="team3"))
    assert seal_is_broken(world)
    change_unseen(world, update(FactsSeal).values(version=99))
    with world.db.read() as session:
        assert machinery(session, world.secrets).broken
    report_id, _ = file(world, board)
    assert placement(world, report_id).team_id == "custody"
    assert holders(world, report_id) == {"recovery:county"}


def test_settling_twice_changes_nothing_more(world: World, cast: Cast, board: str) -> None:
    report_id, _ = file(world, board)
    change(world, conflict(cast.recused, "site", site_id(world), world.today()))
    hand = Hand.of(world, "sweep")
    assert world.db.write(lambda session: settle(session, hand, [report_id])) == []


def test_a_region_far_above_counts(world: World, cast: Cast, board: str) -> None:
    change(world, conflict(cast.recused, "region", "990121", world.today()))
    with world.db.read() as session:
        assert session.get(Region, "990121") is not None
    report_id, _ = file(world, board)
    assert not sees(world, cast.recused, report_id)
    assert cast.recused.person_id not in holders(world, report_id)


def test_a_recovery_key_is_the_way_out_of_custody(world: World, cast: Cast, board: str, recovery: RecoveryKeys) -> None:
    change(world, alias("巡察机关", "team", "office"), alias("信访室", "team", "superior"))
    report_id, _ = file(world, board, "我向巡察机关和信访室都反映过，一直没有人管，路还是烂的，孩子上学天天绕着走。")
    _, keys = read_recovery_key(recovery.county)
    assert regrant_from_recovery(world, keys.reading).done == 0
    dismiss_with_recovery(world, report_id, ("team", "superior"), giver="recovery:county")
    regrant_from_recovery(world, keys.reading)
    placed = placement(world, report_id)
    assert (placed.team_id, placed.lane) == ("superior", "sealed")
    assert holders(world, report_id) == {cast.superior.person_id, "recovery:superior"}
    assert not sees(world, cast.office, report_id)
    with pytest.raises(NotFound):
        dismiss_with_recovery(world, report_id, ("team", "superior"), giver="recovery:county")
    with world.db.read() as session:
        assert tampered_reports(session, world.secrets.routing_key) == []
    whole(world, report_id)


def test_a_house_without_its_mark_is_broken_once_anything_was_filed(world: World, cast: Cast, board: str) -> None:
    file(world, board)
    for rows in (FactsSeal, Alias, Conflict):
        change_unseen(world, delete(rows))
    assert seal_is_broken(world)


def test_one_person_cannot_send_everything_away_by_a_common_word(world: World, cast: Cast) -> None:
    for kind, target in (("level", "above"), ("post", "village_supervisor"), ("team", "office"), ("team", "superior")):
        with pytest.raises(Forbidden):
            add_alias(world, cast.liaison.actor, text="上面的人", kind=kind, target=target)
    with pytest.raises(Invalid):
        add_alias(world, cast.liaison.actor, text="工程", kind="team", target="team3")
    add_alias(world, cast.liaison.actor, text="开白车的三组", kind="team", target="team3")


def test_a_unit_to_which_things_are_handed_on_never_has_an_original(world: World, cast: Cast, board: str) -> None:
    """Whatever a site's row says: what comes in goes to the office, with an alarm."""
    town = add_member(world, "town_lw1", "示例巳", Role.town_discipline, "town_lw", signer=cast.office)
    found, key = site_id(world), world.secrets.routing_key

    def write(session: Session) -> None:
        session.get_one(Site, found).team_id = "town_lw"
        reseal(session, key)

    world.db.write(write)
    report_id, _ = file(world, board)
    assert placement(world, report_id).team_id == "office"
    assert placement(world, report_id).guardian
    assert holders(world, report_id) == {cast.office.person_id, "recovery:county"}
    change_unseen(world, update(Placement).values(team_id="town_lw"))
    assert not sees(world, town, report_id)
