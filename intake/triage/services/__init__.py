"""What staff do with reports."""

from intake.triage.services import purging, replacing, returning, sealed, sealing
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
from intake.triage.services.links import Linked, link, linked_of, unlink
from intake.triage.services.recusing import recuse_self
from intake.triage.services.second import agree, ask_reveal, decline, withdraw
from intake.triage.services.splitting import ItemText, may_split, split
from intake.triage.services.story import CaseReader, StoryLine
from intake.triage.services.transferring import Round, hand_over_round

__all__ = [
    "Case",
    "CaseAddition",
    "CaseFile",
    "CaseMessage",
    "CaseNote",
    "CaseReader",
    "ItemText",
    "Linked",
    "OpenedFile",
    "Round",
    "StoryLine",
    "Waiting",
    "add_note",
    "agree",
    "answer",
    "ask_reveal",
    "decline",
    "hand_over_round",
    "link",
    "linked_of",
    "may_split",
    "move",
    "open_case",
    "open_file",
    "purging",
    "recuse_self",
    "replacing",
    "returning",
    "reveal_contact",
    "sealed",
    "sealing",
    "split",
    "unlink",
    "withdraw",
]
