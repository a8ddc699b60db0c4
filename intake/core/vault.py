"""The only room with cryptography in it: sealing, signing, deriving. Pure, stateless; libsodium and Argon2.

Every ciphertext starts with an algorithm byte, so that other ciphers can join later, and is bound to the
(table, row, field) it was made for: put anywhere else it does not open. Lengths are padded in steps.
What cannot be opened raises `VaultError`, which never says why. ADR 0001 has the layout of the keys.
"""

import hashlib
import hmac
import os
import secrets
import threading
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from argon2.low_level import Type, hash_secret_raw
from nacl import bindings
from nacl.exceptions import CryptoError

from intake.core.framing import framed
from intake.core.sharing import SHARE_BYTES

Bound = tuple[str, str, str]
"""What a ciphertext belongs to: table, row, field."""

KEY_BYTES: Final = 32

# Algorithm bytes. Each names the whole construction, padding included; none is ever given a second meaning.
_FIELD: Final = b"\x01"  # XChaCha20-Poly1305, padded by `field_step`
_FILE: Final = b"\x02"  # libsodium's secretstream over chunks, padded by `file_step`
_GRANT: Final = b"\x03"  # libsodium's sealed box (X25519, XSalsa20-Poly1305) over digest of the bound and key

_NONCE_BYTES: Final = bindings.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
_TAG_BYTES: Final = bindings.crypto_aead_xchacha20poly1305_ietf_ABYTES
_HEADER_BYTES: Final = bindings.crypto_secretstream_xchacha20poly1305_HEADERBYTES
_CHUNK: Final = 64 * 1024
_SEALED_CHUNK: Final = _CHUNK + bindings.crypto_secretstream_xchacha20poly1305_ABYTES
_MESSAGE: Final = bindings.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
_FINAL: Final = bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL

_SMALLEST_FIELD: Final = 256
_PAD_MARK: Final = b"\x80"  # ISO/IEC 7816-4: a mark, then zeros

# More Argon2 at once than cores makes nobody faster and costs memory; receipts and passwords share places.
CORES: Final = len(os.sched_getaffinity(0))
_memory_hard_slots = threading.BoundedSemaphore(CORES)


class VaultError(Exception):
    """Cannot be opened: the wrong key, the wrong place, or altered bytes. Which of them is not said."""

    def __init__(self) -> None:
        super().__init__("cannot be opened")


@dataclass(frozen=True, slots=True)
class KeyPair:
    """`public` 32 bytes. `secret`: X25519 32 bytes; Ed25519 64 bytes (libsodium's form: seed, public key)."""

    public: bytes
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PublicPair:
    """What others know of somebody's keys: X25519 for reading, Ed25519 for signing, 32 bytes each."""

    reading: bytes
    signing: bytes


@dataclass(frozen=True, slots=True)
class OpenedKeys:
    """Somebody's two key pairs with their secrets, as they live in memory for one request."""

    reading: KeyPair
    signing: KeyPair

    @property
    def public(self) -> PublicPair:
        return PublicPair(self.reading.public, self.signing.public)

    def pack(self) -> bytes:
        """Both secrets as 64 bytes, to be encrypted before they go anywhere."""
        return self.reading.secret + self.signing.secret[:KEY_BYTES]

    @classmethod
    def unpack(cls, packed: bytes) -> "OpenedKeys":
        """The reverse of `pack`; the public halves are computed anew. Raises `VaultError`."""
        if len(packed) != 2 * KEY_BYTES:
            raise VaultError
        return _opened(packed[:KEY_BYTES], packed[KEY_BYTES:])


def _opened(reading_secret: bytes, signing_seed: bytes) -> OpenedKeys:
    signing_public, signing_secret = bindings.crypto_sign_seed_keypair(signing_seed)
    return OpenedKeys(
        reading=KeyPair(bindings.crypto_scalarmult_base(reading_secret), reading_secret),
        signing=KeyPair(signing_public, signing_secret),
    )


# ---------------------------------------------------------------- keys


def random_bytes(count: int) -> bytes:
    """`count` bytes from the operating system's generator."""
    return secrets.token_bytes(count)


def new_key() -> bytes:
    """A fresh key for `encrypt` and `encrypt_file`: 32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def new_keys() -> OpenedKeys:
    """A person's fresh reading and signing pairs."""
    return _opened(secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES))


def keys_from_seed(seed: bytes) -> OpenedKeys:
    """The two pairs of a recovery or backup key from its 32-byte seed; `ValueError` for another length."""
    if len(seed) != KEY_BYTES:
        raise ValueError(f"a seed has {KEY_BYTES} bytes")
    return _opened(derive(seed, "msx/seed/reading"), derive(seed, "msx/seed/signing"))


def usable_for_reading(public: bytes) -> bool:
    """A point that keys can be sealed to: 32 bytes, and not one of the few of small order."""
    if len(public) != bindings.crypto_box_PUBLICKEYBYTES:
        return False
    try:
        bindings.crypto_scalarmult(b"\x01" * KEY_BYTES, public)
    except CryptoError:
        return False
    return True


def usable(pair: PublicPair) -> bool:
    """Both halves are points of their curves that can be sealed to and verified with."""
    signs = len(pair.signing) == bindings.crypto_sign_PUBLICKEYBYTES
    return signs and bindings.crypto_core_ed25519_is_valid_point(pair.signing) and usable_for_reading(pair.reading)


# ---------------------------------------------------------------- fields


def field_step(length: int) -> int:
    """The padded length of a field of `length` bytes, mark included: 256, 512, 1024 … doubling."""
    return max(_SMALLEST_FIELD, 1 << length.bit_length())


def file_step(length: int) -> int:
    """The padded length of a file of `length` bytes, mark included: whole chunks, eight steps a doubling."""
    needed = length + len(_PAD_MARK)
    step = max(_CHUNK, (1 << (needed - 1).bit_length()) // 16)
    return -(-needed // step) * step


def _padded(plain: bytes, length: int) -> bytes:
    return plain + _PAD_MARK + bytes(length - len(plain) - 1)


def _unpadded(padded: bytes) -> bytes:
    stripped = padded.rstrip(b"\x00")
    if stripped[-1:] != _PAD_MARK:
        raise VaultError
    return stripped[:-1]


def encrypt(key: bytes, plain: bytes, bound: Bound, *, at_least: int = 0) -> bytes:
    """`plain` under `key` (32 bytes), for that place only.

    Padded to a step of `field_step`; to the step of `at_least` bytes where that is more, so that a short
    value and none at all look like a long one. Result: algorithm byte, nonce of 24, ciphertext, tag of 16.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    padded = _padded(plain, field_step(max(len(plain), at_least)))
    associated = framed(_FIELD, *bound)
    sealed = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(padded, associated, nonce, key)
    return _FIELD + nonce + sealed


def decrypt(key: bytes, sealed: bytes, bound: Bound) -> bytes:
    """What `encrypt` was given; raises `VaultError`."""
    if sealed[:1] != _FIELD or len(sealed) < 1 + _NONCE_BYTES + _TAG_BYTES:
        raise VaultError
    nonce = sealed[1 : 1 + _NONCE_BYTES]
    associated = framed(_FIELD, *bound)
    try:
        padded = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed[1 + _NONCE_BYTES :], associated, nonce, key)
    except CryptoError:
        raise VaultError from None
    return _unpadded(padded)


# ---------------------------------------------------------------- files


def encrypt_file(key: bytes, data: bytes, bound: Bound) -> bytes:
    """`data` under `key`, padded by `file_step`, in chunks of 64 KiB; order and end are authenticated."""
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    header = bindings.crypto_secretstream_xchacha20poly1305_init_push(state, key)
    associated = framed(_FILE, *bound)
    length = file_step(len(data))
    pieces = [_FILE, header]
    for start in range(0, length, _CHUNK):
        chunk = data[start : start + _CHUNK]
        if len(chunk) < _CHUNK:
            # The mark goes where the data ends; chunks after that one are zeros alone.
            marked = chunk + _PAD_MARK if start <= len(data) else b""
            chunk = marked.ljust(_CHUNK, b"\x00")
        tag = _FINAL if start + _CHUNK == length else _MESSAGE
        pieces.append(bindings.crypto_secretstream_xchacha20poly1305_push(state, chunk, associated, tag))
    return b"".join(pieces)


def decrypt_file(key: bytes, sealed: bytes, bound: Bound) -> bytes:
    """What `encrypt_file` was given; raises `VaultError`."""
    body = 1 + _HEADER_BYTES
    chunks, odd = divmod(len(sealed) - body, _SEALED_CHUNK)
    if sealed[:1] != _FILE or chunks < 1 or odd:
        raise VaultError
    associated = framed(_FILE, *bound)
    pieces: list[bytes] = []
    try:
        state = bindings.crypto_secretstream_xchacha20poly1305_state()
        bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, sealed[1:body], key)
        for number in range(chunks):
            start = body + number * _SEALED_CHUNK
            chunk, tag = bindings.crypto_secretstream_xchacha20poly1305_pull(
                state, sealed[start : start + _SEALED_CHUNK], associated
            )
            if (tag == _FINAL) != (number == chunks - 1):
                raise VaultError
            pieces.append(chunk)
    except CryptoError:
        raise VaultError from None
    return _unpadded(b"".join(pieces))


# ---------------------------------------------------------------- grants


_DIGEST_BYTES = hashlib.sha256().digest_size


def _grant_digest(bound: Bound) -> bytes:
    return hashlib.sha256(framed("msx/grant", _GRANT, *bound)).digest()


def seal(public: bytes, key: bytes, bound: Bound) -> bytes:
    """A 32-byte key, or a share of one, for the holder of one X25519 pair alone; not even the sealer opens it again.

    113 bytes for a key, 116 for a share. A sealed box has no associated data, so the digest of the place travels
    inside it. Raises `ValueError` for another length and `VaultError` for a `public` that is no key.
    """
    if len(key) not in (KEY_BYTES, SHARE_BYTES):
        raise ValueError(f"a key has {KEY_BYTES} bytes, a share {SHARE_BYTES}")
    try:
        return _GRANT + bindings.crypto_box_seal(_grant_digest(bound) + key, public)
    except CryptoError:
        raise VaultError from None


def unseal(pair: KeyPair, sealed: bytes, bound: Bound) -> bytes:
    """The key or share that `seal` was given; raises `VaultError`."""
    if sealed[:1] != _GRANT:
        raise VaultError
    try:
        opened = bindings.crypto_box_seal_open(sealed[1:], pair.public, pair.secret)
    except CryptoError:
        raise VaultError from None
    digest, key = opened[:_DIGEST_BYTES], opened[_DIGEST_BYTES:]
    if not hmac.compare_digest(digest, _grant_digest(bound)) or len(key) not in (KEY_BYTES, SHARE_BYTES):
        raise VaultError
    return key


# ---------------------------------------------------------------- signatures


def sign(pair: KeyPair, message: bytes) -> bytes:
    """Ed25519, 64 bytes. The message says itself what it is for (a domain first, framed)."""
    if len(pair.secret) != bindings.crypto_sign_SECRETKEYBYTES:
        raise ValueError("not a signing pair")
    return bindings.crypto_sign(message, pair.secret)[: bindings.crypto_sign_BYTES]


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is that key's over `message`; anything malformed is simply not."""
    # The binding reads 32 bytes wherever `public` points, so its length is looked at here.
    if len(signature) != bindings.crypto_sign_BYTES or len(public) != bindings.crypto_sign_PUBLICKEYBYTES:
        return False
    try:
        bindings.crypto_sign_open(signature + message, public)
    except CryptoError:
        return False
    return True


# ---------------------------------------------------------------- derivations


def memory_hard(secret: bytes, salt: bytes, *, memory_kib: int, passes: int, length: int) -> bytes:
    """Argon2id with one lane; waits for one of as many places as the machine has cores."""
    with _memory_hard_slots:
        return hash_secret_raw(
            secret,
            salt,
            time_cost=passes,
            memory_cost=memory_kib,
            parallelism=1,
            hash_len=length,
            type=Type.ID,
        )


def password_key(password: str, salt: bytes) -> bytes:
    """The key (32 bytes) that somebody's secrets stand under: Argon2id as OWASP has it, 19 MiB, two passes.

    Composed and full-width forms count as one (NFKC): input methods differ from desk to desk.
    """
    folded = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    return memory_hard(folded, salt, memory_kib=19 * 1024, passes=2, length=KEY_BYTES)


def mac(key: bytes, *parts: bytes | str) -> bytes:
    """HMAC-SHA256 over the parts, framed: 32 bytes."""
    return _hmac(key, framed(*parts))


def derive(key: bytes, label: str, length: int = KEY_BYTES) -> bytes:
    """A sub-key of its own for each label: HKDF-SHA256 (RFC 5869) without salt, the label as info."""
    return _hkdf(key, b"", label.encode(), length)


def same(a: bytes, b: bytes) -> bool:
    """Whether both are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(a, b)


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _hkdf(key: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    if length > 255 * 32:
        raise ValueError("HKDF has no such length")
    extracted = _hmac(salt or bytes(32), key)
    block, stream = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = _hmac(extracted, block + info + bytes([counter]))
        stream += block
    return stream[:length]
