"""A citizen's whole journey under load, against two bare applications in the same run.

    python -m bench.submit [--seconds 10] [--rounds 3] [--database sqlite|postgresql]

One granian process (`msx serve`), eight clients in a closed loop: form, POST with the receipt page, look-up.
The bare applications (`bench/bare.py`) serve the same three requests under granian with as many threads. The
sides take turns, so that a noisy neighbour meets each of them. Exit status 1 where a mark is missed.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.load import STEPS
from bench.sides import CLIENTS, RAISED, THREADS, Side, seals_of_a_report, sides

COLD_STARTS = 5


@dataclass(frozen=True, slots=True)
class Mark:
    """What was promised, what was measured, and whether it is met."""

    text: str
    measured: str
    met: bool


def marks(product: Side, plain: Side, sealing: Side, cold: float) -> list[Mark]:
    """The five marks of the product."""
    post, cpu = product.percentile("post", 99), product.app_ms + product.database_ms
    first, second = product.rate / plain.rate, product.rate / sealing.rate
    return [
        Mark("POST p99 ≤ 100 ms", f"{post:.0f} ms", post <= 100),
        Mark("CPU ≤ 14 ms a journey", f"{cpu:.1f} ms", cpu <= 14),
        Mark("rate ≥ 0.2 of the bare application", f"{first:.2f}", first >= 0.2),
        Mark("rate ≥ 0.5 of the bare one with sealing", f"{second:.2f}", second >= 0.5),
        Mark("cold start ≤ 1.2 s", f"{cold:.2f} s", cold <= 1.2),
        Mark("memory ≤ 150 MiB after the load", f"{product.memory.pss:.0f} MiB", product.memory.pss <= 150),
    ]


def cold_starts(product: Side, times: int) -> list[float]:
    """Seconds from the command to the first answer of /readyz; nothing but the file cache is warm."""
    found = []
    for _ in range(times):
        found.append(product.server.start())
        product.server.stop()
    return sorted(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--folder", type=Path, help="on the disk to measure (default: the temporary folder)")
    chosen = parser.parse_args()
    _print_machine(chosen.database)
    with (
        tempfile.TemporaryDirectory(dir=chosen.folder) as name,
        sides(Path(name), chosen.database) as all_sides,
    ):
        product, plain, sealing = all_sides
        cold = cold_starts(product, COLD_STARTS)
        for _ in range(chosen.rounds):
            for side in all_sides:
                side.run(chosen.seconds)
        _print_sides(all_sides, seals_of_a_report(product))
        found = marks(product, plain, sealing, statistics.median(cold))
    print(f"cold starts: {', '.join(f'{seconds:.2f}' for seconds in cold)} s")
    for mark in found:
        print(f"{'met   ' if mark.met else 'MISSED'}  {mark.text}: {mark.measured}")
    failures = [failure for side in all_sides for failure in side.failures]
    if failures:
        print(f"{len(failures)} journeys failed, the first: {failures[0]}")
    return 0 if all(mark.met for mark in found) and not failures else 1


def _print_machine(database: str) -> None:
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
         if line.startswith("model name")),
        platform.processor(),
    )  # fmt: skip
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    print(f"{cores} × {model}, Python {platform.python_version()}, {database}, load before {load:.1f}")
    print(f"{CLIENTS} clients, {THREADS} threads, one worker; raised for the load: {', '.join(RAISED)}")


def _print_sides(all_sides: tuple[Side, ...], seals: float) -> None:
    print(f"\n{'':16}{'journeys/s':>11}{'app ms':>8}{'db ms':>7}{'MiB pss':>9}{'rss':>6}   p50/p99 ms of each request")
    for side in all_sides:
        times = "  ".join(f"{s} {side.percentile(s, 50):.0f}/{side.percentile(s, 99):.0f}" for s in STEPS)
        name = side.name if side.name.isascii() else f"{side.name}{' ' * 3}"[: len(side.name)]
        width = 16 - (0 if side.name.isascii() else len(side.name))
        print(
            f"{name:{width}}{side.rate:11.1f}{side.app_ms:8.1f}{side.database_ms:7.1f}"
            f"{side.memory.pss:9.0f}{side.memory.rss:6.0f}   {times}"
        )
    product = all_sides[0]
    print(
        f"rows committed: {', '.join(str(side.rows) for side in all_sides)} in {product.seconds:.0f} s each; "
        f"seals a report: {seals:.1f}; the load itself: {product.load_cpu / product.rows * 1000:.1f} ms a journey\n"
    )


if __name__ == "__main__":
    sys.exit(main())
