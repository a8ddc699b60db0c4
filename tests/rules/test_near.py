"""Near-identity: copies with small changes are found, paraphrases and strangers are not, the text stays hidden."""

import itertools
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.reports import near
from intake.reports.near import THRESHOLD, alike, bands, sketch
from intake.routing.aliases import Folded, fold

KEY = bytes(range(32))
COUNTY = Path(__file__).parents[2] / "intake" / "demo" / "county"
ALPHABET = [chr(point) for point in range(0x4E00, 0x4E00 + 900)]

long_texts = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=30, max_size=80).map(Folded)


def demo() -> dict[str, str]:
    lines = (COUNTY / "reports.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["id"]: row["text"] for row in map(json.loads, lines)}


def marks(text: str, key: bytes = KEY) -> bytes:
    found = sketch(key, fold(text))
    assert found is not None
    return found


def jaccard(one: str, other: str) -> float:
    """By the pairs themselves: what the sketch estimates."""
    a, b = ({x + y for x, y in itertools.pairwise(fold(text))} for text in (one, other))
    return len(a & b) / len(a | b)


def meet(one: bytes, other: bytes) -> bool:
    """Whether an index over the bands brings the two together."""
    return any(a == b for a, b in zip(bands(one), bands(other), strict=True))


def variations(text: str, count: int) -> list[str]:
    """As somebody writes who posts the same by hand again and again."""
    tails = ("", "！", "！！", " 求转发", "…", "。", " 顶", "！！！！", "大家看看", " 快看")
    return [text, *(text.rstrip("！") + "！" * (n % 4 + 1) + tails[n % len(tails)] for n in range(2, count + 1))]


# --- The demo's texts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(40))
def test_the_verbatim_copy_is_found_and_the_paraphrase_is_not(number: int) -> None:
    key, texts = number.to_bytes(32, "big"), demo()
    first, paraphrase, copy = (marks(texts[ref], key) for ref in ("R01", "R02", "R03"))
    assert alike(first, copy) >= THRESHOLD
    assert meet(first, copy)
    assert alike(first, paraphrase) < 0.4


def test_thirty_seven_variations_are_one_cluster() -> None:
    """For every key but one in a hundred: the tails of some are a ninth of a text of thirty-three characters."""
    whole = sum(
        _one_cluster([marks(text, number.to_bytes(32, "big")) for text in variations(demo()["R24"], 37)])
        for number in range(100)
    )
    assert whole >= 97


def _one_cluster(sketches: list[bytes]) -> bool:
    """Whether each is linked, through the index, with one that came before it."""
    return all(
        any(meet(one, other) and alike(one, other) >= THRESHOLD for other in sketches[:place])
        for place, one in enumerate(sketches)
        if place
    )


def test_no_other_two_of_the_demo_are_alike() -> None:
    long = {ref: sketch(KEY, fold(text)) for ref, text in demo().items() if len(fold(text)) >= near.MIN_CHARS}
    pairs = [
        {one, other}
        for (one, a), (other, b) in itertools.combinations(long.items(), 2)
        if a is not None and b is not None and alike(a, b) >= 0.5
    ]
    assert len(long) > 20
    assert pairs == [{"R01", "R03"}]


def test_spelling_and_script_make_no_other_text() -> None:
    assert marks("上庄村进村道路硬化验收资料写的是1.86公里，我自己量了三遍都只有1.62公里") == marks(
        "上莊村進村道路硬化驗收資料寫的是１.８６公里 我自己量了三遍 都只有1.62公里！！！"
    )


# --- The arithmetic ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("similarity", "least"), [(0.8, 0.93), (0.85, 0.97), (0.9, 0.99), (0.95, 0.995)])
def test_the_bands_bring_together_what_they_promise(similarity: float, least: float) -> None:
    """400 pairs of texts at each similarity. Promised: .97, .99, .9995, .99999."""
    rng = random.Random(int(similarity * 100))
    met, estimates = 0, []
    for number in range(400):
        one, other = _pair(rng, similarity)
        a, b = marks(one, number.to_bytes(16, "big")), marks(other, number.to_bytes(16, "big"))
        met += meet(a, b)
        estimates.append(alike(a, b) - jaccard(one, other))
    assert met / 400 >= least
    assert abs(sum(estimates) / 400) < 0.012  # unbiased
    assert (sum(e * e for e in estimates) / 400) ** 0.5 < 0.065


def _pair(rng: random.Random, similarity: float) -> tuple[str, str]:
    """Two texts that share a beginning and differ in their tails, about that similar."""
    common = "".join(rng.choices(ALPHABET, k=120))
    own = round(120 * (1 - similarity) / (2 * similarity))
    return tuple(common + "".join(rng.choices(ALPHABET, k=own)) for _ in range(2))  # type: ignore[return-value]  # two


def test_strangers_are_not_alike_and_hardly_ever_compared() -> None:
    rng = random.Random(5)
    sketches = [marks("".join(rng.choices(ALPHABET, k=60))) for _ in range(120)]
    for one, other in itertools.combinations(sketches, 2):
        assert alike(one, other) < 0.35
    assert sum(meet(one, other) for one, other in itertools.combinations(sketches, 2)) <= 3  # of 7,140


def test_a_long_text_is_told_by_its_beginning() -> None:
    text = "".join(random.Random(9).choices(ALPHABET, k=near.MAX_CHARS))
    assert marks(text + "别的话" * 400) == marks(text)


@given(long_texts)
def test_a_sketch_is_small_and_the_same_each_time(text: Folded) -> None:
    found = sketch(KEY, text)
    assert found is not None
    assert len(found) == 32
    assert found == sketch(KEY, text)
    assert alike(found, found) == 1
    assert len(bands(found)) == 8
    assert all(0 <= band < 2**20 for band in bands(found))


@given(long_texts, long_texts)
def test_likeness_is_symmetric_and_a_share(one: Folded, other: Folded) -> None:
    a, b = marks(one), marks(other)
    assert alike(a, b) == alike(b, a)
    assert 0 <= alike(a, b) <= 1


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=29).map(Folded))
def test_a_few_words_have_no_sketch(text: Folded) -> None:
    assert sketch(KEY, text) is None


def test_without_the_key_a_guess_proves_nothing() -> None:
    text = demo()["R01"]
    assert alike(marks(text, bytes(32)), marks(text, bytes(31) + b"\1")) < 0.35
    with pytest.raises(ValueError):
        sketch(b"short", fold(text))
