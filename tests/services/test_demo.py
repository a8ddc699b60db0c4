"""The demo county: what `expected.csv` promises since the line, seen through the staff's own pages."""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

import config
from intake.boards.models import BoardPatrol, BoardSum
from intake.demo import build, county
from intake.demo.build import DemoError
from tests.county_site import TODAY, URL, Demo, built_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with built_demo(tmp_path_factory) as built:
        yield built


def _r01(demo: Demo) -> None:
    demo.in_queue_of("R01", "leader3")  # liaison3 is recused from it
    status, page = demo.case("leader3", "R01")
    assert status == 200
    assert "图纸上写的是DN300双壁波纹管" in page
    assert 'data-testid="case-file"' in page


def _r21(demo: Demo) -> None:
    row = demo.rows("liaison4")[demo.report("R21")["id"]]
    assert "13800138000" not in row
    assert "990121198001010028" not in row
    _, page = demo.case("liaison4", "R21")
    assert "不要打电话到村里" in re.sub(r'data-testid="case-body".*?</p>', "", page, flags=re.DOTALL)


CHECKS: dict[str, Callable[[Demo], None]] = {
    "R01": _r01,
    "R03": lambda demo: demo.in_queue_of("R03", "liaison4", "member4", "leader4", "leader4b"),
    "R04": lambda demo: demo.in_queue_of("R04", "liaison3", "leader3"),
    "R07": lambda demo: demo.in_queue_of("R07", "member4", "liaison4"),
    "R08": lambda demo: demo.in_queue_of("R08", "liaison1", "leader1"),
    "R16": lambda demo: demo.in_queue_of("R16", "liaison1", "leader1"),
    "R21": _r21,
}


def _expected() -> list[str]:
    with (county.SHIPPED / "expected.csv").open(encoding="utf-8") as file:
        return [row["report"] for row in csv.DictReader(file) if row["since"] == "line"]


@pytest.mark.parametrize("ref", _expected())
def test_what_must_be_seen_since_the_line(demo: Demo, ref: str) -> None:
    CHECKS[ref](demo)


def test_every_filing_has_its_entry_and_its_receipt_opens(demo: Demo) -> None:
    refs = [r["ref"] for r in demo.facts["reports"]]
    assert len(refs) == 27 + 37
    assert [r for r in refs if r.startswith("R24")] == [f"R24-{n:02}" for n in range(1, 38)]
    assert len({r["receipt"] for r in demo.facts["reports"]}) == len(refs)
    for ref in ("R01", "R24-37", "R19"):
        page = demo.app.test_client().post("/receipt", base_url=URL, data={"receipt": demo.report(ref)["receipt"]})
        assert page.status_code == 200
        assert 'data-testid="report-state"' in page.get_data(as_text=True)


def test_ticked_reports_lie_with_the_office_alone(demo: Demo) -> None:
    assert demo.report("R27")["id"] in demo.rows("office1")
    for login in ("liaison4", "leader4", "member4", "leader4b", "liaison3"):
        assert demo.report("R27")["id"] not in demo.rows(login)
        assert demo.case(login, "R27")[0] == 404


def test_nobody_else_sees_a_row(demo: Demo) -> None:
    for login in ("case1", "town_fl1", "superior1"):
        assert demo.rows(login) == {}
    for login in ("auditor1", "sysadmin1"):
        assert demo.staff(login).get("/staff/queue", base_url=URL).status_code == 403


def test_boards_and_posters(demo: Demo) -> None:
    states = {board["site_no"]: board["state"] for board in demo.facts["boards"]}
    assert states["CJ-990121200204"] == "revoked"
    assert states["DW-990121-009"] == "closed"
    assert sum(state == "live" for state in states.values()) == 7
    client = demo.app.test_client()
    codes = {board["site_no"]: board["code"] for board in demo.facts["boards"]}
    assert client.get(f"/b/{codes['CJ-990121200204']}", base_url=URL).status_code == 410
    assert client.get(f"/b/{codes['DW-990121-009']}", base_url=URL).status_code == 200
    posters = sorted(path.name for path in (demo.folder / "posters").iterdir())
    assert len(posters) == 7
    assert f"GC-2026-001_{codes['GC-2026-001']}_works_A4.pdf" in posters


def test_boards_have_been_looked_after_and_counted(demo: Demo) -> None:
    with demo.world.db.read() as session:
        results = set(session.scalars(select(BoardPatrol.result)))
        kinds = set(session.scalars(select(BoardSum.kind)))
    assert results == {"whole", "damaged"}
    assert kinds == {"scan", "started", "unknown"}
    assert 'data-testid="trouble"' in demo.staff("office1").get("/staff/patrol", base_url=URL).text


def test_dates_are_shifted_and_settings_are_read_back(demo: Demo) -> None:
    assert county.read(county.SHIPPED, TODAY).day("2026-11-22") == TODAY
    assert config.load({"MSX_DIR": str(demo.folder)}).public_url == URL
    with demo.world.db.read() as session:
        from_rows = session.connection().exec_driver_sql("select min(day), max(day) from report").one()
    assert all(str(TODAY.year) in str(day) for day in from_rows)


def test_a_filled_folder_is_refused_and_a_strangers_folder_never_cleared(demo: Demo, tmp_path: Path) -> None:
    with pytest.raises(DemoError):
        build(demo.folder, url=URL)
    (tmp_path / "somebody's").write_text("work")
    with pytest.raises(DemoError):
        build(tmp_path, url=URL, fresh=True)
    assert (tmp_path / "somebody's").read_text() == "work"
