"""The tables of vectors on PostgreSQL, their extension and their indexes. Knows no query over them.

They are made when vectors are first wanted and not by the migrations: a database without pgvector migrates, too,
and serves without vectors. Whatever stands in them can be made again from the chunks.
"""

from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError

from core.errors import ConfigurationError

_MAKING, _INDEXING = 0x7871_0005, 0x7871_0004
"""Advisory lock numbers, beside those of presence.py and audit.py."""

_FULL, _HALF = 2000, 4000
"""The most dimensions that an index takes in full and in half precision."""

_TABLES = (
    """CREATE TABLE IF NOT EXISTS vector_space (
        id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_vector_space PRIMARY KEY,
        base text NOT NULL,
        model text NOT NULL,
        dimension integer NOT NULL,
        indexed boolean NOT NULL DEFAULT false,
        CONSTRAINT uq_vector_space_base_model UNIQUE (base, model))""",
    # A row may own several vectors, an equal one only once: replicas may embed the same chunks.
    """CREATE TABLE IF NOT EXISTS chunk_vector (
        space integer NOT NULL CONSTRAINT fk_chunk_vector_vector_space REFERENCES vector_space ON DELETE CASCADE,
        "row" bigint NOT NULL,
        digest bytea NOT NULL,
        vector vector NOT NULL,
        CONSTRAINT pk_chunk_vector PRIMARY KEY (space, "row", digest))""",
)


def make_tables(connection: Connection) -> None:
    """Make what is missing. Raises ConfigurationError where pgvector is not there or not ours to set up."""
    connection.execute(select(func.pg_advisory_xact_lock(_MAKING)))
    if connection.scalar(text("SELECT to_regtype('vector')")) is None:
        _make_extension(connection)
    for statement in _TABLES:
        connection.exec_driver_sql(statement)


def _make_extension(connection: Connection) -> None:
    try:
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS vector")
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == "42501":  # insufficient privilege
            raise ConfigurationError(
                "XiaoQ may not set up pgvector in its database; let an administrator run "
                "CREATE EXTENSION vector there once, then start XiaoQ again."
            ) from None
        if state in ("0A000", "58P01"):  # not available; its file is missing
            raise ConfigurationError(
                "The PostgreSQL server lacks the extension pgvector, which XiaoQ keeps vectors in; install it on "
                "the server, or remove XIAOQ_EMBEDDING_MODEL and XIAOQ_EMBEDDING_URL to search by words alone."
            ) from None
        raise


def indexable(dimension: int) -> bool:
    """Whether an index takes vectors of this dimension; wider ones are compared one by one."""
    return dimension <= _HALF


def indexed_type(dimension: int) -> str:
    """The type under which an index holds vectors of this dimension; queries must name it, too."""
    return f"{'vector' if dimension <= _FULL else 'halfvec'}({dimension})"


def index_name(space: int) -> str:
    return f"ix_chunk_vector_{space}"


def make_index(connection: Connection, space: int, dimension: int) -> bool:
    """Index one space's vectors (HNSW), while others read and write; False where another process is at it.

    Each statement must commit by itself: an index that blocks nobody is not made within a transaction.
    """
    if not connection.scalar(select(func.pg_try_advisory_lock(_INDEXING, space))):
        return False
    try:
        kind, name = indexed_type(dimension), index_name(space)
        # one cut off while it was made
        connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        connection.exec_driver_sql(
            f"CREATE INDEX CONCURRENTLY {name} ON chunk_vector "
            f"USING hnsw ((vector::{kind}) {kind.partition('(')[0]}_ip_ops) WHERE space = {space}"
        )
        connection.execute(text("UPDATE vector_space SET indexed = true WHERE id = :space"), {"space": space})
    finally:
        connection.execute(select(func.pg_advisory_unlock(_INDEXING, space)))
    return True
