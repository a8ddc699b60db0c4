"""The lock files: exact, hashed, complete, and without the address of any registry."""

import re
import tomllib
from dataclasses import dataclass

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.guards.sources import ROOT

LOCKS = ("requirements/runtime.txt", "requirements/test.txt", "requirements/scan.txt")
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)")
ADDRESS = re.compile(r"[a-z+]+://|--(extra-)?index-url|--find-links|--trusted-host|^-[if] |file:/| @ ", re.MULTILINE)


@dataclass(frozen=True)
class Pinned:
    version: str
    hashes: frozenset[str]


def locked(text: str) -> dict[str, Pinned]:
    """Each requirement of a lock file; ValueError for a line that is none."""
    found: dict[str, Pinned] = {}
    for block in re.sub(r"^ *#.*\n?", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines():
        if not block.strip():
            continue
        pinned = PINNED.match(block)
        if pinned is None:
            raise ValueError(f"not pinned: {block}")
        hashes = frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", block))
        found[canonicalize_name(pinned["name"])] = Pinned(pinned["version"], hashes)
    return found


def read(lock: str) -> str:
    return (ROOT / lock).read_text(encoding="utf-8")


def declared() -> dict[str, list[Requirement]]:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    runtime = [Requirement(line) for line in project["dependencies"]]
    extras = [[Requirement(line) for line in project["optional-dependencies"][extra]] for extra in ("test", "scan")]
    return {LOCKS[0]: runtime, LOCKS[1]: runtime + extras[0], LOCKS[2]: runtime + extras[1]}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_registry(lock: str) -> None:
    assert ADDRESS.findall(read(lock)) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_an_exact_version_with_hashes(lock: str) -> None:
    pins = locked(read(lock))
    assert len(pins) > 20
    assert [name for name, pin in pins.items() if not pin.hashes] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_what_the_project_asks_for(lock: str) -> None:
    pins = locked(read(lock))
    for wanted in declared()[lock]:
        pin = pins.get(canonicalize_name(wanted.name))
        assert pin is not None, f"{wanted} is missing: make lock"
        assert wanted.specifier.contains(pin.version), f"{wanted} is locked at {pin.version}: make lock"


@pytest.mark.parametrize("lock", LOCKS[1:])
def test_the_other_locks_are_the_first_one_and_more(lock: str) -> None:
    """What is tested is what is shipped."""
    assert locked(read(LOCKS[0])).items() <= locked(read(lock)).items()


def test_compiled_parts_are_there_for_both_machines_we_name() -> None:
    """One file a platform: libsodium's binding alone has a wheel for x86-64 and one for ARM."""
    assert len(locked(read(LOCKS[0]))["pynacl"].hashes) >= 4


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://pypi.example/simple",
        "--find-links /opt/wheels",
        "-i http://mirror.example",
        "typst @ file:///tmp/typst.whl",
        "    # from https://files.example/x.whl",
    ],
)
def test_the_guard_objects_to(line: str) -> None:
    assert ADDRESS.search(line)


def test_the_guard_objects_to_a_range() -> None:
    with pytest.raises(ValueError, match="not pinned"):
        locked("flask>=3\n")
