"""The sealed lane's two people: one hands their share to another for a day, and the two shares open the key.

A release is sealed to its receiver alone and bound to who gave it, to whom, and until when: moved to another row,
or given a longer life by whoever can write to the database, it opens nothing. ADR 0009.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from intake.core import sharing, vault
from intake.core.errors import Forbidden
from intake.core.vault import KeyPair
from intake.core.world import World
from intake.people.queries import Reader
from intake.routing.models import Grant, Release
from intake.routing.services.placing import open_grant

LASTS = timedelta(days=1)
_UNUSABLE = "放行的这一份打不开，请同事再放行一次。"


def release_rows(
    pair: KeyPair, shares: Mapping[str, Grant], receivers: Iterable[Reader], *, giver: str, now: datetime
) -> list[dict[str, Any]]:
    """The giver's own share of every envelope, sealed to each receiver. Work for the prepare half."""
    until = now + LASTS
    opened = {envelope: open_grant(pair, grant) for envelope, grant in shares.items()}
    return [
        {
            "report_id": shares[envelope].report_id,
            "envelope": envelope,
            "from_id": giver,
            "to_id": reader.holder,
            "sealed": vault.seal(
                reader.public, share, _bound(shares[envelope].report_id, envelope, giver, reader.holder, until)
            ),
            "released_at": now,
            "expires_at": until,
        }
        for reader in receivers
        if reader.holder != giver
        for envelope, share in opened.items()
    ]


def _bound(report_id: str, envelope: str, giver: str, receiver: str, until: datetime) -> vault.Bound:
    return ("release", report_id, f"{envelope}/{giver}/{receiver}/{until.astimezone(UTC).isoformat()}")


def live_releases(session: Session, report_id: str, *, receiver: str, now: datetime) -> dict[str, Release]:
    """envelope → the release to this person that lives longest; one's own is none."""
    rows = session.scalars(
        select(Release)
        .where(
            Release.report_id == report_id,
            Release.to_id == receiver,
            Release.from_id != receiver,
            Release.expires_at > now,
        )
        .order_by(Release.expires_at, Release.from_id)
    )
    return {row.envelope: row for row in rows}


def join_release(pair: KeyPair, grant: Grant, release: Release) -> bytes:
    """The key that one's own share and a released one open together. Raises `Forbidden` where they do not."""
    place = _bound(release.report_id, release.envelope, release.from_id, release.to_id, release.expires_at)
    try:
        return sharing.join(open_grant(pair, grant), vault.unseal(pair, release.sealed, place))
    except (sharing.SharesError, vault.VaultError) as error:
        raise Forbidden(_UNUSABLE) from error


def sweep_releases(world: World) -> int:
    """Delete what has expired; it opens nothing any more. Returns how many. Safe to run twice."""
    now = world.clock.now()

    def record(session: Session) -> int:
        gone = delete(Release).where(Release.expires_at <= now).returning(Release.report_id)
        return len(session.scalars(gone).all())

    return world.db.write(record)
