"""Style sheets and the one script, held in memory and addressed by their content."""

import gzip
import hashlib
from pathlib import Path

from flask import Blueprint, Response, abort, request

from intake.web.access import public

blueprint = Blueprint("assets", __name__)
_FOLDER = Path(__file__).resolve().parent.parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript"}
_FILES = {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}
_PACKED = {name: gzip.compress(body, 9, mtime=0) for name, body in _FILES.items()}
_VERSION = {name: hashlib.sha256(body).hexdigest()[:10] for name, body in _FILES.items()}


def asset_url(name: str) -> str:
    """Address of a file that changes with its content."""
    return f"/static/{name}?v={_VERSION[name]}"


@blueprint.get("/static/<name>")
@public
def static(name: str) -> Response:
    if name not in _FILES:
        abort(404)
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    response = Response(_PACKED[name] if packed else _FILES[name], mimetype=_TYPES[Path(name).suffix])
    response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    if "leave" in request.args:
        return _leaving(response)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _leaving(response: Response) -> Response:
    """The style sheet of the leaving page asks once more to forget: only now does the page before lie in the browser's
    memory, from where Back would show it with all that was typed."""
    response.headers["Clear-Site-Data"] = '"cache"'
    response.headers["Cache-Control"] = "no-store"
    return response
