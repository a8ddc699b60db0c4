"""Known answers: published vectors for every primitive, and the vault's own formats pinned byte for byte."""

import hashlib

import pytest
from argon2 import low_level
from nacl import bindings

from intake.core import vault
from intake.core.vault import KeyPair


def unhex(*lines: str) -> bytes:
    return bytes.fromhex("".join(lines))


def test_xchacha20_poly1305_of_the_draft() -> None:
    """draft-irtf-cfrg-xchacha-03, A.3.1, through the binding that `encrypt` uses."""
    key = bytes(range(0x80, 0xA0))
    nonce = bytes(range(0x40, 0x58))
    associated = unhex("50515253c0c1c2c3c4c5c6c7")
    plain = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
        b"sunscreen would be it."
    )
    sealed = unhex(
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb",
        "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452",
        "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9",
        "21f9664c97637da9768812f615c68b13b52e",
        "c0875924c1c7987947deafd8780acf49",
    )
    assert bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, associated, nonce, key) == sealed
    assert bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, associated, nonce, key) == plain


@pytest.mark.parametrize(
    ("seed", "public", "message", "signature"),
    [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            (
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                "d25bf5f0595bbe24655141438e7a100b"
            ),
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            (
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                "387b2eaeb4302aeeb00d291612bb0c00"
            ),
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            (
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
                "4a7c15e9716ed28dc027beceea1ec40a"
            ),
        ),
    ],
)
def test_ed25519_of_rfc_8032(seed: str, public: str, message: str, signature: str) -> None:
    """RFC 8032, 7.1, tests 1 to 3."""
    pair = KeyPair(unhex(public), unhex(seed, public))
    assert vault.sign(pair, unhex(message)) == unhex(signature)
    assert vault.verify(pair.public, unhex(message), unhex(signature))
    # Unpacking computes the public half from the same seed.
    assert vault.OpenedKeys.unpack(bytes(32) + unhex(seed)).signing == pair


def test_x25519_of_rfc_7748() -> None:
    """RFC 7748, 6.1: both public keys as `unpack` computes them, and the secret that both sides share."""
    alice = unhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    bob = unhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    shared = unhex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
    alice_public = vault.OpenedKeys.unpack(alice + bytes(32)).reading.public
    bob_public = vault.OpenedKeys.unpack(bob + bytes(32)).reading.public
    assert alice_public == unhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    assert bob_public == unhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
    assert bindings.crypto_scalarmult(alice, bob_public) == shared
    assert bindings.crypto_scalarmult(bob, alice_public) == shared


@pytest.mark.parametrize(
    ("key", "message", "expected"),
    [
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            b"\xaa" * 20,
            b"\xdd" * 50,
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        ),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ],
)
def test_hmac_sha256_of_rfc_4231(key: bytes, message: bytes, expected: str) -> None:
    """RFC 4231, cases 1, 2, 3 and 6."""
    assert vault._hmac(key, message).hex() == expected


def test_mac_is_that_hmac_over_framed_parts() -> None:
    framed = unhex("0000000000000002", "4869", "0000000000000003", "e58f8d")
    assert vault.mac(b"Jefe", "Hi", "反") == vault._hmac(b"Jefe", framed)


@pytest.mark.parametrize(
    ("key", "salt", "info", "length", "expected"),
    [
        (
            b"\x0b" * 22,
            bytes(range(0x0D)),
            bytes(range(0xF0, 0xFA)),
            42,
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            bytes(range(0x50)),
            bytes(range(0x60, 0xB0)),
            bytes(range(0xB0, 0x100)),
            82,
            (
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
                "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
            ),
        ),
        (
            b"\x0b" * 22,
            b"",
            b"",
            42,
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ],
)
def test_hkdf_of_rfc_5869(key: bytes, salt: bytes, info: bytes, length: int, expected: str) -> None:
    """RFC 5869, A.1 to A.3."""
    assert vault._hkdf(key, salt, info, length).hex() == expected


def test_derive_is_that_hkdf_without_salt() -> None:
    """RFC 5869, A.3, through the public door."""
    expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    assert vault.derive(b"\x0b" * 22, "", 42).hex() == expected


def test_argon2id_of_rfc_9106() -> None:
    """RFC 9106, 5.3: it has a secret and associated data, which only the library's own context takes."""
    ffi = low_level.ffi
    out, password, salt = ffi.new("uint8_t[]", 32), ffi.new("uint8_t[]", b"\x01" * 32), b"\x02" * 16
    salt_buffer = ffi.new("uint8_t[]", salt)
    secret, associated = ffi.new("uint8_t[]", b"\x03" * 8), ffi.new("uint8_t[]", b"\x04" * 12)
    context = ffi.new(
        "argon2_context *",
        {
            "out": out,
            "outlen": 32,
            "pwd": password,
            "pwdlen": 32,
            "salt": salt_buffer,
            "saltlen": 16,
            "secret": secret,
            "secretlen": 8,
            "ad": associated,
            "adlen": 12,
            "t_cost": 3,
            "m_cost": 32,
            "lanes": 4,
            "threads": 4,
            "version": low_level.ARGON2_VERSION,
            "allocate_cbk": ffi.NULL,
            "free_cbk": ffi.NULL,
            "flags": 0,
        },
    )
    assert low_level.core(context, low_level.Type.ID.value) == 0
    expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
    assert bytes(ffi.buffer(out)).hex() == expected


@pytest.mark.parametrize(
    ("password", "salt", "passes", "memory_kib", "expected"),
    [
        ("password", "somesalt", 2, 256, "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"),
        (
            "password",
            "somesalt",
            2,
            65_536,
            "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7",
        ),
    ],
)
def test_argon2id_of_the_reference_implementation(
    password: str, salt: str, passes: int, memory_kib: int, expected: str
) -> None:
    """phc-winner-argon2, src/test.c, version 0x13, one lane, through the one door to Argon2."""
    derived = vault.memory_hard(password.encode(), salt.encode(), memory_kib=memory_kib, passes=passes, length=32)
    assert derived.hex() == expected


# ---------------------------------------------------------------- our own formats, pinned

KEY = bytes(range(32))
PLACE = ("report", "r1", "content")
FRAMED_PLACE = unhex(
    "0000000000000006", b"report".hex(), "0000000000000002", b"r1".hex(), "0000000000000007", b"content".hex()
)


def test_a_field_is_made_as_adr_0001_writes_it() -> None:
    """Built here by hand: what is in databases must open for ever."""
    nonce = bytes(24)
    padded = "反映".encode() + b"\x80" + bytes(256 - 7)
    associated = unhex("0000000000000001", "01") + FRAMED_PLACE
    inner = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(padded, associated, nonce, KEY)
    assert vault.decrypt(KEY, b"\x01" + nonce + inner, PLACE) == "反映".encode()


def test_a_file_is_made_as_adr_0001_writes_it() -> None:
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    header = bindings.crypto_secretstream_xchacha20poly1305_init_push(state, KEY)
    associated = unhex("0000000000000001", "02") + FRAMED_PLACE
    padded = b"photo" * 20_000 + b"\x80"
    padded += bytes(-len(padded) % 65_536)
    sealed = b"\x02" + header
    for start in range(0, len(padded), 65_536):
        tag = 3 if start + 65_536 == len(padded) else 0
        sealed += bindings.crypto_secretstream_xchacha20poly1305_push(
            state, padded[start : start + 65_536], associated, tag
        )
    assert vault.decrypt_file(KEY, sealed, PLACE) == b"photo" * 20_000


def test_a_grant_is_made_as_adr_0001_writes_it() -> None:
    holder = vault.keys_from_seed(KEY).reading
    framed = unhex("0000000000000009", b"msx/grant".hex(), "0000000000000001", "03") + FRAMED_PLACE
    box = bindings.crypto_box_seal(hashlib.sha256(framed).digest() + bytes(32), holder.public)
    assert vault.unseal(holder, b"\x03" + box, PLACE) == bytes(32)


def test_formats_of_today_open_for_ever() -> None:
    """Made once with this code. Where this fails, a change has made every stored report unreadable."""
    field = unhex(
        "010b1308aee100140845d4be751b59e0f78647fca5955c841873b120c9df338133a332f0e16f2d8103b82d3da9522b4b",
        "917a3bed4e72a23dbce2a9db0e12243a164e8d88d059727aecb35290dffeb1660328ea108061c37640570cfb01348cfa",
        "a72afdc59b086507a5097a0b05f29f24a9e8e0cd00b6539fade05dbc5091f9ee907bbe0fdfef50a11f303f5ec60721fb",
        "471b0a2015bd547d1eaec2338eb6dd2b2fae6397da9f826866f42370952d407a147101419860178fe44eab7d0a9fe563",
        "eb02f30851b98f4ecc85dde2a57a50eeb30d4ef1ab8e513f51e3af5611ed2cc88b16b36475b9b096bc954b1e880fe06b",
        "71cfa3fcd4f5a4fa28ef5178b0fbb1d824edf95db5db83488fb5244ec63331c8e05e91f46aa867583d9f46f128fba081",
        "e5f2eb9fd4ebcfc42b",
    )
    assert vault.decrypt(KEY, field, PLACE) == "反映".encode()
    grant = unhex(
        "0335a18426c4663d58361d7a16550df92c8b011fee72de7bccc45e70349e06ad1f306524dc2951e3bc2855b79d6641ac",
        "ea4a4b0993759519b2c6ff3bab11bf9d434ae41eaf679f0452f0aa0ca313989f888d422b5f159b89e14e6f78dbfe63a5",
        "eb224ef2c60707303cdfc27362ae360457",
    )
    assert vault.unseal(vault.keys_from_seed(KEY).reading, grant, PLACE) == KEY
    public = vault.keys_from_seed(KEY).public
    assert public.reading.hex() == "152083e408fa9e7a51f3cb0fbaad65a9eaaaccf8e3a48fd1dc8ae5814374a620"
    assert public.signing.hex() == "5346bc81dde5ffc06959db10012fe29f97416f49ee9a6f106096a0d8955882a1"
    assert (
        vault.password_key("码上巡", bytes(16)).hex()
        == "52d008f95e5c554420d2c05069b6d4c3e38b48f60ebf598fd7119e7ed933cca6"
    )
