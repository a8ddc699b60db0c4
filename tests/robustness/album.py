"""Photos of many sizes, none like another, and what a reader gets to see of each."""

import io
import random
from functools import cache

from PIL import Image

from config import Settings
from intake.core.photos import Limits, reencode

SIZES = ((320, 240), (640, 480), (1280, 960), (2048, 1536))


@cache
def photo(number: int) -> bytes:
    """A JPEG with some grain, so that its size is a telephone's and not a drawing's."""
    draw = random.Random(number)
    width, height = SIZES[number % len(SIZES)]
    grain = Image.frombytes("L", (64, 48), draw.randbytes(64 * 48)).resize((width, height))
    picture = Image.merge("RGB", (grain, grain.transpose(Image.Transpose.ROTATE_180), grain))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()


def as_kept(data: bytes, settings: Settings) -> bytes:
    """What is kept of an original: the product's own re-encoding, which always gives the same bytes."""
    limits = Limits(
        max_bytes=settings.max_photo_mb * 1024 * 1024, max_pixels=settings.max_pixels, side=settings.photo_side
    )
    return reencode("photo.jpg", data, limits=limits).data
