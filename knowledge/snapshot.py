"""One base's searchable state at one version of the store: chunks, postings and, with a model, vectors.

It does not know the store it came from nor the other bases.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.documents import Chunk
from knowledge.lexical import LexicalIndex

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

    from knowledge.vectors import FaissVectorStore


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Immutable; swapped in whole. `rows` leads from an embedded text's hash to the positions of its chunks."""

    version: int
    chunks: Sequence[Chunk]
    lexical: LexicalIndex
    vectors: "FaissVectorStore | None"
    rows: Mapping[str, Sequence[int]]


def build_snapshot(
    version: int, chunks: Sequence[Chunk], folder: Path, embeddings: "Embeddings | None", model: str
) -> Snapshot:
    """Index a base's chunks; vectors of texts that did not change are taken from the folder."""
    rows: dict[str, list[int]] = {}
    texts: dict[str, str] = {}
    if embeddings is not None:
        for position, chunk in enumerate(chunks):
            for text in chunk.match or (f"{chunk.title}\n{chunk.text}",):
                key = hashlib.sha256(text.encode()).hexdigest()
                texts[key] = text
                rows.setdefault(key, []).append(position)
    vectors = _vectors(texts, folder, embeddings, model) if embeddings is not None else None
    return Snapshot(version, chunks, LexicalIndex(chunks), vectors, rows)


def _vectors(
    texts: Mapping[str, str], folder: Path, embeddings: "Embeddings", model: str
) -> "FaissVectorStore":
    from knowledge.vectors import FaissVectorStore

    saved = FaissVectorStore.load(folder, embeddings, model)
    if saved is not None and set(saved.ids) == set(texts):
        return saved
    known = saved.vectors() if saved is not None else {}
    store = FaissVectorStore(embeddings, model)
    kept = [key for key in texts if key in known]
    if kept:
        store.add_vectors(kept, np.stack([known[key] for key in kept]).tolist())
    fresh = [key for key in texts if key not in known]
    store.add_texts([texts[key] for key in fresh], ids=fresh)
    store.save(folder)
    return store
