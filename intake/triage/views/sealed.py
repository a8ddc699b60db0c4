"""The sealed lane on the case page: releasing one's share, opening as the second person, sharing out anew."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for
from werkzeug.wrappers import Response

from intake.core.access import Permission, SignedIn
from intake.core.errors import Forbidden
from intake.people.forms import ActForm
from intake.triage.forms import ReleaseForm
from intake.triage.services import Case, returning, sealed
from intake.triage.views.case import act, case_page, may_act, panel
from intake.triage.views.desk import blueprint
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.formtoken import StaffForm

_SENDS_BACK = "send_back"


@blueprint.post("/staff/reports/<report_id>/release")
@staff(Permission.sealed_open)
def release(report_id: str) -> Response:
    form = ReleaseForm()
    return _key_act(
        report_id, form, "released", lambda who: sealed.release(world(), who, report_id, to=form.receiver.data or "")
    )  # fmt: skip


@blueprint.post("/staff/reports/<report_id>/take-back")
@staff(Permission.sealed_open)
def take_back(report_id: str) -> Response:
    return _key_act(
        report_id, ActForm(), "release_taken_back", lambda who: sealed.take_back(world(), who, report_id)
    )  # fmt: skip


@blueprint.post("/staff/reports/<report_id>/unseal")
@staff(Permission.sealed_open)
def unseal(report_id: str) -> Response:
    return _key_act(report_id, ActForm(), "unsealed", lambda who: sealed.unseal(world(), who, report_id))


@blueprint.post("/staff/reports/<report_id>/share-anew")
@staff(Permission.sealed_open)
def share_anew(report_id: str) -> Response:
    return _key_act(report_id, ActForm(), "shared_anew", lambda who: sealed.share_anew(world(), who, report_id))


def _key_act(report_id: str, form: StaffForm, done: str, do: Callable[[SignedIn], None]) -> Response:
    """An act with keys asks for the password again; where it cannot be done, the page says why."""
    who = may_act(report_id)
    if form.validate():
        elsewhere = web_session.require_confirmed_password(url_for("triage.case", report_id=report_id))
        if elsewhere is not None:
            return elsewhere
    try:
        return act(report_id, form, done=done, do=lambda: do(who))
    except Forbidden as refusal:
        return case_page(report_id, 403, posted=form, problem=str(refusal))


@panel(release=ReleaseForm)
def sealed_panel(found: Case, posted: StaffForm | None) -> dict[str, Any]:
    """`sealed`: how the report stands for this reader, None outside the lane. `mentions`: for the form of a return."""
    who = web_session.signed_in()
    returns = any(move.act == _SENDS_BACK for move in found.moves)
    text = "\n".join((found.body or "", found.subject, found.place))
    return {
        "sealed": sealed.lane_of(world(), who, found.report_id),
        "release_form": posted if isinstance(posted, ReleaseForm) else ReleaseForm(formdata=None),
        "mentions": returning.namings(world(), who, found.report_id, text=text) if returns else (),
        "clock": _clock,
    }


def _clock(moment: datetime) -> str:
    """A staff act's own moment, in the installation's time."""
    local = moment.astimezone(ZoneInfo(world().settings.timezone))
    return f"{local.month}月{local.day}日 {local:%H:%M}"
