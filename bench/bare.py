"""What the product is measured against: two bare Flask + SQLAlchemy applications, as small as they can be.

Both serve the same three requests: a form, a POST that inserts a row and answers with a receipt, a look-up
of that receipt. `plain` does no more. `sealing` also does the cryptography that such a product cannot do
without: Argon2id (4 MiB, one pass) on the POST and on the look-up, thirteen sealed boxes on the POST.
They store on the same disk with the same durability (WAL, `synchronous=FULL`), a commit for each POST.
"""

import os
import secrets
from collections.abc import Callable

from argon2.low_level import Type, hash_secret_raw
from flask import Flask, render_template_string, request
from nacl.public import PrivateKey, SealedBox
from sqlalchemy import Engine, LargeBinary, Text, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry

SEALS = 13
FORM = (
    '<!doctype html><html lang="zh-Hans"><meta charset="utf-8"><title>意见反映</title><h1>意见反映</h1>'
    '<form method="post" enctype="multipart/form-data"><input type="hidden" name="token" value="{{ token }}">'
    '<textarea name="body"></textarea><input name="files" type="file"><button>交</button></form></html>'
)
RECEIPT = (
    '<!doctype html><html lang="zh-Hans"><meta charset="utf-8"><title>意见反映</title><h1>收到了</h1>'
    '<p data-testid="receipt">{{ receipt }}</p></html>'
)
BOX = (
    '<!doctype html><html lang="zh-Hans"><meta charset="utf-8"><title>意见反映</title>'
    "<h1>{{ '已收到' if found else '没有找到' }}</h1></html>"
)


class Base(DeclarativeBase):
    pass


class Filed(Base):
    """One report, as a bare application keeps it."""

    __tablename__ = "filed"

    id: Mapped[int] = mapped_column(primary_key=True)
    receipt: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    body: Mapped[str] = mapped_column(Text)
    seals: Mapped[bytes] = mapped_column(LargeBinary)


def plain() -> Flask:
    """Inserts a row on each POST, selects it on each look-up."""
    return _application(tag=str.encode, seal=lambda _: b"")


def sealing() -> Flask:
    """The same with Argon2id and thirteen sealed boxes."""
    boxes = [SealedBox(PrivateKey.generate().public_key) for _ in range(SEALS)]
    salt = secrets.token_bytes(16)

    def tag(receipt: str) -> bytes:
        return hash_secret_raw(
            receipt.encode(), salt, time_cost=1, memory_cost=4096, parallelism=1, hash_len=64, type=Type.ID
        )

    return _application(tag=tag, seal=lambda key: b"".join(box.encrypt(key) for box in boxes))


def _application(*, tag: Callable[[str], bytes], seal: Callable[[bytes], bytes]) -> Flask:
    engine = _engine(os.environ["BARE_DATABASE_URL"])
    Base.metadata.create_all(engine)
    app = Flask("bare")

    @app.get("/readyz")
    def ready() -> str:
        return "ready"

    @app.get("/b/<code>/report")
    def form(code: str) -> str:
        return render_template_string(FORM, token=secrets.token_urlsafe(24))

    @app.post("/b/<code>/report")
    def submit(code: str) -> str:
        receipt = f"{secrets.randbelow(10**20):020d}"
        with Session(engine) as session:
            session.add(Filed(receipt=tag(receipt), body=request.form["body"], seals=seal(secrets.token_bytes(32))))
            session.commit()
        return render_template_string(RECEIPT, receipt=receipt)

    @app.post("/receipt")
    def look_up() -> str:
        with Session(engine) as session:
            found = session.scalars(select(Filed.id).where(Filed.receipt == tag(request.form["receipt"]))).first()
        return render_template_string(BOX, found=found)

    return app


def _engine(url: str) -> Engine:
    engine = create_engine(url, pool_size=16)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _durable)
    return engine


def _durable(connection: object, _: ConnectionPoolEntry) -> None:
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 5000"):
        connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]  # the driver's own connection
