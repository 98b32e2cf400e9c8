"""Reads a file in this process, for tests of what the loaders make of it."""

from collections.abc import Mapping

from core.documents import Chunk
from knowledge.loaders.base import Source
from knowledge.loaders.formats import loader_for
from knowledge.splitting import chunks_of


def read(
    name: str, data: bytes | str, columns: Mapping[str, str] | None = None
) -> tuple[list[Chunk], list[str]]:
    """The chunks and the notes of a file; raises DocumentRejected."""
    source = Source(name, data.encode() if isinstance(data, str) else data, columns or {})
    return list(chunks_of(loader_for(source).lazy_load(), "shop", "d1", name)), source.notes.all()
