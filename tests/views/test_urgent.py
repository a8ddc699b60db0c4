"""What cannot wait, on staff's pages: why, what to do at once, and that somebody was called."""

from typing import Any

import pytest

from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.reports.services.auditing import verify
from intake.triage.services.urgent import AT_ONCE
from tests.cast import build_cast
from tests.client import PageClient
from tests.views.desk import BODY, Case, Desk, marked, words

CHILD = "学校里的老师天天打孩子，孩子身上都是伤，不敢说。"
CALL = {"whom": "110", "at": "2026-11-23T10:05", "note": "接警的是城关派出所，说马上去。"}


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    desk.enter(desk.cast.liaison)
    return desk


@pytest.fixture
def child(desk: Desk) -> Case:
    return desk.file(CHILD)


def test_the_queue_says_why_in_a_word_with_a_shape(desk: Desk, child: Case) -> None:
    desk.file()
    page = desk.get("/staff/queue")
    assert len(marked(page, "urgent-kind")) == 1
    assert words(page, "urgent-kind") == ["涉及未成年人"]
    assert "#i-child" in page.text
    assert [row.split('data-lane="')[1].split('"')[0] for row in marked(page, "queue-row")] == ["urgent", "ordinary"]


@pytest.mark.parametrize(
    ("body", "fields", "kind"),
    [
        (CHILD, {}, "minor"),
        ("工地的脚手架要倒了，下面天天有人走。", {}, "hazard"),
        ("老板不给工钱，今天再不给我们就跳楼。", {"category": "wage_arrears"}, "wages"),
        (BODY, {"urgent": True}, "life"),
    ],
)
def test_the_case_says_what_to_do_at_once(desk: Desk, body: str, fields: dict[str, Any], kind: str) -> None:
    page = desk.get(desk.file(body, **fields).path)
    assert marked(page, f"urgent-{kind}")
    for line in AT_ONCE[kind]:
        assert line in page.text
    assert "110" in page.text


def test_for_a_minor_the_duty_to_report_is_shown(desk: Desk, child: Case) -> None:
    page = desk.get(child.path)
    assert "强制报告" in page.text
    assert marked(page, "police-called")


def test_the_call_is_recorded_and_told_in_the_story(desk: Desk, child: Case) -> None:
    done = desk.post(f"{child.path}/urgent-call", **CALL)
    assert done.status_code == 303
    page = desk.get(done.location)
    assert "示例戊已报警：11月23日 10:05 打给110 公安。" in page.text
    assert "已经报警，见" in page.text
    assert str(CALL["note"]) in page.text  # among the notes
    assert "police_called" in desk.events(child)
    assert verify(desk.world).broken is None


def test_nothing_of_the_note_is_in_the_event(desk: Desk, child: Case) -> None:
    desk.post(f"{child.path}/urgent-call", **CALL)
    with desk.world.db.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT data FROM staff_event").all()
    assert "城关派出所" not in repr(rows)


def test_a_call_is_never_too_late_for_the_page(desk: Desk, child: Case) -> None:
    """It asks for no version: whatever a colleague did meanwhile, the call is true."""
    desk.post(f"{child.path}/move", to="accepted", version=desk.version(child))
    assert desk.post(f"{child.path}/urgent-call", **CALL).status_code == 303


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"whom": ""}, "whom"),
        ({"whom": "113"}, "whom"),
        ({"at": ""}, "at"),
        ({"at": "2026-11-23T23:00"}, "at"),
        ({"whom": "other", "note": ""}, "note"),
        ({"note": "长" * 501}, "note"),
    ],
)
def test_what_is_missing_is_said_beside_its_field(desk: Desk, child: Case, change: dict[str, str], field: str) -> None:
    page = desk.post(f"{child.path}/urgent-call", **{**CALL, **change})
    assert page.status_code == 422
    assert f'href="#call-{field}"' in page.text
    assert "police_called" not in desk.events(child)


def test_a_call_can_be_recorded_where_the_words_did_not_say_so(desk: Desk) -> None:
    quiet = desk.file()
    page = desk.get(quiet.path)
    assert not marked(page, "urgent")
    assert marked(page, "police-called")
    assert desk.post(f"{quiet.path}/urgent-call", whom="", at="").status_code == 422
    assert desk.post(f"{quiet.path}/urgent-call", **CALL).status_code == 303


@pytest.mark.parametrize(("name", "status"), [("stranger", 404), ("office", 403), ("auditor", 403)])
def test_who_may_not(desk: Desk, child: Case, name: str, status: int) -> None:
    desk.enter(getattr(desk.cast, name))
    assert desk.post(f"{child.path}/urgent-call", **CALL).status_code == status
    assert "police_called" not in desk.events(child)
