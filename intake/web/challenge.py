"""One question before an act: a signed id that carries everything, and ALTCHA's proof of work beside it. ADR 0021.

Nothing is remembered of a question that was asked. An answered one is: the library takes the same solution again and
again, so what was answered is kept until it would have run out anyway. It is kept with what it was answered for: the
same form sent twice is let through twice, and filed once.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from itsdangerous import BadSignature, Signer

from intake.core import late, vault
from intake.web import throttle
from intake.web.context import world

_LONGEST_ID: Final = 600
_LONGEST_PAYLOAD: Final = 2_000
_HARDEST: Final = 4.0  # times the work of a quiet board: a cheap telephone should not need ten seconds


@dataclass(frozen=True, slots=True)
class Challenge:
    """`scope` and `bound` say what it lets through; `tries` were wrong before; `work` is the largest number to try."""

    id: str
    scope: str
    bound: str
    issued_at: int
    tries: int
    work: int

    @property
    def seed(self) -> bytes:
        """What its question follows from."""
        return seed_of(self.id)


def seed_of(text: str) -> bytes:
    """The seed of an id's question: known to us alone, though the id is open."""
    return _key("question", text)


def issue(scope: str, bound: bytes, *, tries: int = 0, pressure: float = 0.0) -> Challenge:
    """A new one. `pressure`: how far over its limit the board is; nothing else makes it harder."""
    work = round(world().settings.challenge_work * min(_HARDEST, max(1.0, pressure)))
    issued_at = int(world().clock.now().timestamp())
    fields = [scope, _bound(bound), vault.random_bytes(9).hex(), issued_at, tries, work]
    body = base64.urlsafe_b64encode(json.dumps(fields, separators=(",", ":")).encode()).rstrip(b"=")
    return Challenge(_signer().sign(body).decode(), scope, _bound(bound), issued_at, tries, work)


def read(text: str, scope: str, bound: bytes) -> Challenge | None:
    """The one that was issued for this, or None: not ours, for something else, or too old."""
    try:
        body = _signer().unsign(text[:_LONGEST_ID].encode())
        found = json.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))
        challenge = Challenge(text, found[0], found[1], int(found[3]), int(found[4]), int(found[5]))
    except (BadSignature, ValueError, UnicodeError):
        return None
    age = world().clock.now().timestamp() - challenge.issued_at
    if challenge.scope != scope or challenge.bound != _bound(bound) or age > world().settings.challenge_seconds:
        return None
    return challenge


def puzzle(challenge: Challenge) -> str:
    """What the browser is to solve, in ALTCHA's format: a number whose hash is given."""
    key, altcha = _key("altcha", challenge.id), late.altcha
    made: Any = altcha.create_challenge(
        altcha.ChallengeOptions(algorithm="SHA-256", max_number=challenge.work, hmac_key=key)
    )
    return json.dumps(made.to_dict(), separators=(",", ":"))


def is_solved(challenge: Challenge, payload: str) -> bool:
    """Whether the payload solves a puzzle of this very challenge; whatever else it is, it does not."""
    if not 0 < len(payload) <= _LONGEST_PAYLOAD:
        return False
    try:
        solved, _ = late.altcha.verify_solution(payload, _key("altcha", challenge.id), check_expires=False)
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError):  # JSON of another shape
        return False
    return bool(solved)


def spend(challenge: Challenge, what: bytes) -> bool:
    """Whether it may be used for this: it is used once, or again for the very same."""
    key = f"spent:{hashlib.sha256(challenge.id.encode()).hexdigest()[:32]}"
    left = world().settings.challenge_seconds + 60
    return throttle.store().take(key, throttle.day_mac("spent", what.hex()), left)


def _bound(what: bytes) -> str:
    return vault.mac(world().secrets.form_token_key, "challenge", what).hex()[:24]


def _key(purpose: str, text: str) -> bytes:
    return vault.mac(world().secrets.form_token_key, purpose, text)


def _signer() -> Signer:
    return _signer_of(world().secrets.form_token_key)


@lru_cache(maxsize=4)
def _signer_of(key: bytes) -> Signer:
    return Signer(key, salt=b"msx-challenge", digest_method=hashlib.sha256)
