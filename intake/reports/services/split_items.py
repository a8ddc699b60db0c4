"""An item split from a mixed report: a report of its own, in the team's words, without a box and without a contact."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from intake.core import chain, vault
from intake.core.tables import new_id
from intake.core.world import World
from intake.reports.models import Report
from intake.reports.services import history
from intake.reports.services.filing import register_no
from intake.reports.workflow import State, winds


@dataclass(frozen=True, slots=True)
class NewItem:
    """The row of an item before it is placed, with its keys. `row` lacks nothing but what the lane decides."""

    report_id: str
    report_key: bytes
    identity_key: bytes
    text: str
    category: str | None
    row: dict[str, Any]

    def row_in(self, state: State, since: date) -> dict[str, Any]:
        return {**self.row, "state": state.value, "since": since}


def new_item(world: World, parent: Report, *, text: str, category: str | None) -> NewItem:
    """Sealed under keys of its own. Its day is the day of the original: that is when the citizen told it."""
    report_id, report_key, identity_key = new_id(), vault.new_key(), vault.new_key()
    written = {"body": text, "place": "", "happened_on": "", "subject": "", "contact_restriction": ""}
    plain = json.dumps(written, ensure_ascii=False).encode("utf-8", "surrogatepass")
    chain_key = world.secrets.chain_key
    row = {
        "id": report_id,
        "register_no": register_no(),
        "day": parent.day,
        "day_order": vault.mac(world.secrets.order_key, "day-order", report_id).hex()[:32],
        "category": category,
        "identity": "anonymous",  # the contact stays with the original
        "about_handler": False,
        "about_superior": False,
        "parent_id": parent.id,
        "awaiting_citizen": False,
        "result": None,
        "assignee_id": None,
        "version": 1,
        "content": vault.encrypt(report_key, plain, ("report", report_id, "content")),
        "contact": vault.encrypt(
            identity_key, b"", ("report", report_id, "contact"), at_least=world.settings.field_max * 4
        ),
        "box_tag": None,
        "box_for_receipt": None,
        "box_for_staff": None,
        "rated": False,
        "staff_seq": 0,
        "staff_head": chain.GENESIS,
        "staff_seal": history.seal(chain_key, "staff", report_id, 0, chain.GENESIS),
        "citizen_seq": 0,
        "citizen_head": chain.GENESIS,
        "citizen_seal": history.seal(chain_key, "citizen", report_id, 0, chain.GENESIS),
    }
    return NewItem(report_id, report_key, identity_key, text, category, row)


def since_of(parent: Report, state: State, day: date) -> date:
    """The item's clock: it goes on where the original's runs the same, and begins today where it does not."""
    return day if winds(State(parent.state), state) else parent.since
