"""The runtime half of "every staff query over reports runs through the row filter".

Every SELECT that a request sends while it reads is looked at: one that touches reports either carries the filter
(its placement is called `visible`) or is bound to reports by id, each of which this person may know of.
"""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, event

from intake.core.db import in_write

INTAKE: Final = Path(__file__).resolve().parents[2] / "intake"
# Whatever has rows of reports, or says something about one.
REPORT_TABLES: Final = (
    "report", "placement", "report_grant", "mention", "report_link", "sketch", "release", "handover", "pending",
    "reveal", "addition", "report_file", "box_message", "note", "staff_event", "citizen_event", "alarm",
    "locked_away", "erased",
)  # fmt: skip
FILTER: Final = re.compile(r"\bplacement AS visible\b")
_READS: Final = re.compile(rf'(?:FROM|JOIN|,)\s+"?({"|".join(REPORT_TABLES)})"?(?=[\s,)]|$)')
NOTHING: Final = "a" * 26  # an id that nobody has
_NONE: Final = re.compile(r"1 ?!= ?1")  # a list of ids that turned out empty
# Functions that read without the filter, each with its reason: nothing of what they read is shown to anybody.
DECIDING: Final[dict[str, str]] = {
    "routing/queries/knowledge.py:touching_of": "what a cluster touches decides who is kept out of it",
    "routing/queries/knowledge.py:_touching_of": "as above",
    "routing/queries/marks.py:ahead_of": "as above: what a held report stands behind",
    "routing/queries/knowledge.py:clusters_of": "which clusters a change touches, to settle them",
    "routing/services/keys.py:backlog_of": "what the giver holds a key of: nobody recused holds one",
    "routing/services/keys.py:grant_backlog": "what the giver holds a key of: nobody recused holds one",
    "routing/services/registering.py:refers_to": "whether a site may be taken out at all: yes or no, and no more",
    "triage/services/retention.py:count_erased": "all that ever were erased, in one number that pages round",
    "triage/services/returning.py:_way": "whom something linked with it names decides who is kept out of it",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """What was sent, with the functions of the product that sent it, innermost last."""

    sql: str
    values: frozenset[str]
    senders: tuple[str, ...]

    @property
    def tables(self) -> frozenset[str]:
        return frozenset(_READS.findall(self.sql))


@dataclass(frozen=True, slots=True)
class Eyes:
    """Somebody's: their own id, and the reports that they may know of among all there are.

    `owners` says to which report the id of a file, an addition or an item belongs.
    """

    person_id: str
    known: frozenset[str]
    reports: frozenset[str]
    owners: dict[str, str]


@dataclass
class Watch:
    """The SELECTs of one request over tables of reports."""

    seen: list[Statement] = field(default_factory=list)

    def unfiltered(self, eyes: Eyes) -> list[str]:
        """What is neither filtered nor bound to reports that this person may know of."""
        return [problem for statement in self.seen if (problem := _problem(statement, eyes))]


def _problem(statement: Statement, eyes: Eyes) -> str | None:
    if FILTER.search(statement.sql) or any(sender in DECIDING for sender in statement.senders):
        return None
    if _NONE.search(statement.sql) or NOTHING in statement.values:
        return None  # bound to nothing at all
    if statement.tables == {"report_grant"} and eyes.person_id in statement.values:
        return None  # one's own keys
    # Bound to a report by its own id, or else by the id of something that belongs to one.
    owned = frozenset(eyes.owners[value] for value in statement.values & eyes.owners.keys())
    asked = (statement.values & eyes.reports) or owned
    where = statement.senders[-1] if statement.senders else "nobody of ours"
    if not asked:
        return f"{where}: {sorted(statement.tables)} without the row filter: {statement.sql[:400]}"
    if asked - eyes.known:
        return f"{where}: {sorted(statement.tables)} of a report that this person may not know of"
    return None


@contextmanager
def watching() -> Iterator[Watch]:
    """Look at every SELECT over reports that is sent outside of `db.write`."""
    watch = Watch()

    def note(connection: Connection, cursor: Any, sql: str, parameters: Any, context: Any, many: bool) -> None:
        if in_write() or many or not sql.lstrip().startswith(("SELECT", "WITH")):
            return
        if _READS.search(sql):
            watch.seen.append(Statement(sql, frozenset(_values(parameters)), tuple(_senders())))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield watch
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def _values(parameters: Any) -> Iterator[str]:
    for value in parameters.values() if isinstance(parameters, dict) else parameters:
        if isinstance(value, str):
            yield value


def _senders() -> Iterator[str]:
    for frame in traceback.extract_stack():
        path = Path(frame.filename)
        if INTAKE in path.parents:
            yield f"{path.relative_to(INTAKE).as_posix()}:{frame.name}"
