"""The demo county in its real size: invented by seed, brought in through the register, with a round behind it."""

import json
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from intake.boards.models import Board, Site
from intake.core.world import World
from intake.demo import county as counties
from intake.demo import large
from intake.demo.county import County
from tests.robustness.live_server import MSX, ROOT

FEW, MOST_SECONDS = 5, 180


@pytest.fixture(scope="module")
def small() -> County:
    return counties.read(counties.SHIPPED, counties.REFERENCE_DAY)


@pytest.mark.parametrize("seed", [1, 2, 77])
def test_a_county_has_114_stations_and_82_works(small: County, seed: int) -> None:
    county = large.grown(small, seed)
    assert Counter(row["kind"] for row in county.sites) == {"village": 114, "project": 82}
    codes = {line.values["code"]: line.values for line in county.regions}
    assert len(codes) == len(county.regions)
    assert all(code.startswith("99") for code in codes)
    assert all(row["parent_code"] in codes for row in codes.values() if row["parent_code"])
    assert sum(row["level"] == "town" for row in codes.values()) == large.TOWNS
    units = {line.values["name"] for line in county.organisations}
    for row in county.sites:
        assert row["region_code"] in codes
        named = {row.get(column, "") for column in ("owner_unit", "contractor", "supervisor_firm", "designer")}
        assert named - {""} <= units
    for column in ("site_no", "name"):
        assert len({row[column] for row in county.sites}) == 196
    assert {report["site"] for report in county.reports} <= {row["site_no"] for row in county.sites}


def test_the_seed_decides_and_another_seed_decides_otherwise(small: County) -> None:
    one, again, other = (large.grown(small, seed) for seed in (1, 1, 2))
    assert one == again
    assert one.sites != other.sites
    assert large.tellings(one, 1, FEW) == large.tellings(again, 1, FEW) != large.tellings(one, 2, FEW)


def test_the_register_takes_it_as_a_clerks_own_sheets(small: County, world: World) -> None:
    county = large.grown(small, 1)
    counties.load(world, county)
    counties.add_people(world, county)

    def hung(session: Session) -> int | None:
        return session.scalar(select(func.count(Board.code)).join(Site, Site.id == Board.site_id))

    with world.db.read() as session:
        assert hung(session) == 196


@pytest.mark.prove
def test_the_county_is_built_in_under_three_minutes(tmp_path: Path) -> None:
    folder, began = tmp_path / "county", time.monotonic()
    command = [str(MSX), "--dir", str(folder), "demo", "--no-serve", "--scale", "county"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < MOST_SECONDS
    facts = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
    states = Counter(board["state"] for board in facts["boards"])
    assert (len(facts["boards"]), states["live"]) == (196, 188)
    assert len(list((folder / "posters").iterdir())) == states["live"]
    assert len(facts["reports"]) > 190
