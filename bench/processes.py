"""What a group of processes has used: processor time and memory, as the kernel counts them."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """MiB. `pss` counts what several processes share once; `rss`, summed, counts it for each of them."""

    pss: float
    rss: float


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor seconds of these processes since they began, their ended children included."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        total += sum(int(value) for value in fields[11:15])  # utime, stime, cutime, cstime
    return total / _TICK


def memory(pids: Iterable[int]) -> Memory:
    """What these processes hold now."""
    pss = rss = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines():
            name, _, rest = line.partition(":")
            if name == "Pss":
                pss += int(rest.split()[0])
            elif name == "Rss":
                rss += int(rest.split()[0])
    return Memory(pss / 1024, rss / 1024)
