"""Placing reports, moving their keys, and settling what a change leaves to be done, one room a subject."""

from intake.routing.services.facts import reseal, seal_is_broken
from intake.routing.services.keys import (
    Progress,
    backlog_of,
    count_backlog,
    grant_backlog,
    grants_held,
    regrant_from_recovery,
)
from intake.routing.services.moving import Moved, Transfer, prepare_transfer, record_transfer, went_up
from intake.routing.services.placing import (
    bound,
    check_epoch,
    decide,
    facts_of,
    mention_rows,
    open_grant,
    placement_row,
    seal_out,
    seal_to,
)
from intake.routing.services.settling import (
    Hand,
    Settled,
    ensure_custody,
    on_settled,
    recluster,
    settle,
    settle_everything,
)

__all__ = [
    "Hand",
    "Moved",
    "Progress",
    "Settled",
    "Transfer",
    "backlog_of",
    "bound",
    "check_epoch",
    "count_backlog",
    "decide",
    "ensure_custody",
    "facts_of",
    "grant_backlog",
    "grants_held",
    "mention_rows",
    "on_settled",
    "open_grant",
    "placement_row",
    "prepare_transfer",
    "recluster",
    "record_transfer",
    "regrant_from_recovery",
    "reseal",
    "seal_is_broken",
    "seal_out",
    "seal_to",
    "settle",
    "settle_everything",
    "went_up",
]
