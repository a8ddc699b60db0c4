"""What `msx check` and `msx serve` look at: the installation itself, and the store of the limits."""

from config import Problem, Settings
from intake.core import checkup
from intake.core.clock import SystemClock
from intake.web import shared_counters


def findings(settings: Settings) -> tuple[list[Problem], list[Problem]]:
    """(what keeps it from serving, what works and should be known)."""
    found, known = checkup.problems(settings), checkup.notices(settings)
    if settings.redis_url:
        wrong, worth_knowing = shared_counters.findings(settings.redis_url, SystemClock())
        found, known = found + wrong, known + worth_knowing
    return found, known
