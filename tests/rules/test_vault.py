"""Properties of the vault: what was sealed comes back, whole, from its own place, under its own key alone."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nacl import bindings

from intake.core import vault
from intake.core.framing import framed
from intake.core.vault import VaultError

KEY = bytes(range(32))
PLACE = ("report", "r1", "content")

keys = st.binary(min_size=32, max_size=32)
places = st.tuples(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8))
plains = st.binary(max_size=3000)


def flipped(data: bytes, bit: int) -> bytes:
    """`data` with one of its bits turned over."""
    changed = bytearray(data)
    changed[bit // 8 % len(data)] ^= 1 << bit % 8
    return bytes(changed)


class TestFields:
    @given(keys, plains, places)
    def test_come_back(self, key: bytes, plain: bytes, place: vault.Bound) -> None:
        assert vault.decrypt(key, vault.encrypt(key, plain, place), place) == plain

    @pytest.mark.parametrize("size", [0, 1, 255, 256, 4096, 65_536, 5 * 1024 * 1024])
    def test_of_any_size_come_back(self, size: int) -> None:
        plain = vault.random_bytes(size)
        assert vault.decrypt(KEY, vault.encrypt(KEY, plain, PLACE), PLACE) == plain

    @pytest.mark.parametrize("plain", [b"\x80", b"\x80\x80", b"\x00", b"a\x80\x00\x00", bytes(255), bytes(256)])
    def test_that_look_like_padding_come_back(self, plain: bytes) -> None:
        assert vault.decrypt(KEY, vault.encrypt(KEY, plain, PLACE), PLACE) == plain

    @given(st.text(max_size=2000))
    def test_do_not_show_their_text(self, text: str) -> None:
        plain = text.encode("utf-8", "surrogatepass")
        assume(len(plain) > 8)
        assert plain not in vault.encrypt(KEY, plain, PLACE)

    def test_are_never_sealed_alike_twice(self) -> None:
        assert len({vault.encrypt(KEY, b"same", PLACE) for _ in range(200)}) == 200

    @given(plains, st.integers(min_value=0))
    def test_do_not_open_with_one_bit_turned(self, plain: bytes, bit: int) -> None:
        sealed = vault.encrypt(KEY, plain, PLACE)
        with pytest.raises(VaultError):
            vault.decrypt(KEY, flipped(sealed, bit), PLACE)

    def test_do_not_open_with_any_byte_changed(self) -> None:
        sealed = vault.encrypt(KEY, "反映".encode(), PLACE)
        for position in range(len(sealed)):
            with pytest.raises(VaultError):
                vault.decrypt(KEY, flipped(sealed, position * 8), PLACE)

    @given(plains, st.integers(min_value=0))
    def test_do_not_open_when_cut(self, plain: bytes, keep: int) -> None:
        sealed = vault.encrypt(KEY, plain, PLACE)
        with pytest.raises(VaultError):
            vault.decrypt(KEY, sealed[: keep % len(sealed)], PLACE)

    @given(plains, st.binary(min_size=1, max_size=40))
    def test_do_not_open_when_lengthened(self, plain: bytes, more: bytes) -> None:
        with pytest.raises(VaultError):
            vault.decrypt(KEY, vault.encrypt(KEY, plain, PLACE) + more, PLACE)

    @given(keys, keys)
    def test_do_not_open_under_another_key(self, key: bytes, other: bytes) -> None:
        assume(key != other)
        with pytest.raises(VaultError):
            vault.decrypt(other, vault.encrypt(key, b"x", PLACE), PLACE)

    @given(places, places)
    def test_do_not_open_in_another_place(self, place: vault.Bound, other: vault.Bound) -> None:
        assume(place != other)
        with pytest.raises(VaultError):
            vault.decrypt(KEY, vault.encrypt(KEY, b"x", place), other)

    @pytest.mark.parametrize(
        "other",
        [
            ("report", "r2", "content"),  # the same field of another row
            ("report", "r1", "contact"),  # another field of the same row
            ("addition", "r1", "content"),  # another table
            ("reportr", "1", "content"),  # the same letters, framed elsewhere
            ("report", "r1content", ""),
        ],
    )
    def test_do_not_open_when_swapped(self, other: vault.Bound) -> None:
        with pytest.raises(VaultError):
            vault.decrypt(KEY, vault.encrypt(KEY, b"x", PLACE), other)

    @pytest.mark.parametrize("key", [b"", b"short", bytes(31), bytes(33)])
    def test_do_not_open_under_a_key_of_the_wrong_length(self, key: bytes) -> None:
        with pytest.raises(VaultError):
            vault.decrypt(key, vault.encrypt(KEY, b"x", PLACE), PLACE)

    def test_do_not_open_as_files_nor_files_as_fields(self) -> None:
        with pytest.raises(VaultError):
            vault.decrypt_file(KEY, vault.encrypt(KEY, b"x", PLACE), PLACE)
        with pytest.raises(VaultError):
            vault.decrypt(KEY, vault.encrypt_file(KEY, b"x", PLACE), PLACE)

    @pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x00" * 300, b"\x09" + bytes(400)])
    def test_that_were_never_sealed_do_not_open(self, sealed: bytes) -> None:
        with pytest.raises(VaultError):
            vault.decrypt(KEY, sealed, PLACE)


class TestPadding:
    @given(st.integers(0, 100_000))
    def test_of_a_field_falls_on_a_power_of_two(self, size: int) -> None:
        step = vault.field_step(size)
        assert step > size
        assert step >= 256
        assert step & step - 1 == 0

    @given(st.integers(0, 50_000_000))
    def test_of_a_file_falls_on_whole_chunks_and_few_steps(self, size: int) -> None:
        step = vault.file_step(size)
        assert step > size
        assert step % 65_536 == 0
        assert step - size <= max(65_536, size / 8 + 65_536)
        # A step is a length of its own: whatever fits into it is padded to it.
        assert vault.file_step(step - 1) == step

    def test_leaves_few_lengths(self) -> None:
        assert len({vault.field_step(size) for size in range(20_000)}) <= 8
        assert len({vault.file_step(size) for size in range(0, 10_000_000, 1000)}) <= 48

    @given(plains, st.integers(0, 4000))
    def test_is_what_is_stored(self, plain: bytes, at_least: int) -> None:
        sealed = vault.encrypt(KEY, plain, PLACE, at_least=at_least)
        assert len(sealed) == 1 + 24 + 16 + vault.field_step(max(len(plain), at_least))
        assert vault.decrypt(KEY, sealed, PLACE) == plain

    def test_hides_whether_a_contact_was_given(self) -> None:
        none = vault.encrypt(KEY, b"", PLACE, at_least=800)
        longest = vault.encrypt(KEY, "名".encode() * 200, PLACE, at_least=800)
        assert len(none) == len(longest)


CHUNK = 64 * 1024
SEALED_CHUNK = CHUNK + 17
SIZES = [0, 1, 1000, CHUNK - 2, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 5 * 1024 * 1024]


def chunks_of(sealed: bytes) -> tuple[bytes, list[bytes]]:
    """The head (algorithm byte and header) and the sealed chunks of a file."""
    head, body = sealed[:25], sealed[25:]
    return head, [body[start : start + SEALED_CHUNK] for start in range(0, len(body), SEALED_CHUNK)]


class TestFiles:
    @pytest.mark.parametrize("size", SIZES)
    def test_come_back(self, size: int) -> None:
        data = vault.random_bytes(size)
        sealed = vault.encrypt_file(KEY, data, PLACE)
        assert vault.decrypt_file(KEY, sealed, PLACE) == data
        assert len(sealed) == 25 + vault.file_step(size) // CHUNK * SEALED_CHUNK

    @pytest.mark.parametrize("size", [1, CHUNK - 1, CHUNK, 2 * CHUNK])
    @pytest.mark.parametrize("byte", [b"\x00", b"\x80"])
    def test_that_look_like_padding_come_back(self, size: int, byte: bytes) -> None:
        data = byte * size
        assert vault.decrypt_file(KEY, vault.encrypt_file(KEY, data, PLACE), PLACE) == data

    @given(st.integers(0, 3 * CHUNK), st.binary(min_size=1, max_size=64))
    @settings(max_examples=40, deadline=None)
    def test_of_any_size_come_back(self, size: int, pattern: bytes) -> None:
        data = (pattern * (size // len(pattern) + 1))[:size]
        assert vault.decrypt_file(KEY, vault.encrypt_file(KEY, data, PLACE), PLACE) == data

    @given(st.integers(min_value=0))
    @settings(deadline=None)
    def test_do_not_open_with_one_bit_turned(self, bit: int) -> None:
        sealed = vault.encrypt_file(KEY, b"photo", PLACE)
        with pytest.raises(VaultError):
            vault.decrypt_file(KEY, flipped(sealed, bit), PLACE)

    def test_do_not_open_with_chunks_reordered_missing_doubled_or_added(self) -> None:
        # Each chunk ends like padding: only the final tag tells that something is missing after it.
        data = (vault.random_bytes(CHUNK - 1) + b"\x80") * 2
        head, (first, second, third) = chunks_of(vault.encrypt_file(KEY, data, PLACE))
        other_head, other = chunks_of(vault.encrypt_file(KEY, data, PLACE))
        broken = {
            "reordered": head + second + first + third,
            "last first": head + third + first + second,
            "the last cut off": head + first + second,
            "the first cut off": head + second + third,
            "the middle cut out": head + first + third,
            "one doubled": head + first + first + second + third,
            "appended to": head + first + second + third + third,
            "appended to from another file": head + first + second + third + other[2],
            "spliced with another file": head + first + other[1] + third,
            "under another header": other_head + first + second + third,
            "without any chunk": head,
            "cut within a chunk": head + first + second + third[:-1],
            "with a byte too many": head + first + second + third + b"\x00",
        }
        for what, sealed in broken.items():
            with pytest.raises(VaultError):
                pytest.fail(f"{what}: {len(vault.decrypt_file(KEY, sealed, PLACE))} bytes")

    def test_do_not_go_on_after_their_end(self) -> None:
        """Two files made one by somebody who has the key: what comes after an end is no part of it."""
        state = bindings.crypto_secretstream_xchacha20poly1305_state()
        sealed = b"\x02" + bindings.crypto_secretstream_xchacha20poly1305_init_push(state, KEY)
        associated = framed(b"\x02", *PLACE)
        for _ in range(2):
            chunk = b"x\x80".ljust(CHUNK, b"\x00")
            sealed += bindings.crypto_secretstream_xchacha20poly1305_push(state, chunk, associated, 3)
        with pytest.raises(VaultError):
            vault.decrypt_file(KEY, sealed, PLACE)

    def test_do_not_open_in_another_place_or_under_another_key(self) -> None:
        sealed = vault.encrypt_file(KEY, b"photo", PLACE)
        for place in (("report", "r2", "content"), ("report", "r1", "file"), ("file", "r1", "content")):
            with pytest.raises(VaultError):
                vault.decrypt_file(KEY, sealed, place)
        for key in (bytes(32), b"", bytes(31)):
            with pytest.raises(VaultError):
                vault.decrypt_file(key, sealed, PLACE)

    @given(st.binary(max_size=200))
    def test_that_were_never_sealed_do_not_open(self, sealed: bytes) -> None:
        with pytest.raises(VaultError):
            vault.decrypt_file(KEY, sealed, PLACE)
