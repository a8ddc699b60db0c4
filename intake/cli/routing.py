"""Where reports go: the decision run dry."""

from typing import TextIO

import click

from intake.cli.base import JSON, command, echo, fail, say, world_here
from intake.core.errors import Invalid, NotFound
from intake.reports import content
from intake.reports.content import CATEGORIES
from intake.triage.services import rehearsal


@command("route", "一件会到哪里、为什么（不存任何东西）", "where a report goes and why, dry")
@click.option("--explain", metavar="REPORT_ID", help=say("已有的一件", "a report that is there"))
@click.option("--board", metavar="CODE", help=say("牌子的码或牌号", "a board's code or site number"))
@click.option("--category", type=click.Choice(sorted(CATEGORIES)), help=say("类别", "what it is about"))
@click.option("--about-handler", is_flag=True, help=say("勾了：和收件的人有关", "ticked: about whoever handles it"))
@click.option("--about-superior", is_flag=True, help=say("勾了：和上级有关", "ticked: about the level above"))
@click.option("--text-file", type=click.File("r", encoding="utf-8"), help=say("内容", "what is written"))
@JSON
def route(
    explain: str | None,
    board: str | None,
    category: str | None,
    about_handler: bool,
    about_superior: bool,
    text_file: TextIO | None,
    as_json: bool,
) -> None:
    if (explain is None) == (board is None):
        fail(say("请写 --explain 或 --board 中的一个。", "give one of --explain and --board."), 2)
    world = world_here()
    try:
        if explain is not None:
            found = rehearsal.explain(world, explain)
        else:
            draft = content.normalised(
                body=text_file.read() if text_file else "",
                category=category,
                about_handler=about_handler,
                about_superior=about_superior,
            )
            found = rehearsal.explained(rehearsal.rehearse(world, board=board or "", draft=draft))
    except (Invalid, NotFound) as refusal:
        fail(str(refusal) or say(f"没有 {explain} 这一件。", f"there is no report {explain}."))
    finally:
        world.close()
    document = {"team_id": found.team_id, "lane": found.lane, "reasons": list(found.reasons)}
    under = say(
        f"规则第 {found.rules_version} 版，称呼第 {found.alias_version} 版。",
        f"rules version {found.rules_version}, aliases version {found.alias_version}.",
    )
    echo(as_json, document, "\n".join((f"{found.team_id}\t{found.lane}", *found.reasons, under)))
