"""Placing reports, moving their keys, and settling what a change leaves to be done, one room a subject."""

from intake.routing.queries.marks import TAMPERED, tampered, tampered_reports
from intake.routing.services.facts import check_mark, mark_everything, reseal, seal_is_broken
from intake.routing.services.held import HELD, join_twin, leave_held
from intake.routing.services.keys import (
    Progress,
    backlog_of,
    count_backlog,
    dismiss_with_recovery,
    grant_backlog,
    grants_held,
    regrant_from_recovery,
)
from intake.routing.services.leaving import climb_after_leaving
from intake.routing.services.marks import stamp
from intake.routing.services.moving import Moved, Transfer, prepare_transfer, record_transfer, went_up
from intake.routing.services.placing import (
    bound,
    check_epoch,
    decide,
    facts_of,
    mention_rows,
    moves_away,
    note_mentions,
    open_grant,
    placement_row,
    seal_out,
    seal_to,
)
from intake.routing.services.registering import put_right_around
from intake.routing.services.releasing import LASTS as RELEASE_LASTS
from intake.routing.services.releasing import join_release, live_releases, release_rows, sweep_releases
from intake.routing.services.settling import (
    CITIZEN_ACT,
    PURGED,
    Hand,
    Settled,
    ensure_custody,
    on_settled,
    recluster,
    settle,
    settle_everything,
)

__all__ = [
    "CITIZEN_ACT",
    "HELD",
    "PURGED",
    "RELEASE_LASTS",
    "TAMPERED",
    "Hand",
    "Moved",
    "Progress",
    "Settled",
    "Transfer",
    "backlog_of",
    "bound",
    "check_epoch",
    "check_mark",
    "climb_after_leaving",
    "count_backlog",
    "decide",
    "dismiss_with_recovery",
    "ensure_custody",
    "facts_of",
    "grant_backlog",
    "grants_held",
    "join_release",
    "join_twin",
    "leave_held",
    "live_releases",
    "mark_everything",
    "mention_rows",
    "moves_away",
    "note_mentions",
    "on_settled",
    "open_grant",
    "placement_row",
    "prepare_transfer",
    "put_right_around",
    "recluster",
    "record_transfer",
    "regrant_from_recovery",
    "release_rows",
    "reseal",
    "seal_is_broken",
    "seal_out",
    "seal_to",
    "settle",
    "settle_everything",
    "stamp",
    "sweep_releases",
    "tampered",
    "tampered_reports",
    "went_up",
]
