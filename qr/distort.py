"""What happens to a code between the wall and the telephone: a fixed set, the same for every poster.

The picture of a symbol comes at a known number of pixels a module, so that each trial is as hard on a card as on a
sign. Random dots come from a fixed seed: what passed today passes tomorrow.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal

from PIL import Image, ImageChops, ImageFilter

Trial = Literal["tilt", "blur", "noise", "dark", "covered"]

TILT: Final = 45.0  # degrees between the wall and the telephone
AWAY: Final = 2.5  # distance of the telephone in sides of the picture
BLUR: Final = 0.38  # standard deviation in modules
NOISE: Final = 28  # standard deviation in levels of grey
DARK: Final = (14, 58)  # what black and white are in low light
DARK_NOISE: Final = 5
COVERED: Final = 0.10  # of the symbol's area
_SEED: Final = 20261101


def tilt(picture: Image.Image, modules: float) -> Image.Image:
    """As seen from 45° aside: the far edge is shorter, everything is narrower."""
    return seen_from(picture, TILT)


def seen_from(picture: Image.Image, degrees: float) -> Image.Image:
    """As seen from so many degrees aside, the near edge as large as it was."""
    return picture.transform(
        picture.size,
        Image.Transform.PERSPECTIVE,
        _coefficients(*picture.size, degrees),
        Image.Resampling.BILINEAR,
        fillcolor=255,
    )


def blur(picture: Image.Image, modules: float) -> Image.Image:
    """Out of focus, or a hand that shakes."""
    return picture.filter(ImageFilter.GaussianBlur(BLUR * picture.width / modules))


def noise(picture: Image.Image, modules: float) -> Image.Image:
    """A cheap sensor at its limit."""
    return _with(picture, _dots(picture.size, NOISE))


def dark(picture: Image.Image, modules: float) -> Image.Image:
    """Dusk: black and white lie close together, and the sensor is noisy."""
    return _with(picture.point(_dim()), _dots(picture.size, DARK_NOISE))


def covered(picture: Image.Image, modules: float) -> Image.Image:
    """A square of a tenth of the symbol hidden below something grey, between middle and edge."""
    out = picture.copy()
    module = picture.width / modules
    symbol = (modules - 8) * module
    side = round(symbol * math.sqrt(COVERED))
    left, top = round(4 * module + symbol * 0.60), round(4 * module + symbol * 0.48)
    out.paste(160, (left, top, left + side, top + side))
    return out


TRIALS: Final[dict[Trial, Callable[[Image.Image, float], Image.Image]]] = {
    "tilt": tilt,
    "blur": blur,
    "noise": noise,
    "dark": dark,
    "covered": covered,
}


def _with(picture: Image.Image, dots: Image.Image) -> Image.Image:
    return ImageChops.add(picture, dots, 1, -128)


@lru_cache(maxsize=64)
def _dots(size: tuple[int, int], deviation: int) -> Image.Image:
    source = random.Random(_SEED)  # noqa: S311 - grain of a picture, never a key
    levels = bytes(min(255, max(0, round(source.gauss(128, deviation)))) for _ in range(size[0] * size[1]))
    return Image.frombytes("L", size, levels)


@lru_cache(maxsize=1)
def _dim() -> list[int]:
    black, white = DARK
    return [round(black + level * (white - black) / 255) for level in range(256)]


@lru_cache(maxsize=64)
def _coefficients(width: int, height: int, degrees: float) -> tuple[float, ...]:
    """From a pixel of the tilted picture to one of the flat, as `Image.transform` wants it.

    A point (x, y) of the wall, in halves of a side from its middle, is seen at x·cos / (1 + x·sin / away) and
    y / (1 + x·sin / away); this is the way back, enlarged so that the near edge just stays inside.
    """
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    away = AWAY * 2
    near = 1 / (1 - sin / away)  # how much larger the near edge is
    half_x, half_y = width / 2, height / 2
    # u = X/half_x - 1, v = Y/half_y - 1 on the tilted picture, times `near`; x = u / (cos - u·sin/away)
    a, b = near / half_x, -near  # u = a·X + b
    c, d = near / half_y, -near  # v = c·Y + d
    lean = sin / away
    # denominator: cos - u·lean ; x = u / den ; y = v·(1 + x·lean) = v·cos / den
    den_x, den_1 = -a * lean / (cos - b * lean), 1.0
    scale = 1 / (cos - b * lean)
    return (
        *((a * half_x * scale) + half_x * den_x, 0.0, (b * half_x * scale) + half_x * den_1),
        *(half_y * den_x, c * half_y * cos * scale, d * half_y * cos * scale + half_y * den_1),
        *(den_x, 0.0),
    )
