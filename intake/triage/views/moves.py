"""Acts on a case that every team does: moving, being the second person, answering, noting, opening the contact."""

from flask import url_for
from werkzeug.wrappers import Response

from intake.core.access import Permission, SignedIn
from intake.core.errors import MoveForbidden
from intake.people.forms import ActForm
from intake.triage import services
from intake.triage.forms import AnswerForm, MoveForm, NoteForm, RevealForm, SecondForm
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
    return act(report_id, form, done=form.to.data or "placed", do=lambda: _move(who, report_id, form))


def _move(who: SignedIn, report_id: str, form: MoveForm) -> str | None:
    taken = services.move(
        world(),
        who,
        report_id,
        to=form.to.data or "",
        version=form.seen_version,
        reason=form.reason.data or "",
        text=form.text.data or "",
        result=form.result.data or "",
        team_id=form.team_id.data or "",
        place=form.place.data or "",
        report=form.report.data or "",
        dismissed=form.dismissed.data,
    )
    return None if taken else "proposed"


@blueprint.post("/staff/reports/<report_id>/second")
@staff(Permission.report_move)
def second(report_id: str) -> Response:
    who = may_act(report_id)
    form = SecondForm()
    return act(report_id, form, done="", do=lambda: _decide(who, report_id, form))


def _decide(who: SignedIn, report_id: str, form: SecondForm) -> str:
    version, decision = form.seen_version, form.decision.data
    if decision == "agree":
        services.agree(world(), who, report_id, version=version)
        return "agreed"
    if decision == "decline":
        services.decline(world(), who, report_id, text=form.text.data or "", version=version)
        return "declined"
    if decision == "withdraw":
        services.withdraw(world(), who, report_id, version=version)
        return "taken_back"
    raise MoveForbidden("请选“同意”或“不同意”。")


@blueprint.post("/staff/reports/<report_id>/reveal")
@staff(Permission.contact_reveal)
def reveal(report_id: str) -> Response:
    who = may_act(report_id)
    form = RevealForm()
    return act(report_id, form, done="proposed", do=lambda: _ask_reveal(who, report_id, form))


def _ask_reveal(who: SignedIn, report_id: str, form: RevealForm) -> None:
    services.ask_reveal(
        world(),
        who,
        report_id,
        ground=form.reason.data or "",
        text=form.text.data or "",
        version=form.seen_version,
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
