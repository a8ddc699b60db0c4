"""Honest people and attackers against the real server, on a clock that runs faster than ours.

    python -m bench.abuse [a b c d e f] [--seed 1] [--folder DIR]

The demo county is served by `msx serve` behind a gateway (`MSX_TRUSTED_PROXIES=1`), and its clock is a file
(`MSX_CLOCK_FILE`) that is moved on: time is compressed, no step of the server is left out. Each scenario begins with
a server that has just started. Exit status 1 where a mark is missed.
"""

import argparse
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

import config
from bench.crowd import Scene, Told, WorldClock, machine, person, start_of_day
from bench.load import CLAUSES
from intake.core.world import World, open_world
from intake.reports import receipt
from intake.reports.models import Report
from intake.routing.models import Placement
from tests.robustness.live_server import MSX, ROOT, LiveServer, environment_of, free_port

THREADS = 24
_PLAYS = itertools.count(1)  # of the world's day: every play begins in an hour of its own
BOARDS = 4
SPAM = "转让{a}，{b}，价格好说，想要的快来，{c}，过期不候，第{n}批。"
_WORDS = ("旧砖", "沙子", "钢筋", "水泥", "木板", "瓦片", "涂料", "电线", "铁门", "水管", "旧车", "化肥",
          "种子", "树苗")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scenario:
    """`build` puts people and machines into the scene; `speed`: seconds of the world in one of ours.

    `calm`: the same people without the attack, played right before it, so that a busy machine meets both.
    """

    name: str
    what: str
    speed: float
    build: Callable[[Scene, random.Random, Sequence[str]], None]
    calm: Callable[[Scene, random.Random, Sequence[str]], None] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts of one scenario; `other_p99` of posts at boards that nobody attacks, in milliseconds."""

    honest: int
    ordinary: int
    challenged: int
    more_than_once: int
    held: int
    refused: int
    lost: int
    attack: int
    attack_ordinary: int
    attack_held: int
    other_p99: float
    other_p50: float
    requests: int
    failures: tuple[str, ...]


def _crowd(scene: Scene, draw: random.Random, boards: Sequence[str], count: int, seconds: float, *,
           address: Callable[[int], str], first: int, typing: tuple[float, float] = (20, 90)) -> None:  # fmt: skip
    for number in range(count):
        act = person(scene, draw, first + number, address=address(number), board=boards[number % len(boards)],
                     typing=draw.uniform(*typing))  # fmt: skip
        scene.add(draw.uniform(0, seconds), act)


def _own(number: int) -> str:
    """A network of one's own."""
    return f"10.{20 + number // 250}.{number % 250}.7"


def _villagers(scene: Scene, draw: random.Random, boards: Sequence[str]) -> None:
    _crowd(scene, draw, boards[:3], 500, 3_600, address=lambda n: f"100.64.7.{n % 250}", first=0)


def _training_room(scene: Scene, draw: random.Random, boards: Sequence[str]) -> None:
    _crowd(scene, draw, boards[:1], 30, 600, address=lambda _: "203.0.113.50", first=10_000)


def _honest_beside(scene: Scene, draw: random.Random, boards: Sequence[str], seconds: float, first: int) -> None:
    """A hundred people, the attacked board among theirs: fewer at each than a rush begins with."""
    _crowd(scene, draw, boards, 100, seconds, address=_own, first=first, typing=(4, 20))


def _one_attacker(scene: Scene, draw: random.Random, board: str, seconds: float) -> None:
    """Twenty-five forms opened and twenty-five sent a second; wrong answers where it is asked."""
    for number in range(int(25 * seconds)):
        body = f"{'，'.join(draw.sample(CLAUSES, 4))}，{number}。"
        act = machine(scene, number, address="198.51.100.66", board=board, patience=3, how="no", body=body)
        scene.add(number / 25, act)


def _many_addresses(scene: Scene, draw: random.Random, board: str, seconds: float) -> None:
    """Two hundred networks, each a report every fifty seconds, one in ten of them answering wrongly what is asked."""
    for number in range(200):
        at = draw.uniform(0, 50)
        while at < seconds:
            body = f"{'，'.join(draw.sample(CLAUSES, 4))}，{number}。"
            how = "wrong" if draw.random() < 0.1 else "no"
            scene.add(at, machine(scene, number, address=f"10.200.{number}.9", board=board, patience=draw.uniform(3, 9),
                                  how=how, body=body))  # fmt: skip
            at += 50


def _c(scene: Scene, draw: random.Random, boards: Sequence[str]) -> None:
    _honest_beside(scene, draw, boards, 30, 30_000)
    _one_attacker(scene, draw, boards[0], 30)


def _calm_d(scene: Scene, draw: random.Random, boards: Sequence[str]) -> None:
    _honest_beside(scene, draw, boards, 120, 40_000)


def _d(scene: Scene, draw: random.Random, boards: Sequence[str]) -> None:
    _calm_d(scene, draw, boards)
    _many_addresses(scene, draw, boards[0], 120)


def _calm_e(scene: Scene, draw: random.Random, boards: Sequence[str]) -> None:
    """Villagers as fast as in (a), behind one address, and the others."""
    _crowd(scene, draw, boards[1:], 17, 120, address=lambda n: f"100.64.7.{n % 250}", first=50_000, typing=(4, 20))
    _calm_d(scene, draw, boards)


def _e(scene: Scene, draw: random.Random, boards: Sequence[str]) -> None:
    _calm_e(scene, draw, boards)
    _many_addresses(scene, draw, boards[0], 120)


def _f(scene: Scene, draw: random.Random, boards: Sequence[str]) -> None:
    """Forty networks with spam in ever other words, and right answers to everything."""
    _honest_beside(scene, draw, boards, 120, 60_000)
    for number in range(240):
        a, b, c = draw.sample(_WORDS, 3)
        body = SPAM.format(a=a, b=b, c=c, n=number)
        scene.add(draw.uniform(0, 110), machine(scene, number, address=f"10.201.{number % 40}.9", board=boards[0],
                                                patience=draw.uniform(3, 9), how="work", body=body))  # fmt: skip


SCENARIOS = {
    s.name: s
    for s in (
        Scenario("a", "500 villagers behind one carrier address in an hour, 3 boards", 40, _villagers),
        Scenario("b", "a training room of 30 in ten minutes", 20, _training_room),
        Scenario("c", "one attacker at 50 requests a second from one address", 1, _c),
        Scenario("d", "200 addresses at one board", 2, _d, calm=_calm_d),
        Scenario("e", "villagers behind one address, and 200 addresses at one board", 2, _e, calm=_calm_e),
        Scenario("f", "paraphrased spam with right answers", 2, _f),
    )
}


# --- Measuring ----------------------------------------------------------------------------------------------


class Site:
    """The served demo county, and a look of our own into its database."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder / "demo", free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MSX_")}
        command = [str(MSX), "--dir", str(self.folder), "demo", "--no-serve", "--port", str(self.port)]
        subprocess.run(command, check=True, env=environment, cwd=ROOT, capture_output=True)
        self.settings = config.load({"MSX_DIR": str(self.folder)})
        self.world: World = open_world(self.settings)
        self.clock_file = folder / "clock"
        facts = json.loads((self.folder / "demo.json").read_text(encoding="utf-8"))
        self.boards = [board["code"] for board in facts["boards"] if board["state"] == "live"][:BOARDS]
        own = environment_of(self.settings) | {
            "MSX_CLOCK_FILE": str(self.clock_file),
            "MSX_TRUSTED_PROXIES": "1",
            "MSX_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
        }
        self.server = LiveServer([str(MSX), "serve", "--port", str(self.port)], port=self.port, environment=own,
                                 log=folder / "server.log")  # fmt: skip

    def reports(self) -> dict[str, str]:
        """Report → lane."""
        with self.world.db.read() as session:
            return {row.report_id: row.lane for row in session.execute(select(Placement.report_id, Placement.lane))}

    def lane_of(self, told: Told) -> str | None:
        """Where the report behind a receipt lies; None where there is none."""
        tag = receipt.opened(told.receipt, self.world.secrets.pepper).tag
        with self.world.db.read() as session:
            return session.scalar(
                select(Placement.lane).join(Report, Report.id == Placement.report_id).where(Report.box_tag == tag)
            )


def play(site: Site, scenario: Scenario, seed: int) -> Outcome:
    """One scenario, from a server that has just started to the last answer."""
    before = site.reports()
    play_number = next(_PLAYS)
    day = start_of_day() + timedelta(hours=play_number)
    clock = WorldClock(site.clock_file, day, scenario.speed)
    with site.server, clock:
        scene = Scene(site.port, clock, site.world.secrets, offset=play_number * 1_000_000)
        scenario.build(scene, random.Random(seed), site.boards)
        scene.run(THREADS)
    return _told(site, scenario, scene, before)


def _told(site: Site, scenario: Scenario, scene: Scene, before: dict[str, str]) -> Outcome:
    honest = [told for told in scene.told if told.honest]
    with_receipt = [told for told in honest if told.receipt]
    lanes = Counter(site.lane_of(told) for told in with_receipt)
    ordinary, held = lanes["ordinary"] + lanes["urgent"] + lanes["sealed"], lanes["held"]
    new = Counter(lane for report, lane in site.reports().items() if report not in before)
    others = [ms for board, times in scene.posts.items() for ms in times
              if scenario.name in "ab" or board != site.boards[0]]  # fmt: skip
    cuts = statistics.quantiles(others, n=100, method="inclusive") if len(others) > 1 else [0.0] * 99
    return Outcome(
        honest=len(honest),
        ordinary=ordinary,
        challenged=sum(told.questions > 0 for told in honest),
        more_than_once=sum(told.questions > 1 for told in honest),
        held=held,
        refused=sum(not told.receipt for told in honest),
        lost=lanes[None],
        attack=sum(not told.honest for told in scene.told),
        attack_ordinary=new["ordinary"] + new["urgent"] + new["sealed"] - ordinary,
        attack_held=new["held"] - held,
        other_p99=cuts[98],
        other_p50=cuts[49],
        requests=scene.requests,
        failures=tuple(scene.failures),
    )


def marks(name: str, found: Outcome, quiet: Outcome | None) -> list[tuple[str, bool]]:
    """What was promised of this scenario, and whether it is met."""
    promised = [("lost 0", found.lost == 0), ("refused 0", found.refused == 0)]
    if name in "ab":
        promised.append(("all ordinary", found.ordinary == found.honest))
    if name == "b":
        promised.append(("none challenged", found.challenged == 0))
    if name == "c":
        unharmed = found.ordinary == found.honest and found.challenged == 0
        promised += [("no honest one affected", unharmed), ("≤ 5 of the attack ordinary", found.attack_ordinary <= 5)]
    if name in "de":
        share = (found.ordinary - found.more_than_once) / max(1, found.honest)
        promised.append((f"≥ 95 % ordinary after one question at most ({share:.0%})", share >= 0.95))
        if quiet is not None:
            ratio = found.other_p99 / quiet.other_p99
            promised.append((f"other boards' p99 ≤ 1.5 × quiet ({ratio:.2f})", ratio <= 1.5))
    return promised


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", default="all", choices=[*SCENARIOS, "all"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="on the disk to measure (default: the temporary folder)")
    chosen = parser.parse_args()
    missed = 0
    print(f"{len(os.sched_getaffinity(0))} cores, load before {os.getloadavg()[0]:.1f}; the demo county, SQLite")
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        site = Site(Path(name))
        for key in SCENARIOS if "all" in chosen.scenarios else chosen.scenarios:
            scenario = SCENARIOS[key]
            calm = replace(scenario, build=scenario.calm) if scenario.calm is not None else None
            quiet = play(site, calm, chosen.seed) if calm is not None else None
            missed += _show(scenario, play(site, scenario, chosen.seed + 1), quiet)
        site.world.close()
    return 1 if missed else 0


def _show(scenario: Scenario, found: Outcome, quiet: Outcome | None) -> int:
    """Prints one scenario; how many marks it misses."""
    print(f"({scenario.name}) {scenario.what}; {scenario.speed:g} seconds in one; {found.requests} requests")
    print(f"    honest {found.honest}: ordinary {found.ordinary}, asked a question {found.challenged} "
          f"(again {found.more_than_once}), held {found.held}, refused {found.refused}, lost {found.lost}")  # fmt: skip
    if found.attack:
        print(f"    attack {found.attack}: in ordinary queues {found.attack_ordinary}, held {found.attack_held}, "
              f"never filed {found.attack - found.attack_ordinary - found.attack_held}")  # fmt: skip
    beside = f"; quiet p50 {quiet.other_p50:.0f}, p99 {quiet.other_p99:.0f} ms" if quiet is not None else ""
    print(f"    other boards' posts: p50 {found.other_p50:.0f}, p99 {found.other_p99:.0f} ms{beside}")
    promised = marks(scenario.name, found, quiet)
    for text, met in promised:
        print(f"    {'met   ' if met else 'MISSED'} {text}")
    for failure in found.failures[:3]:
        print(f"    a connection failed: {failure}")
    print(flush=True)
    return sum(not met for _, met in promised)


if __name__ == "__main__":
    sys.exit(main())
