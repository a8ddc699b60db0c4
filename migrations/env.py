"""Runs migrations on the connection that `intake.core.schema` opened; it is never started otherwise."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from intake.core.tables import UTCDateTime


def render(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """Our own column types are written as what the database sees: a migration never follows the code."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),
    render_as_batch=True,
    render_item=render,
    compare_type=True,
    compare_server_default=True,
    transactional_ddl=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
