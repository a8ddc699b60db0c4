"""What is kept of a citizen: every table, every column, and how finely. A test compares this with the tables.

A column that is not named here fails the suite, so nobody adds one in passing. `docs/threat-model.md` says what the
grains mean for somebody who has the whole database.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Grain(StrEnum):
    """How much a column can say."""

    SEALED = "sealed"  # encrypted and padded: only whoever holds a key reads it
    KEYED = "keyed"  # a keyed hash: without the key it leads back to nothing
    RANDOM = "random"  # drawn by chance: an id, a number, or a reference to one
    DAY = "day"  # a date, never a time
    BOARD = "board"  # which board, place or team: what the report is about, not who sent it
    CHOICE = "choice"  # one of a short list that the citizen or the routing chose
    NUMBER = "number"  # a count or an order inside one report, or a sum of a day
    VERSION = "version"  # of the rules or the words under which it was placed
    STAFF = "staff"  # what a member of staff did with it, or who
    STAFF_TIME = "staff time"  # when a member of staff acted: their acts are on record to the second


_S, _K, _R, _D, _B = Grain.SEALED, Grain.KEYED, Grain.RANDOM, Grain.DAY, Grain.BOARD
_C, _N, _V, _W, _T = Grain.CHOICE, Grain.NUMBER, Grain.VERSION, Grain.STAFF, Grain.STAFF_TIME

Columns = Mapping[str, Grain]


def _columns(**grains: Grain) -> Columns:
    return MappingProxyType(grains)


# Tables with rows of citizens, or of what became of them.
KEPT: Final[Mapping[str, Columns]] = MappingProxyType(
    {
        "report": _columns(
            id=_R, register_no=_R, day=_D, day_order=_K, category=_C, identity=_C, about_handler=_C, about_superior=_C,
            state=_W, since=_D, awaiting_citizen=_W, result=_W, assignee_id=_W, version=_N, content=_S, contact=_S,
            parent_id=_R, box_tag=_K, box_for_receipt=_S, box_for_staff=_S, rated=_C, staff_seq=_N, staff_head=_K,
            supervised=_W, staff_seal=_K, citizen_seq=_N, citizen_head=_K, citizen_seal=_K,
        ),
        "addition": _columns(id=_R, report_id=_R, seq=_N, kind=_C, day=_D, content=_S),
        "report_file": _columns(
            id=_R, report_id=_R, envelope=_R, position=_N, day=_D, blob=_R, meta=_S, seen=_K
        ),
        "box_message": _columns(report_id=_R, seq=_N, day=_D, author_id=_W, asks=_W, text=_S),
        "note": _columns(report_id=_R, seq=_N, at=_T, author_id=_W, text=_S),
        "spent": _columns(tag=_K, day=_D),
        "staff_event": _columns(report_id=_R, seq=_N, at=_T, actor_id=_W, kind=_W, data=_W, prev=_K, hash=_K),
        "citizen_event": _columns(report_id=_R, seq=_N, day=_D, kind=_C, data=_N, prev=_K, hash=_K),
        "placement": _columns(
            report_id=_R, board_code=_B, site_id=_B, place_code=_B, place_site_id=_B, team_id=_B, lane=_C, urgent=_C,
            guardian=_C, reasons=_C, rules_version=_V, alias_version=_V, cluster=_R, flock=_R, behind=_R,
            mark=_K,
        ),
        "locked_away": _columns(report_id=_R, locked_on=_D, erase_on=_D, lane=_C, mark=_K, box_tag=_K),
        "erased": _columns(
            report_id=_R, register_no=_R, erased_on=_D, staff_links=_K, citizen_links=_K, seal=_K
        ),
        "mention": _columns(report_id=_R, kind=_C, target=_B, source=_C, dismissed=_W),
        "report_link": _columns(report_id=_R, other_id=_R, kind=_C, day=_D, made_by=_W),
        "sketch": _columns(
            report_id=_R, marks=_K, day=_D, b0=_K, b1=_K, b2=_K, b3=_K, b4=_K, b5=_K, b6=_K, b7=_K
        ),
        "report_grant": _columns(report_id=_R, envelope=_R, holder=_W, key_id=_R, sealed=_S, granted_on=_D),
        "release": _columns(
            report_id=_R, envelope=_R, from_id=_W, to_id=_W, sealed=_S, released_at=_T, expires_at=_T
        ),
        "board_sum": _columns(board_code=_B, day=_D, kind=_C, count=_N),
        "board_word": _columns(board_code=_B, day=_D, kind=_C, count=_N, settled=_N),
        "alarm": _columns(id=_R, day=_D, kind=_W, report_id=_R, team_id=_B),
        "pending": _columns(
            report_id=_R, kind=_W, to=_W, reason=_W, result=_W, team_id=_B, text=_S, dismissed=_W, proposer_id=_W,
            at=_T, version=_N,
        ),
        "reveal": _columns(report_id=_R, person_id=_W, agreed_by=_W, until=_T),
        "handover": _columns(
            id=_R, report_id=_R, number=_R, kind=_W, to_team_id=_B, to_target=_W, text=_S, day=_D, due_on=_D, state=_W,
            by=_W, at=_T, reply=_S, replied_on=_D,
        ),
    }
)  # fmt: skip

# What an event of a citizen's chain may say besides its kind and day: how many photos came, how the report began,
# and what its words set off (whose keys went, from which team to which it climbed).
CITIZEN_EVENT_DATA: Final = frozenset({"photos", "state", "holders", "from", "to"})

# Tables in which nothing of a citizen stands, each with what it is about. Boards are scanned, never followed.
NOT_CITIZENS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "activation_link": "staff",
        "alias": "words for teams, people and posts",
        "board": "a board and its code",
        "board_event": "what the office did with a board",
        "board_patrol": "what a member of staff found at a board",
        "board_print": "which board was printed, when and by whom",
        "board_revision": "the numbered wordings of a board, with their check words",
        "conflict": "who must not handle what",
        "epoch": "a counter of changes to the set of readers",
        "facts_seal": "a mark over what decides the routing",
        "organisation": "owners, contractors, supervisors",
        "organisation_alias": "words for organisations",
        "people_event": "what was done to staff accounts",
        "person": "staff",
        "person_key": "staff",
        "print_job": "boards that the office prints in the background",
        "region": "counties, towns, villages",
        "round": "rounds of inspection: who sends them, from when to when",
        "routing_rule": "the ordered rules",
        "site": "works projects, villages, units",
        "spare_code": "staff",
        "staff_session": "staff",
        "team": "staff",
    }
)
