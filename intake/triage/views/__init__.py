"""Staff's pages of reports: the queue, the case page with its acts, and the page of keys.

A module of acts on a case imports `blueprint` from `desk` and `act`, `may_act`, `panel` from `case`;
it is named here, and its part of the page is a file of its own in `templates/staff/case/`.
"""

from intake.triage.views import (
    case,
    handover,
    held,
    items,
    keys,
    links,
    moves,
    naming,
    pressure,
    queue,
    retention,
    routing,
    sealed,
    urgent,
    usage,
)
from intake.triage.views.desk import blueprint

__all__ = [
    "blueprint",
    "case",
    "handover",
    "held",
    "items",
    "keys",
    "links",
    "moves",
    "naming",
    "pressure",
    "queue",
    "retention",
    "routing",
    "sealed",
    "urgent",
    "usage",
]
