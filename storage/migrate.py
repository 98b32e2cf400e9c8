"""Brings a database to the newest revision and mends what a crash left. Knows no query of the app."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, update

from core.errors import StorageUnavailable
from core.messages import TurnStatus
from storage.tables import turn

MIGRATIONS = Path(__file__).parent / "migrations"

_LONGEST_ANSWER = timedelta(hours=1)


def check_integrity(connection: Connection) -> None:
    """SQLite's own quick check of the file. Raises StorageUnavailable where it is damaged."""
    if connection.dialect.name != "sqlite":
        return
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        raise damaged()


def damaged() -> StorageUnavailable:
    return StorageUnavailable(
        "The database file is damaged. Move it and its -wal and -shm files aside, put the last backup "
        "in their place and start XiaoQ again."
    )


def migrate(connection: Connection, revision: str = "head") -> None:
    """Upgrade within the connection's transaction. Raises StorageUnavailable where a newer XiaoQ was here."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError:
        raise StorageUnavailable(
            "The database was made by a newer XiaoQ; start that version, or restore a backup of this one's."
        ) from None
    # Foreign keys are off while SQLite rebuilds tables, so what they promise is checked here.
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise damaged()


def mark_interrupted(connection: Connection, *, alone: bool, now: datetime | None = None) -> int:
    """Turns that were running when their process died become `interrupted`; returns how many.

    Where other processes have the database open a running turn may be theirs, so only those older than any
    answer takes are taken.
    """
    statement = update(turn).where(turn.c.status == TurnStatus.RUNNING.value)
    if not alone:
        statement = statement.where(turn.c.asked_at < (now or datetime.now(UTC)) - _LONGEST_ANSWER)
    return connection.execute(statement.values(status=TurnStatus.INTERRUPTED.value)).rowcount
