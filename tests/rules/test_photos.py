"""Photos come out clean, upright and small, or are named with a reason; judged by exiftool, not by Pillow."""

import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from intake.core import photos
from intake.core.photos import Limits, NotTaken, Photo, reencode
from tests import photo_corpus as corpus

LIMITS = Limits()
# What a JPEG has because it is one. Everything else says something about its sender.
BARE_GROUPS = {"ExifTool", "System", "File", "JFIF", "Composite"}
BARE_FILE_TAGS = {
    "FileSize", "FileModifyDate", "FileAccessDate", "FileInodeChangeDate", "FilePermissions", "FileType",
    "FileTypeExtension", "MIMEType", "ImageWidth", "ImageHeight", "EncodingProcess", "BitsPerSample",
    "ColorComponents", "YCbCrSubSampling",
}  # fmt: skip


def taken(data: bytes, limits: Limits = LIMITS) -> Photo:
    return reencode("photo.jpg", data, limits=limits)


def reason(data: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(NotTaken) as left_out:
        taken(data, limits)
    return left_out.value.reason


def groups(data: bytes) -> dict[str, set[str]]:
    """Every metadata group exiftool finds in the bytes, with the names of its tags."""
    command = ["exiftool", "-json", "-a", "-G1", "-u", "-ee", "-"]
    found = subprocess.run(command, input=data, capture_output=True, check=True).stdout
    result: dict[str, set[str]] = {}
    for key in json.loads(found)[0]:
        group, _, tag = key.rpartition(":")
        result.setdefault(group, set()).add(tag)
    return {group: tags for group, tags in result.items() if group}


def corners(data: bytes) -> list[tuple[int, ...]]:
    """The colours of the corners, clockwise from the top left."""
    with Image.open(BytesIO(data)) as image:
        shown, (w, h) = image.convert("RGB"), image.size
        places = ((4, 4), (w - 5, 4), (w - 5, h - 5), (4, h - 5))
        return [tuple(shown.getpixel(place) or ()) for place in places]  # type: ignore[arg-type]  # RGB gives three numbers


def alike(found: list[tuple[int, ...]], wanted: tuple[tuple[int, int, int], ...] = corpus.CORNERS) -> bool:
    pairs = zip(found, wanted, strict=True)
    return all(abs(a - b) < 12 for one, other in pairs for a, b in zip(one, other, strict=True))


Builder = Callable[[int], bytes]
SOURCES: dict[str, Builder] = {
    "jpeg": corpus.loaded_jpeg,
    "png": lambda orientation: corpus.png(orientation=orientation),
    "webp": corpus.webp,
    "heic": corpus.heic,
    "heic in tiles": lambda orientation: corpus.heic(orientation, tile=64),
}


# --- Clean ------------------------------------------------------------------------------------------------


def test_the_corpus_really_carries_what_is_to_be_removed() -> None:
    loaded = groups(corpus.loaded_jpeg(6))
    wanted = {"IFD0", "ExifIFD", "GPS", "IFD1", "XMP-dc", "IPTC", "ICC-header", "MPF0", "MPImage2"}
    assert wanted <= set(loaded)
    assert "Comment" in loaded["File"]
    assert "GPSLatitude" in loaded["GPS"]
    assert "ThumbnailImage" in loaded["IFD1"]
    assert {"IFD0", "GPS", "XMP-dc"} <= set(groups(corpus.png()))
    assert {"Author", "Comment", "Packed"} <= groups(corpus.png())["PNG"]
    assert {"IFD0", "GPS", "XMP-dc"} <= set(groups(corpus.webp()))
    assert {"IFD0", "GPS", "XMP-dc"} <= set(groups(corpus.heic()))


@pytest.mark.parametrize("kind", SOURCES)
def test_nothing_of_where_when_and_with_what_is_left(kind: str) -> None:
    photo = taken(SOURCES[kind](6))
    left = groups(photo.data)
    assert set(left) <= BARE_GROUPS
    assert left["File"] <= BARE_FILE_TAGS
    assert left["Composite"] <= {"ImageSize", "Megapixels"}
    assert not [secret for secret in corpus.SECRETS if secret in photo.data]


@pytest.mark.parametrize("kind", SOURCES)
def test_the_bytes_end_with_the_picture_and_hold_no_block_but_jfif(kind: str) -> None:
    data = taken(SOURCES[kind](1)).data
    assert data.startswith(b"\xff\xd8\xff\xe0\x00\x10JFIF\0")
    assert data.endswith(b"\xff\xd9")
    at, markers = 2, []
    while data[at + 1] != 0xDA:
        markers.append(data[at + 1])
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    assert set(markers) <= {0xE0, 0xDB, 0xC0, 0xC4}
    assert data.count(b"\xff\xd9") == 1


def test_polyglots_lose_their_second_life() -> None:
    for source in (corpus.zip_behind_jpeg(), corpus.script_in_jpeg()):
        data = taken(source).data
        assert not [trace for trace in (b"PK\x03\x04", b"<script", b"<?php") if trace in data]


def test_nothing_is_written_to_disk() -> None:
    opened: list[str] = []
    watching = True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
            opened.append(str(arguments[0]))
        elif watching and event.startswith(("tempfile.", "os.rename", "shutil.")):
            opened.append(event)

    sys.addaudithook(watch)
    try:
        for build in SOURCES.values():
            taken(build(6))
    finally:
        watching = False
    assert opened == []


# --- Upright ----------------------------------------------------------------------------------------------

# EXIF 2.32, tag 274: which side of the upright picture the first stored row and the first stored column are.
FIRST_ROW_AND_COLUMN = {
    1: ("top", "left"), 2: ("top", "right"), 3: ("bottom", "right"), 4: ("bottom", "left"),
    5: ("left", "top"), 6: ("right", "top"), 7: ("right", "bottom"), 8: ("left", "bottom"),
}  # fmt: skip
AT = {
    frozenset({"top", "left"}): corpus.RED,
    frozenset({"top", "right"}): corpus.GREEN,
    frozenset({"bottom", "right"}): corpus.YELLOW,
    frozenset({"bottom", "left"}): corpus.BLUE,
}


@pytest.mark.parametrize("orientation", FIRST_ROW_AND_COLUMN)
def test_the_corpus_lies_as_the_standard_says(orientation: int) -> None:
    row, column = FIRST_ROW_AND_COLUMN[orientation]
    stored = corpus.lying(orientation)
    assert stored.getpixel((0, 0)) == AT[frozenset({row, column})]
    assert stored.getpixel((stored.width - 1, 0)) != AT[frozenset({row, column})]


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("orientation", FIRST_ROW_AND_COLUMN)
def test_every_orientation_stands_upright(kind: str, orientation: int) -> None:
    photo = taken(SOURCES[kind](orientation))
    assert (photo.width, photo.height) == (320, 200)
    assert alike(corners(photo.data))


# --- Size and colour --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "kept"),
    [
        ((2560, 100), (2560, 100)), ((2561, 100), (2560, 100)), ((100, 2561), (100, 2560)), ((9, 7), (9, 7)),
        ((5200, 2600), (2560, 1280)), ((2600, 5200), (1280, 2560)), ((6000, 1), (2560, 1)), ((1, 1), (1, 1)),
    ],
)  # fmt: skip
def test_the_longest_side_is_bounded(size: tuple[int, int], kept: tuple[int, int]) -> None:
    photo = taken(corpus.plain_jpeg(corpus.marked(*size)))
    assert (photo.width, photo.height) == kept
    with Image.open(BytesIO(photo.data)) as image:
        assert image.size == kept
    assert photo.media_type == "image/jpeg"


def test_declared_pixels_are_counted_before_decoding() -> None:
    for kind, build in SOURCES.items():
        most = 320 * 200 * (2 if kind == "webp" else 1)  # libwebp needs twice the memory
        assert taken(build(1), Limits(max_pixels=most)).width == 320
        assert reason(build(1), Limits(max_pixels=most - 1)) == "too_big"


def test_a_bomb_is_not_unpacked() -> None:
    data = corpus.bomb()
    assert len(data) < 200_000
    began = time.thread_time()
    assert reason(data) == "too_big"
    assert time.thread_time() - began < 0.2


def test_compressed_text_that_swells_is_not_unpacked() -> None:
    data = corpus.packed_text_bomb()
    began = time.thread_time()
    assert reason(data) == "broken"
    assert time.thread_time() - began < 0.5


def test_bytes_are_counted_to_the_last_one() -> None:
    whole = corpus.plain_jpeg()
    limit = Limits(max_bytes=1024 * 1024)
    for missing, ok in ((1, True), (0, True), (-1, False)):
        data = whole + b"\0" * (1024 * 1024 - missing - len(whole))
        assert (reason(data, limit) == "too_big") if not ok else taken(data, limit).width == 320


def test_a_film_that_is_too_big_is_still_called_a_film() -> None:
    film = corpus.iso_media(b"isom", b"vide") + b"\0" * 2_000_000
    assert reason(film, Limits(max_bytes=1024 * 1024)) == "video"
    assert photos.reason_for_size(film[:64]) == "video"
    assert photos.reason_for_size(b"#!AMR\n") == "audio"
    assert photos.reason_for_size(corpus.plain_jpeg()[:64]) == "too_big"
    assert photos.reason_for_size(b"") == "too_big"


def test_colours_are_those_the_profile_means() -> None:
    swapped = corpus.plain_jpeg(icc_profile=corpus.swapped_profile(), subsampling="4:4:4")
    red, green, blue = corners(taken(swapped).data)[0]
    assert green > 150 > 100 > max(red, blue)  # stored as red, and the profile's red is green
    broken = corpus.plain_jpeg(icc_profile=b"\0" * 4000)
    assert alike(corners(taken(broken).data))


def test_printers_colours_become_a_screens() -> None:
    assert alike(corners(taken(corpus.plain_jpeg(corpus.marked().convert("CMYK"))).data))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_becomes_a_picture(mode: str) -> None:
    grey = Image.linear_gradient("L")
    source = grey.convert("I").point(lambda value: value * 257).convert("I;16") if mode == "I;16" else None
    out = BytesIO()
    (source or grey.convert(mode)).save(out, "PNG")
    photo = taken(out.getvalue())
    with Image.open(BytesIO(photo.data)) as image:
        shades = image.convert("L")
        top, middle, bottom = (sum(shades.crop((0, y, 256, y + 16)).tobytes()) / 4096 for y in (0, 120, 240))
    assert top < 20 < 100 < middle < 156 < 235 < bottom


def test_pictures_taller_than_a_band_have_no_seams() -> None:
    out = BytesIO()
    layer = corpus.marked(300, 1100).convert("RGBA")
    layer.putalpha(Image.linear_gradient("L").resize((300, 1100)))
    layer.save(out, "PNG")
    with Image.open(BytesIO(taken(out.getvalue()).data)) as image:
        column = [image.getpixel((150, y)) for y in range(100, 1000)]
    shades = [pixel[0] for pixel in column if isinstance(pixel, tuple)]
    assert len(shades) == 900
    assert all(abs(one - other) <= 3 for one, other in itertools.pairwise(shades))
    assert shades[0] > 230 > 150 > shades[-1]


def test_what_was_transparent_is_white() -> None:
    out = BytesIO()
    Image.new("RGBA", (40, 40), (255, 0, 0, 0)).save(out, "PNG")
    with Image.open(BytesIO(taken(out.getvalue()).data)) as image:
        assert image.getpixel((20, 20)) == (255, 255, 255)
    palette = Image.new("P", (40, 40), 0)
    out = BytesIO()
    palette.save(out, "PNG", transparency=0)
    with Image.open(BytesIO(taken(out.getvalue()).data)) as image:
        assert image.convert("RGB").getpixel((20, 20)) == (255, 255, 255)


def test_the_same_photo_gives_the_same_bytes() -> None:
    assert taken(corpus.loaded_jpeg(6)).data == taken(corpus.loaded_jpeg(6)).data


# --- Left out ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("data", "kind"), [(data, kind) for _, data, kind in corpus.RECORDINGS])
def test_recordings_are_told_from_photos(data: bytes, kind: str) -> None:
    assert reason(data) == kind


@pytest.mark.parametrize(("_name", "data"), corpus.OTHER_KINDS)
def test_other_kinds_are_not_opened(_name: str, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "open", lambda *_: pytest.fail("Pillow was asked to guess"))
    assert reason(data) == "kind"


def test_a_name_decides_nothing() -> None:
    for name in corpus.NAMES:
        assert reencode(name, corpus.plain_jpeg(), limits=LIMITS).width == 320
        with pytest.raises(NotTaken) as left_out:
            reencode(name, corpus.SVG, limits=LIMITS)
        assert left_out.value.reason == "kind"


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("then", [b"", b"\0" * 5000, b"\xff" * 400], ids=["nothing", "zeros", "fill bytes"])
def test_a_cut_photo_is_refused_whatever_follows(share: float, progressive: bool, then: bytes) -> None:
    assert reason(corpus.cut_jpeg(share, progressive=progressive, then=then)) == "broken"


@pytest.mark.parametrize("build", [corpus.png, corpus.webp, corpus.heic])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.8])
def test_other_cut_pictures_are_refused(build: Callable[[], bytes], share: float) -> None:
    whole = build()
    assert reason(whole[: int(len(whole) * share)]) == "broken"


def test_an_empty_file_is_broken() -> None:
    assert reason(b"") == "broken"


def test_thousands_of_scans_are_refused_at_once() -> None:
    assert taken(corpus.many_scans(3)).width == 320
    data = corpus.many_scans(20_000)
    began = time.thread_time()
    assert reason(data) == "broken"
    assert time.thread_time() - began < 0.1


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(sorted(SOURCES)),
    holes=st.lists(st.tuples(st.floats(0, 0.99), st.binary(min_size=1, max_size=6)), max_size=8),
    keep=st.floats(0.5, 1),
)
@example(kind="jpeg", holes=[(0.01, b"\xff\xff\xff\xff\xff\xff")], keep=1.0)
def test_damage_ends_in_a_photo_or_in_a_reason(kind: str, holes: list[tuple[float, bytes]], keep: float) -> None:
    data = bytearray(DAMAGED[kind])
    for place, bytes_ in holes:
        at = int(place * len(data))
        data[at : at + len(bytes_)] = bytes_
    ending = end_of(bytes(data[: int(len(data) * keep)]))
    if isinstance(ending, Photo):
        assert ending.data.startswith(b"\xff\xd8")
        assert max(ending.width, ending.height) <= 2560
        assert not [secret for secret in corpus.SECRETS if secret in ending.data]
    else:
        assert ending in {"broken", "kind", "too_big", "video", "audio"}


def end_of(data: bytes) -> Photo | str:
    try:
        return taken(data)
    except NotTaken as left_out:
        return left_out.reason


DAMAGED = {kind: build(6) for kind, build in SOURCES.items()}


# --- Names ------------------------------------------------------------------------------------------------


@given(st.text(max_size=200))
def test_a_shown_name_is_one_short_visible_line(name: str) -> None:
    shown = photos.shown_name(name)
    assert 0 < len(shown) <= 40
    assert not set(shown) & set("/\\")
    assert all(mark == " " or mark.isprintable() for mark in shown)
    assert photos.shown_name(shown) == shown


def test_shown_names_stay_recognisable() -> None:
    assert photos.shown_name("C:\\照片\\现场 1.jpg") == "现场 1.jpg"
    assert photos.shown_name("gpj.\u202eexe.jpg") == "gpj.exe.jpg"
    assert photos.shown_name("长" * 300 + ".jpg").endswith("长长.jpg")
    assert NotTaken("kind", "../../x").name == "x"


# --- Slots ------------------------------------------------------------------------------------------------


def test_no_more_pictures_are_decoded_at_once_than_slots() -> None:
    slots, most, now, lock = photos._Slots(), 0, 0, threading.Lock()

    def work() -> None:
        nonlocal most, now
        with slots.one_of(2, wait=5):
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.02)
            with lock:
                now -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_a_photo_that_gets_no_slot_is_busy_and_the_slot_comes_back() -> None:
    with photos.SLOTS.one_of(1, wait=1), pytest.raises(NotTaken) as left_out:
        reencode("a.jpg", corpus.plain_jpeg(), limits=Limits(slots=1), wait=0.01)
    assert left_out.value.reason == "busy"
    assert reason(corpus.cut_jpeg(0.5), Limits(slots=1)) == "broken"
    assert taken(corpus.plain_jpeg(), Limits(slots=1)).width == 320
