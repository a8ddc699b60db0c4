"""Properties of keys, grants, signatures and derivations."""

import threading
import time
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from intake.core import vault
from intake.core.vault import KeyPair, OpenedKeys, PublicPair, VaultError
from tests.rules.test_vault import KEY, PLACE, flipped, keys, places

PAIR = vault.keys_from_seed(b"\x07" * 32)


class TestGrants:
    @given(keys, keys, places)
    def test_open_for_their_holder(self, seed: bytes, key: bytes, place: vault.Bound) -> None:
        holder = vault.keys_from_seed(seed).reading
        sealed = vault.seal(holder.public, key, place)
        assert vault.unseal(holder, sealed, place) == key
        assert len(sealed) == 113
        assert key not in sealed

    def test_do_not_open_for_anybody_else(self) -> None:
        sealed = vault.seal(PAIR.reading.public, KEY, PLACE)
        stranger = vault.new_keys().reading
        mixed = KeyPair(PAIR.reading.public, stranger.secret)
        for pair in (stranger, mixed, KeyPair(b"", b""), KeyPair(PAIR.reading.public, b"short")):
            with pytest.raises(VaultError):
                vault.unseal(pair, sealed, PLACE)

    @given(st.integers(min_value=0))
    def test_do_not_open_with_one_bit_turned(self, bit: int) -> None:
        sealed = vault.seal(PAIR.reading.public, KEY, PLACE)
        with pytest.raises(VaultError):
            vault.unseal(PAIR.reading, flipped(sealed, bit), PLACE)

    @given(places, places)
    def test_do_not_open_in_another_place(self, place: vault.Bound, other: vault.Bound) -> None:
        assume(place != other)
        sealed = vault.seal(PAIR.reading.public, KEY, place)
        with pytest.raises(VaultError):
            vault.unseal(PAIR.reading, sealed, other)

    @given(st.binary(max_size=150))
    def test_that_were_never_sealed_do_not_open(self, sealed: bytes) -> None:
        with pytest.raises(VaultError):
            vault.unseal(PAIR.reading, sealed, PLACE)

    @pytest.mark.parametrize("key", [b"", bytes(31), bytes(64)])
    def test_take_keys_of_32_bytes_only(self, key: bytes) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            vault.seal(PAIR.reading.public, key, PLACE)

    @pytest.mark.parametrize("public", [b"", bytes(31), bytes(32), b"\x01" + bytes(31)])
    def test_are_not_made_for_what_is_no_key(self, public: bytes) -> None:
        with pytest.raises(VaultError):
            vault.seal(public, KEY, PLACE)


class TestSignatures:
    @given(keys, st.binary(max_size=300))
    def test_hold(self, seed: bytes, message: bytes) -> None:
        signer = vault.keys_from_seed(seed).signing
        assert vault.verify(signer.public, message, vault.sign(signer, message))

    @given(st.binary(min_size=1, max_size=300), st.integers(min_value=0), st.integers(min_value=0))
    def test_do_not_hold_for_another_message_or_altered(self, message: bytes, bit: int, other: int) -> None:
        signature = vault.sign(PAIR.signing, message)
        assert not vault.verify(PAIR.signing.public, flipped(message, bit), signature)
        assert not vault.verify(PAIR.signing.public, message, flipped(signature, other))
        assert not vault.verify(PAIR.signing.public, message + b"\x00", signature)

    def test_do_not_hold_for_another_key(self) -> None:
        signature = vault.sign(PAIR.signing, b"m")
        assert not vault.verify(vault.new_keys().signing.public, b"m", signature)

    @pytest.mark.parametrize("public", [b"", bytes(31), bytes(32), bytes(33), b"\xff" * 32])
    def test_do_not_hold_for_what_is_no_key(self, public: bytes) -> None:
        assert not vault.verify(public, b"m", vault.sign(PAIR.signing, b"m"))

    def test_do_not_hold_for_a_key_with_something_behind_it(self) -> None:
        """The binding would read the first 32 bytes and look no further."""
        signature = vault.sign(PAIR.signing, b"m")
        assert not vault.verify(PAIR.signing.public + b"\x00", b"m", signature)

    @pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65)])
    def test_do_not_hold_when_malformed(self, signature: bytes) -> None:
        assert not vault.verify(PAIR.signing.public, b"m", signature)

    def test_are_not_made_with_a_reading_pair(self) -> None:
        with pytest.raises(ValueError, match="signing pair"):
            vault.sign(PAIR.reading, b"m")


class TestKeys:
    def test_survive_packing(self) -> None:
        opened = vault.new_keys()
        packed = opened.pack()
        assert len(packed) == 64
        assert OpenedKeys.unpack(packed) == opened

    @given(st.binary(max_size=130))
    def test_unpack_from_64_bytes_only(self, packed: bytes) -> None:
        assume(len(packed) != 64)
        with pytest.raises(VaultError):
            OpenedKeys.unpack(packed)

    def test_of_a_seed_are_always_the_same(self) -> None:
        assert vault.keys_from_seed(KEY) == vault.keys_from_seed(KEY)
        assert vault.keys_from_seed(KEY) != vault.keys_from_seed(bytes(32))

    @pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33)])
    def test_come_from_seeds_of_32_bytes_only(self, seed: bytes) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            vault.keys_from_seed(seed)

    def test_are_new_each_time(self) -> None:
        assert len({vault.new_keys().public for _ in range(50)}) == 50
        assert len({vault.new_key() for _ in range(50)}) == 50

    def test_never_print_their_secrets(self) -> None:
        opened = vault.new_keys()
        shown = repr(opened)
        assert repr(opened.reading.public) in shown
        assert repr(opened.reading.secret) not in shown
        assert repr(opened.signing.secret) not in shown

    def test_are_usable_only_as_points_of_their_curves(self) -> None:
        good = vault.new_keys().public
        assert vault.usable(good)
        assert vault.usable_for_reading(good.reading)
        for bad in (b"", bytes(31), bytes(32), b"\x01" + bytes(31)):
            assert not vault.usable(PublicPair(bad, good.signing))
            assert not vault.usable(PublicPair(good.reading, bad))
            assert not vault.usable_for_reading(bad)

    def test_errors_say_nothing_about_what_was_inside(self) -> None:
        with pytest.raises(VaultError) as caught:
            vault.decrypt(KEY, b"secret words", PLACE)
        assert str(caught.value) == "cannot be opened"


class TestDerivations:
    def test_of_a_password_need_both_password_and_salt(self) -> None:
        key = vault.password_key("correct horse", bytes(16))
        assert key == vault.password_key("correct horse", bytes(16))
        assert len(key) == 32
        assert key != vault.password_key("correct horsf", bytes(16))
        assert key != vault.password_key("correct horse", b"\x01" * 16)

    def test_of_a_password_do_not_depend_on_the_input_method(self) -> None:
        wide, narrow = "Ｐass１23 é", "Pass123 é"
        assert vault.password_key(unicodedata.normalize("NFD", wide), bytes(16)) == vault.password_key(
            unicodedata.normalize("NFC", narrow), bytes(16)
        )

    def test_of_a_password_take_any_text(self) -> None:
        assert len(vault.password_key("", bytes(16))) == 32
        assert len(vault.password_key("\ud800\x00密码", bytes(16))) == 32

    @given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
    def test_macs_differ_where_the_parts_do(self, one: list[bytes], other: list[bytes]) -> None:
        assert (vault.mac(KEY, *one) == vault.mac(KEY, *other)) == (one == other)

    def test_macs_take_text_as_its_utf8(self) -> None:
        assert vault.mac(KEY, "反映", b"x") == vault.mac(KEY, "反映".encode(), "x")
        assert vault.mac(KEY, "a") != vault.mac(bytes(32), "a")

    def test_sub_keys_differ_by_label_and_have_the_length_asked_for(self) -> None:
        assert vault.derive(KEY, "a") != vault.derive(KEY, "b")
        assert vault.derive(KEY, "a") != vault.derive(bytes(32), "a")
        assert [len(vault.derive(KEY, "a", length)) for length in (1, 32, 33, 255 * 32)] == [
            1,
            32,
            33,
            255 * 32,
        ]
        assert vault.derive(KEY, "a", 100)[:32] == vault.derive(KEY, "a")
        with pytest.raises(ValueError, match="length"):
            vault.derive(KEY, "a", 255 * 32 + 1)

    def test_same_compares_all_of_it(self) -> None:
        assert vault.same(b"abc", b"abc")
        assert not vault.same(b"abc", b"abd")
        assert not vault.same(b"abc", b"abcd")

    def test_random_bytes_are_as_many_as_asked_for_and_new(self) -> None:
        assert [len(vault.random_bytes(count)) for count in (0, 1, 16, 64)] == [0, 1, 16, 64]
        assert vault.random_bytes(16) != vault.random_bytes(16)


def test_no_more_memory_hard_work_at_once_than_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def slow(*_args: object, **_named: object) -> bytes:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1
        return bytes(32)

    monkeypatch.setattr(vault, "hash_secret_raw", slow)
    threads = [threading.Thread(target=vault.password_key, args=("x", bytes(16))) for _ in range(vault.CORES * 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == vault.CORES


def test_thirteen_seals_and_a_small_field_are_quick() -> None:
    """Bounds are several times what was measured (ADR 0001), so that a busy machine does not fail them."""
    sealed = vault.encrypt(KEY, b"x" * 400, PLACE)
    assert _best(lambda: [vault.seal(PAIR.reading.public, KEY, PLACE) for _ in range(13)]) < 0.005
    assert _best(lambda: vault.decrypt(KEY, sealed, PLACE)) < 0.000_5


def _best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(20):
        start = time.thread_time()
        work()
        times.append(time.thread_time() - start)
    return min(times)
