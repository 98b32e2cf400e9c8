"""Takes what was deleted out of the database's files. Knows no owner.

SQLite overwrites deleted rows itself (`secure_delete`), and keeps earlier pages in its WAL until that is emptied.
PostgreSQL keeps deleted rows until a table is rewritten: those that hold keys are.
"""

import time
from contextlib import closing

import structlog
from sqlalchemy import Engine

log = structlog.get_logger()

PATIENCE_SECONDS = 20.0
"""How long readers of an earlier state are waited for."""


def sweep(engine: Engine) -> None:
    """To be called outside any transaction; in a thread, since it waits."""
    if engine.dialect.name != "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM FULL subject")
        return
    end = time.monotonic() + PATIENCE_SECONDS
    with closing(engine.raw_connection()) as raw:
        cursor = raw.cursor()
        cursor.execute("PRAGMA busy_timeout = 100")  # a writer waits for us no longer than that
        while cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > end:
                log.warning("wal_not_emptied")
                return
            time.sleep(0.05)
