"""Somebody comes whose name stands in an old report: nobody gives it to them, by whatever way keys move."""

import pytest
from sqlalchemy import delete, select

from intake.core.access import Role
from intake.core.errors import Invalid, NotFound, Stale
from intake.core.sheets import Line
from intake.core.world import World
from intake.people import services as people
from intake.people.services.importing import import_people
from intake.routing.models import Grant, Mention, Placement
from intake.routing.queries import machinery
from intake.routing.services import grant_backlog
from intake.triage import services as triage
from intake.triage.services import handing_on, sealed
from intake.triage.services.handing_on import Restated
from intake.triage.services.rereading import give_backlog, regrant_reading
from tests.cast import Cast, Member, add_member, enter
from tests.journeys import live_board
from tests.services.test_recusal import BODY, file, holders, placement, sees

NAME = "石知远"
ABOUT = f"鱼塘的事，承包人的妹夫{NAME}说以后要来巡察组上班，叫大家不要再写了，村里都听见的。"


@pytest.fixture
def board(world: World, cast: Cast) -> str:
    return live_board(world)


def comes(world: World, cast: Cast, team_id: str = "team4", role: Role = Role.team_liaison) -> Member:
    """As through the page of people: the name begins to count."""
    signer = cast.superior_root if role is Role.superior else cast.office
    member = add_member(world, "newcomer", NAME, role, team_id, signer=signer)
    world.db.write(people.bump_spellings)
    return member


def out_of_it(world: World, member: Member, report_id: str) -> bool:
    return member.person_id not in holders(world, report_id) and not sees(world, member, report_id)


def test_a_colleague_gives_all_but_what_names_them(world: World, cast: Cast, board: str) -> None:
    about, _ = file(world, board, ABOUT)
    other, _ = file(world, board)
    newcomer, leader = comes(world, cast), enter(world, cast.leader).signed_in
    assert grant_backlog(world, leader, person_id=newcomer.person_id).done == 2
    assert newcomer.person_id not in holders(world, about) | holders(world, other)  # nothing unread is given
    progress = give_backlog(world, leader, person_id=newcomer.person_id)
    assert (progress.done, progress.left) == (1, 0)
    assert newcomer.person_id in holders(world, other)
    assert out_of_it(world, newcomer, about)
    assert placement(world, about).team_id == "office"  # where a new one that names them would be
    assert not sees(world, cast.leader, about)


def test_whoever_opens_it_reads_it_under_the_new_name(world: World, cast: Cast, board: str) -> None:
    about, _ = file(world, board, ABOUT)
    newcomer = comes(world, cast)
    with pytest.raises(NotFound):
        triage.open_case(world, enter(world, cast.liaison).signed_in, about)
    assert placement(world, about).team_id == "office"
    assert triage.open_case(world, enter(world, cast.office).signed_in, about).body == ABOUT
    with world.db.read() as session:
        assert session.get(Mention, (about, "person", newcomer.person_id)) is not None


def test_a_transfer_to_their_team_reads_first(world: World, cast: Cast, board: str) -> None:
    about, _ = file(world, board, ABOUT)
    newcomer = comes(world, cast, "team1")
    leader = enter(world, cast.leader).signed_in
    with pytest.raises((Invalid, Stale, NotFound)):
        triage.move(world, leader, about, to="assigned", version=1, team_id="team1", text="由你们组接着办。")
    assert out_of_it(world, newcomer, about)


def test_a_round_handed_over_reads_first(world: World, cast: Cast, board: str) -> None:
    about, _ = file(world, board, ABOUT)
    other, _ = file(world, board)
    newcomer = comes(world, cast, "team1")
    leader = enter(world, cast.leader).signed_in
    triage.hand_over_round(world, leader, from_team="team4", to_team="team1", text="本轮结束。")
    assert newcomer.person_id in holders(world, other)
    assert out_of_it(world, newcomer, about)


def test_a_restatement_is_not_given_to_whom_the_original_names(world: World, cast: Cast, board: str) -> None:
    about, _ = file(world, board, ABOUT)
    leader = enter(world, cast.leader).signed_in
    triage.move(world, leader, about, to="accepted", version=1)
    newcomer = comes(world, cast, "town_lw", Role.town_discipline)
    words = Restated("delegated", "team:town_lw", "入账情况核查", "请核实这一处的入账情况，一个月内报结果。")
    with pytest.raises((Invalid, Stale, NotFound)):
        handing_on.hand_on(world, leader, about, words, version=2)
    assert out_of_it(world, newcomer, about)


def test_a_recovery_key_reads_before_it_gives(world: World, cast: Cast, board: str) -> None:
    about, _ = file(world, board, ABOUT)
    other, _ = file(world, board)
    world.db.write(lambda session: session.execute(delete(Grant).where(~Grant.holder.startswith("recovery:"))))
    newcomer, pair = comes(world, cast), cast.county.keys.reading
    regrant_reading(world, pair, holder="recovery:county")
    assert placement(world, other).team_id == "team4"
    assert placement(world, about).team_id == "office"
    assert newcomer.person_id in holders(world, other)
    assert out_of_it(world, newcomer, about)
    assert cast.office.person_id in holders(world, about)


def test_of_a_sealed_one_they_get_no_share(world: World, cast: Cast, board: str) -> None:
    """The two who have it open share it anew; a third who came since and is named in it is left out."""
    second = add_member(world, "superior2", "示例辰", Role.superior, "superior", signer=cast.superior_root)
    about, _ = file(world, board, ABOUT, about_superior=True)
    newcomer = comes(world, cast, "superior", Role.superior)
    one, two = (enter(world, member).signed_in for member in (cast.superior, second))
    sealed.release(world, one, about)
    sealed.unseal(world, two, about)
    sealed.share_anew(world, two, about)
    assert holders(world, about) == {cast.superior.person_id, second.person_id, "recovery:superior"}
    assert out_of_it(world, newcomer, about)
    with world.db.read() as session:
        assert session.get_one(Placement, about).alias_version == machinery(session, world.secrets).alias_version


@pytest.mark.parametrize("way", ["page", "sheet"])
def test_a_new_name_makes_old_reports_unread(world: World, cast: Cast, board: str, way: str) -> None:
    file(world, board, BODY)
    with world.db.read() as session:
        before = machinery(session, world.secrets)
    if way == "page":
        people.add_person(
            world, cast.administrator.actor, login="newcomer", name=NAME, role=Role.team_liaison, team_id="team4"
        )
    else:
        values = {"login": "newcomer", "name": NAME, "role": "team_liaison", "team_id": "team4", "note": ""}
        import_people(world, cast.administrator.actor, [Line(2, values)])
        assert not import_people(world, cast.administrator.actor, [Line(2, values)]).writes
    with world.db.read() as session:
        after = machinery(session, world.secrets)
        stale = session.scalars(select(Placement.report_id).where(Placement.alias_version < after.alias_version)).all()
    assert after.alias_version == before.alias_version + 1
    assert [hit.target for hit in after.aliases.find(ABOUT)] == [p.id for p in after.people.values() if p.name == NAME]
    assert len(stale) == 1
