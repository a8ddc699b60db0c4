"""All that a citizen wrote, folded as names are looked for; for whoever has the keys in hand."""

import json
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.core import vault
from intake.reports.models import Addition, Report
from intake.routing.aliases import Folded, fold


def words_of(session: Session, report_id: str, keys: Mapping[str, bytes]) -> Folded:
    """All that the citizen wrote and that opens, each text by itself: as it was read when it came."""
    report = session.get_one(Report, report_id)
    plain = json.loads(vault.decrypt(keys["report"], report.content, ("report", report_id, "content")))
    texts = [str(plain.get(name, "")) for name in ("body", "subject", "place")]
    for row in session.scalars(select(Addition).where(Addition.report_id == report_id).order_by(Addition.seq)):
        if row.id in keys:
            value = json.loads(vault.decrypt(keys[row.id], row.content, ("addition", row.id, "content")))
            texts.append(str(value.get("text", "")))
    return Folded("|".join(map(fold, texts)))
