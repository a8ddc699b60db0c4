"""The secret file is private and whole, or refused with what to do; recovery keys survive being typed."""

import json
import os
import random
import re
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.core import secretfile, vault
from intake.core.secretfile import BadRecoveryKey, Kind, SecretFileError, Secrets

SUB_KEYS = (
    "form_token_key",
    "receipt_key",
    "chain_key",
    "spent_key",
    "order_key",
    "limiter_key",
    "csrf_key",
)
KINDS: tuple[Kind, ...] = ("county", "superior", "backup")

seeds = st.binary(min_size=32, max_size=32)
kinds = st.sampled_from(KINDS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "secret"


def problem_of(path: Path) -> SecretFileError:
    with pytest.raises(SecretFileError) as caught:
        secretfile.load(path)
    return caught.value


class TestFile:
    def test_is_private_and_reads_back(self, path: Path) -> None:
        secrets, _ = secretfile.create(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert secretfile.load(path) == secrets
        assert list(path.parent.iterdir()) == [path]

    def test_is_private_whatever_the_umask(self, path: Path) -> None:
        before = os.umask(0)
        try:
            secretfile.create(path)
        finally:
            os.umask(before)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_is_never_overwritten(self, path: Path) -> None:
        secretfile.create(path)
        before = path.read_bytes()
        with pytest.raises(SecretFileError, match="已存在") as caught:
            secretfile.create(path)
        assert caught.value.id == "secret-exists"
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]

    def test_is_made_once_by_many_at_once(self, path: Path) -> None:
        made: list[Secrets] = []
        refused: list[str] = []

        def make() -> None:
            try:
                made.append(secretfile.create(path)[0])
            except SecretFileError as problem:
                refused.append(problem.id)

        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(made) == 1
        assert refused == ["secret-exists"] * 7
        assert secretfile.load(path) == made[0]

    def test_that_cannot_be_finished_leaves_nothing(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(_handle: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(SecretFileError, match="No space") as caught:
            secretfile.create(path)
        assert caught.value.id == "secret-unwritable"
        assert list(path.parent.iterdir()) == []

    def test_holds_no_recovery_secret(self, path: Path) -> None:
        _, recovery = secretfile.create(path)
        text = path.read_text()
        for printed in (recovery.county, recovery.superior, recovery.backup):
            _, opened = secretfile.read_recovery_key(printed)
            assert opened.reading.secret.hex() not in text
            assert opened.signing.secret[:32].hex() not in text
            assert opened.reading.public.hex() in text

    def test_pins_the_public_halves_of_the_printed_keys(self, path: Path) -> None:
        secrets, recovery = secretfile.create(path)
        assert secretfile.read_recovery_key(recovery.county)[1].public == secrets.county
        assert secretfile.read_recovery_key(recovery.superior)[1].public == secrets.superior
        assert secretfile.read_recovery_key(recovery.backup)[1].reading.public == secrets.backup

    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666])
    def test_open_to_others_is_refused(self, path: Path, mode: int) -> None:
        secretfile.create(path)
        path.chmod(mode)
        problem = problem_of(path)
        assert problem.id == "secret-open-to-others"
        assert f"chmod 600 {path}" in problem.hint

    def test_may_be_read_only(self, path: Path) -> None:
        secrets, _ = secretfile.create(path)
        path.chmod(0o400)
        assert secretfile.load(path) == secrets

    def test_missing_says_what_makes_one(self, path: Path) -> None:
        problem = problem_of(path)
        assert problem.id == "secret-missing"
        assert "msx init" in problem.hint

    def test_that_is_no_file_is_refused(self, path: Path) -> None:
        path.mkdir()
        assert problem_of(path).id == "secret-not-a-file"
        pipe = path / "pipe"
        os.mkfifo(pipe, 0o600)
        assert problem_of(pipe).id == "secret-not-a-file"

    @pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 60_000, b'"x' * 40_000])
    def test_damaged_is_refused(self, path: Path, data: bytes) -> None:
        path.write_bytes(data)
        path.chmod(0o600)
        assert problem_of(path).id == "secret-damaged"

    def test_cut_anywhere_is_refused(self, path: Path) -> None:
        secretfile.create(path)
        whole = path.read_bytes().rstrip()
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            assert problem_of(path).id == "secret-damaged"

    def test_of_another_format_is_refused(self, path: Path) -> None:
        assert altered(path, format=2).id == "secret-format"
        assert altered(path, format=None).id == "secret-format"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("root", None),
            ("root", 5),
            ("root", "00" * 32),
            ("root", "ab" * 31),
            ("root", "AB" * 32),
            ("root", "zz" * 32),
            ("pepper", "ab" * 33),
            ("pepper", ""),
            ("backup", "00" * 32),
            ("backup", "01" + "00" * 31),
            ("county", "ab" * 32),
            ("county", {"reading": "ab" * 32}),
            ("county", {"reading": "01" + "00" * 31, "signing": "ab" * 32}),
            ("superior", {}),
            ("extra", "x"),
        ],
    )
    def test_with_a_wrong_field_is_refused_by_name(self, path: Path, field: str, value: object) -> None:
        problem = altered(path, **{field: value})
        assert problem.id == "secret-field"
        assert field in problem.hint

    @pytest.mark.parametrize("field", ["root", "pepper", "county", "superior", "backup"])
    def test_without_a_field_is_refused_by_name(self, path: Path, field: str) -> None:
        document = self.fresh(path)
        del document[field]
        path.write_text(json.dumps(document))
        problem = problem_of(path)
        assert problem.id == "secret-field"
        assert field in problem.hint

    def test_names_the_wrong_half_of_a_pair(self, path: Path) -> None:
        document = self.fresh(path)
        document["county"]["signing"] = "xy"
        path.write_text(json.dumps(document))
        assert "county.signing" in problem_of(path).hint

    def test_problems_never_quote_a_secret(self, path: Path) -> None:
        document = self.fresh(path)
        pepper = document["pepper"]
        document["pepper"] = pepper.upper()
        path.write_text(json.dumps(document))
        assert pepper not in problem_of(path).hint.lower()

    @staticmethod
    def fresh(path: Path) -> Any:
        secretfile.create(path)
        return json.loads(path.read_text())


def altered(path: Path, **fields: object) -> SecretFileError:
    """What `load` says of a good file with some fields changed; None takes the field away."""
    if path.exists():
        path.unlink()
    secretfile.create(path)
    document = json.loads(path.read_text()) | fields
    path.write_text(json.dumps({name: value for name, value in document.items() if value is not None}))
    return problem_of(path)


class TestSecrets:
    def test_have_a_sub_key_of_its_own_for_each_use(self, path: Path) -> None:
        secrets, _ = secretfile.create(path)
        found = {getattr(secrets, name) for name in SUB_KEYS}
        assert len(found) == len(SUB_KEYS)
        assert all(len(key) == 32 for key in found)
        assert not found & {secrets.root, secrets.pepper}

    def test_keep_chains_verifiable_when_root_is_replaced(self, path: Path) -> None:
        secrets, _ = secretfile.create(path)
        replaced = Secrets(bytes(32), secrets.pepper, secrets.county, secrets.superior, secrets.backup)
        changed = {name for name in SUB_KEYS if getattr(replaced, name) != getattr(secrets, name)}
        assert changed == set(SUB_KEYS) - {"chain_key"}

    def test_are_never_printed(self, path: Path) -> None:
        secrets, recovery = secretfile.create(path)
        shown = repr(secrets) + repr(recovery)
        assert repr(secrets.root) not in shown
        assert repr(secrets.pepper) not in shown
        assert recovery.county not in shown

    def test_are_different_each_time(self, tmp_path: Path) -> None:
        made = [secretfile.create(tmp_path / str(number))[0] for number in range(5)]
        for name in ("root", "pepper", "county", "superior", "backup"):
            assert len({getattr(secrets, name) for secrets in made}) == 5


class TestRecoveryKeys:
    @given(kinds, seeds)
    def test_read_back(self, kind: Kind, seed: bytes) -> None:
        text = secretfile.printed(kind, seed)
        assert re.fullmatch(rf"MSX-{kind.upper()}(-[0-9A-HJKMNP-TV-Z]{{5}}){{11}}", text)
        assert secretfile.read_recovery_key(text) == (kind, vault.keys_from_seed(seed))

    @given(kinds, seeds, st.integers(0, 10**6))
    def test_survive_being_typed(self, kind: Kind, seed: bytes, chance_seed: int) -> None:
        chance = random.Random(chance_seed)
        typed = ""
        for char in secretfile.printed(kind, seed):
            if char == "-":
                typed += chance.choice(["-", "", " ", "\n", " - ", "\r\n", "—", "\u3000"])
            elif char == "0":
                typed += chance.choice("0oO")
            elif char == "1":
                typed += chance.choice("1iIlL")
            else:
                typed += chance.choice([char, char.lower(), chr(ord(char) + 0xFEE0)])
        assert secretfile.read_recovery_key(f"\n {typed}\n") == (kind, vault.keys_from_seed(seed))

    def test_may_stand_in_a_file_with_remarks(self) -> None:
        text = f"# 县级恢复密钥，2026 年\n{secretfile.printed('county', bytes(32))}\n# 完\n"
        assert secretfile.read_recovery_key(text)[0] == "county"

    @given(kinds, seeds, st.integers(0, 54), st.integers(1, 31))
    def test_with_one_wrong_character_are_refused(self, kind: Kind, seed: bytes, place: int, more: int) -> None:
        """Nineteen bits of check: one in half a million slips, and the pinned public key catches that one."""
        alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
        head, _, groups = secretfile.printed(kind, seed).partition(f"{kind.upper()}-")
        characters = groups.replace("-", "")
        wrong = alphabet[(alphabet.index(characters[place]) + more) % 32]
        text = f"{head}{kind}{characters[:place]}{wrong}{characters[place + 1 :]}"
        try:
            outcome = repr(secretfile.read_recovery_key(text)[1].public)
        except BadRecoveryKey as refused:
            outcome = str(refused)
        assert "校验" in outcome or outcome != repr(vault.keys_from_seed(seed).public)

    def test_with_any_wrong_character_of_one_key_are_refused(self) -> None:
        characters = secretfile.printed("county", bytes(range(32))).removeprefix("MSX-COUNTY-").replace("-", "")
        for place, right in enumerate(characters):
            wrong = "7" if right != "7" else "8"
            with pytest.raises(BadRecoveryKey, match="校验"):
                secretfile.read_recovery_key(f"MSX-COUNTY{characters[:place]}{wrong}{characters[place + 1 :]}")

    def test_of_one_kind_are_not_taken_for_another(self) -> None:
        text = secretfile.printed("county", bytes(range(32)))
        with pytest.raises(BadRecoveryKey, match="校验"):
            secretfile.read_recovery_key(text.replace("COUNTY", "SUPERIOR"))

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("", "MSX-COUNTY"),
            ("hello", "MSX-COUNTY"),
            ("MSX-TOWN-00000", "MSX-COUNTY"),
            ("MSX-COUNTY", "55"),
            ("MSX-COUNTY-00000", "现在有 5 个"),
            ("MSX-COUNTY-" + "0" * 56, "现在有 56 个"),
            ("MSX-COUNTY-00000-0U000", "第 2 组里的“U”"),
            ("MSX-COUNTY-00000-00!00", "第 2 组里的“!”"),
            ("MSX-COUNTY-" + "0" * 54 + "1", "逐组"),
        ],
    )
    def test_that_are_none_are_refused_with_what_to_look_at(self, text: str, says: str) -> None:
        with pytest.raises(BadRecoveryKey, match=re.escape(says)):
            secretfile.read_recovery_key(text)

    def test_are_pinned(self) -> None:
        """A key printed today must be readable in ten years."""
        assert secretfile.printed("county", bytes(range(32))) == (
            "MSX-COUNTY-000G4-0R40M-30E20-9185G-R38E1-W8124-GK2GA-HC5RR-34D1P-70X3R-FMH5A"
        )
