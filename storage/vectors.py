"""The Vectors port on PostgreSQL with pgvector: several replicas share one index. Knows no chunk and no model.

Vectors are compared one by one while they are few, and by an HNSW index of their own once they are many.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Row

from core.errors import StorageUnavailable
from storage import vector_queries as queries
from storage.database import Database
from storage.vector_tables import indexable, make_index, make_tables

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors32 = npt.NDArray[np.float32]

log = structlog.get_logger()

LARGE = 10_000
"""Vectors of one base and model from which an index beats comparing with each: see docs/postgresql.md."""


@dataclass
class _Staged:
    """What was added and removed since the last commit."""

    removed: set[int] = field(default_factory=set)
    rows: list[int] = field(default_factory=list)
    vectors: list["Vectors32"] = field(default_factory=list)


class PgVectors:
    """core.ports.Vectors in PostgreSQL. `large` is the number of vectors from which they get an index.

    Its calls raise ConfigurationError where the server has no pgvector, StorageUnavailable where it is away.
    """

    def __init__(self, db: Database, *, large: int = LARGE) -> None:
        self._db = db
        self._large = large
        self._staged: dict[tuple[str, str], _Staged] = {}
        self._starting = asyncio.Lock()
        self._started = False

    async def start(self) -> None:
        """Make the tables if need be; every call sees to it. Raises ConfigurationError without pgvector."""
        async with self._starting:
            if not self._started:
                await self._db.apart(make_tables)
                self._started = True

    async def rows(self, base: str, model: str) -> Sequence[int]:
        await self.start()
        return await self._db.read(lambda connection: queries.rows_of(connection, base, model))

    async def add(self, base: str, model: str, rows: Sequence[int], vectors: "Vectors32") -> None:
        """See the port. Raises ValueError where shapes do not agree."""
        if vectors.ndim != 2 or len(rows) != len(vectors):
            raise ValueError("One row for each vector, and vectors of shape (n, dimension).")
        staged = self._staged.setdefault((base, model), _Staged())
        staged.rows += [int(row) for row in rows]
        staged.vectors += list(vectors.astype("float32"))

    async def remove(self, base: str, model: str, rows: Sequence[int]) -> None:
        staged = self._staged.setdefault((base, model), _Staged())
        gone = {int(row) for row in rows}
        staged.removed |= gone
        if gone & set(staged.rows):
            kept = [number for number, row in enumerate(staged.rows) if row not in gone]
            staged.rows = [staged.rows[number] for number in kept]
            staged.vectors = [staged.vectors[number] for number in kept]

    async def commit(self, base: str, model: str) -> None:
        """See the port. What is many enough for an index gets it before this returns; it is searched meanwhile."""
        staged = self._staged.get((base, model))
        if staged is None or not (staged.rows or staged.removed):
            return
        await self.start()
        self._staged[base, model] = _Staged()
        try:
            space = await self._db.apart(
                lambda connection: queries.commit(
                    connection, base, model, staged.removed, staged.rows, staged.vectors
                )
            )
        except StorageUnavailable:
            self._take_back(base, model, staged)
            raise
        if space is not None and await self._wants_index(space):
            made = await self._db.apart(
                lambda connection: make_index(connection, space.id, space.dimension), transaction=False
            )
            log.info("vectors_indexed", base=base, model=model, made=made)

    def _take_back(self, base: str, model: str, staged: _Staged) -> None:
        """What was not committed waits for the next commit, before what came meanwhile."""
        since = self._staged[base, model]
        kept = [number for number, row in enumerate(staged.rows) if row not in since.removed]
        self._staged[base, model] = _Staged(
            staged.removed | since.removed,
            [staged.rows[number] for number in kept] + since.rows,
            [staged.vectors[number] for number in kept] + since.vectors,
        )

    async def _wants_index(self, space: Row[Any]) -> bool:
        if space.indexed or not indexable(space.dimension):
            return False
        return await self._db.read(lambda connection: queries.count(connection, space.id)) >= self._large

    async def nearest(
        self, base: str, model: str, vector: "Vectors32", k: int
    ) -> Sequence[tuple[int, float]]:
        """See the port. Raises ValueError where the vector is not as wide as those of the model."""
        await self.start()
        return await self._db.read(lambda connection: queries.nearest(connection, base, model, vector, k))

    async def forget(self, base: str, *, keep: str | None = None) -> None:
        await self.start()
        for key in [key for key in self._staged if key[0] == base and key[1] != keep]:
            del self._staged[key]
        await self._db.apart(lambda connection: queries.forget(connection, base, keep))
