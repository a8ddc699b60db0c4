"""People from the administrator's own sheet: what it would do, then exactly that, then the links, shown once."""

from flask import make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from intake.core.access import ROLE_NAMES, Permission
from intake.core.errors import Stale
from intake.core.importing import NEW, BadRows, Imported
from intake.core.sheets import BadSheet, Table
from intake.core.workbooks import Page, text_file, workbook
from intake.people import queries, services
from intake.people.forms import ActForm
from intake.people.services.importing import HEADINGS, REQUIRED, import_people
from intake.people.views.desk import blueprint, refused_token
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.sheets import CSV, XLSX, download, packed, unpacked, uploaded_table

_EXAMPLE = {"login": "liaison9", "name": "示例未", "role": "联络员", "team_id": "team4", "note": "新调来"}
_HELP = (
    ("列", "必填", "怎么写", "程序用的列名"),
    ("登录名", "是", "3 到 32 个小写字母、数字、点、横线，以字母开头；以后不能改", "login"),
    ("姓名", "是", "最多 40 个字", "name"),
    ("职务", "是", f"可以写：{'、'.join(ROLE_NAMES.values())}", "role"),
    ("组", "", "组的编号或名称；系统管理员、审计员不写", "team_id"),
    ("备注", "", "给管理员自己看", "note"),
    ("",),
    ("第一行是列名，不要改；第二行是例子，填的时候删掉。",),
    ("口令不写在表里：导入以后给每位新来的一条激活链接，自己设口令。",),
    ("已经有钥匙的人，组和职务不能改；离任过的登录名不能再用。",),
)


@blueprint.route("/admin/people/import", methods=["GET", "POST"])
@staff(Permission.people_manage)
def bring_people() -> Response:
    form = ActForm()
    if request.method == "GET":
        return _page(200)
    if not form.validate():
        return refused_token()
    if form.confirmed.data == "y":
        return _confirmed()
    try:
        table = uploaded_table(REQUIRED, HEADINGS)
        lines = tuple(line for line in table.lines if line.values != _EXAMPLE)
        return _dry(Table(table.columns, table.unused, lines), 200)
    except BadSheet as error:
        return _page(422, problem=str(error))


def _confirmed() -> Response:
    table = unpacked(request.form.get("sheet", ""))
    if table is None:
        return _page(400, problem="这一页已经过时，请把表格再选一次。")
    actor = web_session.actor()
    try:
        told = import_people(world(), actor, table.lines, digest=request.form.get("seen", ""))
    except Stale as stale:
        return _dry(table, 409, problem=str(stale))
    except BadRows as refusal:
        return _bad(refusal)
    return make_response(render_template("admin/people_links.html", links=_links(told), told=told))


def _links(told: Imported) -> list[tuple[str, str, str]]:
    """(login, name, address) of everybody new. Shown in the answer itself, as on the page of people."""
    settings, actor, found = world().settings, web_session.actor(), []
    for change in told.changes:
        with world().db.read() as session:
            person = queries.person_by_login(session, change.key)
        if change.kind == NEW and person is not None:
            token = services.new_activation_link(world(), actor, person_id=person.id)
            address = settings.public_url.rstrip("/") + url_for("people.activate", token=token)
            found.append((person.login, person.name, address))
    return found


def _dry(table: Table, status: int, *, problem: str = "") -> Response:
    try:
        told = import_people(world(), web_session.actor(), table.lines, dry_run=True)
    except BadRows as refusal:
        return _bad(refusal)
    return _page(status, told=told, table=table, problem=problem)


def _bad(refusal: BadRows) -> Response:
    problem = f"有 {len(refusal.rows)} 行不能用，什么也没有写。改好表格，再选一次。"
    return _page(422, bad=refusal.rows, problem=problem)


def _page(
    status: int, *, problem: str = "", bad: tuple[tuple[int, str], ...] = (), told: Imported | None = None,
    table: Table | None = None,
) -> Response:  # fmt: skip
    page = render_template(
        "admin/people_import.html", form=ActForm(formdata=None), problem=problem, bad=bad, told=told,
        moved=[change for change in told.changes if change.kind != "same"] if told else [],
        sheet=packed(table) if table and told and told.writes else "", unused=table.unused if table else (),
    )  # fmt: skip
    return make_response(page, status)


@blueprint.get("/admin/people/template.<any(xlsx,csv):kind>")
@staff(Permission.people_manage)
def people_template(kind: str) -> Response:
    rows = [list(HEADINGS), [_EXAMPLE[column] for column in HEADINGS.values()]]
    if kind == "csv":
        return download(text_file(rows), "people-template.csv", CSV)
    roles = {list(HEADINGS.values()).index("role"): list(ROLE_NAMES.values())}
    return download(workbook([Page("表", rows, {}, roles), Page("说明", _HELP)]), "people-template.xlsx", XLSX)
