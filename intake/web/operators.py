"""/healthz, /readyz and /metrics: for operators, nothing personal, nothing about citizens' acts."""

from importlib.metadata import version

from flask import Blueprint, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from intake.web import ceilings
from intake.web.access import operator
from intake.web.context import world

blueprint = Blueprint("operators", __name__)


def _plain(body: str, status: int = 200) -> Response:
    return Response(body + "\n", status, mimetype="text/plain")


@blueprint.get("/healthz")
@operator
def healthz() -> Response:
    return _plain("ok")


@blueprint.get("/readyz")
@operator
def readyz() -> Response:
    """Ready once the database answers."""
    try:
        with world().db.read() as rows:
            rows.execute(text("select 1"))
    except SQLAlchemyError:
        return _plain("database does not answer", 503)
    return _plain("ready")


@blueprint.get("/metrics")
@operator
def metrics() -> Response:
    """Version, and whether the disk runs low. No figure that moves when a citizen acts: free bytes would be a clock."""
    low = int(ceilings.now().disk is not ceilings.Disk.enough)
    lines = [
        "# TYPE msx_build_info gauge",
        f'msx_build_info{{version="{version("mashangxun")}"}} 1',
        "# TYPE msx_disk_low gauge",
        f"msx_disk_low {low}",
    ]
    return Response("\n".join(lines) + "\n", mimetype="text/plain; version=0.0.4")
