"""Printing from the office's pages: a marked preview, one board at once, many in the background."""

import io
from pathlib import Path
from typing import Any

from flask import make_response, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from intake.boards import posters, printing, services
from intake.boards.forms import PrintForm
from intake.boards.printing import Wanted
from intake.boards.services import jobs
from intake.boards.services.prints import NotPrinted, not_printed
from intake.boards.views.asking import as_address, choices, wanted_here
from intake.boards.views.plates import (
    NOT_SAVED,
    OLD_PAGE,
    blueprint,
    board_here,
    chosen_here,
    meaning_them,
    sought_here,
)
from intake.core.access import Permission
from intake.core.errors import Invalid
from intake.people.forms import refused_status, token_was_stale
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.background import background
from intake.web.context import world
from intake.web.errors import error_page
from qr.batch import REFUSALS
from qr.data import missing_facts
from qr.sheet import sheet

_LACKING_SHOWN = 20
_REFRESH_SECONDS = "2"


def _sent(file: io.BytesIO | Path, **how: Any) -> Response:
    """A file that no cache keeps: the next print may carry another number."""
    response = send_file(file, **how)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/admin/boards/<code>/poster.pdf")
@staff(Permission.boards_manage)
def print_poster(code: str) -> Response:
    """One print, recorded. What a poster refuses is said with the field at fault."""
    with world().db.read() as session:
        found = board_here(session, code)
    if request.method == "HEAD":  # nobody gets a file by it, so nothing is printed
        return make_response("", 200, {"Content-Type": "application/pdf"})
    by = web_session.actor().login
    [made] = services.print_each(world(), by, codes=[found.code], wanted=wanted_here())
    if isinstance(made, NotPrinted):
        return error_page(422, message=f"没有印：{made.field}{made.reason}。")
    return _sent(io.BytesIO(made.file), mimetype="application/pdf", download_name=made.file_name)


@blueprint.get("/admin/boards/<code>/preview.png")
@staff(Permission.boards_manage)
def preview(code: str) -> Response:
    """A picture that says it is a preview; nothing is recorded."""
    wanted = wanted_here()
    with world().db.read() as session:
        found = board_here(session, code)
    item = services.item_of(world(), board_code=found.code, wanted=wanted)
    try:
        picture = services.preview_picture(item, wanted)
    except REFUSALS as reason:
        refused = not_printed(item.saying, reason)
        return error_page(422, message=f"现在印不出来：{refused.field}{refused.reason}。")
    return _sent(io.BytesIO(picture), mimetype="image/png")


@blueprint.get("/admin/boards/print")
@staff(Permission.boards_manage)
def look() -> Response:
    """What would be printed: how many, what is missing on which, and the first one as a preview."""
    return _look_page(PrintForm(formdata=None), 200)


@blueprint.post("/admin/boards/print")
@staff(Permission.boards_manage)
def start() -> Response:
    form = PrintForm()
    if not form.validate():
        return _look_page(form, refused_status(form), problem=OLD_PAGE if token_was_stale(form) else NOT_SAVED)
    here, codes = world(), chosen_here()
    try:
        job_id = jobs.open_job(
            here, web_session.actor(), codes=codes, wanted=wanted_here(), bundle=form.bundle.data or "",
            chosen=meaning_them(codes),
        )  # fmt: skip
    except Invalid as refusal:
        return _look_page(form, 422, problem=str(refusal))
    work = background()
    work.start(job_id, lambda: jobs.run_job(here, job_id, waiting=work.waiting))
    return redirect(url_for("plates.job", job_id=job_id), 303)


def _look_page(form: PrintForm, status: int, *, problem: str = "") -> Response:
    wanted, chosen, said = wanted_here(), chosen_here(), sought_here().said()
    with world().db.read() as session:
        found = posters.sayings(session, world().settings, chosen)
    lines = [found[code] for code in chosen if code in found]
    facts = {one.code: missing_facts(printing.dressed(one.data, wanted.kind_for(one.data.board), number=one.number))
             for one in lines}  # fmt: skip
    lacking = [one for one in lines if facts[one.code]]
    shown = not wanted.problem() and bool(lines)
    first, refused = services.look_at(world(), board_code=lines[0].code, wanted=wanted) if shown else (None, None)
    page = render_template(
        "admin/board_print.html",
        form=form,
        lines=lines,
        lacking=lacking,
        facts=facts,
        lacking_shown=_LACKING_SHOWN,
        outdated=sum(one.outdated for one in lines),
        first=first,
        refused=refused,
        proof=sheet(first.kind, first.paper).proof if first else "",
        problem=problem or wanted.problem(),
        bundles=list(jobs.BUNDLES.items()),
        again=meaning_them([one.code for one in lines]),
        said=said,
        kind_names=printing.KIND_NAMES,
        paper_names=printing.PAPER_NAMES,
        **choices(wanted, None),
    )
    return make_response(page, status)


@blueprint.get("/admin/boards/jobs/<job_id>")
@staff(Permission.boards_manage)
def job(job_id: str) -> Response:
    found = jobs.job_of(world(), web_session.actor(), job_id=job_id)
    wanted = Wanted(found.kind, found.paper, second=found.second)  # type: ignore[arg-type]  # as they were checked
    page = render_template(
        "admin/board_job.html",
        job=found,
        kind_names=printing.KIND_NAMES,
        paper_names=printing.PAPER_NAMES,
        second_names=printing.SECOND_NAMES,
        again=found.chosen,
        asked=as_address(wanted),
        kept_hours=jobs.KEPT_HOURS,
        today=world().today(),
    )
    response = make_response(page)
    if found.going:
        response.headers["Refresh"] = _REFRESH_SECONDS
    return response


@blueprint.get("/admin/boards/jobs/<job_id>/file")
@staff(Permission.boards_manage)
def job_file(job_id: str) -> Response:
    path, name = jobs.file_of(world(), web_session.actor(), job_id=job_id)
    kind = "application/pdf" if path.suffix == ".pdf" else "application/zip"
    return _sent(path, mimetype=kind, as_attachment=True, download_name=name)
