"""`msx import-conflicts`, `import-aliases` and `route`: from sheets and into the decision, in one line or JSON."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from intake.cli import main
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.routing.models import Alias, Conflict
from tests.cast import build_cast
from tests.client import PageClient
from tests.services.test_recusal import holders
from tests.services.workbook import write_workbook
from tests.views.desk import Desk

Run = Callable[..., Result]
ALIASES = "text,kind,target\n第三巡察组,team,team3\n副县长,level,above\n三组联络员,person,liaison3\n"
CONFLICTS = "who,kind,target,ground,from,to,approved_by\nmember4,site,CJ-990121101202,任职,2026-09-01,,office1\n"


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    return desk


@pytest.fixture
def run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`msx …` over the installation of this test."""
    settings = desk.world.settings
    monkeypatch.setenv("MSX_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("MSX_SECRET_FILE", str(settings.secret_file))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    return lambda *words: CliRunner().invoke(main, ["--dir", str(settings.dir), *words])


def sheet(tmp_path: Path, name: str, text: str) -> str:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def stored(desk: Desk, rows: type[Alias] | type[Conflict]) -> int:
    with desk.world.db.read() as session:
        return len(session.scalars(select(rows)).all())


@pytest.mark.parametrize(
    ("command", "text", "rows", "count"),
    [("import-aliases", ALIASES, Alias, 3), ("import-conflicts", CONFLICTS, Conflict, 1)],
)
def test_a_sheet_comes_in_once(
    desk: Desk, run: Run, tmp_path: Path, command: str, text: str, rows: type[Alias] | type[Conflict], count: int
) -> None:
    file = sheet(tmp_path, "rows.csv", text)
    dry = run(command, file, "--dry-run")
    assert (dry.exit_code, dry.stdout) == (0, f"{count} new, 0 changed, 0 there already (dry).\n")
    assert stored(desk, rows) == 0
    assert run(command, file).stdout == f"{count} new, 0 changed, 0 there already.\n"
    assert run(command, file).stdout == f"0 new, 0 changed, {count} there already.\n"
    assert stored(desk, rows) == count


def test_an_excel_sheet_is_read(desk: Desk, run: Run, tmp_path: Path) -> None:
    rows = (
        ("who", "kind", "target", "ground", "from", "to", "approved_by"),
        ("member4", "site", "CJ-990121101202", "任职", date(2026, 9, 1), "", "office1"),
        ("liaison3", "person", "示例庚", "亲属", "2026-10-01", "2026-12-31", "office1"),
    )
    result = run("import-conflicts", str(write_workbook(tmp_path / "conflicts.xlsx", rows)))
    assert (result.exit_code, result.stdout) == (0, "2 new, 0 changed, 0 there already.\n")
    with desk.world.db.read() as session:
        days = sorted(str(row.from_day) for row in session.scalars(select(Conflict)))
    assert days == ["2026-09-01", "2026-10-01"]


def test_every_bad_row_is_named_and_nothing_is_written(desk: Desk, run: Run, tmp_path: Path) -> None:
    text = CONFLICTS + "member4,site,CJ-990121101203,任职,2026-09-01,,office1\nnobody,place,柳湾镇,,bad,,office1\n"
    result = run("import-conflicts", sheet(tmp_path, "rows.csv", text))
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert lines[0].startswith("line 3: 没有叫“CJ-990121101203”的点位。是不是：河口村公告栏（CJ-990121101202）")
    assert lines[1].startswith("line 4: ")
    assert lines[-1] == "msx: 2 rows cannot be taken; nothing was written."
    assert stored(desk, Conflict) == 0


def test_a_file_of_another_kind_is_refused(run: Run, tmp_path: Path) -> None:
    wrong = run("import-aliases", sheet(tmp_path, "rows.csv", CONFLICTS))
    assert wrong.exit_code == 1
    assert "text" in wrong.stderr
    assert run("import-aliases", str(tmp_path / "none.csv")).exit_code == 2


def test_the_decision_run_dry(desk: Desk, run: Run, tmp_path: Path) -> None:
    run("import-aliases", sheet(tmp_path, "aliases.csv", ALIASES))
    text = sheet(tmp_path, "text.txt", "第 3 巡察組的人收了钱。")
    found = json.loads(run("route", "--board", desk.codes["team4"], "--text-file", text, "--json").stdout)
    assert found == {
        "team_id": "office", "lane": "ordinary", "reasons": ["正文提到“第三巡察组”：该组回避，转巡察办。"],
    }  # fmt: skip
    plain = json.loads(run("route", "--board", "GC-2026-001", "--category", "bidding", "--json").stdout)
    assert (plain["team_id"], plain["lane"]) == ("team3", "ordinary")
    up = json.loads(run("route", "--board", "GC-2026-001", "--about-superior", "--json").stdout)
    assert (up["team_id"], up["lane"]) == ("superior", "sealed")
    ticked = run("route", "--board", "GC-2026-001", "--about-handler").stdout.splitlines()
    assert ticked[0] == "office\tordinary"
    assert "打了勾" in ticked[1]


def test_why_a_report_lies_where_it_lies(desk: Desk, run: Run) -> None:
    case = desk.file()
    found = json.loads(run("route", "--explain", case.report_id, "--json").stdout)
    assert set(found) == {"team_id", "lane", "reasons"}
    assert found["team_id"] == "team4"
    assert found["reasons"] == ["河口村公告栏归岚溪县委第四巡察组。"]
    assert run("route", "--explain", case.report_id).stdout.splitlines()[-1] == "rules version 2, aliases version 0."


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ((), 2), (("--explain", "x", "--board", "y"), 2), (("--explain", "nothing"), 1), (("--board", "nothing"), 1),
        (("--board", "GC-2026-001", "--category", "weather"), 2),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_one_line(run: Run, words: tuple[str, ...], status: int) -> None:
    result = run("route", *words)
    assert result.exit_code == status
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1


def test_reports_that_nobody_can_read_are_counted(desk: Desk, run: Run) -> None:
    """Where the office and the superior are both named nobody sees it, so that nobody would know of it either."""
    assert "routing.unreadable" not in run("check").output
    case = desk.file("我向岚溪县委巡察办反映过，也向青屿市纪委监委信访室反映过，都没有人管，再反映一次。")
    assert holders(desk.world, case.report_id) == {"recovery:county"}
    (notice,) = [n for n in json.loads(run("check", "--json").output)["notices"] if n["id"] == "routing.unreadable"]
    assert notice["hint"].startswith("1 reports")
