"""Who may be believed to read: signed statements about keys, up to the pinned recovery keys. ADR 0001.

Pure. What a row of the database claims counts for nothing here; only signatures do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from intake.core import vault
from intake.core.access import ROLE_PERMISSIONS, Permission, Role, fits_house
from intake.core.framing import framed

COUNTY: Final = "county"
SUPERIOR: Final = "superior"

# What each recovery key may vouch for: the first person of its own house, nobody else.
_ROOT_SIGNS: Final = {COUNTY: Role.office, SUPERIOR: Role.superior}
_CONFIRMING_ROLES: Final = frozenset(role for role, may in ROLE_PERMISSIONS.items() if Permission.keys_confirm in may)
# A county has tens of keys; a signature checked once stays checked while the process lives.
_VERIFIED_KEPT: Final = 4096


@dataclass(frozen=True, slots=True)
class Statement:
    """Person, team, role, both public keys, day: what a colleague looks at and signs."""

    person_id: str
    login: str
    team_id: str | None
    role: str
    reading_public: bytes
    signing_public: bytes
    day: date

    def message(self) -> bytes:
        """The bytes that are signed: the domain first, every part framed; no team differs from every team."""
        team = ("team", self.team_id) if self.team_id is not None else ("no team", "")
        return framed(
            "msx/person-key/1",
            self.person_id,
            self.login,
            *team,
            self.role,
            self.reading_public,
            self.signing_public,
            self.day.isoformat(),
        )


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A statement with its signature. `signer`: a key id, or "county" or "superior" for a recovery key."""

    statement: Statement
    signer: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Roots:
    """The public signing keys of both recovery keys: from the secret file, never from the database."""

    county: bytes
    superior: bytes


def trusted(key_id: str, confirmations: Mapping[str, Confirmation], roots: Roots) -> bool:
    """Whether signatures lead from this key to a pinned root, each by somebody who may sign it.

    `confirmations` has every key's by key id, those of retired keys too: who left has signed rightly before.
    """
    root_keys = {COUNTY: roots.county, SUPERIOR: roots.superior}
    walked: set[str] = set()
    current = key_id
    while current not in walked:
        walked.add(current)
        confirmation = confirmations.get(current)
        if confirmation is None:
            return False
        root = root_keys.get(confirmation.signer)
        if root is not None:
            may = confirmation.statement.role == _ROOT_SIGNS[confirmation.signer] and _in_house(confirmation.statement)
            return may and _holds(confirmation, root)
        signer = confirmations.get(confirmation.signer)
        if signer is None or not may_sign(signer.statement, confirmation.statement):
            return False
        if not _holds(confirmation, signer.statement.signing_public):
            return False
        current = confirmation.signer
    return False


def may_sign(signer: Statement, newcomer: Statement) -> bool:
    """Whether one person may vouch for another: another person, of a house that reaches that far.

    The superior's people for the superior's alone; the office for all but those; others for their own team,
    and never into the office, which would let one team's key open the way to every team.
    """
    if signer.person_id == newcomer.person_id or signer.role not in _CONFIRMING_ROLES:
        return False
    if not (_in_house(signer) and _in_house(newcomer)):
        return False
    if Role.superior in (signer.role, newcomer.role):
        return signer.role == newcomer.role
    if signer.role == Role.office:
        return True
    same_team = signer.team_id is not None and signer.team_id == newcomer.team_id
    return same_team and newcomer.role != Role.office


def _in_house(statement: Statement) -> bool:
    """No ordinary role inside the office or the superior, and neither of theirs anywhere else."""
    return fits_house(statement.role, statement.team_id)


def _holds(confirmation: Confirmation, public: bytes) -> bool:
    return _verified(public, confirmation.statement.message(), confirmation.signature)


@lru_cache(maxsize=_VERIFIED_KEPT)
def _verified(public: bytes, message: bytes, signature: bytes) -> bool:
    return vault.verify(public, message, signature)
