"""Brings a database to the newest revision and mends what a crash left. Knows no query of the app."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, select, text, update

from core.errors import ConfigurationError, DatabaseDamaged, StorageUnavailable
from core.messages import TurnStatus
from storage.ring import KeyRing
from storage.seals import Seals
from storage.tables import conversation, turn

MIGRATIONS = Path(__file__).parent / "migrations"

ENCRYPTED_SINCE = "0005"

ONCE_PLAIN = (
    "conversation", "turn", "source", "feedback", "attachment", "attachment_chunk", "document_blob", "queued_file",
)  # fmt: skip
"""The tables that held plain texts before."""

_LONGEST_ANSWER = timedelta(hours=1)


def check_integrity(connection: Connection) -> None:
    """SQLite's own quick check of the file. Raises DatabaseDamaged."""
    if connection.dialect.name != "sqlite":
        return
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        raise damaged()


def is_empty(connection: Connection) -> bool:
    """Whether this is a SQLite file without a table: a new one."""
    if connection.dialect.name != "sqlite":
        return False
    return not connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()


def damaged() -> DatabaseDamaged:
    return DatabaseDamaged(
        "The database file is damaged. Put the last backup in its place with `python app.py restore FILE`, which "
        "keeps the damaged one aside, and start XiaoQ again."
    )


def migrate(connection: Connection, ring: KeyRing | None = None, revision: str = "head") -> bool:
    """Upgrade within the connection's transaction, and open the key ring, which the migrations encrypt with.

    Tells whether plain texts were encrypted by it. Raises StorageUnavailable where a newer XiaoQ was here,
    ConfigurationError where the ring does not open. Without a ring it goes no further than `revision`.
    """
    if ring is not None and revision == "head" and _stands_at(connection) == newest():
        _check_references(connection)
        ring.open(connection, fresh=False)
        return False
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.util import CommandError

    before = MigrationContext.configure(connection).get_current_revision()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["open_ring"] = lambda: _opened(ring, connection, fresh=before is None)
    try:
        command.upgrade(config, revision)
    except CommandError:
        raise StorageUnavailable(
            "The database was made by a newer XiaoQ; start that version, or restore a backup of this one's."
        ) from None
    _check_references(connection)
    if ring is not None:
        ring.open(connection, fresh=False)
    return before is not None and before < ENCRYPTED_SINCE


def newest() -> str:
    """The revision of the last migration there is; they are numbered, and their files named by that."""
    return max(file.name[1:5] for file in (MIGRATIONS / "versions").glob("v[0-9]*.py"))


def _stands_at(connection: Connection) -> str | None:
    """The database's revision, read without Alembic: that takes 10 MB of a process that has nothing to migrate."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _check_references(connection: Connection) -> None:
    """Foreign keys are off while SQLite rebuilds tables, so what they promise is checked here. Raises DatabaseDamaged."""
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise damaged()


def _opened(ring: KeyRing | None, connection: Connection, *, fresh: bool) -> KeyRing:
    if ring is None:
        raise ConfigurationError("The database is to be encrypted, and no master key was given.")
    ring.open(connection, fresh=fresh)
    return ring


def scrub(engine: Engine) -> None:
    """Leave nothing of the plain texts in the database's files that were encrypted a moment ago."""
    if engine.dialect.name == "sqlite":
        with closing(engine.raw_connection()) as raw:  # SQLAlchemy would begin a transaction
            raw.cursor().execute("VACUUM")
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in ONCE_PLAIN:
            connection.exec_driver_sql(f'VACUUM FULL "{name}"')


def mark_interrupted(
    connection: Connection, seals: Seals, *, alone: bool, now: datetime | None = None
) -> int:
    """Turns that were running when their process died become `interrupted`; returns how many.

    Where other processes have the database open a running turn may be theirs, so only those older than any
    answer takes are taken.
    """
    running = turn.c.status == TurnStatus.RUNNING.value
    if not alone:
        running &= turn.c.asked_at < (now or datetime.now(UTC)) - _LONGEST_ANSWER
    ended = {"status": TurnStatus.INTERRUPTED.value}
    found = connection.execute(select(turn.c.id, turn.c.conversation_id).where(running)).all()
    for turn_id, conversation_id in found:
        of_it = select(conversation).where(conversation.c.id == conversation_id).with_for_update()
        before = connection.execute(of_it).one()
        row = connection.execute(select(turn).where(turn.c.id == turn_id, running)).first()
        if row is None:
            continue
        connection.execute(update(turn).where(turn.c.id == turn_id).values(**ended))
        delta = seals.member(turn, {**row._mapping, **ended}) - seals.member(turn, row._mapping)
        seals.change(connection, before, delta)
    return len(found)
