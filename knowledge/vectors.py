"""Keeps embedding vectors in a FAISS index behind LangChain's VectorStore, saved without pickling.

It does not know the texts' meaning for the product; rows are ids chosen by the caller.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

_MANIFEST = "manifest.json"
_BATCH = 64


class FaissVectorStore(VectorStore):
    """Normalised vectors under inner product: scores are cosines. Rows are texts' ids; texts stay outside."""

    def __init__(self, embedding: Embeddings, model: str = "") -> None:
        self._embedding = embedding
        self._model = model
        self.ids: list[str] = []
        self._texts: dict[str, str] = {}
        self._index: Any = None

    @property
    def embeddings(self) -> Embeddings:
        return self._embedding

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Embed and append; `ids` default to the texts' SHA-256."""
        listed = list(texts)
        names = ids if ids is not None else [hashlib.sha256(text.encode()).hexdigest() for text in listed]
        for start in range(0, len(listed), _BATCH):
            self.add_vectors(
                names[start : start + _BATCH], self._embedding.embed_documents(listed[start : start + _BATCH])
            )
        self._texts.update(zip(names, listed, strict=True))
        return names

    def add_vectors(self, ids: Sequence[str], vectors: Sequence[Sequence[float]]) -> None:
        """Append vectors that are already known, shape (n, dimension)."""
        import faiss

        if not ids:
            return
        matrix = _normalised(vectors)
        if self._index is None:
            self._index = faiss.IndexFlatIP(matrix.shape[1])
        self._index.add(matrix)
        self.ids.extend(ids)

    def vectors(self) -> dict[str, npt.NDArray[np.float32]]:
        """Every row's vector by id."""
        if self._index is None:
            return {}
        return dict(zip(self.ids, self._index.reconstruct_n(0, len(self.ids)), strict=True))

    def nearest(self, query: str, k: int) -> list[tuple[str, float]]:
        """The `k` nearest ids with their cosine, best first."""
        if self._index is None:
            return []
        vector = _normalised([self._embedding.embed_query(query)])
        cosines, rows = self._index.search(vector, min(k, len(self.ids)))
        return [(self.ids[row], float(cosine)) for row, cosine in zip(rows[0], cosines[0], strict=True)]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return [
            Document(page_content=self._texts.get(row, ""), metadata={"id": row, "score": cosine})
            for row, cosine in self.nearest(query, k)
        ]

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> "FaissVectorStore":
        store = cls(embedding)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    def save(self, folder: Path) -> None:
        """Write index and manifest beside the ones in force and swap the manifest in; then drop the old file."""
        import faiss

        if self._index is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        data = faiss.serialize_index(self._index).tobytes()
        digest = hashlib.sha256(data).hexdigest()
        name = f"{digest[:16]}.faiss"
        _write(folder / name, data)
        manifest = {"file": name, "sha256": digest, "model": self._model, "rows": self.ids}
        _write(folder / _MANIFEST, json.dumps(manifest).encode())
        for old in folder.glob("*.faiss"):
            if old.name != name:
                old.unlink()

    @classmethod
    def load(cls, folder: Path, embedding: Embeddings, model: str = "") -> "FaissVectorStore | None":
        """What `save` wrote; None where nothing lies there, it was changed since, or another model made it."""
        import faiss

        try:
            manifest = json.loads((folder / _MANIFEST).read_bytes())
            data = (folder / Path(str(manifest["file"])).name).read_bytes()
            rows, digest, maker = list(manifest["rows"]), manifest["sha256"], manifest["model"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if maker != model or hashlib.sha256(data).hexdigest() != digest:
            return None
        store = cls(embedding, model)
        store._index = faiss.deserialize_index(np.frombuffer(data, np.uint8))
        if store._index.ntotal != len(rows):
            return None
        store.ids = [str(row) for row in rows]
        return store


def _normalised(vectors: Sequence[Sequence[float]]) -> npt.NDArray[np.float32]:
    matrix = np.ascontiguousarray(vectors, np.float32)
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.ascontiguousarray(matrix / np.maximum(lengths, 1e-9), np.float32)


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, even when the power fails."""
    beside = path.with_suffix(path.suffix + ".new")
    with beside.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(path)
