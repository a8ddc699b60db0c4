"""Every setting and every command is documented, and nothing is documented that does not exist."""

import re
from collections.abc import Iterator

import click

import config
from intake.cli import main
from tests.guards.sources import ROOT

# Read besides the settings proper: where they come from, and the demo's clock.
NOT_SETTINGS = {"MSX_CONFIG", "MSX_CLOCK_FILE"}


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def commands(group: click.Group, prefix: str = "msx") -> Iterator[tuple[str, click.Command]]:
    """Every command by what one types, a group's own commands in its place."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def test_every_setting_is_documented_with_its_default() -> None:
    lines = page("settings.md").splitlines()
    for setting in config.SETTINGS:
        about = [line for line in lines if re.search(rf"`{setting.env}`", line)]
        assert about, f"docs/settings.md does not name {setting.env}"
        if setting.default is not None:
            assert any(setting.default in line for line in about), f"the default of {setting.env}: {setting.default}"


def test_every_setting_documented_exists() -> None:
    named = set(re.findall(r"\bMSX_[A-Z_]+[A-Z]\b", page("settings.md")))
    assert named - NOT_SETTINGS == {setting.env for setting in config.SETTINGS}


def test_every_command_is_documented_with_its_options() -> None:
    text = page("commands.md")
    for typed, command in commands(main):
        assert f"`{typed}" in text, f"docs/commands.md does not name {typed}"
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.opts[0] in text, f"docs/commands.md: {typed} {parameter.opts[0]}"


def test_every_command_documented_exists() -> None:
    known = {typed for typed, _ in commands(main)}
    named = set(re.findall(r"^#+ .*?`(msx [a-z][a-z-]*(?: [a-z][a-z-]*)?)", page("commands.md"), re.MULTILINE))
    assert named
    assert {typed for typed in named if not any(one == typed or one.startswith(f"{typed} ") for one in known)} == set()


def test_every_command_takes_the_folder() -> None:
    for typed, command in commands(main):
        assert any("--dir" in parameter.opts for parameter in command.params), typed
