"""The held lane's pages: lines to choose, a look before, what came of it; today's pressure, rounded."""

import re

import pytest

from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.web import ceilings
from tests.cast import build_cast
from tests.client import PageClient
from tests.services.test_held import HELD, HONEST, SPAM, flood
from tests.views.desk import Case, Desk, hidden, marked, words

LANE = "/staff/queue?lane=held"


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    desk.enter(desk.cast.leader)
    return desk


def confirm(desk: Desk, act: str, cases: list[Case], **more: object) -> tuple[int, str]:
    """Both steps as a person takes them: the status and the text of the last page."""
    look = desk.post("/staff/held", act=act, pick=[case.report_id for case in cases])
    assert look.status_code == 200
    chosen = re.findall(r'name="pick" value="([^"]+)"', look.text)
    done = desk.post(
        "/staff/held", act=act, pick=chosen, batch=hidden(look, "batch"), left=hidden(look, "left"), confirmed="y",
        **more,
    )  # fmt: skip
    return done.status_code, done.text


def test_one_line_of_three_is_chosen_looked_at_and_set_aside(desk: Desk) -> None:
    cases = flood(desk, 3)
    lane = desk.get(LANE)
    (row,) = marked(lane, "queue-row")
    assert 'data-lane="held"' in row
    assert 'data-count="3"' in row
    assert "3 件相近" in lane.text
    assert words(lane, "queue-count") == ["1 行，3 件"]
    look = desk.post("/staff/held", act="spam", pick=cases[0].report_id)
    (line,) = marked(look, "held-line")
    assert 'data-count="3"' in line
    assert "标为垃圾信息 3 件" in look.text
    assert {desk.row(case).state for case in cases} == {"received"}
    status, text = confirm(desk, "spam", cases[:1], reason="advertising")
    assert status == 200
    assert 'data-done="3" data-proposed="0" data-stuck="0"' in text
    assert {desk.row(case).state for case in cases} == {"spam"}


def test_without_a_reason_nothing_is_done_and_the_choice_is_kept(desk: Desk) -> None:
    cases = flood(desk, 2)
    status, text = confirm(desk, "spam", cases)
    assert status == 422
    assert "请选一个理由" in text
    assert text.count('name="pick"') == 2
    assert {desk.row(case).state for case in cases} == {"received"}


@pytest.mark.parametrize("data", [{"act": "release"}, {"act": "spam", "pick": "a" * 26}, {"act": "burn"}, {}])
def test_nothing_chosen_is_a_page_that_says_so(desk: Desk, data: dict[str, str]) -> None:
    flood(desk, 1)
    page = desk.post("/staff/held", **data)
    assert page.status_code == 422
    assert "没有选到能办的件" in page.text


def test_another_teams_line_is_like_none(desk: Desk) -> None:
    theirs = desk.file(SPAM, team="team3", held=HELD)
    there = desk.post("/staff/held", act="spam", pick=theirs.report_id)
    nothing = desk.post("/staff/held", act="spam", pick="a" * 26)
    tokens = re.compile(r'(name="csrf_token"[^>]*value=")[^"]+')
    assert tokens.sub("", there.text) == tokens.sub("", nothing.text)
    forced = desk.post(
        "/staff/held", act="spam", pick=f"{theirs.report_id}:1", batch="x", confirmed="y", reason="flooding"
    )  # fmt: skip
    assert "data-done=\"0\"" in forced.text
    assert desk.row(theirs).register_no not in forced.text
    assert desk.row(theirs).state == "received"


def test_more_than_a_press_takes_says_what_is_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intake.triage.views.held.BATCH", 2)
    cases = flood(desk, 3)
    status, text = confirm(desk, "release", cases[:1])
    assert status == 200
    assert 'data-done="2"' in text
    assert "还有 1 件没有办" in text
    assert words(desk.get(LANE), "queue-count") == ["1 行"]


def test_a_form_without_its_token_does_nothing(desk: Desk) -> None:
    (case,) = flood(desk, 1)
    page = desk.client.post(
        "/staff/held", data={"act": "spam", "pick": f"{case.report_id}:1", "confirmed": "y", "reason": "flooding"}
    )
    assert page.status_code == 400
    assert desk.row(case).state == "received"


def test_the_office_chooses_nothing_that_lies_with_a_team(desk: Desk) -> None:
    flood(desk, 1)
    desk.enter(desk.cast.office)
    page = desk.get(LANE)
    assert len(marked(page, "queue-row")) == 1
    assert 'name="pick"' not in page.text


def test_pressure_is_rounded_and_small_numbers_are_not_told(desk: Desk) -> None:
    flood(desk, 7)
    desk.file(HONEST)
    desk.file(HONEST, team="team3")
    page = desk.get("/staff/pressure")
    (row,) = marked(page, "pressure-row")
    assert 'data-site="CJ-990121101202"' in row
    cells = re.findall(r'<td role="cell">(.*?)</td>', page.text)
    assert [re.sub("<[^>]+>", "", cell) for cell in cells[1:]] == ["约 10", "约 5", "少于 5", "少于 5", "约 5"]
    desk.enter(desk.cast.office)
    assert len(marked(desk.get("/staff/pressure"), "pressure-row")) == 2
    desk.enter(desk.cast.superior)
    assert "今天没有新的件" in desk.get("/staff/pressure").text


@pytest.mark.parametrize(
    ("free_mb", "disk", "takes", "words_of_it"),
    [
        (90_000, "enough", "all", "文字和照片都收"),
        (400, "low", "reports", "先只收文字"),
        (50, "full", "none", "请群众把写的留着"),
    ],
)
def test_the_ceilings_of_the_machine_stand_there(
    desk: Desk, free_mb: int, disk: str, takes: str, words_of_it: str
) -> None:
    class Probe:
        def rooms(self) -> list[tuple[int, int]]:
            return [(free_mb * 1024 * 1024, 100_000 * 1024 * 1024)]

    desk.client.application.extensions[ceilings.EXTENSION] = Probe()
    page = desk.get("/staff/pressure")
    (tag,) = marked(page, "ceilings")
    assert f'data-disk="{disk}" data-takes="{takes}"' in tag
    assert words_of_it in page.text


def test_the_case_page_lets_one_through_by_the_same_two_steps(desk: Desk) -> None:
    (case,) = flood(desk, 1)
    page = desk.get(case.path)
    assert marked(page, "case-release")
    status, text = confirm(desk, "release", [case])
    assert (status, 'data-done="1"' in text) == (200, True)
    assert not marked(desk.get(case.path), "case-release")
    desk.enter(desk.cast.office)
    (other,) = flood(desk, 1)
    assert not marked(desk.get(other.path), "case-release")
