"""The project's own files, as the guards read them."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ("config.py", "config_checks.py", "config_kinds.py")
CODE = (*SETTINGS, "intake/", "qr/", "migrations/", "tests/", "bench/", "tools/")


@cache
def project_files() -> tuple[str, ...]:
    """Every file of the project, committed or about to be, by its path from the root."""
    # The checkout may belong to somebody else: git would refuse to list it without being told.
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(sorted(path for path in set(listed.split("\0")) if path and (ROOT / path).is_file()))


def python_files(*folders: str) -> list[str]:
    """The Python files under `folders` (all code unless named)."""
    chosen = folders or CODE
    return [path for path in project_files() if path.endswith(".py") and path.startswith(chosen)]


def text_of(path: str) -> str | None:
    """A file's text; None for a picture, a font, a catalogue."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
