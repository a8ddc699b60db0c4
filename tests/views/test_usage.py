"""扫码情况: sums of days that are over, small ones hidden, reports counted for who may know of them."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from intake.boards.models import BoardSum
from intake.core.clock import FixedClock
from intake.core.world import World
from intake.routing.services.declaring import Typed, declare
from intake.triage.queries.usage import Use
from intake.triage.views.usage import HEIGHT, WIDTH, drawn, scale
from tests.cast import Cast, Member
from tests.client import PageClient
from tests.views.desk import Desk

VILLAGE, WORKS = "CJ-990121101202", "GC-2026-001"


@pytest.fixture
def desk(world: World, cast: Cast, client: PageClient) -> Desk:
    made = Desk(world, cast, client)
    made.open_boards()
    return made


def put(world: World, *sums: tuple[str, int, str, int]) -> None:
    """(code, days ago, kind, count)."""
    today = world.today()

    def write(session: Session) -> None:
        for code, ago, kind, count in sums:
            session.add(BoardSum(board_code=code, day=today - timedelta(days=ago), kind=kind, count=count))

    world.db.write(write)


def table(desk: Desk, member: Member, kind: str, query: str = "") -> dict[str, list[str]]:
    """Day or site → its cells, as this person is shown them."""
    desk.enter(member)
    page = desk.get(f"/admin/boards/usage{query}")
    assert page.status_code == 200
    rows = re.findall(rf'<tr data-testid="usage-{kind}" data-\w+="([^"]+)">(.*?)</tr>', page.text, re.S)
    return {
        key: [re.sub(r"<[^>]+>|打开\w+|交了件|\s", "", cell) for cell in re.findall(r"<td>(.*?)</td>", row, re.S)]
        for key, row in rows
    }


def ago(world: World, days: int) -> str:
    return (world.today() - timedelta(days=days)).isoformat()


def test_a_day_that_is_over_is_shown_and_small_sums_are_not(desk: Desk, world: World) -> None:
    code = desk.codes["team4"]
    put(world, (code, 0, "scan", 70), (code, 1, "scan", 5), (code, 2, "scan", 4), (code, 1, "started", 12))
    put(world, (desk.codes["team3"], 1, "scan", 6))
    days = table(desk, desk.cast.office, "day")
    assert len(days) == 28
    assert world.today().isoformat() not in days
    assert days[ago(world, 1)] == ["11", "12", "少于5"]
    assert days[ago(world, 2)] == ["少于5", "少于5", "少于5"]
    one = table(desk, desk.cast.office, "day", f"?site={VILLAGE}")
    assert one[ago(world, 1)] == ["5", "12", "少于5"]


def test_boards_are_summed_over_whole_weeks(desk: Desk, world: World) -> None:
    code = desk.codes["team4"]  # today is a Monday: yesterday ended a week
    put(world, (code, 1, "scan", 3), (code, 28, "scan", 3), (code, 29, "scan", 100), (code, 0, "scan", 100))
    sites = table(desk, desk.cast.office, "site")
    assert sites == {VILLAGE: ["6", "少于5", "少于5"], WORKS: ["少于5", "少于5", "少于5"]}


def test_finished_forms_are_the_offices_alone(desk: Desk, world: World, clock: FixedClock) -> None:
    for number in range(6):
        desk.file(f"村集体林场卖树的钱没有进账，第{number}次说了。")
    clock.advance(timedelta(days=7))
    assert table(desk, desk.cast.office, "day")[ago(world, 7)] == ["少于5", "少于5", "6"]
    assert table(desk, desk.cast.office, "site")[VILLAGE] == ["少于5", "少于5", "6"]
    desk.enter(desk.cast.administrator)
    assert "交了件" not in desk.get("/admin/boards/usage").text
    assert table(desk, desk.cast.administrator, "day")[ago(world, 7)] == ["少于5", "少于5"]
    for member in (desk.cast.liaison, desk.cast.leader, desk.cast.superior, desk.cast.auditor):
        desk.enter(member)
        assert desk.get("/admin/boards/usage").status_code == 403


def test_whoever_is_recused_is_shown_a_sum_without_it(desk: Desk, world: World, clock: FixedClock) -> None:
    """By a conflict with the site, or because the report went past the office."""
    for number in range(5):
        desk.file(f"村集体林场卖树的钱没有进账，第{number}次说了。")
        desk.file(f"路面厚度不够，第{number}次说了。", team="team3")
        desk.file(f"这件事和县里的领导有关，第{number}次说了。", team="team3", about_superior=True)
    clock.advance(timedelta(days=7))
    assert table(desk, desk.cast.office, "site") == {
        VILLAGE: ["少于5", "少于5", "5"], WORKS: ["少于5", "少于5", "5"],
    }  # fmt: skip
    typed = Typed(
        who=desk.cast.office.login, kind="site", target=VILLAGE, ground="近三年在那里任职",
        from_day=date(2026, 9, 1), to_day=None, approved_by=desk.cast.leader.login,
    )  # fmt: skip
    declare(world, desk.cast.office.actor, typed)
    assert table(desk, desk.cast.office, "site")[VILLAGE] == ["少于5", "少于5", "少于5"]
    assert table(desk, desk.cast.office, "day")[ago(world, 7)] == ["少于5", "少于5", "5"]


def test_a_site_that_is_not_there_is_nothing_and_others_are_found(desk: Desk) -> None:
    desk.enter(desk.cast.office)
    assert desk.get("/admin/boards/usage?site=XX-1").status_code == 404
    assert set(table(desk, desk.cast.office, "site", "?find=gc-2026")) == {WORKS}
    assert table(desk, desk.cast.office, "site", "?find=没有") == {}
    for page in ("0", "7", "x", "9" * 300):
        assert desk.get(f"/admin/boards/usage?page={page}").status_code == 200


# The drawing


@given(st.integers(0, 10**7))
def test_the_scale_is_round_and_nothing_stands_out_of_it(most: int) -> None:
    top = scale(most)
    assert top >= max(most, 10)
    assert top <= max(10, most * 5 // 2)
    assert str(top).strip("0") in ("1", "2", "5")


sums = st.one_of(st.none(), st.integers(5, 100_000))


@given(st.lists(st.builds(Use, sums, sums, sums), min_size=1, max_size=28), st.booleans())
def test_every_bar_lies_inside_and_hidden_sums_have_no_height(uses: list[Use], with_finished: bool) -> None:
    days = tuple((date(2026, 11, 1) + timedelta(days=number), use) for number, use in enumerate(uses))
    chart = drawn(days, with_finished=with_finished)
    assert len(chart.series) == 2 + with_finished
    for kind, bars in chart.series:
        for bar, use in zip(bars, uses, strict=True):
            assert bar.few is (getattr(use, kind) is None)
            assert (bar.height == 0) is bar.few or bar.height < 1
            assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
            assert 0 <= bar.y <= bar.y + bar.height <= HEIGHT
