"""Reading placements: who may know of a report, what is known when one is routed, who holds its keys."""

from intake.routing.queries.knowledge import clusters_of, machinery, touching_of, version_and_mark
from intake.routing.queries.readers import (
    COUNTY_RECOVERY,
    SUPERIOR_RECOVERY,
    Readers,
    able_teams,
    grants_of,
    holders_of,
    present_readers,
    readers_for,
)
from intake.routing.queries.row_filter import (
    Who,
    blocked_clusters,
    locked_reports,
    open_to,
    opens_text,
    team_name_of,
    visible_report,
    visible_reports,
)

__all__ = [
    "COUNTY_RECOVERY",
    "SUPERIOR_RECOVERY",
    "Readers",
    "Who",
    "able_teams",
    "blocked_clusters",
    "clusters_of",
    "grants_of",
    "holders_of",
    "locked_reports",
    "machinery",
    "open_to",
    "opens_text",
    "present_readers",
    "readers_for",
    "team_name_of",
    "touching_of",
    "version_and_mark",
    "visible_report",
    "visible_reports",
]
