"""Fifty reports in which everything is marked: each word, name, number and address can be looked for afterwards."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from PIL import Image

from intake.reports import receipt
from tests.robustness.installation import Installation
from tests.robustness.visitor import Visitor

REPORTS: Final = 50
# Shared by all reports, so that one search finds any of them.
WORDS: Final = {
    "body": "藏针处正文QwEr7TzU",
    "place": "藏针处地点AsDf8GhJ",
    "happened_on": "藏针处时间YxCv9BnM",
    "subject": "藏针处对象PoIu6ZtR",
    "contact": "藏针处联系LkJh5GfD",
    "contact_restriction": "藏针处限制MnBv4CxY",
    "file name": "藏针处照片TgBz3HnU",
    "message": "藏针处补充WsXe2DcR",
    "rating": "藏针处评分RfVt1GbZ",
}
PHONE: Final = "15912340"  # the first digits of every contact's number
AGENT: Final = "NadelAgent/7.31"
REFERRER: Final = "nadel-referrer.example"
COOKIE: Final = "nadelcookie81"
DIRECT: Final = "127.77.66.55"
ADDRESSES: Final = {
    "direct": DIRECT,
    "direct /24": "127.77.66.",
    "forwarded IPv4": "203.0.113.77",
    "forwarded IPv4 /24": "203.0.113.",
    "forwarded IPv6": "2001:db8:77:88:9:a:b:c",
    "forwarded IPv6 /64": "2001:db8:77:88:",
    "forwarded IPv6 /64, in full": "2001:0db8:0077:0088",
    "forwarded mapped": "198.51.100.23",
    "forwarded mapped /24": "198.51.100.",
    "forwarded mapped, in hex groups": "c633:6417",
    "forged hop": "192.0.2.231",
}
PACKED: Final = {"forwarded IPv6 /64, packed": bytes.fromhex("20010db800770088")}
_FORWARDED: Final = (
    None,
    "203.0.113.77",
    "2001:db8:77:88:9:a:b:c",
    "::ffff:198.51.100.23",
    "192.0.2.231, 203.0.113.77",
)


@dataclass(frozen=True, slots=True)
class Filed:
    """What a citizen keeps in mind, and what was sent."""

    digits: str
    token: str
    fields: Mapping[str, str]
    photo: bytes | None


def headers(number: int) -> dict[str, str]:
    """What a telephone tells about itself, everything of it marked."""
    told = {
        "User-Agent": f"Mozilla/5.0 (Linux; {AGENT}; Nr {number})",
        "Referer": f"https://{REFERRER}/chat/{number}",
        "Cookie": f"id={COOKIE}{number}",
        "X-Real-IP": "192.0.2.231",
        "Forwarded": "for=192.0.2.231",
    }
    forwarded = _FORWARDED[number % len(_FORWARDED)]
    return told | ({"X-Forwarded-For": forwarded} if forwarded else {})


def fields(number: int) -> dict[str, str]:
    """One report's words."""
    told = {name: f"{word}第{number}件" for name, word in WORDS.items()}
    return {
        "body": f"{told['body']}：路灯坏了两个月，没有人来修，晚上走路看不见。",
        "place": told["place"],
        "happened_on": told["happened_on"],
        "subject": told["subject"],
        "identity": "named",
        "contact": f"{told['contact']} {PHONE}{number:03d}",
        "contact_restriction": told["contact_restriction"],
    }


def photo(number: int) -> bytes:
    """A small picture whose pixels are this report's alone."""
    out = io.BytesIO()
    image = Image.frombytes("L", (64, 64), bytes((x * number) % 251 for x in range(64 * 64)))
    image.resize((320, 320)).convert("RGB").save(out, "JPEG", comment=WORDS["file name"].encode())
    return out.getvalue()


def file_all(installation: Installation, count: int = REPORTS) -> list[Filed]:
    """File them; each receipt is looked up, every third gets a message with a photo."""
    filed = []
    for number in range(count):
        visitor = Visitor(installation.server.port, source=DIRECT, headers=headers(number))
        filed.append(_file(visitor, installation.board, number))
    return filed


def _file(visitor: Visitor, board: str, number: int) -> Filed:
    words, picture = fields(number), photo(number) if number % 2 else None
    token = visitor.open_form(board)
    files = [(f"{WORDS['file name']}-{number}.jpg", picture)] if picture else []
    page = visitor.send(f"/b/{board}/report", {"token": token, "confirmed": "y"} | words, files)
    assert page.status == 200, page.status
    digits = page.receipt
    box = visitor.look_up(digits)
    assert box.status == 200, box.status
    if number % 3 == 0:
        message = {"receipt": digits, "token": box.token, "body": f"{WORDS['message']}第{number}件，还没有人来。"}
        later = [(f"{WORDS['file name']}.png", photo(number + 1000))]
        assert visitor.send("/receipt/message", message, later).status == 200
    return Filed(digits, token, words, picture)


def receipt_needles(filed: list[Filed]) -> dict[str, str | bytes]:
    """The digits as they are written down, read aloud, or kept as a number."""
    found: dict[str, str | bytes] = {}
    for number, one in enumerate(filed):
        groups = receipt.groups(one.digits)
        found[f"receipt {number}"] = one.digits
        found[f"receipt {number}, 19 digits"] = one.digits[:19]
        for name, mark in (("spaces", " "), ("dashes", "-"), ("spans", "</span> <span>")):
            found[f"receipt {number}, {name}"] = mark.join(groups)
        found[f"receipt {number}, big endian"] = int(one.digits[:19]).to_bytes(8, "big")
        found[f"receipt {number}, little endian"] = int(one.digits[:19]).to_bytes(8, "little")
    return found
