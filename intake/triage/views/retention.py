"""What is past its time: the list before it is erased, and saying that something is needed longer."""

from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from intake.core.access import Permission
from intake.core.errors import NotFound
from intake.people.forms import ActForm
from intake.triage.queries import about
from intake.triage.services import Case, retention
from intake.triage.services.opening import find
from intake.triage.views.case import panel
from intake.triage.views.desk import blueprint
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.errors import error_page
from intake.web.formtoken import StaffForm


@blueprint.get("/admin/retention")
@staff(Permission.retention_manage)
def retention_list() -> Response:
    settings, today = world().settings, world().today()
    with world().db.read() as session:
        waiting = retention.waiting_to_be_erased(session, web_session.signed_in())
        # Of what is gone nobody knows any more whom it concerned: the exact number would tell of what was sealed.
        erased = about(retention.count_erased(session))
    page = render_template(
        "office/retention.html",
        waiting=waiting,
        erased=erased,
        settings=settings,
        form=ActForm(formdata=None),
        today=today,
    )
    return make_response(page)


@blueprint.post("/admin/retention/<report_id>/keep")
@staff(Permission.retention_manage)
def retention_keep(report_id: str) -> Response:
    with world().db.read() as session:
        waiting = retention.waiting_to_be_erased(session, web_session.signed_in())
    if report_id not in {one.report_id for one in waiting}:  # authority before the token: like nothing
        raise NotFound
    if not ActForm().validate():
        return error_page(400)
    retention.keep(world(), web_session.signed_in(), report_id)
    return redirect(url_for("triage.retention_list", done="kept"), 303)


@blueprint.post("/staff/reports/<report_id>/supervise")
@staff(Permission.report_move)
def supervise(report_id: str) -> Response:
    """`on` is y or nothing."""
    who = web_session.signed_in()
    with world().db.read() as session:
        find(session, who, report_id)
    if not ActForm().validate():
        return error_page(400)
    wanted = request.form.get("on") == "y"
    retention.supervise(world(), who, report_id, on=wanted)
    done = "supervised" if wanted else "not_supervised"
    return redirect(url_for("triage.case", report_id=report_id, done=done), 303)


@panel()
def supervise_panel(found: Case, _posted: StaffForm | None) -> dict[str, Any]:
    who = web_session.signed_in()
    with world().db.read() as session:
        held = find(session, who, found.report_id)
    return {
        "supervised": held.report.supervised,
        "may_supervise": retention.may_supervise(who, theirs=held.theirs),
    }
