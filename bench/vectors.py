"""Retrieval by meaning: what a search costs by kind of index and size, and what a small real model adds to words.

`python -m bench.vectors [costs|quality] [questions a set]`; without a word both. The quality needs .venv-vllm
(tests/services/install_vllm.sh) and the development sets outside the project; without them it says so.
"""

import asyncio
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import structlog

from bench.figures import places
from bench.sets import QuestionSet, banking, present, squad
from core.settings import Settings
from knowledge.embeddings import make_embeddings
from knowledge.index import HybridIndex
from knowledge.question_vectors import unit_length
from knowledge.semantic import Pace, SemanticSide
from knowledge.vectors import FaissVectors
from tests.knowledge.chunks import MemoryStore

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ROOT / ".venv-vllm" / "bin" / "python"
DIMENSION = 384
SIZES = (1_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000)
MODEL = "all-MiniLM-L6-v2"
Matrix = npt.NDArray[np.float32]


def clustered(count: int, questions: int = 200) -> tuple[Matrix, Matrix]:
    """Vectors as texts have them: about fifty to a topic, topics inside fields, few directions that matter."""
    random = np.random.default_rng(7)
    scale = np.exp(-np.arange(DIMENSION) / 120).astype(np.float32)
    fields = random.standard_normal((20, DIMENSION), np.float32)
    topics = fields[random.integers(20, size=max(20, count // 50))]
    topics = topics + 0.8 * random.standard_normal(topics.shape, np.float32)

    def around(number: int, spread: float) -> Matrix:
        points = topics[random.integers(len(topics), size=number)]
        return unit_length((points + spread * random.standard_normal(points.shape, np.float32)) * scale)

    return around(count, 0.7), around(questions, 0.9)


def costs(sizes: Sequence[int]) -> None:
    import faiss

    print(f"{'vectors':>8}  {'index':16} {'build s':>8} {'recall@10':>10} {'median ms':>10} {'p95 ms':>8}")
    for size in sizes:
        data, questions = clustered(size)
        exact = np.argsort(-(questions @ data.T), axis=1)[:, :10]
        for name, build in _kinds(faiss, size).items():
            faiss.omp_set_num_threads(os.cpu_count() or 1)
            start = time.perf_counter()
            index, options = build(data)
            built = time.perf_counter() - start
            faiss.omp_set_num_threads(1)
            hits, times = 0, []
            for question, best in zip(questions, exact, strict=True):
                start = time.perf_counter()
                _, found = index.search(question[None], 40, **options)
                times.append((time.perf_counter() - start) * 1000)
                hits += len(set(found[0, :10].tolist()) & set(best.tolist()))
            recall = hits / exact.size
            print(
                f"{size:8,}  {name:16} {built:8.1f} {recall:10.3f} {np.median(times):10.2f} "
                f"{np.quantile(times, 0.95):8.2f}",
                flush=True,
            )


def _kinds(faiss: Any, size: int) -> dict[str, Callable[[Matrix], tuple[Any, dict[str, Any]]]]:
    inner = faiss.METRIC_INNER_PRODUCT

    def flat(data: Matrix) -> tuple[Any, dict[str, Any]]:
        index = faiss.IndexFlatIP(DIMENSION)
        index.add(data)
        return index, {}

    def lists(probes: int) -> Callable[[Matrix], tuple[Any, dict[str, Any]]]:
        def build(data: Matrix) -> tuple[Any, dict[str, Any]]:
            number = max(1, min(int(2 * len(data) ** 0.5), len(data) // 39))
            index = faiss.IndexIVFFlat(faiss.IndexFlatIP(DIMENSION), DIMENSION, number, inner)
            index.cp.niter, index.cp.max_points_per_centroid = 8, 64
            index.train(data)
            index.add(data)
            return index, {"params": faiss.SearchParametersIVF(nprobe=probes)}

        return build

    def graph(data: Matrix) -> tuple[Any, dict[str, Any]]:
        index = faiss.IndexHNSWFlat(DIMENSION, 16, inner)
        index.hnsw.efConstruction = 64
        index.add(data)
        return index, {"params": faiss.SearchParametersHNSW(efSearch=64)}

    kinds = {"flat": flat, "IVF, 16 lists": lists(16), "IVF, 32 lists": lists(32), "IVF, 64 lists": lists(64)}
    return {**kinds, "HNSW 16/64/64": graph} if size <= 100_000 else kinds


@contextmanager
def model_server() -> Iterator[str]:
    """The URL of the small real model, served through the app's own class."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    command = [str(PYTHON), "-m", "tests.support.embedding_server"]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


async def measure(questions: QuestionSet, url: str) -> None:
    """One row: words alone, meaning alone, both, and how far the model was trusted."""
    embeddings = make_embeddings(Settings(embedding_url=url, embedding_model=MODEL, _env_file=None))
    assert embeddings is not None
    store = MemoryStore(shop=questions.chunks)
    ids = {row: one.id for row, one in zip(await store.rows("shop"), questions.chunks, strict=True)}
    with tempfile.TemporaryDirectory() as folder:
        vectors = FaissVectors(Path(folder) / "vectors")
        semantic = SemanticSide(embeddings, MODEL, vectors, store, pace=Pace(question=30.0))
        await semantic.refresh("shop")
        assert (await semantic.health()).ready
        words, both = (
            HybridIndex(store, Path(folder) / name, side) for name, side in (("w", None), ("b", semantic))
        )
        found: dict[str, list[tuple[Sequence[str], str]]] = {"words": [], "meaning": [], "both": []}
        for index in (words, both):
            await index.refresh()
        for question, gold in questions.questions:
            vector = unit_length([await asyncio.to_thread(embeddings.embed_query, question)])[0]
            near = await vectors.nearest("shop", MODEL, vector, 10)
            found["meaning"].append(([ids[row] for row, _ in near], gold))
            for name, index in (("words", words), ("both", both)):
                passages = (await index.retrieve(["shop"], question, 10)).passages
                found[name].append(([passage.id for passage in passages], gold))
        trust = semantic.trust("shop", questions.questions[0][0])
        for part in (words, both, semantic, vectors):
            await part.aclose()
    shown = "  ".join(
        "/".join(f"{figure:5.1f}" for figure in places(found[name])) for name in ("words", "meaning", "both")
    )
    print(f"{questions.name:24} {shown}  {trust:5.2f}", flush=True)


async def quality(most: int) -> None:
    if not PYTHON.exists() or not present():
        print("quality skipped: it needs .venv-vllm and the development sets, which are not on this machine")
        return
    print(f"{'hit@1/hit@5/MRR@10':24} {'words':17}  {MODEL:17}  {'both':17}  trust")
    with model_server() as url:
        for name in ("xquad.en", "xquad.zh", "xquad.ru"):
            await measure(squad(name, most), url)
        for phrasings in (1, 5, 20):
            await measure(banking(phrasings, most), url)


def main(arguments: Sequence[str]) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if "quality" not in arguments:
        costs(SIZES)
    if "costs" not in arguments:
        asyncio.run(quality(next((int(word) for word in arguments if word.isdigit()), 1200)))


if __name__ == "__main__":
    main(sys.argv[1:])
