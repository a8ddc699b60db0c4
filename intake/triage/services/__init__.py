"""What staff do with reports."""

from intake.triage.services import purging
from intake.triage.services.acts import add_note, answer, move
from intake.triage.services.casework import (
    Case,
    CaseAddition,
    CaseFile,
    CaseMessage,
    CaseNote,
    OpenedFile,
    Waiting,
    open_case,
    open_file,
    reveal_contact,
)
from intake.triage.services.second import agree, ask_reveal, decline, withdraw
from intake.triage.services.story import CaseReader, StoryLine

__all__ = [
    "Case",
    "CaseAddition",
    "CaseFile",
    "CaseMessage",
    "CaseNote",
    "CaseReader",
    "OpenedFile",
    "StoryLine",
    "Waiting",
    "add_note",
    "agree",
    "answer",
    "ask_reveal",
    "decline",
    "move",
    "open_case",
    "open_file",
    "purging",
    "reveal_contact",
    "withdraw",
]
