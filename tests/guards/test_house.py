"""Rules of the house that a linter does not know."""

import io
import re
import tokenize
from collections.abc import Iterator

import pytest

from tests.guards.sources import ROOT, SETTINGS, project_files, python_files, text_of

LONGEST = 400  # lines: a file beyond may hold two subjects

# The seam and its two halves; a guard of its own watches what runs inside.
MAY_COMMIT = {"intake/core/db.py", "intake/core/group_commit.py", "intake/core/sessions.py"}
# A suppression names its rule and says why, in words after a dash or in a comment of their own.
SUPPRESSION = re.compile(r"#\s*(?:noqa|type:\s*ignore)\b")
_RULES = r"(?:noqa:\s*[A-Z]+[0-9]+(?:,\s*[A-Z]+[0-9]+)*|type:\s*ignore\[[a-z, -]+\])"
REASONED = re.compile(rf"#\s*{_RULES}\s*[-#]\s*\S{{2,}}")
WHOLE_FILE = re.compile(r"#\s*(?:ruff|flake8):\s*noqa|#\s*mypy:")
# Written in two parts, or this file would be the first to hold them.
ELSEWHERE = ("../" + "shared", "/wo" + "rk/")


def comments(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each comment."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def unreasoned(source: str) -> list[str]:
    """Suppressions without a rule or without a reason, and those of a whole file."""
    return [
        f"line {line}: {text}"
        for line, text in comments(source)
        if WHOLE_FILE.search(text) or (SUPPRESSION.search(text) and not REASONED.search(text))
    ]


@pytest.mark.parametrize("path", python_files())
def test_a_suppression_says_why(path: str) -> None:
    assert unreasoned((ROOT / path).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "#noqa",
        "# noqa: S311",
        "# type: ignore",
        "# type: ignore[misc]",
        "# type: ignore  # why",
        "# ruff: noqa",
    ],
)
def test_the_guard_objects_to(comment: str) -> None:
    assert unreasoned(f"x = 1  {comment}\n")


@pytest.mark.parametrize(
    "comment",
    ["# noqa: S311 - no key", "# type: ignore[misc]  # Flask's own", "# noqa: E731, S311 - short", "# a comment"],
)
def test_the_guard_lets_pass(comment: str) -> None:
    assert unreasoned(f"x = 1  {comment}\n") == []


def test_only_the_seam_commits() -> None:
    sources = python_files(*SETTINGS, "intake/", "qr/", "migrations/")
    committing = {path for path in sources if ".commit(" in (text_of(path) or "")}
    assert committing <= MAY_COMMIT
    assert committing, "the seam commits somewhere: this guard looks for the wrong word"


@pytest.mark.parametrize("path", python_files(*SETTINGS, "intake/", "qr/", "migrations/", "bench/", "tools/"))
def test_a_file_holds_one_subject(path: str) -> None:
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_the_project_speaks_of_nothing_outside_itself() -> None:
    found = [
        f"{path}: {word}" for path in project_files() for word in ELSEWHERE if word in (text_of(path) or "")
    ]
    assert found == []


def test_nothing_postponed() -> None:
    """What is missing is named where plans are kept, not left in the code for the next reader to trip over."""
    marks = re.compile(r"#\s*(?:TODO|FIXME|XXX|HACK)\b|pytest\.(?:skip|xfail)\(|mark\.(?:skip|skipif|xfail)\b")
    found = [path for path in python_files() if marks.search(text_of(path) or "")]
    assert set(found) <= {"tests/guards/test_house.py"}


def test_the_licence_is_the_one_we_declare() -> None:
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_continuous_integration_runs_what_people_run() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert "make test" in script.read_text(encoding="utf-8")
