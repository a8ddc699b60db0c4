"""Going live, and closing, for many boards at once: first what would happen, then a reason, then it happens."""

from urllib.parse import urlencode

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from intake.boards import lifecycle, services
from intake.boards.forms import LifeForm
from intake.boards.services import Unchanged
from intake.boards.views.plates import NOT_SAVED, OLD_PAGE, blueprint, chosen_here, meaning_them, sought_here
from intake.core.access import Permission
from intake.core.errors import Invalid, NotFound
from intake.people.forms import add_problems, problems_of, refused_status, token_was_stale
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world

_SHOWN = 30


@blueprint.route("/admin/boards/many/<act>", methods=["GET", "POST"])
@staff(Permission.boards_manage)
def change_many(act: str) -> Response:
    if act not in services.MANY:
        raise NotFound
    chosen = chosen_here()
    if request.method == "GET":
        return _page(act, chosen, LifeForm(formdata=None), 200)
    form = LifeForm()
    if not form.validate():
        return _page(act, chosen, form, refused_status(form), problem=OLD_PAGE if token_was_stale(form) else NOT_SAVED)
    if not chosen:
        return _page(act, chosen, form, 422, problem="还没有选牌子。")
    try:
        stayed = services.change_many(
            world(), web_session.actor().login, codes=chosen, act=act, reason=form.reason.data or ""
        )
    except Invalid as refusal:
        add_problems(form, refusal.fields)
        return _page(act, chosen, form, 422, problem=NOT_SAVED)
    if stayed:
        return _page(act, chosen, LifeForm(formdata=None), 200, changed=len(chosen) - len(stayed), stay=stayed)
    query = {"done": f"boards_{act}", **sought_here().said()}
    return redirect(f"{url_for('plates.board_list')}?{urlencode(query)}", 303)


def _page(
    act: str, chosen: list[str], form: LifeForm, status: int, *, problem: str = "", changed: int | None = None,
    stay: list[Unchanged] | None = None,
) -> Response:  # fmt: skip
    stay = services.would_stay(world(), codes=chosen, act=act) if stay is None else stay
    page = render_template(
        "admin/board_many.html",
        act=act,
        act_name=lifecycle.ACT_NAMES[act],
        form=form,
        chosen=chosen,
        stay=stay,
        shown=_SHOWN,
        changed=changed,
        again=meaning_them(chosen),
        said=sought_here().said(),
        problem=problem,
        problems=problems_of(form) if problem else (),
    )
    return make_response(page, status)
