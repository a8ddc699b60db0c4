"""Acts on a case that every team does: moving, answering, noting, opening the contact."""

from flask import url_for
from werkzeug.wrappers import Response

from intake.core.access import Permission
from intake.people.forms import ActForm
from intake.triage import services
from intake.triage.forms import AnswerForm, MoveForm, NoteForm
from intake.triage.views.case import act, case_page, may_act
from intake.triage.views.desk import blueprint
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.errors import error_page


@blueprint.post("/staff/reports/<report_id>/move")
@staff(Permission.report_move)
def move(report_id: str) -> Response:
    who = may_act(report_id)
    form = MoveForm()
    return act(
        report_id,
        form,
        done=form.to.data or "",
        do=lambda: services.move(
            world(),
            who,
            report_id,
            to=form.to.data or "",
            version=form.seen_version,
            reason=form.reason.data or "",
            text=form.text.data or "",
            result=form.result.data or "",
        ),
    )


@blueprint.post("/staff/reports/<report_id>/answer")
@staff(Permission.report_answer)
def answer(report_id: str) -> Response:
    who = may_act(report_id)
    form = AnswerForm()
    return act(
        report_id,
        form,
        done="asked" if form.ask.data else "answered",
        do=lambda: services.answer(
            world(),
            who,
            report_id,
            text=form.text.data or "",
            ask=bool(form.ask.data),
            version=form.seen_version,
        ),
    )


@blueprint.post("/staff/reports/<report_id>/note")
@staff(Permission.report_open)
def note(report_id: str) -> Response:
    who = may_act(report_id)
    form = NoteForm()
    text = form.text.data or ""
    return act(report_id, form, done="noted", do=lambda: services.add_note(world(), who, report_id, text=text))


@blueprint.post("/staff/reports/<report_id>/contact")
@staff(Permission.contact_reveal)
def contact(report_id: str) -> Response:
    who = may_act(report_id)
    if not ActForm().validate():
        return error_page(400)
    elsewhere = web_session.require_confirmed_password(url_for("triage.case", report_id=report_id))
    if elsewhere is not None:
        return elsewhere
    return case_page(report_id, 200, contact=services.reveal_contact(world(), who, report_id))
