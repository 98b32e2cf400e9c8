"""What is asked of the tables of vectors: commit, read back, search, forget. Knows no transaction."""

from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, text

from storage.vector_tables import index_name, indexed_type

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors32 = npt.NDArray[np.float32]

_CANDIDATES, _MOST_CANDIDATES = 200, 1000
"""What HNSW keeps while it searches (ef_search); a thousand is the most it takes."""

_AT_ONCE = 500

_SPACE = text("SELECT id, dimension, indexed FROM vector_space WHERE base = :base AND model = :model")
_ROWS = text('SELECT DISTINCT "row" FROM chunk_vector WHERE space = :space ORDER BY "row"')
# the update changes nothing and holds the space: replicas commit one after another
_OPEN = text(
    "INSERT INTO vector_space (base, model, dimension) VALUES (:base, :model, :dimension) "
    "ON CONFLICT (base, model) DO UPDATE SET dimension = vector_space.dimension RETURNING id, dimension, indexed"
)
_ADD = text(
    'INSERT INTO chunk_vector (space, "row", digest, vector) SELECT :space, one, digest, CAST(vector AS vector) '
    "FROM unnest(CAST(:rows AS bigint[]), CAST(:digests AS bytea[]), CAST(:vectors AS text[])) "
    "AS new (one, digest, vector) ON CONFLICT DO NOTHING"
)
_REMOVE = text('DELETE FROM chunk_vector WHERE space = :space AND "row" = ANY(CAST(:rows AS bigint[]))')
_COUNT = text("SELECT count(*) FROM chunk_vector WHERE space = :space")
_NEAREST = text(
    'SELECT "row", -min(vector <#> CAST(:vector AS vector)) AS cosine FROM chunk_vector WHERE space = :space '
    'GROUP BY "row" ORDER BY cosine DESC, "row" LIMIT :k'
)
_ONE_BY_ONE = 'SELECT "row", -(vector <#> CAST(:vector AS vector)) AS cosine FROM chunk_vector WHERE space ='
# Sorting is what the planner would do instead, wherever it knows the table's size badly.
_BY_INDEX_ONLY = text(
    "SELECT set_config('hnsw.ef_search', :candidates, true), set_config('enable_sort', 'off', true)"
)
_FORGET = text("DELETE FROM vector_space WHERE base = :base AND model IS DISTINCT FROM :keep RETURNING id")


def space_of(connection: Connection, base: str, model: str) -> Row[Any] | None:
    return connection.execute(_SPACE, {"base": base, "model": model}).first()


def rows_of(connection: Connection, base: str, model: str) -> Sequence[int]:
    """The distinct rows, ascending."""
    space = space_of(connection, base, model)
    return [] if space is None else connection.scalars(_ROWS, {"space": space.id}).all()


def count(connection: Connection, space: int) -> int:
    return connection.scalar(_COUNT, {"space": space}) or 0


def forget(connection: Connection, base: str, keep: str | None) -> None:
    """Drop the base's spaces, with their vectors and indexes, but that of the model `keep`."""
    for space in connection.execute(_FORGET, {"base": base, "keep": keep}):
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {index_name(space.id)}")


def commit(
    connection: Connection,
    base: str,
    model: str,
    removed: Collection[int],
    rows: Sequence[int],
    vectors: Sequence["Vectors32"],
) -> Row[Any] | None:
    """All of it or nothing; the space, None where there is none and nothing to put into one."""
    space = space_of(connection, base, model)
    if rows:
        dimension = len(vectors[0])
        space = connection.execute(_OPEN, {"base": base, "model": model, "dimension": dimension}).one()
    if space is None:
        return None
    if any(len(vector) != space.dimension for vector in vectors):
        raise ValueError("Vectors of one model have one dimension.")
    if removed:
        connection.execute(_REMOVE, {"space": space.id, "rows": list(removed)})
    for start in range(0, len(rows), _AT_ONCE):
        some = vectors[start : start + _AT_ONCE]
        connection.execute(
            _ADD,
            {
                "space": space.id,
                "rows": rows[start : start + _AT_ONCE],
                "digests": [blake2b(vector.tobytes(), digest_size=8).digest() for vector in some],
                "vectors": [_text(vector) for vector in some],
            },
        )
    return space


def _text(vector: "Vectors32") -> str:
    """As pgvector reads it, to the last bit."""
    return f"[{','.join(map(repr, vector.tolist()))}]"


def nearest(
    connection: Connection, base: str, model: str, vector: "Vectors32", k: int
) -> list[tuple[int, float]]:
    space = space_of(connection, base, model)
    if space is None or k <= 0:
        return []
    if vector.shape != (space.dimension,):
        raise ValueError(f"The vector has shape {vector.shape}, those of the model have {space.dimension}.")
    asked = {"space": space.id, "vector": _text(vector.astype("float32")), "k": k}
    found = _by_index(connection, space, asked) if space.indexed else {}
    if len(found) < k:
        found = {row.row: row.cosine for row in connection.execute(_NEAREST, asked)}
    return [(row, max(-1.0, min(1.0, cosine))) for row, cosine in found.items()]


def _by_index(connection: Connection, space: Row[Any], asked: dict[str, Any]) -> dict[int, float]:
    """The nearest rows as the index finds them, fewer than `k` where rows own so many vectors that it fell short."""
    k, kind = asked["k"], indexed_type(space.dimension)
    candidates = min(4 * k, _MOST_CANDIDATES)
    connection.execute(_BY_INDEX_ONLY, {"candidates": str(max(candidates, _CANDIDATES))})
    # The index serves a query that says its type and, in figures, its space. Nothing in it is anybody's text.
    order = f"CAST(vector AS {kind}) <#> CAST(:vector AS {kind}) LIMIT {candidates:d}"
    query = text(f"{_ONE_BY_ONE} {space.id:d} ORDER BY {order}")
    best: dict[int, float] = {}
    for row in connection.execute(query, {"vector": asked["vector"]}):
        best[row.row] = max(row.cosine, best.get(row.row, -1.0))
    return dict(sorted(best.items(), key=lambda one: (-one[1], one[0]))[:k])
