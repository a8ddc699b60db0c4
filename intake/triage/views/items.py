"""The receiving unit's pages: what was handed to it, opened, taken in hand, returned or reported back."""

from collections.abc import Callable

from flask import make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from intake.core.access import Permission
from intake.core.errors import Invalid, MoveForbidden
from intake.people.forms import ActForm, add_problems, problems_of, refused_status, token_was_stale
from intake.triage.forms import ItemForm
from intake.triage.services import items as services
from intake.triage.views.desk import NOT_DONE, OLD_PAGE, blueprint
from intake.triage.views.handover import sheet
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.errors import error_page


@blueprint.get("/staff/items")
@staff(Permission.items_read)
def items() -> str:
    found = services.list_items(world(), web_session.signed_in())
    return render_template("staff/items.html", items=found, today=world().today())


@blueprint.get("/staff/items/<item_id>")
@staff(Permission.items_read)
def item(item_id: str) -> Response:
    return _page(item_id, 200)


@blueprint.get("/staff/items/<item_id>.pdf")
@staff(Permission.items_read)
def item_sheet(item_id: str) -> Response:
    """Marked with the unit and with whoever printed it."""
    who = web_session.signed_in()
    found = services.print_item(world(), who, item_id)
    return sheet(found, copy_of=f"{found.receiver} {who.actor.name}")


@blueprint.post("/staff/items/<item_id>/accept")
@staff(Permission.items_read)
def accept_item(item_id: str) -> Response:
    who = web_session.signed_in()
    services.see_item(world(), who, item_id)
    if not ActForm().validate():
        return error_page(400)
    try:
        services.accept_item(world(), who, item_id)
    except MoveForbidden as refusal:
        return _page(item_id, 409, problem=str(refusal))
    return redirect(url_for("triage.item", item_id=item_id, done="item_accepted"), 303)


@blueprint.post("/staff/items/<item_id>/return")
@staff(Permission.items_read)
def return_item(item_id: str) -> Response:
    who = web_session.signed_in()
    return _act(
        item_id, "return", lambda text: services.return_item(world(), who, item_id, reason=text), done="item_returned"
    )  # fmt: skip


@blueprint.post("/staff/items/<item_id>/report")
@staff(Permission.items_read)
def report_item(item_id: str) -> Response:
    who = web_session.signed_in()
    return _act(
        item_id, "report", lambda text: services.report_back(world(), who, item_id, text=text), done="item_done"
    )  # fmt: skip


def _act(item_id: str, name: str, do: Callable[[str], None], *, done: str) -> Response:
    """Authority before anything that was sent is looked at; what was typed comes back."""
    services.see_item(world(), web_session.signed_in(), item_id)
    form = ItemForm()
    if not form.validate():
        problem = OLD_PAGE if token_was_stale(form) else NOT_DONE
        return _page(item_id, refused_status(form), posted=(name, form), problem=problem)
    try:
        do(form.text.data or "")
    except MoveForbidden as refusal:
        return _page(item_id, 422, posted=(name, form), problem=str(refusal))
    except Invalid as refusal:
        add_problems(form, refusal.fields)
        return _page(item_id, 422, posted=(name, form), problem=NOT_DONE)
    return redirect(url_for("triage.item", item_id=item_id, done=done), 303)


def _page(item_id: str, status: int, *, posted: tuple[str, ItemForm] | None = None, problem: str = "") -> Response:
    found = services.open_item(world(), web_session.signed_in(), item_id)
    name, form = posted or ("", None)
    fits = {"return": found.return_until is not None, "report": found.can_report}.get(name, False)
    page = render_template(
        "staff/item.html",
        item=found,
        return_form=form if form is not None and name == "return" else ItemForm(formdata=None),
        report_form=form if form is not None and name == "report" else ItemForm(formdata=None),
        act_form=ActForm(formdata=None),
        open_form=name,
        problem=problem,
        problems=[(f"{name}-{id_}" if fits else "", words) for id_, words in problems_of(form) if id_],
        kept=form.text.data if form is not None and not fits else "",
        today=world().today(),
    )
    return make_response(page, status)
