"""牌子坏了: one button on the board's page, no cookie, nothing about who pressed it."""

from flask import Response, make_response, render_template, request

from intake.boards.lifecycle import GONE
from intake.boards.queries import BoardPage
from intake.boards.services import words
from intake.boards.views.public import DAMAGED, NoBoard, blueprint, find, no_board, not_taking, takes_reports
from intake.web import formtoken, throttle
from intake.web.access import citizen
from intake.web.context import world
from intake.web.formtoken import BadToken


@blueprint.get("/B/<code>/damaged")
@blueprint.get("/b/<code>/damaged")
@citizen
def damaged(code: str) -> Response:
    try:
        board = find(code)
    except NoBoard as error:
        return no_board(error)
    return not_taking(board) if board.state in GONE else _page(board)


@blueprint.post("/B/<code>/damaged")
@blueprint.post("/b/<code>/damaged")
@citizen
def say_damaged(code: str) -> Response:
    """Over the limit the page thanks all the same: whoever floods learns nothing, whoever shares a network neither."""
    try:
        board = find(code)
    except NoBoard as error:
        return no_board(error)
    if board.state in GONE:
        return not_taking(board)
    kind = request.form.get("kind", "")
    if kind not in words.KINDS or not _fresh(board):
        return _page(board, status=422, late=True)
    if throttle.word_counts(board.code):
        words.note_word(world(), code=board.code, kind=kind)
    return _page(board, said=kind)


def _fresh(board: BoardPage) -> bool:
    try:
        formtoken.read(request.form.get("token"), purpose=DAMAGED, board=board.code)
    except BadToken:
        return False
    return True


def _page(board: BoardPage, *, said: str = "", late: bool = False, status: int = 200) -> Response:
    token = formtoken.issue(DAMAGED, board.code)
    page = render_template(
        "citizen/damaged.html", board=board, said=said, late=late, token=token,
        takes=takes_reports(board),
    )  # fmt: skip
    return make_response(page, status)
