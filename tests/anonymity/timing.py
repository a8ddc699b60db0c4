"""Whether two kinds of answers take the same time: medians of pairs, and a bootstrap of their ratio. ADR 0022."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

TOLERANCE = 0.05
CONFIDENCE = 0.999
_TRIALS = 1_000

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Compared:
    """The ratio of two medians, and the interval in which it lies with `CONFIDENCE`."""

    ratio: float
    low: float
    high: float
    pairs: int

    @property
    def differs(self) -> bool:
        """Shown to differ by more than `TOLERANCE`; an interval that reaches into the tolerance shows nothing."""
        return self.low > 1 + TOLERANCE or self.high < 1 - TOLERANCE

    @property
    def alike(self) -> bool:
        """Shown to differ by no more than `TOLERANCE`."""
        return self.low > 1 - TOLERANCE and self.high < 1 + TOLERANCE

    def __str__(self) -> str:
        return f"{self.ratio:.3f} ({self.low:.3f} to {self.high:.3f}, {self.pairs} pairs)"


def compared(pairs: Sequence[Pair]) -> Compared:
    """Pairs are drawn again and again with replacement: what the ratio would have been on other moments."""
    draw = random.Random(len(pairs))
    ratios = sorted(_ratio(draw.choices(pairs, k=len(pairs))) for _ in range(_TRIALS))
    out = round(_TRIALS * (1 - CONFIDENCE) / 2)
    return Compared(_ratio(pairs), ratios[out], ratios[-1 - out], len(pairs))


def _ratio(pairs: Sequence[Pair]) -> float:
    return median(one for one, _ in pairs) / median(other for _, other in pairs)


def measured(
    one: Callable[[], object], other: Callable[[], object], *, step: int = 50, most: int = 150
) -> list[Pair]:
    """Processor seconds of this thread, by turns, the first of a pair now this and now that.

    `step` pairs at a time, up to `most`: until the whole interval lies within the tolerance, or wholly outside it.
    """
    for warm in (one, other) * 3:
        warm()
    pairs: list[Pair] = []
    while len(pairs) < most:
        for number in range(step):
            first, second = (_seconds(one), _seconds(other)) if number % 2 else (_seconds(other), _seconds(one))
            pairs.append((first, second) if number % 2 else (second, first))
        if (found := compared(pairs)).differs or found.alike:
            break
    return pairs


def _seconds(act: Callable[[], object]) -> float:
    began = time.thread_time()
    act()
    return time.thread_time() - began
