"""The Vectors port as both its implementations keep it: FAISS files, and pgvector on a real PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from core.ports import Vectors
from knowledge.vectors import FaissVectors
from storage.database import Database
from storage.vectors import PgVectors
from tests.support.keys import MASTER

Vectors32 = npt.NDArray[np.float32]
Open = Callable[..., Awaitable[Vectors]]
"""Open the same vectors once more, as another process or the next start would."""

MODEL = "some/model:v1"


@pytest.fixture(params=["faiss", pytest.param("pgvector", marks=pytest.mark.service)])
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    closing: list[Any] = []

    async def faiss(**options: Any) -> Vectors:
        closing.append(FaissVectors(tmp_path, **options))
        return closing[-1]  # type: ignore[no-any-return]

    if request.param == "faiss":
        yield faiss
    else:
        with request.getfixturevalue("postgres").database() as url:

            async def pgvector(**options: Any) -> Vectors:
                closing.append(Database(url, MASTER))
                await closing[-1].start()
                return PgVectors(closing[-1], **options)

            yield pgvector
            for one in closing:
                await one.aclose()
            closing.clear()
    for one in closing:
        await one.aclose()


@pytest.fixture
async def vectors(opened: Open) -> Vectors:
    return await opened()


def unit(*values: float, dimension: int = 4) -> Vectors32:
    full = np.zeros(dimension, np.float32)
    full[: len(values)] = values
    return (full / np.linalg.norm(full)).astype(np.float32)


def matrix(*rows: Vectors32) -> Vectors32:
    return np.stack(rows)


X, Y, Z = unit(1), unit(0, 1), unit(0, 0, 1)
XY = unit(1, 1)


def rounded(found: Any) -> list[tuple[int, float]]:
    return [(row, round(cosine, 5)) for row, cosine in found]


async def test_what_was_added_and_removed_holds_after_commit_and_not_before(vectors: Vectors) -> None:
    assert list(await vectors.rows("shop", MODEL)) == []
    assert list(await vectors.nearest("shop", MODEL, X, 3)) == []
    await vectors.add("shop", MODEL, [7, 3], matrix(X, Y))
    assert list(await vectors.rows("shop", MODEL)) == []
    assert list(await vectors.nearest("shop", MODEL, X, 3)) == []
    await vectors.commit("shop", MODEL)
    assert list(await vectors.rows("shop", MODEL)) == [3, 7]
    assert rounded(await vectors.nearest("shop", MODEL, XY, 5)) in (
        [(3, 0.70711), (7, 0.70711)],
        [(7, 0.70711), (3, 0.70711)],
    )
    await vectors.remove("shop", MODEL, [7, 99])
    assert list(await vectors.rows("shop", MODEL)) == [3, 7]
    await vectors.commit("shop", MODEL)
    assert list(await vectors.rows("shop", MODEL)) == [3]
    assert rounded(await vectors.nearest("shop", MODEL, X, 5)) == [(3, 0.0)]


async def test_a_row_with_several_vectors_is_found_once_by_its_nearest(vectors: Vectors) -> None:
    await vectors.add("shop", MODEL, [1, 1, 2, 1], matrix(Y, Z, XY, X))
    await vectors.commit("shop", MODEL)
    assert rounded(await vectors.nearest("shop", MODEL, X, 2)) == [(1, 1.0), (2, 0.70711)]
    assert rounded(await vectors.nearest("shop", MODEL, XY, 1)) == [(2, 1.0)]
    await vectors.remove("shop", MODEL, [1])
    await vectors.commit("shop", MODEL)
    assert rounded(await vectors.nearest("shop", MODEL, X, 9)) == [(2, 0.70711)]


async def test_the_order_of_adding_and_removing_counts(vectors: Vectors) -> None:
    await vectors.add("shop", MODEL, [1, 2], matrix(X, Y))
    await vectors.commit("shop", MODEL)
    await vectors.remove("shop", MODEL, [1])
    await vectors.add("shop", MODEL, [1, 3], matrix(Z, X))
    await vectors.remove("shop", MODEL, [3])
    await vectors.commit("shop", MODEL)
    assert list(await vectors.rows("shop", MODEL)) == [1, 2]
    assert rounded(await vectors.nearest("shop", MODEL, Z, 1)) == [(1, 1.0)]
    assert rounded(await vectors.nearest("shop", MODEL, X, 3)) in ([(1, 0.0), (2, 0.0)], [(2, 0.0), (1, 0.0)])


async def test_bases_and_models_stand_alone(vectors: Vectors) -> None:
    await vectors.add("shop", MODEL, [1], matrix(X))
    await vectors.add("bank", MODEL, [1], matrix(Y))
    await vectors.add("shop", "other", [1], matrix(unit(0, 0, 0, 0, 1, dimension=5)))
    for base, model in (("shop", MODEL), ("bank", MODEL), ("shop", "other")):
        await vectors.commit(base, model)
    assert rounded(await vectors.nearest("bank", MODEL, Y, 3)) == [(1, 1.0)]
    await vectors.forget("shop", keep="other")
    assert list(await vectors.rows("shop", MODEL)) == []
    assert list(await vectors.nearest("shop", MODEL, X, 3)) == []
    assert list(await vectors.rows("shop", "other")) == list(await vectors.rows("bank", MODEL)) == [1]
    await vectors.add("shop", MODEL, [5], matrix(Z))
    await vectors.commit("shop", MODEL)
    assert rounded(await vectors.nearest("shop", MODEL, Z, 3)) == [(5, 1.0)]
    await vectors.forget("shop")
    assert list(await vectors.rows("shop", "other")) == []
    assert list(await vectors.rows("bank", MODEL)) == [1]


async def test_two_see_one_index_and_nothing_uncommitted(opened: Open) -> None:
    mine, theirs = await opened(), await opened()
    await mine.add("shop", MODEL, [1], matrix(X))
    await mine.commit("shop", MODEL)
    assert rounded(await theirs.nearest("shop", MODEL, X, 3)) == [(1, 1.0)]
    await theirs.remove("shop", MODEL, [1])
    await theirs.add("shop", MODEL, [2], matrix(Y))
    assert list(await mine.rows("shop", MODEL)) == [1]
    await theirs.commit("shop", MODEL)
    assert list(await mine.rows("shop", MODEL)) == [2]
    await mine.add("shop", MODEL, [3], matrix(Z))
    late = await opened()
    await late.commit("shop", MODEL)
    assert list(await late.rows("shop", MODEL)) == [2]


async def test_names_of_every_kind_and_vectors_to_the_last_bit(vectors: Vectors) -> None:
    odd = np.asarray([1.1754944e-38, -0.33333334, 0.1, 0.9], np.float32)
    odd /= np.linalg.norm(odd)
    for base, model in (("../x", "a/b:c"), ("../x", "a/b_c"), ("店'; --", 'm"%s')):
        await vectors.add(base, model, [2**40], matrix(odd))
        await vectors.commit(base, model)
        ((row, cosine),) = await vectors.nearest(base, model, odd, 3)
        assert row == 2**40
        assert cosine == pytest.approx(1.0, abs=1e-6)
    await vectors.forget("../x", keep="a/b:c")
    assert list(await vectors.rows("../x", "a/b_c")) == []
    assert list(await vectors.rows("../x", "a/b:c")) == [2**40]


async def test_nothing_at_all_is_no_error(vectors: Vectors) -> None:
    await vectors.commit("shop", MODEL)
    await vectors.remove("shop", MODEL, [1, 2])
    await vectors.commit("shop", MODEL)
    await vectors.forget("shop")
    await vectors.add("shop", MODEL, [], np.empty((0, 4), np.float32))
    await vectors.commit("shop", MODEL)
    assert list(await vectors.rows("shop", MODEL)) == []


@pytest.mark.parametrize("dimension", [48, 2500])
async def test_an_index_over_many_finds_what_comparing_with_each_finds(opened: Open, dimension: int) -> None:
    """Clustered, as texts are; 2,500 dimensions is more than pgvector indexes in full precision."""
    count = 3000 if dimension < 100 else 400
    random = np.random.default_rng(7)
    centres = random.normal(size=(40, dimension))
    data = centres[random.integers(40, size=count)] + 0.6 * random.normal(size=(count, dimension))
    data = (data / np.linalg.norm(data, axis=1, keepdims=True)).astype(np.float32)
    vectors = await opened(large=count // 2)
    for start in range(0, count, count // 4):
        part = data[start : start + count // 4]
        await vectors.add("shop", MODEL, range(start, start + len(part)), part)
        await vectors.commit("shop", MODEL)
    await vectors.remove("shop", MODEL, range(0, count, 3))
    await vectors.commit("shop", MODEL)
    left = np.asarray([row for row in range(count) if row % 3])
    hits = 0
    for question in data[:40]:
        cosines = data[left] @ question
        best = set(left[np.argsort(-cosines)[:10]].tolist())
        found = await vectors.nearest("shop", MODEL, question, 10)
        assert all(cosine == pytest.approx(float(data[row] @ question), abs=1e-5) for row, cosine in found)
        assert [cosine for _, cosine in found] == sorted((cosine for _, cosine in found), reverse=True)
        hits += len(best & {row for row, _ in found})
    assert hits >= 0.95 * 400
