"""Makes `.venv` and what it needs: `python3 tools/setup.py run|test`. Needs the standard library only.

`run` is enough for `make demo`; `test` adds the tools of the tests and Debian's programs they drive. What is
missing and may be installed is installed (as root, or where sudo asks for no password); what may not is named
with the command that would, and the exit status is 1. Nothing is done twice: `.venv/installed.json` remembers
the lock files by their hashes.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
INSTALLED = VENV / "installed.json"
LOCKS = {"run": ROOT / "requirements" / "runtime.txt", "test": ROOT / "requirements" / "test.txt"}
OLDEST = (3, 11)


class SetupError(Exception):
    """Something is missing that we may not install; says what to do, in one line."""


@dataclass(frozen=True)
class Program:
    """Something from outside Python: Debian's package of it, and how to see that it is there."""

    package: str
    present: Callable[[], bool]


def _command(*names: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(name) for name in names)


def _postgresql() -> bool:
    # Debian keeps the server's programs off the PATH.
    return bool(list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))) or _command("initdb")()


def _nginx() -> bool:
    # In a folder that is on the PATH of root alone.
    return Path("/usr/sbin/nginx").exists() or _command("nginx")()


def _chinese_fonts() -> bool:
    listed = subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True, text=True, check=False)
    return "Noto Sans CJK SC" in listed.stdout


def _fonts() -> bool:
    return _command("fc-list")() and _chinese_fonts()


TEST_PROGRAMS = (
    Program("chromium", _command("chromium", "chromium-browser")),
    Program("postgresql", _postgresql),
    Program("redis-server", _command("redis-server")),
    Program("fontconfig", _command("fc-list")),
    Program("fonts-noto-cjk", _fonts),
    Program("libimage-exiftool-perl", _command("exiftool")),
    Program("poppler-utils", _command("pdftotext")),
    Program("nginx", _nginx),
    Program("openssl", _command("openssl")),
)


def say(chinese: str, english: str) -> None:
    """One line for whoever waits, in the language of LANG."""
    chosen = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    print(chinese if chosen.startswith("zh") else english, flush=True)


def provide(programs: Iterable[Program]) -> None:
    """Install the Debian packages of what is missing, or name the command that does. Raises SetupError."""
    missing = [program.package for program in programs if not program.present()]
    if not missing:
        return
    apt = _apt()
    if apt is None:
        raise SetupError(f"missing: {' '.join(missing)}; run: sudo apt-get install {' '.join(missing)}")
    say(f"正在安装 Debian 软件包：{' '.join(missing)}", f"Installing Debian packages: {' '.join(missing)}")
    quiet = [*apt, "-q", "-y", "-o", "Dpkg::Use-Pty=0"]
    # The lists may be absent (a fresh image) or too old to fetch from; an install tells, an update mends.
    subprocess.run([*quiet, "update"], stdin=subprocess.DEVNULL, check=False)
    install = [*quiet, "install", "--no-install-recommends", *missing]
    subprocess.run(install, stdin=subprocess.DEVNULL, check=False)
    left = [program.package for program in programs if not program.present()]
    if left:
        raise SetupError(f"could not install: {' '.join(left)}; run: sudo apt-get install {' '.join(left)}")


def _apt() -> list[str] | None:
    """The words that start apt-get with the right to install, or None."""
    if shutil.which("apt-get") is None:
        return None
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    if os.geteuid() == 0:
        return apt
    if shutil.which("sudo") is None:
        return None
    allowed = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    return ["sudo", "-n", *apt] if allowed else None


def make_venv() -> None:
    """Create `.venv`, with Debian's python3-venv where the interpreter comes without it. Raises SetupError."""
    if sys.version_info[:2] < OLDEST:
        raise SetupError(f"Python {'.'.join(map(str, OLDEST))} or newer is needed, this is {sys.version.split()[0]}")
    if PYTHON.exists() and _runs([str(PYTHON), "-m", "pip", "--version"]):
        return
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    provide([Program(package, lambda: _runs([sys.executable, "-c", "import ensurepip, venv"]))])
    say("正在建立 .venv", "Making .venv")
    _must([sys.executable, "-m", "venv", "--clear", str(VENV)], "could not make .venv")


def install(what: str) -> None:
    """Install a lock file and the project itself, unless exactly that is installed already. Raises SetupError."""
    wanted = fingerprints()
    if _recorded().get(what) == wanted[what]:
        return
    say("正在安装依赖（首次约需一两分钟）", "Installing what the project depends on (a minute or two the first time)")
    INSTALLED.unlink(missing_ok=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _must([*pip, "--require-hashes", "-r", str(LOCKS[what])], "pip could not install the dependencies")
    _must([*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)], "pip could not install the project")
    # The tests' lock holds the other one too (a test compares them).
    done = wanted if what == "test" else {what: wanted[what]}
    INSTALLED.write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")


def fingerprints() -> dict[str, str]:
    """For each kind of installation, a hash of everything that decides it."""
    project = (ROOT / "pyproject.toml").read_bytes()
    return {
        what: hashlib.sha256(b"\0".join([lock.read_bytes(), project, str(ROOT).encode()])).hexdigest()
        for what, lock in LOCKS.items()
    }


def _recorded() -> dict[str, str]:
    try:
        recorded = json.loads(INSTALLED.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return recorded if isinstance(recorded, dict) else {}


def _runs(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _must(command: list[str], problem: str) -> None:
    """Run it; what it says is shown only when it fails: pip warns of much that is none of a reader's business."""
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        sys.stderr.buffer.write(done.stdout)
        raise SetupError(f"{problem}; see the lines above")


def main(words: list[str]) -> int:
    """0 done, 1 something is missing, 2 wrong usage."""
    if len(words) != 1 or words[0] not in LOCKS:
        print("usage: python3 tools/setup.py run|test", file=sys.stderr)
        return 2
    try:
        make_venv()
        if words[0] == "test":
            provide(TEST_PROGRAMS)
        install(words[0])
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
