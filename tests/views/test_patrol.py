"""Looking after boards on a phone: scan, say what is there, a photo; overdue on top; each sees their own."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards import services as boards
from intake.boards.models import Board, BoardPatrol, BoardWord, Site
from intake.boards.services.words import note_word
from intake.core.access import Role
from intake.core.clock import FixedClock
from intake.core.world import World
from intake.people.models import Team
from intake.reports.services.sweeping import sweep_blobs
from intake.routing.services import reseal
from tests.cast import Cast, Member, add_member
from tests.client import PageClient
from tests.journeys import live_board, photo, upload
from tests.views.desk import Desk, marked

STATION, OTHER, WORKS = "CJ-990121200203", "CJ-990121101202", "GC-2026-001"
Enter = Callable[[Member], None]


@pytest.fixture
def code(world: World, cast: Cast) -> str:
    return live_board(world, site_no=STATION)


@pytest.fixture
def desk(world: World, cast: Cast, client: PageClient, code: str) -> Desk:
    """A village station of team4, another one elsewhere, a works board of team3."""
    made = Desk(world, cast, client, codes={"station": code})
    made.open_boards()
    return made


def found(world: World) -> list[BoardPatrol]:
    with world.db.read() as session:
        return list(session.scalars(select(BoardPatrol).order_by(BoardPatrol.at)))


def board(world: World, code: str) -> Board:
    with world.db.read() as session:
        return session.get_one(Board, code)


def supervisor(world: World, region: str = "990121200203") -> Member:
    """Of the station of one village."""

    def write(session: Session) -> None:
        session.add(Team(id="station1", name="坪上村监督站", kind="village_station", region_code=region))

    world.db.write(write)
    return add_member(world, "station1a", "示例戌", Role.village_supervisor, "station1")


def test_what_was_found_is_kept_and_the_citizens_page_names_the_day(desk: Desk, world: World, code: str) -> None:
    desk.enter(desk.cast.liaison)
    answer = desk.post(f"/staff/patrol/{code}", result="whole", text=" 码很清楚 ", photo=upload(photo()))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/staff/patrol?done=patrolled")
    (patrol,) = found(world)
    assert (patrol.board_code, patrol.result, patrol.at_board, patrol.note) == (code, "whole", True, "码很清楚")
    assert patrol.person_id == desk.cast.liaison.person_id
    assert board(world, code).checked_on == world.today()
    desk.leave()
    assert "11月23日检查过" in desk.get(f"/b/{code}").text


def test_the_photo_is_clean_sealed_and_opens_for_who_looks_after_the_board(
    desk: Desk, world: World, clock: FixedClock, code: str
) -> None:
    desk.enter(desk.cast.liaison)
    desk.post(f"/staff/patrol/{code}", result="damaged", photo=upload(photo(200)))
    (patrol,) = found(world)
    assert patrol.photo is not None
    blob = world.storage.get(patrol.photo)
    assert b"JFIF" not in blob
    clock.advance(timedelta(days=5))
    assert sweep_blobs(world) == 0, "the sweep leaves what a patrol refers to"
    address = f"/staff/patrol/{code}/photos/{patrol.id}"
    desk.enter(desk.cast.office)
    assert f'href="{address}"' in desk.get(f"/staff/patrol/{code}").text
    answer = desk.get(address)
    assert (answer.mimetype, answer.data[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    desk.enter(desk.cast.stranger)
    assert desk.get(address).status_code == 404


@pytest.mark.parametrize("data", [b"", b"no picture", b"\xff\xd8\xff\xe0 cut"])
def test_a_photo_that_cannot_be_kept_stops_nothing(desk: Desk, world: World, code: str, data: bytes) -> None:
    desk.enter(desk.cast.liaison)
    answer = desk.post(f"/staff/patrol/{code}", result="whole", photo=upload(data))
    assert answer.headers["Location"] == "/staff/patrol?done=patrolled_no_photo"
    assert [(one.result, one.photo) for one in found(world)] == [("whole", None)]
    assert "照片没有收下" in desk.get(answer.headers["Location"]).text


def test_pressed_twice_it_is_one_patrol_and_a_photo_can_follow(desk: Desk, world: World, code: str) -> None:
    desk.enter(desk.cast.liaison)
    for _ in range(2):
        desk.post(f"/staff/patrol/{code}", result="covered", text="贴了广告")
    assert len(found(world)) == 1
    desk.post(f"/staff/patrol/{code}", result="covered", text="贴了广告", photo=upload(photo()))
    assert [one.photo is not None for one in found(world)] == [False, True]


@pytest.mark.parametrize(
    ("data", "words"),
    [({}, "请选一项"), ({"result": "stolen"}, "请选一项"), ({"result": "whole", "text": "长" * 501}, "最多 500 个字")],
)
def test_what_cannot_be_taken_comes_back_with_what_was_typed(
    desk: Desk, world: World, code: str, data: dict[str, str], words: str
) -> None:
    desk.enter(desk.cast.liaison)
    answer = desk.post(f"/staff/patrol/{code}", **({"text": "左上角破了"} | data))
    assert answer.status_code == 422
    assert words in answer.text
    assert data.get("text", "左上角破了") in answer.text
    assert found(world) == []


def test_without_its_code_a_board_can_only_be_covered_or_gone(desk: Desk, world: World, code: str) -> None:
    desk.enter(desk.cast.liaison)
    page = desk.get(f"/staff/patrol/site/{STATION}").text
    assert sorted(re.findall(r'name="result" value="(\w+)"', page)) == ["covered", "missing"]
    assert desk.post(f"/staff/patrol/site/{STATION}", result="whole").status_code == 422
    assert desk.post(f"/staff/patrol/site/{STATION}", result="missing").status_code == 303
    assert [(one.result, one.at_board) for one in found(world)] == [("missing", False)]
    assert board(world, code).checked_on is None, "nobody stood in front of it"


def test_the_longest_overdue_stands_on_top(desk: Desk, world: World, clock: FixedClock, code: str) -> None:
    desk.enter(desk.cast.office)
    page = desk.get("/staff/patrol")
    assert not any("data-overdue" in row for row in marked(page, "station"))
    clock.advance(timedelta(days=20))
    desk.enter(desk.cast.office)
    desk.post(f"/staff/patrol/{code}", result="whole")
    clock.advance(timedelta(days=12))
    desk.enter(desk.cast.office)
    rows = marked(desk.get("/staff/patrol"), "station")
    assert [re.findall(r'data-site="([^"]+)"', row)[0] for row in rows] == [OTHER, WORKS, STATION]
    assert ["data-overdue" in row for row in rows] == [True, True, False]


def test_each_sees_the_boards_they_look_after(desk: Desk, world: World, code: str) -> None:
    def sites(member: Member) -> set[str]:
        desk.enter(member)
        return {re.findall(r'data-site="([^"]+)"', row)[0] for row in marked(desk.get("/staff/patrol"), "station")}

    station = supervisor(world)
    assert sites(desk.cast.office) == sites(desk.cast.administrator) == {STATION, OTHER, WORKS}
    assert sites(desk.cast.liaison) == {STATION, OTHER}
    assert sites(desk.cast.stranger) == {WORKS}
    assert sites(station) == {STATION}
    assert desk.get(f"/staff/patrol/{code}").status_code == 200
    assert desk.get("/staff/queue").status_code == 403
    foreign = desk.codes["team4"]
    nothing = desk.get("/staff/patrol/7K3QX9TD")
    for answer in (desk.get(f"/staff/patrol/{foreign}"), desk.get(f"/staff/patrol/site/{OTHER}")):
        assert (answer.status_code, answer.data) == (404, nothing.data)
    assert desk.post(f"/staff/patrol/{foreign}", result="whole").status_code == 404
    assert found(world) == []


def test_a_supervisor_of_no_place_sees_nothing_and_others_have_no_such_page(desk: Desk, world: World) -> None:
    desk.enter(add_member(world, "station9", "示例亥", Role.village_supervisor, None))
    assert marked(desk.get("/staff/patrol"), "station") == []
    for member in (desk.cast.auditor, desk.cast.superior):
        desk.enter(member)
        assert desk.get("/staff/patrol").status_code == 403
    desk.leave()
    assert desk.get("/staff/patrol").status_code == 303


def test_a_supervisor_begins_at_the_boards(desk: Desk, world: World) -> None:
    desk.enter(supervisor(world))
    page = desk.get("/staff/password").text
    assert 'class="mark" href="/staff/patrol"' in page


def test_a_code_typed_from_the_board_leads_to_its_page(desk: Desk, code: str) -> None:
    desk.enter(desk.cast.liaison)
    answer = desk.get(f"/staff/patrol?code={code[:4]}-{code[4:].lower()}")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/staff/patrol/{code}")
    wrong = desk.get(f"/staff/patrol?code={code[:7]}{'7' if code[7] != '7' else '8'}")
    assert wrong.status_code == 404
    assert "码里有一位不对" in wrong.text


def test_whoever_scans_the_board_finds_the_door_without_any_cookie_being_read(desk: Desk, code: str) -> None:
    plain = re.sub(r'name="token" value="[^"]+"', "", desk.get(f"/b/{code}").text)
    assert f'href="/staff/patrol/{code}"' in plain
    desk.enter(desk.cast.liaison)
    assert re.sub(r'name="token" value="[^"]+"', "", desk.get(f"/b/{code}").text) == plain


# What is wrong


def trouble(desk: Desk) -> dict[str, str]:
    page = desk.get("/staff/patrol").text
    lines = re.findall(r'<li data-testid="trouble" data-site="([^"]+)">(.*?)</li>', page, re.S)
    return {site: re.sub(r"<[^>]+>|\s+", "", line) for site, line in lines}


def test_what_citizens_say_stands_on_the_offices_page_until_somebody_looked(
    desk: Desk, world: World, code: str
) -> None:
    for _ in range(7):
        note_word(world, code=code, kind="damaged")
    note_word(world, code=code, kind="covered")
    desk.enter(desk.cast.office)
    line = trouble(desk)[STATION]
    assert "有人说这块牌子坏了，11月23日" in line
    assert "有人说这块牌子被遮挡，11月23日" in line
    assert "7" not in line.replace("CJ-990121200203", ""), "how many say so is nobody's business"
    assert "有人说这块牌子坏了" in desk.get(f"/staff/patrol/{code}").text
    desk.post(f"/staff/patrol/{code}", result="whole")
    assert trouble(desk) == {}
    note_word(world, code=code, kind="damaged")
    assert STATION in trouble(desk), "said again, it counts again, on the same day too"
    with world.db.read() as session:
        assert session.scalars(select(BoardWord.count).where(BoardWord.kind == "damaged")).all() == [8]


@pytest.mark.parametrize(("result", "words"), [("damaged", "损坏"), ("covered", "被遮挡")])
def test_what_a_patrol_found_raises_an_alarm_until_it_is_whole_again(
    desk: Desk, clock: FixedClock, code: str, result: str, words: str
) -> None:
    desk.enter(desk.cast.liaison)
    desk.post(f"/staff/patrol/{code}", result=result, text="左上角 <b>破</b>")
    desk.enter(desk.cast.office)
    assert words in trouble(desk)[STATION]
    assert "检查牌子" in desk.get("/staff/queue").text
    assert marked(desk.get("/staff/queue"), "boards-alert")
    clock.advance(timedelta(minutes=5))
    desk.post(f"/staff/patrol/{code}", result="whole")
    assert trouble(desk) == {}
    assert not marked(desk.get("/staff/queue"), "boards-alert")


def test_an_old_code_says_that_the_board_must_be_replaced(desk: Desk, world: World, code: str) -> None:
    boards.set_state(world, "test", code=code, state="revoked", reason="换牌")
    desk.enter(desk.cast.liaison)
    assert "把面前这块旧牌子换下来" in desk.get(f"/staff/patrol/{code}").text
    assert desk.post(f"/staff/patrol/{code}", result="whole").status_code == 422
    assert found(world) == []


def test_strays_are_the_offices_business_alone(desk: Desk, world: World) -> None:
    for member, sees in ((desk.cast.office, True), (desk.cast.administrator, True), (desk.cast.liaison, False)):
        desk.enter(member)
        assert ("还有人扫的旧码" in desk.get("/staff/patrol").text) is sees


def test_a_long_register_is_found_in_and_turned_over(desk: Desk, world: World) -> None:
    key = world.secrets.routing_key

    def write(session: Session) -> None:
        for number in range(60):
            site = Site(site_no=f"CJ-1-{number:02}", kind="village", name=f"茶山{number}组公告栏", team_id="team4")
            session.add(site)
            session.flush()
            session.add(Board(code=f"T{number:07}", site_id=site.id, state="live", made_on=world.today()))
        reseal(session, key)

    world.db.write(write)
    desk.enter(desk.cast.office)
    first = desk.get("/staff/patrol")
    assert len(marked(first, "station")) == 50
    assert len(marked(desk.get("/staff/patrol?page=2"), "station")) == 13
    assert len(marked(desk.get("/staff/patrol?find=茶山7"), "station")) == 1
    assert marked(desk.get("/staff/patrol?find=没有这样的"), "station") == []
    for wrong in ("0", "x", "99", "9" * 300):
        assert desk.get(f"/staff/patrol?page={wrong}").status_code == 200
