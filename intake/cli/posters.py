"""`msx posters`: files for the print shop, each read back and recorded before it is kept."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast, get_args

import click

from intake.boards import services as boards
from intake.boards.printing import BOARD_OF_SITE, Wanted, papers
from intake.boards.queries import office as queries
from intake.boards.services import NotPrinted, Printed
from intake.cli.base import JSON, command, echo, fail, say, world_here
from intake.cli.boards import BY, checked_code
from intake.core.errors import Refusal
from intake.core.world import World
from qr.poster import Format
from qr.second import Second
from qr.sheet import PAPERS_OF, Kind, Paper

_ONE_FILE = "posters.pdf"
_SITE_OF_BOARD: dict[str, str] = {board: site for site, board in BOARD_OF_SITE.items()}


@command("posters", "印牌子：每个码都扫过才留下文件", "posters; every code is read back before its file is kept")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help=say("放在哪里", "folder"))
@click.option("--board", "named", multiple=True, metavar="CODE", help=say("只印这一块，可以写几次", "this one; repeat"))
@click.option("--region", metavar="CODE", help=say("只印这个地区和它下面的", "of this region and below"))
@click.option("--kind", type=click.Choice(list(PAPERS_OF)), help=say("印什么", "what; default: by the kind of site"))
@click.option("--paper", type=click.Choice(papers()), help=say("纸", "paper"))
@click.option("--format", "ending", type=click.Choice(get_args(Format)), help=say("文件格式", "kind of file"))
@click.option("--second", type=click.Choice(get_args(Second)), help=say("加一行别的文字", "a second language"))
@click.option("--press", is_flag=True, help=say("带出血和裁切线，给印刷厂", "with bleed and crop marks"))
@click.option("--one-file", is_flag=True, help=say("印成一份 PDF，按地区和牌号排", "one PDF in binding order"))
@JSON
def posters(
    out: Path, named: tuple[str, ...], region: str | None, kind: str | None, paper: str | None, ending: str | None,
    second: str | None, press: bool, one_file: bool, as_json: bool,
) -> None:  # fmt: skip
    if one_file and ending not in (None, "pdf"):
        fail(say("--one-file 只能是 pdf。", "--one-file is a pdf."), 2)
    usual = "png" if "screen" in (kind, paper) and not one_file else "pdf"
    wanted = Wanted(
        cast(Kind | None, kind), cast(Paper | None, paper), cast(Format, ending or usual), cast(Second | None, second),
        press,
    )  # fmt: skip
    if said := wanted.problem():
        fail(said, 2)
    world = world_here()
    try:
        codes = _chosen(world, named, region, kind)
        out.mkdir(parents=True, exist_ok=True)
        made, refused = _one(world, codes, wanted, out) if one_file else _each(world, codes, wanted, out)
    except Refusal as refusal:
        fail(str(refusal))
    except OSError as error:
        fail(f"{out}: {error.strerror}")
    finally:
        world.close()
    for one in refused:
        click.echo(f"{one.site_no or '-'} {one.code} {one.name} {one.field}: {one.reason}", err=True)
    document = {"files": made, "refused": [asdict(one) for one in refused]}
    printed = len(made[0]["codes"]) if one_file and made else len(made)
    echo(as_json, document, say(f"印好 {printed} 块，没有印 {len(refused)} 块。",
                                f"{printed} printed, {len(refused)} refused."))  # fmt: skip
    sys.exit(1 if refused else 0)


def _chosen(world: World, named: tuple[str, ...], region: str | None, kind: str | None) -> list[str]:
    """Boards named, whatever their state; and live ones of a region, or of the whole county where none is named.

    A kind of board that was asked for keeps to sites of its kind, unless boards are named.
    """
    site_kind = _SITE_OF_BOARD.get(kind or "")
    wanted = [checked_code(text) for text in named]
    with world.db.read() as session:
        if region is not None and queries.region_name(session, region) is None:
            fail(say(f"没有编码为 {region} 的地区。", f"no region has the code {region}."))
        if region is not None or not named:
            wanted += queries.codes_to_print(session, region=region, kind=site_kind)
        found = queries.in_binding_order(session, wanted)
    if not found:
        fail(say("没有在用的牌子可以印。", "there is no live board to print."))
    return found


def _each(world: World, codes: list[str], wanted: Wanted, out: Path) -> tuple[list[dict[str, Any]], list[NotPrinted]]:
    made, refused = [], []
    for one in _with_bar(boards.print_each(world, BY, codes=codes, wanted=wanted), len(codes)):
        if isinstance(one, Printed):
            _keep(out / one.file_name, one.file)
            saying = one.item.saying
            made.append({
                "code": saying.code, "site_no": saying.site_no, "kind": one.item.kind, "paper": one.item.paper,
                "revision": one.item.data.revision, "file": one.file_name,
            })  # fmt: skip
        else:
            refused.append(one)
    return made, refused


def _one(world: World, codes: list[str], wanted: Wanted, out: Path) -> tuple[list[dict[str, Any]], list[NotPrinted]]:
    part = out / f".{_ONE_FILE}.part"
    try:
        with click.progressbar(length=len(codes), file=sys.stderr) as bar:
            items, refused = boards.print_one_file(
                world, BY, codes=codes, wanted=wanted, out=part, progress=lambda done: bar.update(done - bar.pos)
            )
        if items:
            part.replace(out / _ONE_FILE)
    finally:
        part.unlink(missing_ok=True)
    return ([{"file": _ONE_FILE, "codes": [item.saying.code for item in items]}] if items else []), refused


def _with_bar(results: Iterator[Printed | NotPrinted], length: int) -> Iterator[Printed | NotPrinted]:
    with click.progressbar(results, length=length, file=sys.stderr) as bar:
        yield from bar


def _keep(path: Path, file: bytes) -> None:
    """Whole or not at all, also where the disk fills up."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(file)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
