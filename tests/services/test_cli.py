"""The `msx` command: a fresh installation from nothing to a report, exit codes, one-line errors."""

import json
import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import config
from intake.cli import main
from intake.core.clock import FixedClock
from intake.core.world import World, open_world
from intake.people import services as people
from intake.reports.services import sweeping
from tests.cast import Cast, enter
from tests.client import PageClient
from tests.journeys import file_report, live_board, photo, upload

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`msx --dir <tmp>/site …` over the database of this run."""
    monkeypatch.setenv("MSX_DATABASE_URL", database_url)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    return lambda *words: CliRunner().invoke(main, ["--dir", str(tmp_path / "site"), *words])


@pytest.fixture
def site(run: Run, tmp_path: Path) -> dict[str, str]:
    """A fresh installation: its keys and its activation links, as `msx init` printed them."""
    result = run("init")
    assert result.exit_code == 0, result.output
    return dict(re.findall(r"^(\w+)\t(\S+)$", result.stdout, re.MULTILINE))


def test_from_nothing_to_a_confirmed_office(run: Run, site: dict[str, str], tmp_path: Path) -> None:
    assert set(site) == {"county", "superior", "backup", "admin", "office"}
    world = open_world(
        config.load({"MSX_DIR": str(tmp_path / "site"), "MSX_DATABASE_URL": os.environ["MSX_DATABASE_URL"]})
    )
    for login in ("admin", "office"):
        token = site[login].rsplit("/", 1)[1]
        people.activate(world, token=token, password="晒谷场东头的老井水真是甜")
        people.sign_in(world, login=login, password="晒谷场东头的老井水真是甜")
    world.close()
    key = tmp_path / "county.key"
    key.write_text(site["county"] + "\n")
    assert run("recover", "--confirm", "office", "--key-file", str(key)).exit_code == 0
    again = run("recover", "--confirm", "office", "--key-file", str(key))
    assert again.exit_code == 1
    key.write_text(site["superior"])
    assert run("recover", "--confirm", "office", "--key-file", str(key)).exit_code == 1
    assert "0" in run("recover", "--key-file", str(key)).stdout, "nothing is sealed yet"
    key.write_text(site["backup"])
    assert run("recover", "--key-file", str(key)).exit_code == 1


def test_keys_are_shown_once_and_never_replaced(run: Run, site: dict[str, str], tmp_path: Path) -> None:
    secret = (tmp_path / "site" / "secret").read_text()
    assert site["county"] not in secret
    result = run("init")
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert (tmp_path / "site" / "secret").read_text() == secret


def test_check_names_problems_and_notices(run: Run, site: dict[str, str], tmp_path: Path) -> None:
    result = run("check", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["problems"] == []
    assert {n["id"] for n in found["notices"]} == {"cookie.plain"}
    (tmp_path / "site" / "secret").chmod(0o644)
    result = run("check", "--json")
    assert result.exit_code == 1
    assert [p["id"] for p in json.loads(result.stdout)["problems"]] == ["secret_file.unusable"]


def test_check_before_init_says_what_to_do(run: Run) -> None:
    result = run("check")
    assert result.exit_code == 1
    assert "msx init" in result.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["serve", "--port", "0"],
        ["demo", "--scale", "huge"],
        ["recover"],
        ["audit", "verify", "--anchor", "/"],
    ],
)
def test_wrong_usage_is_2(run: Run, words: list[str]) -> None:
    assert run(*words).exit_code == 2


def test_more_workers_than_one_need_more_than_sqlite_and_memory(run: Run, site: dict[str, str]) -> None:
    result = run("serve", "--workers", "2")
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1


def test_migrate_says_from_and_to_and_may_run_twice(run: Run, site: dict[str, str]) -> None:
    result = run("migrate")
    assert result.exit_code == 0
    before, after = result.stdout.strip().split(" → ")
    assert before == after


def test_dir_may_follow_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MSX_DIR", raising=False)
    result = CliRunner().invoke(main, ["check", "--dir", str(tmp_path / "elsewhere")])
    assert str(tmp_path / "elsewhere") in result.stdout


def test_audit_anchor_and_verify(run: Run, site: dict[str, str], tmp_path: Path) -> None:
    anchor = tmp_path / "anchor.json"
    assert run("audit", "anchor", "--out", str(anchor)).exit_code == 0
    result = run("audit", "verify", "--anchor", str(anchor), "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"reports": 0, "broken": None, "erased": 0})
    anchor.write_text("[]")
    assert run("audit", "verify", "--anchor", str(anchor)).exit_code == 2


def test_sweep_takes_what_nothing_refers_to_and_nothing_else(
    world: World, cast: Cast, client: PageClient, clock: FixedClock
) -> None:
    code = live_board(world)
    file_report(client, clock, code, files=[upload(photo())])
    kept = set(world.storage.names())
    world.storage.put("zz/orphan0000", b"left by a crash", day=world.today())
    assert sweeping.sweep_blobs(world) == 0, "today's may still be arriving"
    clock.advance(timedelta(days=2))
    assert sweeping.sweep_blobs(world) == 1
    assert sweeping.sweep_blobs(world) == 0
    assert set(world.storage.names()) == kept


def test_dead_sessions_go(world: World, cast: Cast, clock: FixedClock) -> None:
    enter(world, cast.liaison)
    assert people.clear_dead_sessions(world) == 0
    clock.advance(timedelta(hours=9))
    assert people.clear_dead_sessions(world) == 1


def test_the_clock_file_counts_over_demo_data_alone(world: World, tmp_path: Path) -> None:
    clock_file = tmp_path / "clock"
    clock_file.write_text("2031-05-06T08:00:00+08:00")
    plain = open_world(world.settings, clock_file=str(clock_file))
    assert plain.clock.now().year < 2031
    plain.close()
    (world.settings.dir / "demo.json").write_text("{}")
    demo = open_world(world.settings, clock_file=str(clock_file))
    assert demo.today().isoformat() == "2031-05-06"
    demo.close()
