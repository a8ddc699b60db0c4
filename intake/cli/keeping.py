"""What keeps an installation in order: the sweep, and checking the histories."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from intake.boards import services as boards
from intake.cli.base import DIR, JSON, command, echo, fail, main, say, world_here
from intake.people import services as people
from intake.reports.services import auditing, sweeping
from intake.routing.services import reseal
from intake.triage.services import retention


@command(
    "sweep", "新的一天：回避、升级、过期的放行；清理没有用到的文件", "a new day's recusals, climbing, clearing away"
)
@JSON
def sweep(as_json: bool) -> None:
    world = world_here()
    day = sweeping.settle_day(world)
    kept = retention.keep_to_terms(world)
    blobs, sessions = sweeping.sweep_blobs(world), people.clear_dead_sessions(world)
    prints = boards.clear_old_prints(world)
    world.db.checkpoint()  # what was deleted must not be left in the write-ahead log
    world.close()
    text = say(
        f"因回避收回钥匙 {day.withdrawn} 把，升到巡察办 {day.climbed} 件，没有人的组 {day.empty_teams} 个，"
        f"过期的放行 {day.releases} 份。到保存期封存 {kept.locked} 件，清除 {kept.erased} 件。"
        f"删除没有用到的文件 {blobs} 个，过期的登录 {sessions} 个，"
        f"印好放过一天的文件 {prints} 个。",
        f"{day.withdrawn} keys withdrawn, {day.climbed} reports climbed, {day.empty_teams} teams without anybody, "
        f"{day.releases} releases expired. {kept.locked} reports locked away, {kept.erased} erased. "
        f"{blobs} unreferenced blobs, {sessions} dead sessions and {prints} old prints deleted.",
    )
    echo(as_json, {**asdict(day), **asdict(kept), "blobs": blobs, "sessions": sessions, "prints": prints}, text)


@main.group("audit", help=say("核对留痕", "check the histories"))
@DIR
def audit() -> None:
    """Sub-commands below."""


@audit.command(
    "verify", help=say("核对每一件的两条链，可与留存的锚对照", "check every chain, and against a kept anchor")
)
@click.option("--anchor", "kept", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@JSON
@DIR
def verify(kept: Path | None, as_json: bool) -> None:
    world = world_here()
    try:
        document = json.loads(kept.read_text(encoding="utf-8")) if kept else None
        verdict = auditing.verify(world, document)
    except (ValueError, KeyError, TypeError, AttributeError):
        fail(say(f"{kept} 不是锚文件。", f"{kept} is no anchor file."), 2)
    finally:
        world.close()
    gone = say(f"另有 {verdict.erased} 件已按保存期清除。", f" {verdict.erased} more were erased by retention.")
    text = say(f"{verdict.reports} 件，链都完整。", f"{verdict.reports} reports, every chain holds.")
    text += gone if verdict.erased else ""
    broken = say(f"断在 {verdict.broken}", f"broken at {verdict.broken}")
    echo(as_json, asdict(verdict), broken if verdict.broken else text)
    sys.exit(1 if verdict.broken else 0)


@audit.command(
    "reseal",
    help=say(
        "人工核对过点位、回避和称呼以后，认可现在的数据",
        "accept sites, conflicts, aliases and rules as they are, after somebody looked at them",
    ),
)
@click.option("--yes", is_flag=True, required=True, help=say("已经核对过", "they were looked at"))
@DIR
def accept(yes: bool) -> None:
    world = world_here()
    key = world.secrets.routing_key
    world.db.write(lambda session: reseal(session, key))
    world.close()
    click.echo(say("已重新加盖标记。", "marked again as they are."))


@audit.command("anchor", help=say("写出今天的锚，放到别处保存", "write today's anchor, to be kept elsewhere"))
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False))
@DIR
def anchor(out: Path) -> None:
    world = world_here()
    out.write_text(json.dumps(auditing.anchor(world), indent=1), encoding="utf-8")
    world.close()
    click.echo(str(out))
