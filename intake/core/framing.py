"""Several values as one string of bytes that can be read in one way only: what is hashed, signed or bound."""


def framed(*parts: bytes | str) -> bytes:
    """Each part behind its own length (8 bytes, big-endian), text as UTF-8.

    `("ab", "c")` and `("a", "bc")` differ, and so do any two different lists of parts.
    """
    pieces: list[bytes] = []
    for part in parts:
        # A lone surrogate is no UTF-8, yet a hash must never be the reason why a report is refused.
        raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        pieces.append(len(raw).to_bytes(8, "big"))
        pieces.append(raw)
    return b"".join(pieces)
