"""Boards: their life, and printing them."""

import click

from intake.boards import queries
from intake.boards import services as boards
from intake.cli.base import DIR, JSON, echo, fail, main, say, world_here
from intake.core.errors import Refusal
from intake.core.world import World
from qr import code as codes

BY = "msx"  # who acted, in a board's history
_WRONG = {
    "length": ("码一共 8 位", "a code has 8 characters"),
    "alphabet": ("码里只有数字和大写字母，没有 I、L、O、U", "a code has digits and letters without I, L, O, U"),
    "check": ("码里有一位不对，对着牌子再看一遍", "one character is wrong: look at the board again"),
}
_CODE = click.argument("code")
_REASON = click.option(
    "--reason", required=True, help=say("为什么，写进牌子的经过", "why; kept in the board's history")
)


@main.group("board", help=say("牌子：上线、关闭、停用、换码、移到别处", "a board: live, close, revoke, rotate, move"))
@DIR
def board() -> None:
    """Sub-commands below."""


@board.command("live", help=say("上线：从现在起收意见", "takes reports from now on"))
@_CODE
@_REASON
@JSON
@DIR
def live(code: str, reason: str, as_json: bool) -> None:
    _state(code, "live", reason, as_json=as_json)


@board.command("close", help=say("关闭：不再收意见，页上说别的办法", "takes no more; its page names other ways"))
@_CODE
@_REASON
@JSON
@DIR
def close(code: str, reason: str, as_json: bool) -> None:
    _state(code, "closed", reason, as_json=as_json)


@board.command("revoke", help=say("停用：扫到的人看到警告", "whoever scans it is warned"))
@_CODE
@_REASON
@JSON
@DIR
def revoke(code: str, reason: str, as_json: bool) -> None:
    _state(code, "revoked", reason, as_json=as_json)


@board.command("rotate", help=say("换码：输出新码，旧码从现在起警告", "prints the new code; the old one warns"))
@_CODE
@_REASON
@JSON
@DIR
def rotate(code: str, reason: str, as_json: bool) -> None:
    world = world_here()
    try:
        _told(world, boards.rotate(world, BY, code=checked_code(code), reason=reason), as_json=as_json, only_code=True)
    except Refusal as refusal:
        fail(str(refusal))
    finally:
        world.close()


@board.command("move", help=say("移到别处：牌子从现在起代表另一个点位", "stands for another site from now on"))
@_CODE
@click.option("--to", "site_no", required=True, metavar="SITE_NO", help=say("移到的点位编号", "the site it moves to"))
@_REASON
@JSON
@DIR
def move(code: str, site_no: str, reason: str, as_json: bool) -> None:
    world = world_here()
    try:
        checked = checked_code(code)
        boards.move(world, BY, code=checked, site_no=site_no.strip().upper(), reason=reason)
        _told(world, checked, as_json=as_json)
    except Refusal as refusal:
        fail(str(refusal))
    finally:
        world.close()


def _state(code: str, state: str, reason: str, *, as_json: bool) -> None:
    world = world_here()
    try:
        checked = checked_code(code)
        boards.set_state(world, BY, code=checked, state=state, reason=reason)
        _told(world, checked, as_json=as_json)
    except Refusal as refusal:
        fail(str(refusal))
    finally:
        world.close()


def checked_code(text: str) -> str:
    try:
        return codes.check(text)
    except codes.BadCode as error:
        fail(f"{text}: {say(*_WRONG[error.reason])}")


def _told(world: World, code: str, *, as_json: bool, only_code: bool = False) -> None:
    with world.db.read() as session:
        found = queries.board_page(session, code)
    assert found is not None
    document = {
        "code": found.code, "site_no": found.site_no, "state": found.state, "revision": found.revision,
        "check_words": list(found.check_words),
    }  # fmt: skip
    echo(as_json, document, found.code if only_code else f"{found.code}\t{found.site_no}\t{found.state}")
