"""Bringing in sheets: regions, organisations, teams, people, sites, rounds, conflicts, aliases. One way for all."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from intake.boards.services.importing import Noun, bring_in
from intake.boards.services.nouns import ORGANISATIONS, REGIONS, TEAMS, rounds
from intake.boards.services.sites import SITES
from intake.cli.base import command, fail, say, world_here
from intake.core.access import Actor
from intake.core.errors import Refusal
from intake.core.importing import NEW, BadRows, Imported
from intake.core.sheets import BadSheet, Line, Table, read_table
from intake.core.world import World
from intake.people import queries as people_queries
from intake.people import services as people
from intake.people.services import importing as people_importing
from intake.people.services import operator
from intake.routing.services.importing import ALIAS_COLUMNS, CONFLICT_COLUMNS, import_aliases, import_conflicts

_FILE = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
_DRY = click.option(
    "--dry-run", is_flag=True, help=say("只看会怎样，什么也不写", "say what would happen, write nothing")
)
Import = Callable[[World, Actor, list[Line], bool], Imported]


@dataclass(frozen=True, slots=True)
class _Sheet:
    required: Iterable[str]
    headings: Mapping[str, str] | None = None
    ignored: Iterable[str] = ()

    def read(self, file: Path) -> Table:
        try:
            return read_table(
                file.read_bytes(), file.name, required=self.required, headings=self.headings, ignored=self.ignored
            )
        except (BadSheet, OSError) as error:
            fail(str(error))


def _brings_in(name: str, zh: str, en: str, sheet: Callable[[World], tuple[_Sheet, Import]]) -> None:
    """The command `msx import-NAME`."""

    def run(file: Path, dry_run: bool) -> None:
        world = world_here()
        try:
            kind, bring = sheet(world)
            _run(world, kind.read(file), bring, dry_run=dry_run)
        finally:
            world.close()

    command(f"import-{name}", f"从表格{zh}（.csv 或 .xlsx）", f"{en} from a sheet")(_FILE(_DRY(run)))


def _run(world: World, table: Table, bring: Import, *, dry_run: bool) -> None:
    """Every bad row is named, a line each; nothing is written unless all are good."""
    by = operator("import")
    if table.unused:
        named = "、".join(table.unused)
        click.echo(say(f"没有用到的列：{named}", f"columns that mean nothing: {named}"), err=True)
    try:
        told = bring(world, by, list(table.lines), dry_run)
    except BadRows as refusal:
        for number, reason in refusal.rows:
            click.echo(say(f"第 {number} 行：{reason}", f"line {number}: {reason}"), err=True)
        count = len(refusal.rows)
        fail(say(f"有 {count} 行不能用，什么也没有写。", f"{count} rows cannot be taken; nothing was written."))
    except Refusal as refusal:
        fail(str(refusal))
    _tell(told, dry_run=dry_run)
    if bring is _bring_people and not dry_run:
        _links(world, by, told)


def _tell(told: Imported, *, dry_run: bool) -> None:
    for number, words in told.notices:
        click.echo(say(f"第 {number} 行提醒：{words}", f"line {number}, note: {words}"), err=True)
    if dry_run:
        for change in told.changes:
            if change.kind != "same":
                said = "；".join(
                    f"{d.field} {d.before or '（空）'} → {d.after or '（空）'}" for d in change.differences
                )
                kind = say("新的" if change.kind == NEW else "要改", change.kind)
                click.echo(f"{change.line}\t{kind}\t{change.key}\t{said if change.kind != NEW else change.label}")
    click.echo(
        say(
            f"新的 {told.new} 行，改了 {told.changed} 行，本来就有 {told.same} 行{'（没有写）' if dry_run else ''}。",
            f"{told.new} new, {told.changed} changed, {told.same} there already{' (dry)' if dry_run else ''}.",
        )
    )


def _links(world: World, by: Actor, told: Imported) -> None:
    """As on the page of people: each link is shown this once, to be handed over in person."""
    with world.db.read() as session:
        everybody = {change.key: people_queries.person_by_login(session, change.key) for change in told.changes}
    for change in told.changes:
        person = everybody[change.key]
        if change.kind == NEW and person is not None:
            token = people.new_activation_link(world, by, person_id=person.id)
            click.echo(f"{change.key}\t{world.settings.public_url}/staff/activate/{token}")


def _register(noun: Noun) -> tuple[_Sheet, Import]:
    def bring(world: World, by: Actor, lines: list[Line], dry_run: bool) -> Imported:
        return bring_in(world, by, noun, lines, dry_run=dry_run)

    return _Sheet(noun.required, noun.headings, noun.ignored), bring


def _bring_people(world: World, by: Actor, lines: list[Line], dry_run: bool) -> Imported:
    return people_importing.import_people(world, by, lines, dry_run=dry_run)


def _bring_conflicts(world: World, by: Actor, lines: list[Line], dry_run: bool) -> Imported:
    return import_conflicts(world, by, lines, dry_run=dry_run)


def _bring_aliases(world: World, by: Actor, lines: list[Line], dry_run: bool) -> Imported:
    return import_aliases(world, by, lines, dry_run=dry_run)


_PEOPLE = _Sheet(people_importing.REQUIRED, people_importing.HEADINGS)
_brings_in("regions", "登记地方", "regions", lambda _: _register(REGIONS))
_brings_in("organisations", "登记单位和别的叫法", "organisations and their aliases", lambda _: _register(ORGANISATIONS))
_brings_in("teams", "登记组", "teams", lambda _: _register(TEAMS))
_brings_in("rounds", "登记轮次", "rounds", lambda world: _register(rounds(world.settings.timezone)))
_brings_in(
    "sites", "登记点位，新的各有一块草稿牌子", "sites; each new one gets a draft board", lambda _: _register(SITES)
)
_brings_in("people", "添人，并给出激活链接", "people, with activation links", lambda _: (_PEOPLE, _bring_people))
_brings_in("conflicts", "登记回避", "conflicts of interest", lambda _: (_Sheet(CONFLICT_COLUMNS), _bring_conflicts))
_brings_in("aliases", "加称呼", "aliases", lambda _: (_Sheet(ALIAS_COLUMNS), _bring_aliases))
