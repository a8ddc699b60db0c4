"""What cannot wait, on the case page: what to do at once, and the button that says who was called."""

from typing import Any

from werkzeug.wrappers import Response

from intake.core.access import Permission
from intake.reports.urgency import NAMES
from intake.triage.forms import UrgentCallForm
from intake.triage.services import Case, urgent
from intake.triage.views.case import act, may_act, panel
from intake.triage.views.desk import blueprint
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.formtoken import StaffForm


@panel(call=UrgentCallForm)
def urgent_panel(found: Case, posted: StaffForm | None) -> dict[str, Any]:
    with world().db.read() as session:
        known = urgent.urgent_of(session, web_session.signed_in(), found.report_id)
    form = posted if isinstance(posted, UrgentCallForm) else UrgentCallForm(formdata=None)
    if form is not posted:
        form.at.data = urgent.local_now(world())
    return {
        "urgent_kinds": known.kinds,
        "urgent_parts": [(kind, NAMES[kind], urgent.AT_ONCE[kind]) for kind in known.kinds],
        "urgent_known": known,
        "call_form": form,
        "called_choices": list(urgent.CALLED.items()),
    }


@blueprint.post("/staff/reports/<report_id>/urgent-call")
@staff(Permission.report_move)
def urgent_call(report_id: str) -> Response:
    who = may_act(report_id)
    form = UrgentCallForm()
    return act(
        report_id,
        form,
        done="called",
        do=lambda: urgent.record_call(
            world(), who, report_id, whom=form.whom.data or "", at=form.at.data or "", note=form.note.data or ""
        ),
    )
