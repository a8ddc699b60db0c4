"""From the case page: how the citizen called somebody. It counts for this report at once."""

from typing import Any

from werkzeug.wrappers import Response

from intake.core.access import Permission
from intake.routing.forms import CaseAliasForm
from intake.routing.queries.targets import ABOVE, ALIAS_KINDS, candidates
from intake.routing.services import naming
from intake.triage.services import Case, rereading
from intake.triage.views.case import act, may_act, panel
from intake.triage.views.desk import blueprint
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.formtoken import StaffForm

# Which words shield others is the office's to say, on its own page.
KINDS = {kind: words for kind, words in ALIAS_KINDS.items() if kind != "ignore"}


@panel(alias=CaseAliasForm)
def alias_panel(case: Case, posted: StaffForm | None) -> dict[str, Any]:
    if case.locked is not None or not web_session.actor().may(Permission.report_move):
        return {"alias_form": None}
    with world().db.read() as session:
        known = [c.spellings[-1] for kind in ("team", "person", "post") for c in candidates(session, kind)]
        known += [c.spellings[0] for c in candidates(session, "organisation")]
    form = posted if isinstance(posted, CaseAliasForm) else CaseAliasForm(formdata=None)
    return {
        "alias_form": form,
        "alias_kinds": list(KINDS.items()),
        "alias_known": list(dict.fromkeys(known)),
        "alias_open": isinstance(posted, CaseAliasForm),
    }


@blueprint.post("/staff/reports/<report_id>/alias")
@staff(Permission.report_move)
def add_alias(report_id: str) -> Response:
    who, form = may_act(report_id), CaseAliasForm()

    def do() -> str:
        kind = form.kind.data or ""
        target = (form.target.data or "").strip() or (ABOVE if kind == "level" else "")
        naming.add_alias(world(), who.actor, text=form.text.data or "", kind=kind, target=target)
        return "alias_counts" if rereading.reread(world(), who, among=[report_id]).named else "alias_added"

    return act(report_id, form, done="alias_added", do=do)
