"""Nothing but rows inside `db.write`: no vault, no pictures, no storage; by reading code and by running it.

Whoever calls them there holds the only writer while a key is derived or a disk answers, and a function that
is run again after a deadlock would do it twice.
"""

import ast
import datetime
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from PIL import Image
from sqlalchemy.orm import Session

from intake.core import chain, vault
from intake.core.db import Database
from intake.core.storage import open_storage
from tests.guards import write_guard

INTAKE: Final = Path(__file__).resolve().parents[2] / "intake"
FORBIDDEN: Final = frozenset({"vault", "PIL", "Image", "storage"})
FORBIDDEN_MODULES: Final = ("intake.core.vault", "intake.core.storage", "PIL", "nacl", "argon2")
DATABASE_NAMES: Final = frozenset({"db", "database"})

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Module:
    """One source file, with what the guard asks of it."""

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self.parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}
        self.forbidden = FORBIDDEN | set(_forbidden_imports(self.tree))

    def problems(self) -> list[str]:
        """What stands inside the functions given to `db.write` and must not, with its line."""
        found: list[str] = []
        for call in self.writes():
            function = self.resolved(call)
            if function is None:
                found.append(f"line {call.lineno}: give db.write a lambda or a function of this module")
            else:
                found += self.problems_of(function, set())
        return found

    def writes(self) -> list[ast.Call]:
        """Calls of `….db.write(…)`."""
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.Call) and _is_write(node)]

    def resolved(self, call: ast.Call) -> FunctionNode | None:
        """The function a call of write is given: a lambda, a name, or a name inside `partial`."""
        given = call.args[0] if call.args else None
        if isinstance(given, ast.Call) and given.args and _last_name(given.func) == "partial":
            given = given.args[0]
        if isinstance(given, ast.Lambda):
            return given
        return self.definition(given.id, call) if isinstance(given, ast.Name) else None

    def definition(self, name: str, node: ast.AST) -> FunctionNode | None:
        """The function called `name` as seen from `node`: the innermost scope first."""
        scope: ast.AST | None = node
        while scope is not None:
            scope = self.parents.get(scope)
            if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
                for inner in _statements(scope):
                    if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and inner.name == name:
                        return inner
        return None

    def problems_of(self, function: FunctionNode, seen: set[ast.AST]) -> list[str]:
        """What a function refers to, and the functions of the same module that it names."""
        seen.add(function)
        found: list[str] = []
        for node in _code(function):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if name in self.forbidden:
                found.append(f"line {node.lineno}: {name} inside db.write")
            elif isinstance(node, ast.Name):
                called = self.definition(name, node)
                if called is not None and called not in seen:
                    found += self.problems_of(called, seen)
        return found


def _is_write(call: ast.Call) -> bool:
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr == "write"
        and _last_name(function.value) in DATABASE_NAMES
    )


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _forbidden_imports(tree: ast.Module) -> Iterator[str]:
    """Names taken out of a forbidden module; classes are types here and do nothing by themselves."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            inside = any(node.module == each or node.module.startswith(f"{each}.") for each in FORBIDDEN_MODULES)
            for alias in node.names:
                if f"{node.module}.{alias.name}" in FORBIDDEN_MODULES or (inside and alias.name[:1].islower()):
                    yield alias.asname or alias.name
        elif isinstance(node, ast.Import):
            yield from (alias.asname for alias in node.names if alias.name in FORBIDDEN_MODULES and alias.asname)


def _statements(scope: ast.AST) -> Iterator[ast.AST]:
    """Everything in a scope except what lies within functions of its own."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _statements(child)


def _code(function: FunctionNode) -> Iterator[ast.Name | ast.Attribute]:
    """Names and attributes in a function's body; annotations name types and run nothing."""
    body = function.body if isinstance(function.body, list) else [function.body]
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name | ast.Attribute):
            yield node
        if isinstance(node, ast.AnnAssign):
            waiting += [node.target] + ([node.value] if node.value else [])
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += [*node.body, *node.decorator_list, *node.args.defaults]
        else:
            waiting += ast.iter_child_nodes(node)


def sources() -> list[Path]:
    return sorted(INTAKE.rglob("*.py"))


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(INTAKE)))
def test_functions_given_to_write_name_no_vault_picture_or_storage(path: Path) -> None:
    assert Module(path.read_text(encoding="utf-8")).problems() == []


def test_the_guard_sees_the_writes_there_are() -> None:
    """Filing, adding, moving and signing in are among them; a renamed seam would leave none."""
    seen = [path for path in sources() if Module(path.read_text(encoding="utf-8")).writes()]
    assert {path.relative_to(INTAKE).parts[0] for path in seen} >= {"people", "boards", "reports", "triage"}


BAD = {
    "a lambda": "def f(db):\n db.write(lambda s: vault.seal(b''))",
    "a nested function": "def f(world):\n def record(s):\n  world.storage.put('x')\n world.db.write(record)",
    "a function of the module": "def g(s):\n return Image.open(s)\ndef f(db):\n db.write(g)",
    "a partial": "def g(a, s):\n return vault.mac(a)\ndef f(db):\n db.write(partial(g, 1))",
    "a helper": "def h():\n return vault.new_key()\ndef g(s):\n h()\ndef f(db):\n db.write(g)",
    "an imported function": "from intake.core.vault import mac as m\ndef f(db):\n db.write(lambda s: m(s))",
    "an alias": "import PIL as pictures\ndef f(db):\n db.write(lambda s: pictures.Image)",
    "a module's alias": "from intake.core import vault as v\ndef f(db):\n db.write(lambda s: v.mac(s))",
    "an unknown function": "from elsewhere import g\ndef f(db):\n db.write(g)",
    "a made function": "def f(db):\n db.write(make())",
    "an inner inner function": (
        "def f(db):\n def record(s):\n  def deep():\n   vault.mac()\n  deep()\n db.write(record)"
    ),
}
GOOD = {
    "rows": "def f(db):\n def record(s):\n  s.add(chain.link(b'', '', {}))\n db.write(record)",
    "prepared before": "def f(db):\n sealed = vault.seal(b'')\n db.write(lambda s: s.add(sealed))",
    "an annotation": "def g(s, k: vault.Bound):\n x: vault.Bound = k\ndef f(db):\n db.write(g)",
    "a type": "from intake.core.vault import OpenedKeys\ndef f(db):\n db.write(lambda s: s.get(OpenedKeys))",
    "another write": "def f(file):\n file.write(vault.random_bytes(8))",
    "the innermost of two": (
        "def record(s):\n vault.mac()\ndef f(db):\n def record(s):\n  s.add(1)\n db.write(record)"
    ),
}


@pytest.mark.parametrize("source", BAD.values(), ids=BAD.keys())
def test_the_guard_objects_to(source: str) -> None:
    assert Module(source).problems()


@pytest.mark.parametrize("source", GOOD.values(), ids=GOOD.keys())
def test_the_guard_lets_pass(source: str) -> None:
    assert Module(source).problems() == []


# ---------------------------------------------------------------- while it runs


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'wired.db'}")
    yield opened
    opened.close()


def _png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (2, 2)).save(out, "PNG")
    return out.getvalue()


STORE = open_storage("memory://")
DAY = datetime.date(2026, 11, 22)
PICTURE = _png()
WIRED: dict[str, Callable[[], object]] = {
    "random_bytes": lambda: vault.random_bytes(8),
    "encrypt": lambda: vault.encrypt(bytes(32), b"x", ("t", "r", "f")),
    "password_key": lambda: vault.password_key("x", bytes(16)),
    "Image.open": lambda: Image.open(io.BytesIO(PICTURE)).size,
    "put": lambda: STORE.put("ab/abcdef0123", b"x", day=DAY),
    "get": lambda: STORE.get("ab/abcdef0123"),
    "delete": lambda: STORE.delete("ab/abcdef0124"),
}


@pytest.mark.parametrize("name", WIRED)
def test_a_wire_trips_inside_write_and_nowhere_else(name: str, database: Database) -> None:
    write_guard.install()
    STORE.put("ab/abcdef0123", b"x", day=DAY)
    WIRED[name]()

    def record(session: Session) -> None:
        WIRED[name]()

    with pytest.raises(AssertionError, match=r"inside db\.write"):
        database.write(record)
    WIRED[name]()


def test_every_public_function_of_the_vault_and_every_storage_is_wired() -> None:
    write_guard.install()
    functions = write_guard.vault_functions()
    assert {"encrypt", "decrypt", "seal", "unseal", "sign", "verify", "mac", "derive"} <= functions.keys()
    assert all(hasattr(function, "wired_by_write_guard") for function in functions.values())
    assert len(write_guard.storage_classes()) >= 2
    for kind in write_guard.storage_classes():
        for verb in ("put", "get", "delete"):
            assert hasattr(getattr(kind, verb), "wired_by_write_guard")


def test_installing_twice_wires_once() -> None:
    write_guard.install()
    once = vault.encrypt
    write_guard.install()
    assert vault.encrypt is once


def test_links_of_a_chain_are_made_inside_write(database: Database) -> None:
    """Hashing alone: the head is known only there."""
    hashed = database.write(lambda session: chain.link(bytes(32), chain.GENESIS, {"kind": "filed"}))
    assert hashed == chain.link(bytes(32), chain.GENESIS, {"kind": "filed"})
