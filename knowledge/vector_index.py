"""The FAISS index of one file: searched through while small, by lists of near vectors once large, memory-mapped.

It does not know files' names nor which of its vectors still count.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Vectors32 = npt.NDArray[np.float32]

LARGE = 20_000
"""Vectors in one file from which lists beat searching through all: see docs/vectors.md."""
_LISTS = 2.0
"""Lists by the square root of the vectors."""
_PROBES = 32
"""Lists looked into for a question."""


def build(rows: npt.NDArray[np.int64], vectors: Vectors32, large: int = LARGE) -> Any:
    """An index over vectors of length 1, shape (n, dimension), answering with `rows`."""
    import faiss

    count, dimension = vectors.shape
    index: Any = faiss.IndexFlatIP(dimension)
    if count >= large:
        lists = max(1, min(int(_LISTS * count**0.5), count // 39))
        index = faiss.IndexIVFFlat(index, dimension, lists, faiss.METRIC_INNER_PRODUCT)
        index.cp.niter, index.cp.max_points_per_centroid = 8, 64
        index.nprobe = _PROBES
        index.train(vectors)
    named = faiss.IndexIDMap(index)
    named.add_with_ids(vectors, rows)
    return named


def opened(path: Path) -> Any:
    """The index in a file, its vectors mapped and not read. Raises RuntimeError for what is no index."""
    import faiss

    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)


def search(index: Any, vector: Vectors32, k: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Cosines and rows of the `k` nearest vectors, best first; -1 where there are no more."""
    import faiss

    faiss.omp_set_num_threads(1)  # of this thread: for one question more threads only wait for each other
    cosines, rows = index.search(np.ascontiguousarray(vector, np.float32).reshape(1, -1), k)
    return cosines[0], rows[0]


def rows_of(index: Any) -> npt.NDArray[np.int64]:
    """Whose each vector is, in the order of adding."""
    import faiss

    rows: npt.NDArray[np.int64] = faiss.vector_to_array(index.id_map)
    return rows


def matrix_of(index: Any) -> Vectors32:
    """All vectors in the order of adding, shape (n, dimension)."""
    import faiss

    inner = faiss.downcast_index(index.index)
    if not isinstance(inner, faiss.IndexIVF):
        whole: Vectors32 = inner.reconstruct_n(0, inner.ntotal)
        return whole
    vectors = np.empty((inner.ntotal, inner.d), np.float32)
    lists: Any = inner.invlists
    for number in range(inner.nlist):
        if size := lists.list_size(number):
            places = faiss.rev_swig_ptr(lists.get_ids(number), size)
            codes = faiss.rev_swig_ptr(lists.get_codes(number), size * inner.code_size)
            vectors[places] = codes.view(np.float32).reshape(size, inner.d)
    return vectors
