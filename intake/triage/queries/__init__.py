"""Every count of reports that staff read, each through the row filter."""

from intake.triage.queries.filters import Days, QueueFilters
from intake.triage.queries.flocks import Flock, Member, flocks_of
from intake.triage.queries.listing import PAGE, Lane, Option, QueuePage, Row, queue
from intake.triage.queries.pressure import BoardPressure, about, board_pressures

__all__ = [
    "PAGE",
    "BoardPressure",
    "Days",
    "Flock",
    "Lane",
    "Member",
    "Option",
    "QueueFilters",
    "QueuePage",
    "Row",
    "about",
    "board_pressures",
    "flocks_of",
    "queue",
]
