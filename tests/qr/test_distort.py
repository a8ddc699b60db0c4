"""The trials: each is as hard as it says, and a code that one of them kills is not kept."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageStat

from qr import distort, symbol
from qr.distort import TRIALS
from qr.payload import board_url
from qr.readback import PIXELS_A_MODULE, NotReadable, read_picture
from tests.qr.samples import URL, numbered_code

HOSTS = ("m.example.gov.cn", "jiandu.lanxixian.gov.cn", "jiandu.lanxixian.qingyushi.gov.cn")


def picture_of(drawn: symbol.Symbol) -> Image.Image:
    pixels = (drawn.modules + 8) * PIXELS_A_MODULE[0]
    return Image.open(io.BytesIO(symbol.png(drawn, pixels))).convert("L")


@settings(max_examples=40)
@given(st.integers(0, 9_999_999), st.sampled_from(HOSTS))
def test_a_sound_code_survives_all_of_them(number: int, host: str) -> None:
    drawn = symbol.make(board_url(f"https://{host}", numbered_code(number)))
    read_picture(picture_of(drawn), drawn.url, drawn.modules + 8)


def test_the_tilt_is_of_45_degrees_in_perspective() -> None:
    flat = Image.new("L", (400, 400), 255)
    flat.paste(0, (50, 50, 350, 350))
    seen = distort.tilt(flat, 37)
    columns = [x for x in range(400) if any(seen.getpixel((x, y)) == 0 for y in range(0, 400, 4))]
    heights = [sum(seen.getpixel((x, y)) == 0 for y in range(400)) for x in (columns[2], columns[-3])]
    assert 0.5 < len(columns) / 300 < 0.75, "narrowed by more than the cosine, for it is further away"
    assert 0.55 < min(heights) / max(heights) < 0.95, "the far edge is shorter"


def test_a_tenth_is_covered() -> None:
    flat = Image.new("L", (370, 370), 0)
    hidden = sum(level == 160 for level in distort.covered(flat, 37).tobytes())
    assert hidden == pytest.approx(290 * 290 * 0.10, rel=0.02)


def test_low_light_leaves_little_between_black_and_white() -> None:
    seen = distort.dark(picture_of(symbol.make(URL)), 37)
    assert ImageStat.Stat(seen).mean[0] < 60
    assert ImageStat.Stat(seen).extrema[0][1] < 100


@pytest.mark.parametrize("trial", TRIALS)
def test_a_trial_is_the_same_every_time(trial: distort.Trial) -> None:
    once = picture_of(symbol.make(URL))
    assert TRIALS[trial](once, 37).tobytes() == TRIALS[trial](once, 37).tobytes()
    assert TRIALS[trial](once, 37).tobytes() != once.tobytes()


@pytest.mark.parametrize(
    ("trial", "harder"),
    [
        ("blur", ("BLUR", 0.9)),
        ("noise", ("NOISE", 120)),
        ("dark", ("DARK", (30, 34))),
    ],
)
def test_a_code_that_does_not_survive_is_refused_and_says_what_it_did_not_survive(
    monkeypatch: pytest.MonkeyPatch, trial: distort.Trial, harder: tuple[str, object]
) -> None:
    for cached in (distort._dots, distort._dim, distort._coefficients):
        cached.cache_clear()
    monkeypatch.setattr(distort, *harder)
    drawn = symbol.make(URL)
    try:
        with pytest.raises(NotReadable) as refused:
            read_picture(picture_of(drawn), drawn.url, drawn.modules + 8)
    finally:
        for cached in (distort._dots, distort._dim, distort._coefficients):
            cached.cache_clear()
    assert refused.value.under == trial
    assert trial in str(refused.value)


def test_a_damaged_symbol_that_reads_plainly_may_fail_a_trial() -> None:
    drawn = symbol.make(URL)
    picture = picture_of(drawn)
    module = PIXELS_A_MODULE[0]
    picture.paste(255, (12 * module, 12 * module, 19 * module, 20 * module))
    read_picture(picture, drawn.url, drawn.modules + 8, trials=False)
    with pytest.raises(NotReadable) as refused:
        read_picture(picture, drawn.url, drawn.modules + 8)
    assert refused.value.under == "covered"
