"""Who is kept out and where reports go: bringing in conflicts and aliases, and the decision run dry."""

from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import click

from intake.cli.base import JSON, command, echo, fail, say, world_here
from intake.core.access import Actor
from intake.core.errors import Invalid, NotFound
from intake.core.sheets import BadSheet, Line, read_sheet
from intake.core.world import World
from intake.people.services import operator
from intake.reports import content
from intake.reports.content import CATEGORIES
from intake.routing.services.importing import (
    ALIAS_COLUMNS,
    CONFLICT_COLUMNS,
    BadRows,
    Imported,
    import_aliases,
    import_conflicts,
)
from intake.triage.services import rehearsal

_FILE = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
_DRY = click.option(
    "--dry-run", is_flag=True, help=say("只看会怎样，什么也不写", "say what would happen, write nothing")
)
Import = Callable[..., Imported]


@command("import-conflicts", "从表格登记回避（.csv 或 .xlsx）", "declare conflicts of interest from a sheet")
@_FILE
@_DRY
def bring_in_conflicts(file: Path, dry_run: bool) -> None:
    _bring_in(file, CONFLICT_COLUMNS, import_conflicts, dry_run=dry_run)


@command("import-aliases", "从表格加称呼（.csv 或 .xlsx）", "add aliases from a sheet")
@_FILE
@_DRY
def bring_in_aliases(file: Path, dry_run: bool) -> None:
    _bring_in(file, ALIAS_COLUMNS, import_aliases, dry_run=dry_run)


def _bring_in(file: Path, columns: tuple[str, ...], bring_in: Import, *, dry_run: bool) -> None:
    """Every bad row is named, a line each; nothing is written unless all are good."""
    try:
        lines = read_sheet(file, columns)
    except BadSheet as error:
        fail(str(error))
    world = world_here()
    by = operator("import")
    try:
        told = _told(world, by, lines, bring_in, dry_run=dry_run)
    finally:
        world.close()
    click.echo(
        say(
            f"新的 {told.new} 行，改了 {told.changed} 行，本来就有 {told.same} 行{'（没有写）' if dry_run else ''}。",
            f"{told.new} new, {told.changed} changed, {told.same} there already{' (dry)' if dry_run else ''}.",
        )
    )


def _told(world: World, by: Actor, lines: list[Line], bring_in: Import, *, dry_run: bool) -> Imported:
    try:
        return bring_in(world, by, lines, dry_run=dry_run)
    except BadRows as refusal:
        for number, reason in refusal.rows:
            click.echo(say(f"第 {number} 行：{reason}", f"line {number}: {reason}"), err=True)
        count = len(refusal.rows)
        fail(say(f"有 {count} 行不能用，什么也没有写。", f"{count} rows cannot be taken; nothing was written."))


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
    echo(as_json, document, "\n".join((f"{found.team_id}\t{found.lane}", *found.reasons)))
