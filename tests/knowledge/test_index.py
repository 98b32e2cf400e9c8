"""What the index finds, in which order, and when it says that it does not know."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from core.documents import Chunk
from core.messages import Retrieval
from knowledge.index import HybridIndex
from knowledge.rerank import Reranker
from tests.knowledge.chunks import EXPIRED, SHOP, MemoryStore, chunk
from tests.knowledge.models import serving


async def _index(tmp_path: Path, store: MemoryStore, today: date = date(2026, 11, 23)) -> HybridIndex:
    index = HybridIndex(store, tmp_path / "index", today=lambda: today)
    await index.refresh()
    return index


def _ids(found: Retrieval) -> list[str]:
    return [passage.id for passage in found.passages]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("订单一直没有发货", "c0"),
        ("我的訂單為什麼還沒發貨", "c0"),
        ("退货怎么弄", "c1"),
        ("why is my order not shipped yet", "c2"),
        ("returning an item", "c3"),
        ("do gift cards expire", "c4"),
        ("快递柜能放几天", "c5"),
    ],
)
async def test_the_right_passage_comes_first(tmp_path: Path, question: str, expected: str) -> None:
    index = await _index(tmp_path, MemoryStore(shop=SHOP))
    found = await index.retrieve(["shop"], question)
    assert _ids(found)[0] == expected
    assert found.answerable
    scores = [passage.score for passage in found.passages]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


@pytest.mark.parametrize(
    "question", ["火星上有水吗?", "What is the capital of France?", "帮我写一首诗", "!?", ""]
)
async def test_what_is_not_known_is_said_to_be_unknown(tmp_path: Path, question: str) -> None:
    index = await _index(tmp_path, MemoryStore(shop=SHOP))
    found = await index.retrieve(["shop"], question)
    assert not found.answerable


async def test_a_passage_carries_its_place_question_and_the_parts_of_its_score(tmp_path: Path) -> None:
    index = await _index(tmp_path, MemoryStore(shop=SHOP))
    best = (await index.retrieve(["shop"], "怎么申请退货")).passages[0]
    assert (best.document, best.location, best.question) == ("faq.csv", "row 1", "怎么申请退货?")
    assert {"bm25", "coverage", "margin"} <= set(best.parts)


async def test_bases_are_merged_and_only_those_asked_are_searched(tmp_path: Path) -> None:
    bank = (chunk(9, "Block it in the app.", "How do I report a lost card?", base="bank"),)
    index = await _index(
        tmp_path, MemoryStore(shop=SHOP, bank=bank, shared=(chunk(8, "Lost card hotline."),))
    )
    question = "I lost my card"
    assert _ids(await index.retrieve(["shop", "bank", "shop"], question))[0] == "c9"
    assert "c9" not in _ids(await index.retrieve(["shop"], question))
    assert "c8" not in _ids(await index.retrieve(["shop", "bank"], question))
    assert "c8" in _ids(await index.retrieve(["shop", "shared"], question))
    assert (await index.retrieve(["nowhere"], question)).passages == []


async def test_the_same_text_is_shown_once(tmp_path: Path) -> None:
    copies = [chunk(n, "Parcels arrive in three days" + "." * n) for n in range(3)]
    index = await _index(tmp_path, MemoryStore(shop=[*copies, chunk(7, "Parcels can be insured.")]))
    assert _ids(await index.retrieve(["shop"], "when do parcels arrive")) == ["c0", "c7"]


@pytest.mark.parametrize(
    ("today", "found"), [(date(2025, 12, 31), False), (date(2026, 6, 30), True), (date(2026, 7, 1), False)]
)
async def test_a_pair_outside_its_dates_is_not_found(tmp_path: Path, today: date, found: bool) -> None:
    sale = chunk(0, "Half price.", "What is the summer sale?", **EXPIRED)
    index = await _index(tmp_path, MemoryStore(shop=[sale]), today)
    assert bool((await index.retrieve(["shop"], "summer sale")).passages) is found


async def test_the_askers_language_wins_among_equals(tmp_path: Path) -> None:
    pairs = [
        chunk(0, "wifi 密码在收据上。", "wifi", language="zh"),
        chunk(1, "It is on the receipt.", "wifi", language="en"),
    ]
    index = await _index(tmp_path, MemoryStore(shop=pairs))
    assert _ids(await index.retrieve(["shop"], "what is the wifi"))[0] == "c1"
    assert _ids(await index.retrieve(["shop"], "wifi 是什么?"))[0] == "c0"


async def test_refresh_reads_only_what_changed_and_forgets_what_went(tmp_path: Path) -> None:
    store = MemoryStore(shop=SHOP, bank=())
    index = await _index(tmp_path, store)
    assert (await index.health()).ready
    assert store.reads == len(SHOP)
    await index.refresh()
    assert store.reads == len(SHOP)
    store.put_chunks("shop", [*SHOP[2:], chunk(0, "New.", "Where is the new shop?")])
    await index.refresh(["shop"])
    assert store.reads == len(SHOP) + 1
    store.put_chunks("shop", [chunk(0, "New.", "Where is the new shop?")])
    await index.refresh(["shop"])
    assert store.reads == len(SHOP) + 1
    assert _ids(await index.retrieve(["shop"], "where is the new shop")) == ["c0"]
    await store.delete("shop", "d1")
    await index.refresh()
    assert not (await index.retrieve(["shop"], "new shop")).passages


async def test_an_index_that_was_never_filled_is_not_ready(tmp_path: Path) -> None:
    index = HybridIndex(MemoryStore(shop=SHOP), tmp_path)
    assert not (await index.health()).ready
    assert not (await index.retrieve(["shop"], "退货")).passages


async def test_chunks_of_no_base_are_searched_by_themselves(tmp_path: Path) -> None:
    index = await _index(tmp_path, MemoryStore(shop=SHOP))
    mine = [chunk(20, "The lease ends in May.", page=3), chunk(21, "The rent is 900 a month.", page=4)]
    found = await index.among(mine, "When does the lease end?", 1)
    assert _ids(found) == ["c20"]
    assert found.passages[0].page == 3
    assert found.answerable
    assert not (await index.among(mine, "What is the capital of France?")).answerable
    assert (await index.among([], "lease")).passages == []


async def test_a_reranker_orders_what_is_found_and_the_scores_keep_falling(tmp_path: Path) -> None:
    texts = ["parcel parcel insurance", "parcel insurance cost abroad", "parcel"]
    store = MemoryStore(shop=[chunk(n, text) for n, text in enumerate(texts)])
    async with serving("/v1/rerank") as server:
        reranker = Reranker(server.url, "some/reranker", seconds=60.0)
        plain, index = HybridIndex(store, tmp_path), HybridIndex(store, tmp_path, None, reranker)
        await plain.refresh()
        await index.refresh()
        question = "parcel abroad cost"
        before, after = await plain.retrieve(["shop"], question), await index.retrieve(["shop"], question)
        assert after.passages[0].id == "c1"
        assert [p.parts["rerank"] for p in after.passages] == [1.0, 0.3333, 0.3333]
        assert [p.score for p in after.passages] == [p.score for p in before.passages]
        assert after.answerable == before.answerable
        server.status = 500
        assert _ids(await index.retrieve(["shop"], question)) == _ids(before)
        await reranker.aclose()


async def test_a_passage_that_left_a_moment_ago_is_not_shown(tmp_path: Path) -> None:
    store = MemoryStore(shop=SHOP)
    index = await _index(tmp_path, store)
    store.put_chunks("shop", SHOP[:4])
    assert "c4" not in _ids(await index.retrieve(["shop"], "do gift cards expire"))


async def test_a_passage_that_was_shown_before_is_gone_the_moment_it_leaves(tmp_path: Path) -> None:
    store = MemoryStore(shop=SHOP)
    index = await _index(tmp_path, store)
    for _ in range(2):
        read = store.reads
        assert _ids(await index.retrieve(["shop"], "do gift cards expire"))[0] == "c4"
    assert store.reads == read
    store.put_chunks("shop", SHOP[:4])
    assert "c4" not in _ids(await index.retrieve(["shop"], "do gift cards expire"))


class SlowStore(MemoryStore):
    """One that answers a read when all who come at once have come."""

    waiting = most = 0

    async def read(self, base: str, rows: Sequence[int]) -> Sequence[Chunk]:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        for _ in range(300):
            await asyncio.sleep(0)
        self.waiting -= 1
        return await super().read(base, rows)


async def test_of_many_that_search_at_once_few_hold_what_they_found_while_they_wait(tmp_path: Path) -> None:
    passages = [chunk(n, f"Rule {n}. Parcels are insured.") for n in range(60)]
    store = SlowStore(shop=passages)
    index = await _index(tmp_path, store)
    found = await asyncio.gather(
        *(index.retrieve(["shop"], f"What is rule {number}?", 1) for number in range(60))
    )
    assert [_ids(one) for one in found] == [[f"c{number}"] for number in range(60)]
    assert 1 < store.most <= 16


async def test_what_is_not_what_was_indexed_is_never_shown_and_indexed_anew(tmp_path: Path) -> None:
    store = MemoryStore(shop=SHOP)
    index = await _index(tmp_path, store)
    store._bases["shop"] = [replace(one, text="Something else.") for one in store._bases["shop"]]
    assert not (await index.retrieve(["shop"], "do gift cards expire")).passages
    await index.refresh()
    assert (await index.retrieve(["shop"], "something else")).passages[0].text == "Something else."


async def test_a_pair_with_other_dates_is_found_on_other_days(tmp_path: Path) -> None:
    store = MemoryStore(shop=[chunk(0, "Half price.", "What is the summer sale?", **EXPIRED)])
    index = await _index(tmp_path, store)
    assert not (await index.retrieve(["shop"], "summer sale")).passages
    unbounded = {"status": "approved", "owner": "", "valid_from": None, "valid_until": None}
    await store.change_pair("shop", "c0", **unbounded)
    await index.refresh()
    assert _ids(await index.retrieve(["shop"], "summer sale")) == ["c0"]
    await store.change_pair("shop", "c0", **{**unbounded, "status": "draft"})
    await index.refresh()
    assert not (await index.retrieve(["shop"], "summer sale")).passages


async def test_questions_are_answered_while_a_base_is_indexed(tmp_path: Path) -> None:
    store = MemoryStore(shop=SHOP)
    index = await _index(tmp_path, store)
    store.put_chunks(
        "shop", [*SHOP, *(chunk(n, f"Rule {n}. " + "Parcels are insured. " * 20) for n in range(9, 2000))]
    )
    building = asyncio.create_task(index.refresh())
    answered = 0
    while not building.done():
        assert _ids(await index.retrieve(["shop"], "do gift cards expire", 1)) == ["c4"]
        answered += 1
        await asyncio.sleep(0.01)  # who asks without a pause takes the processor that indexing needs
    assert answered > 3
    assert _ids(await index.retrieve(["shop"], "What is rule 1234?", 1)) == ["c1234"]
