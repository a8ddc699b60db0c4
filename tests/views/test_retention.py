"""The office's page of what is past its time, and the flag that keeps a report longer."""

from datetime import timedelta

import pytest

from intake.core.clock import FixedClock
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.reports.models import Erased
from intake.triage.services.retention import keep_to_terms
from tests.cast import build_cast
from tests.client import PageClient
from tests.services.test_retention import BODY, close
from tests.views.desk import Desk, marked


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    return desk


def test_the_office_reads_how_many_and_which_and_may_keep_one(desk: Desk, clock: FixedClock) -> None:
    case = desk.file(BODY)
    close(desk, case)
    number = desk.row(case).register_no
    desk.enter(desk.cast.office)
    assert "没有到期的件" in (before := desk.get("/admin/retention").text)
    assert "清除了不到 5 件" in before
    clock.advance(timedelta(days=1095))
    keep_to_terms(desk.world)
    desk.enter(desk.cast.office)
    page = desk.get("/admin/retention")
    assert 'data-count="1"' in marked(page, "retention-count")[0]
    assert case.report_id in marked(page, "retention-row")[0]
    assert number in page.text
    assert BODY[:6] not in page.text
    assert "河口村公告栏" not in page.text
    kept = desk.post(f"/admin/retention/{case.report_id}/keep")
    assert kept.status_code == 303
    assert "没有到期的件" in desk.get("/admin/retention").text
    assert "督办" in desk.get(case.path).text
    assert desk.post(f"/admin/retention/{case.report_id}/keep").status_code == 404


def test_how_many_are_gone_is_told_roughly(desk: Desk) -> None:
    """What went up sealed, and what its reader is recused from, is among them."""
    day = desk.world.today()
    rows = [
        Erased(report_id=f"r{n}", register_no=f"{n}", erased_on=day, staff_links=[], citizen_links=[], seal="")
        for n in range(7)
    ]
    desk.world.db.write(lambda session: session.add_all(rows))
    desk.enter(desk.cast.office)
    page = desk.get("/admin/retention").text
    assert "清除了约 5 件" in page
    assert "7 件" not in page


def test_nobody_else_reads_it(desk: Desk) -> None:
    for member in (desk.cast.leader, desk.cast.liaison, desk.cast.administrator, desk.cast.auditor):
        desk.enter(member)
        assert desk.get("/admin/retention").status_code == 403


def test_a_leader_supervises_and_says_when_it_is_over(desk: Desk) -> None:
    case = desk.file(BODY)
    desk.enter(desk.cast.leader)
    assert desk.post(f"{case.path}/supervise", on="y").status_code == 303
    assert marked(desk.get(case.path), "supervised")
    assert desk.post(f"{case.path}/supervise").status_code == 303
    assert not marked(desk.get(case.path), "supervised")
    desk.enter(desk.cast.liaison)
    assert desk.post(f"{case.path}/supervise", on="y").status_code == 403
    desk.enter(desk.cast.stranger)
    assert desk.post(f"{case.path}/supervise", on="y").status_code == 404
    assert desk.events(case).count("supervised") == 2
