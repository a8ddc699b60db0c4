"""What citizens do with reports: file, look up, answer, rate."""

from intake.reports.services.additions import Added
from intake.reports.services.arriving import Words, read_words
from intake.reports.services.box import (
    Box,
    BoxAddition,
    BoxMessage,
    Step,
    add_to_report,
    already_added,
    open_box,
    rate_report,
)
from intake.reports.services.filing import Filed, already_filed, file_report
from intake.reports.services.photos import FileProblem, Upload
from intake.reports.services.usual import usual_of

__all__ = [
    "Added",
    "Box",
    "BoxAddition",
    "BoxMessage",
    "FileProblem",
    "Filed",
    "Step",
    "Upload",
    "Words",
    "add_to_report",
    "already_added",
    "already_filed",
    "file_report",
    "open_box",
    "rate_report",
    "read_words",
    "usual_of",
]
