"""What settings need of each other, once each of them has been read."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config_kinds import is_private


def fill_and_check(values: dict[str, Any]) -> list[tuple[str, str]]:
    """Fill in what hangs on the data folder; (id, hint) of every setting that does not fit with the others."""
    problems = []
    folder: Path = values["dir"]
    values["database_url"] = values["database_url"] or f"sqlite:///{(folder / 'msx.db').resolve()}"
    values["storage_url"] = values["storage_url"] or f"file://{(folder / 'files').resolve()}"
    values["secret_file"] = values["secret_file"] or folder / "secret"
    if not values["database_url"].startswith(("sqlite:", "postgresql:", "postgresql+psycopg:")):
        problems.append(("database_url.kind", "MSX_DATABASE_URL starts with sqlite: or postgresql:"))
    if not values["storage_url"].startswith(("file://", "s3://", "memory://")):
        problems.append(("storage_url.kind", "MSX_STORAGE_URL starts with file:// or s3://"))
    hours = values["notice_hours"].split(",")
    if not all(h.strip().isdigit() and int(h) < 24 for h in hours):
        problems.append(("notice_hours.value", "MSX_NOTICE_HOURS is hours with commas, such as 9,15"))
    for name in (
        "max_upload_mb",
        "max_photo_mb",
        "body_max",
        "decode_slots",
        "inflight_mb",
        "threads",
        "session_hours",
        "retention_days",
        "inflight_requests",
        "held_times",
        "copies_limit",
        "links_limit",
        "challenge_work",
        "challenge_seconds",
    ):
        if values[name] < 1:
            problems.append((f"{name}.value", f"MSX_{name.upper()} is 1 or more"))
    if values["body_min"] > values["body_max"]:
        problems.append(("body_min.value", "MSX_BODY_MIN is at most MSX_BODY_MAX"))
    if values["max_photo_mb"] > values["max_upload_mb"]:
        problems.append(("max_photo_mb.value", "MSX_MAX_PHOTO_MB is at most MSX_MAX_UPLOAD_MB"))
    public = urlsplit(values["public_url"])
    if public.scheme == "http" and not is_private(public.hostname or ""):
        problems.append(("public_url.https", "MSX_PUBLIC_URL must be https:// outside a private network"))
    return problems
