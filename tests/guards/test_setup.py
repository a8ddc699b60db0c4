"""What `make demo` and `make test` do on a machine that lacks something."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tools import setup
from tools.setup import Program, SetupError


def machine(
    monkeypatch: pytest.MonkeyPatch, *, root: bool = False, sudo: bool = False, apt: bool = True
) -> list[list[str]]:
    """A machine with or without the right to install; the commands it was given."""
    ran: list[list[str]] = []
    found = {"apt-get": apt, "sudo": sudo}

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        ran.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if found.get(name) else None)
    monkeypatch.setattr(subprocess, "run", run)
    return ran


def appears(ran: list[list[str]]) -> Program:
    """A program that is there once apt-get has installed it."""
    return Program("redis-server", lambda: any("install" in command for command in ran))


def test_what_is_there_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = machine(monkeypatch, root=True)
    setup.provide([Program("chromium", lambda: True)])
    assert ran == []


def test_root_installs_only_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = machine(monkeypatch, root=True)
    setup.provide([Program("chromium", lambda: True), appears(ran)])
    assert ran[-1][-1] == "redis-server"
    assert "chromium" not in ran[-1]
    assert "sudo" not in ran[-1]


def test_without_root_sudo_is_used_where_it_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = machine(monkeypatch, sudo=True)
    setup.provide([appears(ran)])
    assert ran[-1][:2] == ["sudo", "-n"]


@pytest.mark.parametrize(("sudo", "apt"), [(False, True), (False, False), (True, False)])
def test_what_may_not_be_installed_is_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch, sudo: bool, apt: bool
) -> None:
    ran = machine(monkeypatch, sudo=sudo, apt=apt)
    with pytest.raises(SetupError, match="sudo apt-get install chromium redis-server"):
        setup.provide([Program("chromium", lambda: False), Program("redis-server", lambda: False)])
    assert not any("install" in command for command in ran)


def test_an_install_that_did_not_work_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, root=True)
    with pytest.raises(SetupError, match="could not install: chromium"):
        setup.provide([Program("chromium", lambda: False)])


def test_nothing_is_installed_twice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ran = machine(monkeypatch)
    monkeypatch.setattr(setup, "INSTALLED", tmp_path / "installed.json")
    setup.install("test")
    assert len(ran) == 2
    setup.install("test")
    setup.install("run")
    assert len(ran) == 2


def test_a_changed_lock_is_installed_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ran = machine(monkeypatch)
    lock = tmp_path / "runtime.txt"
    lock.write_text("flask==1\n")
    monkeypatch.setattr(setup, "INSTALLED", tmp_path / "installed.json")
    monkeypatch.setattr(setup, "LOCKS", {"run": lock})
    setup.install("run")
    lock.write_text("flask==2\n")
    setup.install("run")
    assert len(ran) == 4


def test_an_interrupted_installation_is_not_believed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    record = tmp_path / "installed.json"
    monkeypatch.setattr(setup, "INSTALLED", record)
    machine(monkeypatch)
    setup.install("test")
    record.write_text("{ half")
    ran = machine(monkeypatch)
    setup.install("test")
    assert len(ran) == 2


@pytest.mark.parametrize("words", [[], ["demo"], ["run", "test"]])
def test_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert setup.main(words) == 2
    assert "usage" in capsys.readouterr().err


def test_a_missing_part_ends_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def missing() -> None:
        raise SetupError("missing: chromium; run: sudo apt-get install chromium")

    monkeypatch.setattr(setup, "make_venv", missing)
    assert setup.main(["run"]) == 1
    assert capsys.readouterr().err == "missing: chromium; run: sudo apt-get install chromium\n"
