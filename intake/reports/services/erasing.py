"""What is left of an erased report: under a keyed seal, with the hashes of its chains and no word of it."""

import hmac
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.core import chain
from intake.core.framing import framed
from intake.reports.models import Erased, Report


def stub(
    key: bytes, report_id: str, register_no: str, day: date, *, staff: Sequence[str], citizen: Sequence[str]
) -> dict[str, Any]:
    """The row; hashing alone, it is made inside the write that erases."""
    return {
        "report_id": report_id,
        "register_no": register_no,
        "erased_on": day,
        "staff_links": list(staff),
        "citizen_links": list(citizen),
        "seal": _seal(key, report_id, register_no, day, staff, citizen),
    }


def _seal(key: bytes, report_id: str, number: str, day: date, staff: Sequence[str], citizen: Sequence[str]) -> str:
    parts = framed(report_id, number, day.isoformat(), framed(*staff), framed(*citizen))
    return hmac.digest(key, framed("msx/erased", parts), "sha256").hex()


def is_forged(session: Session, key: bytes, row: Erased) -> bool:
    """Somebody without the secret file wrote or changed it, or the report is still there."""
    right = _seal(key, row.report_id, row.register_no, row.erased_on, row.staff_links, row.citizen_links)
    there = session.scalars(select(Report.id).where(Report.id == row.report_id)).first()
    return not hmac.compare_digest(row.seal, right) or there is not None


def heads(session: Session) -> dict[str, tuple[str, str]]:
    """report id → where its two chains ended, of all that were erased."""
    return {
        row.report_id: (_last(row.staff_links), _last(row.citizen_links)) for row in session.scalars(select(Erased))
    }


def _last(links: Sequence[str]) -> str:
    return links[-1] if links else chain.GENESIS
