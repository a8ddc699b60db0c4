"""Somebody with the whole database, the store and the secret file, who tries every key on every lock."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress

from sqlalchemy import select

from intake.core import vault
from intake.core.secretfile import Secrets
from intake.core.vault import Bound, KeyPair, OpenedKeys, VaultError
from intake.core.world import World
from intake.people.models import PersonKey
from intake.reports.models import Addition, BoxMessage, Note, Report, ReportFile
from intake.routing.models import Grant
from intake.routing.services import bound

_LABELS = (
    "content",
    "contact",
    "report",
    "identity",
    "box",
    "file",
    "blob",
    "msx",
    "msx/report",
    "msx/box",
    "msx/seen",
)


def keys_of(secrets: Secrets) -> dict[str, bytes]:
    """Every 32 bytes that the secret file holds or leads to."""
    found = {"root": secrets.root, "pepper": secrets.pepper}
    for name in ("form_token_key", "receipt_key", "chain_key", "spent_key", "order_key", "limiter_key", "csrf_key"):
        found[name] = getattr(secrets, name)
    found |= {f"sha256 of {name}": hashlib.sha256(key).digest() for name, key in list(found.items())}
    for name in ("root", "pepper"):
        found |= {f"{name} for {label}": vault.derive(found[name], label) for label in _LABELS}
    publics = (secrets.county.reading, secrets.county.signing, secrets.superior.reading, secrets.backup)
    return found | {f"public {number}": key for number, key in enumerate(publics)}


def locks_of(world: World) -> Iterator[tuple[Bound, bytes]]:
    """Every sealed field there is, with the place that it is bound to."""
    with world.db.read() as session:
        for report in session.scalars(select(Report)):
            for field in ("content", "contact", "box_for_receipt", "box_for_staff"):
                yield ("report", report.id, field), getattr(report, field)
        for addition in session.scalars(select(Addition)):
            yield ("addition", addition.id, "content"), addition.content
        for file in session.scalars(select(ReportFile)):
            yield ("report_file", file.id, "meta"), file.meta
            yield ("report_file", file.id, "blob"), world.storage.get(file.blob)
        for message in session.scalars(select(BoxMessage)):
            yield ("box_message", f"{message.report_id}/{message.seq}", "text"), message.text
        for note in session.scalars(select(Note)):
            yield ("note", f"{note.report_id}/{note.seq}", "text"), note.text
        for key in session.scalars(select(PersonKey)):
            if key.sealed_secrets:
                yield ("person_key", key.id, "sealed_secrets"), key.sealed_secrets


def open_fields(world: World, keys: dict[str, bytes]) -> list[str]:
    """What opens with any of `keys`: "key: table field"."""
    opened = []
    for place, sealed in locks_of(world):
        unlock = vault.decrypt_file if place[2] == "blob" else vault.decrypt
        for name, key in keys.items():
            with suppress(VaultError):
                unlock(key, sealed, place)
                opened.append(f"{name}: {place[0]} {place[2]}")
    return opened


def open_grants(world: World, pairs: dict[str, KeyPair]) -> list[str]:
    """Which grants open with any of `pairs`: "key: envelope of holder"."""
    opened = []
    with world.db.read() as session:
        for grant in session.scalars(select(Grant)):
            for name, pair in pairs.items():
                with suppress(VaultError):
                    vault.unseal(pair, grant.sealed, bound(grant.report_id, grant.envelope))
                    opened.append(f"{name}: {grant.holder}")
    return opened


def pairs_of(keys: dict[str, bytes]) -> dict[str, KeyPair]:
    """Each key taken as the seed of a recovery key, and as the secret half of a reading pair."""
    found: dict[str, KeyPair] = {}
    for name, key in keys.items():
        found[f"{name} as seed"] = vault.keys_from_seed(key).reading
        found[f"{name} as secret"] = OpenedKeys.unpack(key + key).reading
    return found
