"""Sheets of the registers: a template to download, the clerk's own file and what it would change, the export."""

from dataclasses import replace

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from intake.boards.queries.ledger import ledger
from intake.boards.services.importing import bring_in
from intake.boards.views.registry.desk import NOUNS, SHELVES, blueprint, noun_of, there, zone
from intake.core.access import Permission
from intake.core.errors import Stale
from intake.core.importing import BadRows, Imported
from intake.core.sheets import BadSheet, Table
from intake.core.workbooks import Page, text_file, workbook
from intake.people.forms import ActForm
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.errors import error_page
from intake.web.sheets import CSV, XLSX, download, packed, unpacked, uploaded_table

_SHOWN = 300  # rows of a dry run that a page shows; the sums count all


@blueprint.route(f"/admin/{NOUNS}/import", methods=["GET", "POST"])
@staff(Permission.boards_manage)
def bring(noun: str) -> Response:
    """The file, then what it would do, then exactly that."""
    form = ActForm()
    if request.method == "GET":
        return _page(noun, 200)
    if not form.validate():
        return error_page(400)
    if form.confirmed.data == "y":
        return _confirmed(noun)
    kind = noun_of(noun)
    try:
        table = _without_example(noun, uploaded_table(kind.required, kind.headings, kind.ignored))
        return _dry(noun, table, 200)
    except BadSheet as error:
        return _page(noun, 422, problem=str(error))


def _without_example(noun: str, table: Table) -> Table:
    """The template's own example, left standing above what was filled in, is nobody's row."""
    example = {column.id: column.example for column in noun_of(noun).columns}
    return replace(table, lines=tuple(line for line in table.lines if line.values != example))


def _confirmed(noun: str) -> Response:
    table = unpacked(request.form.get("sheet", ""))
    if table is None:
        return _page(noun, 400, problem="这一页已经过时，请把表格再选一次。")
    try:
        bring_in(
            world(), web_session.actor(), noun_of(noun), table.lines, digest=request.form.get("seen", "")
        )  # fmt: skip
    except Stale as stale:
        return _dry(noun, table, 409, problem=str(stale))
    except BadRows as refusal:
        return _bad(noun, refusal)
    return redirect(url_for(f"registry.{noun}", done="sheet_in"), 303)


def _dry(noun: str, table: Table, status: int, *, problem: str = "") -> Response:
    try:
        told = bring_in(world(), web_session.actor(), noun_of(noun), table.lines, dry_run=True)
    except BadRows as refusal:
        return _bad(noun, refusal)
    return _page(noun, status, told=told, table=table, problem=problem)


def _bad(noun: str, refusal: BadRows) -> Response:
    problem = f"有 {len(refusal.rows)} 行不能用，什么也没有写。改好表格，再选一次。"
    return _page(noun, 422, bad=refusal.rows, problem=problem)


def _page(
    noun: str, status: int, *, problem: str = "", bad: tuple[tuple[int, str], ...] = (), told: Imported | None = None,
    table: Table | None = None,
) -> Response:  # fmt: skip
    moved = [change for change in told.changes if change.kind != "same"] if told else []
    page = render_template(
        "admin/register_import.html", shelf=SHELVES[noun], noun=noun_of(noun), form=ActForm(formdata=None),
        problem=problem, bad=bad, told=told, moved=moved[:_SHOWN], more=max(0, len(moved) - _SHOWN),
        sheet=packed(table) if table and told and told.writes else "", unused=table.unused if table else (),
        action=url_for("registry.bring", noun=noun),
    )  # fmt: skip
    return make_response(page, status)


@blueprint.get(f"/admin/{NOUNS}/template.<any(xlsx,csv):kind>")
@staff(Permission.boards_manage)
def template(noun: str, kind: str) -> Response:
    """Headings, one row as an example, and a page of help."""
    columns = noun_of(noun).columns
    rows = [[column.words for column in columns], [column.example for column in columns]]
    if kind == "csv":
        return download(text_file(rows), f"{noun}-template.csv", CSV)
    needed = [["列", "必填", "怎么写", "例子", "程序用的列名"]]
    needed += [
        [c.words, "是" if c.needed else "", _help(c.hint, c.choices), c.example, c.id] for c in columns
    ]  # fmt: skip
    choices = {n: list(c.choices.values()) for n, c in enumerate(columns) if c.choices}
    notes = {n: c.hint for n, c in enumerate(columns)}
    return download(
        workbook([Page("表", rows, notes, choices), Page("说明", [*needed, *_RULES])]), f"{noun}-template.xlsx", XLSX
    )  # fmt: skip


_RULES = (
    [""], ["第一行是列名，不要改；第二行是例子，填的时候删掉。"],
    ["已经有的按第一列认出来更新，不会多出一个；没有的添上。"],
    ["不想动的列可以整列删掉；留着的列，格子空着就是“不知道”。"],
)  # fmt: skip


def _help(hint: str, choices: object) -> str:
    return f"{hint}。可以写：{'、'.join(choices.values())}" if isinstance(choices, dict) else hint


@blueprint.get(f"/admin/{NOUNS}/export.xlsx")
@staff(Permission.boards_manage)
def export(noun: str) -> Response:
    """All rows, in the columns of the import; sites with what became of their boards (台账)."""
    with world().db.read() as session:
        if noun == "sites":
            rows = ledger(session, zone())
        else:
            columns = noun_of(noun).columns
            rows = [[column.words for column in columns]]
            rows += [[c.show(row[c.id]) for c in columns] for _, row in sorted(there(session, noun).items())]
    return download(workbook([Page(SHELVES[noun].words, rows)]), f"{noun}-{world().today()}.xlsx", XLSX)
