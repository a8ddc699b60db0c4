"""The site itself, and the demo county."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from config import Settings
from intake.cli.base import command, fail, folder, say, settings_here
from intake.cli.checking import findings
from intake.core.errors import Refusal


@command("serve", "启动网站", "serve the site")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--threads", type=click.IntRange(1, 256), help=say("线程数（默认 MSX_THREADS）", "threads (MSX_THREADS)"))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64))
def serve(host: str, port: int, threads: int | None, workers: int) -> None:
    settings = settings_here()
    if workers > 1 and settings.database_url.startswith("sqlite:"):
        fail(say("SQLite 只有一个写入口，只能一个进程；多进程请用 PostgreSQL。",
                 "SQLite has one writer: one worker only. Use PostgreSQL for more."), 2)  # fmt: skip
    if workers > 1 and not settings.redis_url:
        fail(say("限额记在内存里，各进程会各记各的；多进程要有 MSX_REDIS_URL。",
                 "limits in memory are not shared by workers: more than one needs MSX_REDIS_URL."), 2)  # fmt: skip
    found, _ = findings(settings)
    if found:
        fail("；".join(f"{p.id}: {p.hint}" for p in found))
    run_site(settings, host, port, threads or settings.threads, workers)


def run_site(settings: Settings, host: str, port: int, threads: int, workers: int) -> None:
    if settings.is_demo:  # the demo's codes and links say the address that is served
        settings = replace(settings, public_url=f"http://{host}:{port}")
    from intake.server import run  # noqa: PLC0415 - the server is not needed by any other command

    run(settings, host=host, port=port, threads=threads, workers=workers)


@command("demo", "演示县：建好数据并启动", "the demo county: build and serve it")
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--seed", default=1, show_default=True, type=int)
@click.option(
    "--scale", default="small", type=click.Choice(["small", "county"]), show_default=True,
    help=say("county：114 个村、82 个工程，带一轮的经过", "county: 114 villages, 82 works, with a round's history"),
)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--no-serve", is_flag=True, help=say("只建数据，不启动", "build only"))
@click.option("--fresh", is_flag=True, help=say("清空演示文件夹重来", "start again from nothing"))
@click.option("--keep", is_flag=True, help=say("版本没变就直接启动", "keep the data where the version is the same"))
def demo(
    data: Path | None,
    today: datetime | None,
    seed: int,
    scale: str,
    port: int,
    no_serve: bool,
    fresh: bool,
    keep: bool,
) -> None:
    from intake import demo as county  # noqa: PLC0415 - the demo pulls in the whole product and drawing

    place, url = folder(), f"http://127.0.0.1:{port}"
    if keep and county.is_current(place, url, scale):
        settings = settings_here()
    else:
        day = today.date() if today else None
        try:
            settings = county.build(
                place, url=url, data=data, today=day, seed=seed, scale=scale, fresh=fresh or keep,
                say=lambda line: click.echo(f"… {line}", err=True),
            )  # fmt: skip
        except (county.DemoError, Refusal) as error:
            fail(str(error))
    _show_demo(place)
    if not no_serve:
        run_site(settings, "127.0.0.1", port, settings.threads, 1)


def _show_demo(place: Path) -> None:
    found = json.loads((place / "demo.json").read_text(encoding="utf-8"))
    board = next((b for b in found["boards"] if b["state"] == "live"), None)
    click.echo(f"{say('网站', 'site')}\t{found['url']}")
    if board is not None:
        click.echo(f"{say('一块牌子', 'a board')}\t{board['url']}\t{board['name']}")
    for person in found["staff"]:
        phone = f"\t{say('动态码密钥', 'secret of the codes')} {person['totp_secret']}" if person["totp_secret"] else ""
        click.echo(f"{person['login']}\t{person['password']}\t{person['role']}\t{person['team_id'] or '-'}{phone}")
    click.echo(f"{say('登录', 'sign in')}\t{found['url']}/staff/login")
    click.echo(f"{say('海报', 'posters')}\t{place / 'posters'}")
