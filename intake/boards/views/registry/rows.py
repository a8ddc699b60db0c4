"""Lists of the registers, the form of one row, and taking one out."""

from typing import Any
from urllib.parse import urlencode

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from intake.boards.queries.registers import WORDS_MAX, Seen
from intake.boards.services import removing
from intake.boards.services.importing import save
from intake.boards.views.registry.desk import (
    NOUNS,
    SHELVES,
    blueprint,
    form_of,
    key_of,
    noun_of,
    options_of,
    region_names,
    suggestions,
    there,
    zone,
)
from intake.core.access import Permission
from intake.core.errors import Invalid, NotFound
from intake.people.forms import ActForm, add_problems, problems_of, refused_status
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.errors import error_page

NOT_SAVED = "还没有存下。您写的都还在。"


@staff(Permission.boards_manage)
def listed(noun: str) -> Response:
    shelf = SHELVES[noun]
    filters = {f.name: request.args.get(f.name, "")[:WORDS_MAX].strip() for f in shelf.filters}
    with world().db.read() as session:
        found = shelf.listed(session, Seen(world().clock.now(), zone()), filters, _page_number())
        options = {f.name: f.options(session) for f in shelf.filters if f.options is not None}
    page = render_template(
        "admin/register.html", shelf=shelf, found=found, filters=filters, options=options,
        filtered=any(filters.values()),
        beside=lambda number: _address(noun, filters, number),
    )  # fmt: skip
    return make_response(page)


for _noun in SHELVES:
    blueprint.add_url_rule(f"/admin/{_noun}", _noun, listed, defaults={"noun": _noun})


def _page_number() -> int:
    text = request.args.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def _address(noun: str, filters: dict[str, str], number: int) -> str:
    asked = {name: value for name, value in filters.items() if value} | ({"page": str(number)} if number > 1 else {})
    return url_for(f"registry.{noun}") + (f"?{urlencode(asked)}" if asked else "")


@blueprint.route(f"/admin/{NOUNS}/new", methods=["GET", "POST"])
@staff(Permission.boards_manage)
def new(noun: str) -> Response:
    return _row(noun, None, {})


@blueprint.route(f"/admin/{NOUNS}/<key>", methods=["GET", "POST"])
@staff(Permission.boards_manage)
def edit(noun: str, key: str) -> Response:
    with world().db.read() as session:
        name = key_of(session, noun, key)
        before = there(session, noun, name).get(name)
    if before is None:
        raise NotFound
    return _row(noun, key, before)


def _row(noun: str, address: str | None, before: dict[str, str]) -> Response:
    """The form of a row that is there (`before`) or of a new one."""
    columns = noun_of(noun).columns
    if request.method == "GET":
        blank = {column.id: before.get(column.id, request.args.get(column.id, "")[:WORDS_MAX]) for column in columns}
        return _form(noun, form_of(columns, **blank), address, before, 200)
    form = form_of(columns)
    if not form.validate():
        return _form(noun, form, address, before, refused_status(form), problem=NOT_SAVED)
    values = {column.id: form[column.id].data or "" for column in columns}
    if before and not noun_of(noun).renames:
        values[noun_of(noun).key] = before[noun_of(noun).key]
    try:
        save(world(), web_session.actor(), noun_of(noun), values, key=before.get(noun_of(noun).key))
    except Invalid as refusal:
        add_problems(form, refusal.fields)
        return _form(noun, form, address, before, 422, problem=NOT_SAVED)
    done = "row_saved" if before else "row_added"
    return redirect(url_for(f"registry.{noun}", done=done), 303)


def _form(
    noun: str, form: Any, address: str | None, before: dict[str, str], status: int, *, problem: str = ""
) -> Response:
    kind = noun_of(noun)
    with world().db.read() as session:
        options, known = options_of(session, kind.columns), suggestions(session, kind.columns)
        called = region_names(session, kind.columns, before)
    page = render_template(
        "admin/register_row.html", shelf=SHELVES[noun], noun=kind, form=form, before=before, address=address,
        options=options, known=known, called=called, problem=problem, problems=problems_of(form) if problem else (),
        act_form=ActForm(formdata=None),
    )  # fmt: skip
    return make_response(page, status)


@blueprint.post(f"/admin/{NOUNS}/<key>/delete")
@staff(Permission.boards_manage)
def delete(noun: str, key: str) -> Response:
    with world().db.read() as session:
        against = removing.speaks_against(session, noun, key)
        name = key_of(session, noun, key)
        row = there(session, noun, name)[name]
    form = ActForm()
    if not form.validate():
        return error_page(400)
    if against or form.confirmed.data != "y":
        return _ask(noun, key, row, against, 422 if against and form.confirmed.data == "y" else 200)
    try:
        removing.remove(world(), web_session.actor(), noun=noun, key=key)
    except Invalid as refusal:
        return _ask(noun, key, row, [str(refusal)], 422)
    return redirect(url_for(f"registry.{noun}", done="row_removed"), 303)


def _ask(noun: str, key: str, row: dict[str, str], against: list[str], status: int) -> Response:
    kind = noun_of(noun)
    page = render_template(
        "admin/register_delete.html", shelf=SHELVES[noun], noun=kind, row=row, address=key, against=against,
        form=ActForm(formdata=None),
    )  # fmt: skip
    return make_response(page, status)
