"""What `expected.csv` promises since abuse control, seen through receipts and the staff's own pages."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

from intake.demo import county
from intake.routing.models import Link, Placement
from tests.county_site import URL, Demo, built_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with built_demo(tmp_path_factory) as built:
        yield built


def placement(demo: Demo, ref: str) -> Placement:
    with demo.world.db.read() as session:
        return session.get_one(Placement, demo.report(ref)["id"])


def receipt_opens(demo: Demo, ref: str) -> None:
    page = demo.app.test_client().post("/receipt", base_url=URL, data={"receipt": demo.report(ref)["receipt"]})
    assert page.status_code == 200
    assert 'data-state="received"' in page.get_data(as_text=True)


def held(demo: Demo, ref: str, why: str) -> None:
    """In the held lane with its reason, in nobody's plain queue, and its receipt is like any other."""
    placed = placement(demo, ref)
    assert placed.lane == "held"
    assert any(why in reason for reason in placed.reasons)
    for login in ("liaison3", "leader3"):
        assert demo.report(ref)["id"] not in demo.rows(login)
        assert demo.report(ref)["id"] in demo.rows(login, "held")
    receipt_opens(demo, ref)


def _r03(demo: Demo) -> None:
    pair = (demo.report("R03")["id"], demo.report("R01")["id"])
    with demo.world.db.read() as session:
        assert session.get(Link, pair) is not None or session.get(Link, pair[::-1]) is not None
    assert placement(demo, "R03").board_code != placement(demo, "R01").board_code
    assert demo.report("R03")["receipt"] != demo.report("R01")["receipt"]
    receipt_opens(demo, "R03")
    _, page = demo.case("leader4", "R03")
    assert "我们门口这段上周三（11月11日）埋的是DN200的" in page


def _r24(demo: Demo) -> None:
    """One line with its count, as far as arithmetic under a random key goes: one in a hundred may stand alone."""
    refs = [f"R24-{number:02}" for number in range(1, 38)]
    placed = [placement(demo, ref) for ref in refs]
    assert {one.lane for one in placed} == {"held"}
    [(_, together)] = Counter(one.flock for one in placed).most_common(1)
    assert together >= 34
    assert len({demo.report(ref)["receipt"] for ref in refs}) == 37
    for ref in ("R24-01", "R24-20", "R24-37"):
        receipt_opens(demo, ref)
    counts = {
        rid: int(re.findall(r'data-count="(\d+)"', row)[0]) for rid, row in demo.rows("leader4", "held").items()
    }
    ids = {demo.report(ref)["id"] for ref in refs}
    assert max(count for rid, count in counts.items() if rid in ids) == together
    assert sum(count for rid, count in counts.items() if rid in ids) == 37
    assert not {demo.report(ref)["id"] for ref in refs} & set(demo.rows("leader4"))


CHECKS: dict[str, Callable[[Demo], None]] = {
    "R03": _r03,
    "R14": lambda demo: held(demo, "R14", "广告"),
    "R15": lambda demo: held(demo, "R15", "乱按"),
    "R24": _r24,
}


def _expected() -> list[str]:
    with (county.SHIPPED / "expected.csv").open(encoding="utf-8") as file:
        return [row["report"] for row in csv.DictReader(file) if row["since"] == "abuse"]


@pytest.mark.parametrize("ref", _expected())
def test_what_must_be_seen_since_abuse_control(demo: Demo, ref: str) -> None:
    CHECKS[ref](demo)


def test_nothing_honest_of_the_county_is_held(demo: Demo) -> None:
    with demo.world.db.read() as session:
        waiting = set(session.scalars(select(Placement.report_id).where(Placement.lane == "held")))
    refs = {report["ref"] for report in demo.facts["reports"] if report["id"] in waiting}
    assert {ref.partition("-")[0] for ref in refs} == {"R14", "R15", "R24"}
