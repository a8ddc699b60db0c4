"""The secret file: what the server knows and the database must not; and recovery keys as people type them.

One JSON file, readable by its owner alone. Of the recovery keys it holds the public halves only, pinned.
"""

import contextlib
import hashlib
import json
import os
import re
import stat
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from intake.core import vault
from intake.core.vault import OpenedKeys, PublicPair

Kind = Literal["county", "superior", "backup"]

_FORMAT: Final = 1
_LARGEST_FILE: Final = 64 * 1024
_FIELDS: Final = ("format", "root", "pepper", "county", "superior", "backup")

# Crockford's base 32: no I, L, O or U, so nothing that a tired eye takes for something else.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE: Final = {char: value for value, char in enumerate(_ALPHABET)}
_LOOK_ALIKES: Final = str.maketrans("OIL", "011")
_GROUP: Final = 5
_SEED_BITS: Final = 256
_CHECK_BITS: Final = 19  # 256 + 19 bits fill eleven groups of five characters exactly
_CHARACTERS: Final = (_SEED_BITS + _CHECK_BITS) // 5
_PREFIX: Final = re.compile(r"MSX(COUNTY|SUPERIOR|BACKUP)")
_KINDS: Final[Mapping[str, Kind]] = {"COUNTY": "county", "SUPERIOR": "superior", "BACKUP": "backup"}
_COMMENT: Final = re.compile(r"^\s*#.*$", re.MULTILINE)


class SecretFileError(Exception):
    """The secret file cannot be used. `id` is stable; `hint` says in one line what to do."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(hint)
        self.id = problem
        self.hint = hint


class BadRecoveryKey(ValueError):
    """A text that is no recovery key; the message says what to look at again."""


@dataclass(frozen=True)
class Secrets:
    """`root` and `pepper`: 32 secret bytes each. The pairs and `backup` (X25519) are public keys.

    What lives for hours (forms, limits) hangs on `root`, which can be replaced; what rows depend on for years
    (receipts, chains) on `pepper`, which never is.
    """

    root: bytes = field(repr=False)
    pepper: bytes = field(repr=False)
    county: PublicPair
    superior: PublicPair
    backup: bytes

    @cached_property
    def form_token_key(self) -> bytes:
        return vault.derive(self.root, "msx/form-token")

    @cached_property
    def receipt_key(self) -> bytes:
        return vault.derive(self.root, "msx/receipt")

    @cached_property
    def spent_key(self) -> bytes:
        return vault.derive(self.root, "msx/spent")

    @cached_property
    def order_key(self) -> bytes:
        return vault.derive(self.root, "msx/order")

    @cached_property
    def limiter_key(self) -> bytes:
        return vault.derive(self.root, "msx/limiter")

    @cached_property
    def csrf_key(self) -> bytes:
        return vault.derive(self.root, "msx/csrf")

    @cached_property
    def chain_key(self) -> bytes:
        return vault.derive(self.pepper, "msx/chain")

    @cached_property
    def sketch_key(self) -> bytes:
        return vault.derive(self.pepper, "msx/sketch")

    @cached_property
    def routing_key(self) -> bytes:
        return vault.derive(self.pepper, "msx/routing")

    @cached_property
    def patrol_key(self) -> bytes:
        """Of photos of boards: no report, but somebody may stand in the picture."""
        return vault.derive(self.pepper, "msx/patrol")


@dataclass(frozen=True, slots=True)
class RecoveryKeys:
    """The three keys as they are printed, once; nothing keeps them."""

    county: str = field(repr=False)
    superior: str = field(repr=False)
    backup: str = field(repr=False)


# ---------------------------------------------------------------- the file


def create(path: Path) -> tuple[Secrets, RecoveryKeys]:
    """Fresh secrets in a fresh file; refuses to overwrite. The recovery keys exist in the answer alone."""
    seeds = {kind: vault.random_bytes(32) for kind in ("county", "superior", "backup")}
    opened = {kind: vault.keys_from_seed(seed).public for kind, seed in seeds.items()}
    secrets = Secrets(
        root=vault.random_bytes(32),
        pepper=vault.random_bytes(32),
        county=opened["county"],
        superior=opened["superior"],
        backup=opened["backup"].reading,
    )
    write(path, secrets)
    return secrets, RecoveryKeys(
        county=printed("county", seeds["county"]),
        superior=printed("superior", seeds["superior"]),
        backup=printed("backup", seeds["backup"]),
    )


def write(path: Path, secrets: Secrets) -> None:
    """Put `secrets` on disk whole or not at all, mode 0600, synced; `SecretFileError` where a file is."""
    document = {
        "format": _FORMAT,
        "root": secrets.root.hex(),
        "pepper": secrets.pepper.hex(),
        "county": _pair_document(secrets.county),
        "superior": _pair_document(secrets.superior),
        "backup": secrets.backup.hex(),
    }
    data = (json.dumps(document, indent=2) + "\n").encode()
    waiting = path.with_name(f".{path.name}.{os.getpid()}.{vault.random_bytes(4).hex()}")
    try:
        _write_synced(waiting, data)
        # A hard link never replaces what is there, a rename would.
        os.link(waiting, path)
    except FileExistsError:
        raise SecretFileError("secret-exists", f"密钥文件 {path} 已存在，不会覆盖；如要新建，请另选目录") from None
    except OSError as problem:
        hint = f"无法写入密钥文件 {path}：{problem.strerror}"
        raise SecretFileError("secret-unwritable", hint) from problem
    finally:
        with contextlib.suppress(FileNotFoundError):
            waiting.unlink()
    _sync_folder(path.parent)


def load(path: Path) -> Secrets:
    """The secrets of a file that is whole and closed to others; raises `SecretFileError`."""
    document = _document(path, _read_private(path))
    return Secrets(
        root=_hex(path, document, "root"),
        pepper=_hex(path, document, "pepper"),
        county=_pair(path, document, "county"),
        superior=_pair(path, document, "superior"),
        backup=_backup(path, document),
    )


def _pair_document(pair: PublicPair) -> dict[str, str]:
    return {"reading": pair.reading.hex(), "signing": pair.signing.hex()}


def _write_synced(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, 0o600)
        file.write(data)
        file.flush()
        os.fsync(handle)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read_private(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise SecretFileError("secret-missing", f"找不到密钥文件 {path}；请先运行 msx init") from None
    except OSError as problem:
        hint = f"无法读取密钥文件 {path}：{problem.strerror}"
        raise SecretFileError("secret-unreadable", hint) from problem
    try:
        # The opened file is asked, not the name: between two looks a name can change hands.
        _refuse_unless_private(path, os.fstat(handle).st_mode)
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(_LARGEST_FILE + 1)
    finally:
        os.close(handle)


def _refuse_unless_private(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise SecretFileError("secret-not-a-file", f"{path} 不是普通文件；请检查 MSX_SECRET_FILE")
    if stat.S_IMODE(mode) & 0o077:
        raise SecretFileError("secret-open-to-others", f"密钥文件 {path} 可被其他用户访问；请执行 chmod 600 {path}")


def _document(path: Path, data: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        document = None
    if len(data) > _LARGEST_FILE or not isinstance(document, dict):
        raise SecretFileError("secret-damaged", f"密钥文件 {path} 已损坏；请用备份恢复")
    if document.get("format") != _FORMAT:
        hint = f"密钥文件 {path} 的 format 不是 {_FORMAT}；请升级软件或用备份恢复"
        raise SecretFileError("secret-format", hint)
    unknown = sorted(set(document) - set(_FIELDS))
    if unknown:
        raise _field_error(path, unknown[0], "不认识这一项")
    return document


def _field_error(path: Path, name: str, what: str) -> SecretFileError:
    return SecretFileError("secret-field", f"密钥文件 {path} 的 {name} 有误（{what}）；请用备份恢复")


def _hex(path: Path, document: Mapping[str, Any], name: str, within: str = "") -> bytes:
    text = document.get(name)
    full = f"{within}.{name}" if within else name
    if not isinstance(text, str) or not re.fullmatch(r"[0-9a-f]{64}", text):
        raise _field_error(path, full, "应为 64 位十六进制")
    value = bytes.fromhex(text)
    if not any(value):
        raise _field_error(path, full, "全为零")
    return value


def _pair(path: Path, document: Mapping[str, Any], name: str) -> PublicPair:
    inner = document.get(name)
    if not isinstance(inner, dict) or set(inner) != {"reading", "signing"}:
        raise _field_error(path, name, "应有 reading 和 signing")
    pair = PublicPair(_hex(path, inner, "reading", name), _hex(path, inner, "signing", name))
    if not vault.usable(pair):
        raise _field_error(path, name, "不是有效的公钥")
    return pair


def _backup(path: Path, document: Mapping[str, Any]) -> bytes:
    public = _hex(path, document, "backup")
    if not vault.usable_for_reading(public):
        raise _field_error(path, "backup", "不是有效的公钥")
    return public


# ---------------------------------------------------------------- recovery keys on paper


def printed(kind: Kind, seed: bytes) -> str:
    """`MSX-COUNTY-` and eleven groups of five: the 32-byte seed and 19 bits that check it and its kind."""
    number = int.from_bytes(seed, "big") << _CHECK_BITS | _check(kind, seed)
    characters = "".join(_ALPHABET[number >> shift & 31] for shift in range(5 * (_CHARACTERS - 1), -1, -5))
    parts = [characters[start : start + _GROUP] for start in range(0, _CHARACTERS, _GROUP)]
    return "-".join(["MSX", kind.upper(), *parts])


def read_recovery_key(text: str) -> tuple[Kind, OpenedKeys]:
    """The kind and the keys of a printed recovery key; raises `BadRecoveryKey`.

    Case, spaces, line breaks and dashes do not count, O is read as 0, I and L as 1; # begins a comment line.
    """
    kind, characters = _without_ornament(text)
    for position, char in enumerate(characters):
        if char not in _VALUE:
            raise BadRecoveryKey(f"第 {position // _GROUP + 1} 组里的“{char}”不是密钥用的字符，请对照原件")
    if len(characters) != _CHARACTERS:
        raise BadRecoveryKey(f"应有 {_CHARACTERS} 个字符（11 组，每组 5 个），现在有 {len(characters)} 个")
    number = 0
    for char in characters:
        number = number << 5 | _VALUE[char]
    seed = (number >> _CHECK_BITS).to_bytes(32, "big")
    if number & (1 << _CHECK_BITS) - 1 != _check(kind, seed):
        raise BadRecoveryKey("校验不符：有一处抄错，请逐组对照原件")
    return kind, vault.keys_from_seed(seed)


def _without_ornament(text: str) -> tuple[Kind, str]:
    folded = unicodedata.normalize("NFKC", _COMMENT.sub("", text)).upper()
    bare = "".join(c for c in folded if not c.isspace() and unicodedata.category(c) not in ("Pd", "Cf", "Cc"))
    prefix = _PREFIX.match(bare)
    if prefix is None:
        raise BadRecoveryKey("恢复密钥以 MSX-COUNTY、MSX-SUPERIOR 或 MSX-BACKUP 开头")
    return _KINDS[prefix.group(1)], bare[prefix.end() :].translate(_LOOK_ALIKES)


def _check(kind: Kind, seed: bytes) -> int:
    digest = hashlib.sha256(f"msx/recovery/{kind}/".encode() + seed).digest()
    return int.from_bytes(digest, "big") >> (256 - _CHECK_BITS)
