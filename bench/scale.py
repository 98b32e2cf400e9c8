"""What the index costs as it grows: building, opening, asking, memory and disk, beside bm25s in the same run.

`python -m bench.scale [--million] [--sizes 1000,10000] [--draw]`. Every size runs in a process of its own,
with the real store (SQLite); `--draw` writes the curves and the table into docs. Without the development
sets the texts are invented, and whether the right passage is found is not measured.
"""

import argparse
import asyncio
import json
import logging
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from bench.scale_corpus import Corpus, chunks, load
from bench.scale_report import report
from core.documents import Document, DocumentStatus
from knowledge.index import HybridIndex
from storage.database import Database
from storage.documents import SqlDocumentStore
from storage.secrets import KeyFile

ROOT = Path(__file__).parents[1]
SIZES = (1000, 10_000, 20_000, 100_000)
MILLION = 1_000_000
QUESTIONS = 1000
_BESIDE_AT_MOST = 100_000
"""bm25s keeps texts and tokens of a whole corpus in memory while it builds."""


def memory() -> dict[str, float]:
    """Resident MB of this process: its own, and pages of mapped files, which the system takes back at
    need."""
    status = Path("/proc/self/status").read_text()
    own, files = (int(re.findall(rf"{name}:\s+(\d+)", status)[0]) / 1024 for name in ("RssAnon", "RssFile"))
    return {"own_mb": own, "mapped_mb": files}


async def stored(store: SqlDocumentStore, corpus: Corpus, count: int) -> float:
    """Seconds to store the chunks, a thousand a document."""
    source, began = chunks(corpus, count), time.perf_counter()
    while part := list(islice(source, 1000)):
        first = part[0]
        await store.put(
            Document(
                id=first.document_id,
                base=first.base,
                name=first.document,
                size=sum(len(one.text) for one in part),
                sha256=first.document_id,
                status=DocumentStatus.READY,
                chunks=len(part),
                updated_at=datetime.now(UTC),
            ),
            part,
            None,
        )
    return time.perf_counter() - began


async def built(count: int, folder: Path) -> dict[str, float]:
    """Store, then index, then report what that took."""
    database = Database(f"sqlite:///{folder}/db", KeyFile(folder / "master.key"))
    await database.start()
    store = SqlDocumentStore(database)
    put = await stored(store, load(), count)
    index = HybridIndex(store, folder / "index")
    began, worked = time.perf_counter(), time.process_time()
    await index.refresh()
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    await index.aclose()
    await database.aclose()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "put_per_s": count / put,
        "build_s": seconds,
        "build_per_s": count / seconds,
        "build_per_cpu_s": count / (worked + children.ru_utime + children.ru_stime),
        "worker_mb": children.ru_maxrss / 1024,
        "disk_mb": sum(path.stat().st_size for path in (folder / "index").rglob("*.segment")) / 1e6,
        "text_mb": (folder / "db").stat().st_size / 1e6,
    }


async def asked(count: int, folder: Path) -> dict[str, float]:
    """Open what was built, in a fresh process, and ask."""
    corpus, database = load(), Database(f"sqlite:///{folder}/db", KeyFile(folder / "master.key"))
    await database.start()
    index = HybridIndex(SqlDocumentStore(database), folder / "index")
    before, began = memory(), time.perf_counter()
    await index.refresh()
    opened = time.perf_counter() - began
    places: list[int | None] = []
    milliseconds, of_cpu = [], []
    for question, gold in _questions(corpus, count):
        start, worked = time.perf_counter(), time.process_time()
        passages = (await index.retrieve(["big"], question, 5)).passages
        milliseconds.append((time.perf_counter() - start) * 1000)
        of_cpu.append((time.process_time() - worked) * 1000)
        found = [passage.text for passage in passages]
        places.append(found.index(corpus.gold[gold]) if corpus.gold[gold] in found else None)
    after = memory()
    await index.aclose()
    await database.aclose()
    return {
        "open_s": opened,
        **_latency(milliseconds),
        "cpu_ms": float(np.quantile(of_cpu, 0.95)),
        **(_hits(places) if corpus.real else {}),
        "own_mb": after["own_mb"] - before["own_mb"],
        "mapped_mb": after["mapped_mb"] - before["mapped_mb"],
    }


def beside(count: int) -> dict[str, float]:
    """The same with bm25s over Han bigrams and words."""
    import bm25s

    corpus, before = load(), memory()["own_mb"]
    texts = [one.text for one in chunks(corpus, count)]
    began = time.perf_counter()
    retriever = bm25s.BM25()
    retriever.index([_tokens(text) for text in texts], show_progress=False)
    seconds = time.perf_counter() - began
    places: list[int | None] = []
    milliseconds = []
    for question, gold in _questions(corpus, count):
        start = time.perf_counter()
        known = [token for token in _tokens(question) if token in retriever.vocab_dict]
        found = retriever.retrieve([known], k=5, show_progress=False)[0][0].tolist() if known else []
        milliseconds.append((time.perf_counter() - start) * 1000)
        places.append(found.index(gold) if gold in found else None)
    figures = {"build_per_s": count / seconds, **_latency(milliseconds)}
    return {
        **figures,
        **(_hits(places) if corpus.real else {}),
        "own_mb": memory()["own_mb"] - before,
    }


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    for run in re.findall(r"[\u4e00-\u9fff]+|[^\W\u4e00-\u9fff]+", text.lower()):
        han = "\u4e00" <= run[0] <= "\u9fff" and len(run) > 1
        tokens += [run[at : at + 2] for at in range(len(run) - 1)] if han else [run]
    return tokens


def _questions(corpus: Corpus, count: int) -> Sequence[tuple[str, int]]:
    there = [one for one in corpus.questions if one[1] < count]
    return there[:: max(1, len(there) // QUESTIONS)][:QUESTIONS]


def _latency(milliseconds: Sequence[float]) -> dict[str, float]:
    return {f"p{share}_ms": float(np.quantile(milliseconds, share / 100)) for share in (50, 95, 99)}


def _hits(places: Sequence[int | None]) -> dict[str, float]:
    return {
        "hit1": 100 * sum(place == 0 for place in places) / len(places),
        "hit5": 100 * sum(place is not None for place in places) / len(places),
    }


def apart(step: str, count: int, folder: Path) -> dict[str, Any]:
    """One step in a fresh process, so that its memory is its own."""
    command = [
        sys.executable,
        "-m",
        "bench.scale",
        "--step",
        step,
        "--sizes",
        str(count),
        "--folder",
        str(folder),
    ]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def measured(sizes: Iterable[int]) -> Iterator[dict[str, Any]]:
    for count in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            ours = {**apart("built", count, folder), **apart("asked", count, folder)}
        theirs = apart("beside", count, Path(name)) if count <= _BESIDE_AT_MOST else None
        yield {"chunks": count, "xiaoq": ours, "bm25s": theirs, "load": os.getloadavg()[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--million", action="store_true", help="a million chunks too: ten minutes, 4 GB of disk"
    )
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--draw", action="store_true", help="write docs/scale.md and its drawings")
    parser.add_argument("--step", choices=["built", "asked", "beside"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    sizes = [int(size) for size in options.sizes.split(",")]
    if options.step:
        steps: dict[str, Callable[[], dict[str, float]]] = {
            "built": lambda: asyncio.run(built(sizes[0], options.folder)),
            "asked": lambda: asyncio.run(asked(sizes[0], options.folder)),
            "beside": lambda: beside(sizes[0]),
        }
        print(json.dumps(steps[options.step]()))
        return
    report(measured([*sizes, MILLION] if options.million else sizes), ROOT / "docs" if options.draw else None)


if __name__ == "__main__":
    main()
