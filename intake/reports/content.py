"""What a citizen writes, normalised; the digest that makes two filings the same; categories. Pure."""

import hashlib
import json
from dataclasses import dataclass, fields

CATEGORIES: dict[str, str] = {
    "project_quality": "偷工减料",
    "project_fake_quantity": "虚报数量",
    "bidding": "围标串标",
    "wage_arrears": "拖欠工钱",
    "conduct_style": "吃拿卡要",
    "safety_hazard": "安全隐患",
    "land_compensation": "征地拆迁",
    "fee_charging": "乱收费",
    "three_assets": "集体钱物",
    "subsidy": "种粮补贴",
    "social_assistance": "低保救助",
    "no_disclosure": "账不公开",
    "eight_rules": "吃喝请客",
    "school_canteen": "学校食堂",
    "medical": "看病医保",
    "livelihood_small": "路灯水电",
    "unspecified": "说不清",
}

_PROJECT = ("project_quality", "project_fake_quantity", "bidding", "wage_arrears", "conduct_style",
            "safety_hazard", "land_compensation", "fee_charging", "unspecified")  # fmt: skip
_VILLAGE = ("three_assets", "subsidy", "social_assistance", "no_disclosure", "land_compensation",
            "livelihood_small", "conduct_style", "fee_charging", "unspecified")  # fmt: skip
_UNIT = ("conduct_style", "fee_charging", "eight_rules", "no_disclosure", "livelihood_small",
         "medical", "school_canteen", "safety_hazard", "unspecified")  # fmt: skip
_FIRST: dict[str, tuple[str, ...]] = {"project": _PROJECT, "village": _VILLAGE, "unit": _UNIT}


def tiles(kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The nine categories shown first on a board of this kind, and the rest."""
    first = _FIRST.get(kind, _PROJECT)
    return first, tuple(c for c in CATEGORIES if c not in first)


@dataclass(frozen=True, slots=True)
class Draft:
    """One filing's fields, normalised."""

    body: str
    category: str | None = None
    place: str = ""
    happened_on: str = ""
    subject: str = ""
    about_handler: bool = False
    about_superior: bool = False
    identity: str = "anonymous"
    contact: str = ""
    contact_restriction: str = ""
    urgent: bool = False

    @property
    def ticked(self) -> bool:
        return self.about_handler or self.about_superior


def clean(text: str | None) -> str:
    """Trimmed, line ends as LF, without NUL: the form in which text is counted, compared and kept."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()


def normalised(
    *,
    body: str | None,
    category: str | None = None,
    place: str | None = None,
    happened_on: str | None = None,
    subject: str | None = None,
    about_handler: bool = False,
    about_superior: bool = False,
    identity: str | None = None,
    contact: str | None = None,
    contact_restriction: str | None = None,
    urgent: bool = False,
) -> Draft:
    """A draft from a form's raw values; an unknown category counts as none."""
    return Draft(
        body=clean(body),
        category=category if category in CATEGORIES else None,
        place=clean(place),
        happened_on=clean(happened_on),
        subject=clean(subject),
        about_handler=about_handler,
        about_superior=about_superior,
        identity="named" if identity == "named" else "anonymous",
        contact=clean(contact),
        contact_restriction=clean(contact_restriction),
        urgent=urgent,
    )


_FIELDS = tuple(field.name for field in fields(Draft))


def values_of(draft: Draft) -> dict[str, str | bool | None]:
    """Field → value, in the order of the draft."""
    return {name: getattr(draft, name) for name in _FIELDS}


def digest(board: str, draft: Draft) -> bytes:
    """32 bytes over board and fields: what, with the form's nonce, makes two filings the same."""
    text = json.dumps([board, values_of(draft)], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(b"msx-draft-1\0" + text.encode("utf-8", "surrogatepass")).digest()


def message_digest(digits: str, body: str, originals: tuple[bytes, ...]) -> bytes:
    """32 bytes over a later message: the receipt it came through, its text and its photos."""
    parts = [digits.encode(), clean(body).encode("utf-8", "surrogatepass"), *originals]
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hashlib.sha256(b"msx-message-1\0" + framed).digest()
