"""What staff do with reports."""

from intake.triage.services.acts import add_note, answer, move
from intake.triage.services.casework import (
    Case,
    CaseAddition,
    CaseFile,
    CaseMessage,
    CaseNote,
    CaseReader,
    OpenedFile,
    StoryLine,
    open_case,
    open_file,
    reveal_contact,
)

__all__ = [
    "Case",
    "CaseAddition",
    "CaseFile",
    "CaseMessage",
    "CaseNote",
    "CaseReader",
    "OpenedFile",
    "StoryLine",
    "add_note",
    "answer",
    "move",
    "open_case",
    "open_file",
    "reveal_contact",
]
