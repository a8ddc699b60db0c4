"""Handing on from the case page: the form, the look before it leaves, and the sheet on paper."""

from typing import Any

from flask import make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from intake.core.access import Permission, SignedIn
from intake.core.errors import Invalid, MoveForbidden, NotFound, Stale
from intake.people.forms import ActForm, add_problems, refused_status, token_was_stale
from intake.reports.workflow import STATE_NAMES, Move, State
from intake.triage import services
from intake.triage.forms import HandOnForm
from intake.triage.services import Case, handing_on, item_keys, items, units
from intake.triage.services.casework import find_own_or_nothing
from intake.triage.services.handing_on import Restated
from intake.triage.services.items import Item
from intake.triage.services.opening import find
from intake.triage.services.sheets import sheet_of
from intake.triage.views.case import DRAWN_ELSEWHERE, act, case_page, may_act, panel
from intake.triage.views.desk import NOT_DONE, OLD_PAGE, OVERTAKEN, blueprint
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.errors import error_page
from intake.web.formtoken import StaffForm

DRAWN_ELSEWHERE.add("pass_on")


@panel(handover=HandOnForm)
def handover_panel(found: Case, posted: StaffForm | None) -> dict[str, Any]:
    """The units it may go to, and what was handed on so far; nothing where the reader cannot open the report."""
    who = web_session.signed_in()
    kinds = _kinds(found, who)
    with world().db.read() as session:
        held = find(session, who, found.report_id)
        given = items.items_of(world(), session, who, held) if held.opens else ()
        choices = units.receivers(session, tuple(State(move.to) for move in kinds)) if kinds else []
    return {
        "hand_on_kinds": kinds,
        "hand_on_receivers": choices,
        "hand_on_form": posted if isinstance(posted, HandOnForm) else HandOnForm(formdata=None),
        "hand_on_open": isinstance(posted, HandOnForm),
        "handed_on": given,
        "may_pass_on": who.actor.may(Permission.report_pass_on),
    }


def _kinds(found: Case, who: SignedIn) -> tuple[Move, ...]:
    if not who.actor.may(Permission.report_pass_on):
        return ()
    return tuple(move for move in found.moves if move.act == "pass_on")


@blueprint.post("/staff/reports/<report_id>/handovers")
@staff(Permission.report_pass_on)
def hand_on(report_id: str) -> Response:
    """First the look at what would leave; with `confirmed` it leaves."""
    who = may_act(report_id)
    form = HandOnForm()
    restated = _restated(form)
    if form.edit.data:
        return case_page(report_id, 200, posted=form)
    if not form.validate():
        problem = OLD_PAGE if token_was_stale(form) else NOT_DONE
        return case_page(report_id, refused_status(form), posted=form, problem=problem)
    if form.confirmed.data:
        return act(
            report_id,
            form,
            done="handed_on",
            do=lambda: _send(who, report_id, restated, form.seen_version),
        )
    return _preview(report_id, who, form, restated)


def _send(who: SignedIn, report_id: str, restated: Restated, version: int) -> None:
    handing_on.hand_on(world(), who, report_id, restated, version=version)


def _restated(form: HandOnForm) -> Restated:
    return handing_on.cleaned(
        Restated(
            kind=form.to.data or "",
            receiver=form.receiver.data or "",
            unit=form.unit.data or "",
            title=form.title.data or "",
            text=form.text.data or "",
            due_on=form.due_on.data or "",
            told=form.told.data or "",
        )
    )


def _preview(report_id: str, who: SignedIn, form: HandOnForm, restated: Restated) -> Response:
    try:
        looked = handing_on.look(world(), who, report_id, restated, version=form.seen_version)
    except Stale:
        return case_page(report_id, 409, posted=form, problem=OVERTAKEN)
    except MoveForbidden as refusal:
        return case_page(report_id, 422, posted=form, problem=str(refusal))
    except Invalid as refusal:
        add_problems(form, refusal.fields)
        return case_page(report_id, 422, posted=form, problem=NOT_DONE)
    page = render_template(
        "staff/handover_check.html",
        case=services.open_case(world(), who, report_id),
        looked=looked,
        restated=restated,
        form=form,
        version=form.seen_version,
        kind_name=STATE_NAMES[State(restated.kind)],
        today=world().today(),
    )
    return make_response(page)


@blueprint.post("/staff/reports/<report_id>/handovers/<item_id>/keys")
@staff(Permission.report_pass_on)
def handover_keys(report_id: str, item_id: str) -> Response:
    """Give the item's key to whoever of the unit may have it and lacks it."""
    who = may_act(report_id)
    if not ActForm().validate():
        return error_page(400)
    try:
        item_keys.grant_again(world(), who, report_id, item_id)
    except Invalid as refusal:
        return case_page(report_id, 422, problem=str(refusal))
    return redirect(url_for("triage.case", report_id=report_id, done="item_granted"), 303)


@blueprint.get("/staff/reports/<report_id>/handovers/<item_id>.pdf")
@staff(Permission.report_pass_on)
def handover_sheet(report_id: str, item_id: str) -> Response:
    """The sheet for the unit; printing it is on record."""
    who = web_session.signed_in()
    with world().db.read() as session:
        held = find_own_or_nothing(session, who, report_id)
        given = items.items_of(world(), session, who, held)
    item = next((one for one in given if one.id == item_id and one.title is not None), None)
    if item is None:
        raise NotFound
    items.record_printed(world(), who, report_id, item_id)
    return sheet(item, copy_of=item.receiver)


def sheet(item: Item, *, copy_of: str) -> Response:
    """The item on paper, named after its number alone."""
    response = make_response(sheet_of(item, copy_of=copy_of))
    response.mimetype = "application/pdf"
    response.headers.set("Content-Disposition", "attachment", filename=f"{item.number}.pdf")
    return response
