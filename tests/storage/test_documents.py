"""Documents and their chunks: which rows stay, which are new, and who may be found."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from core.documents import Chunk, Document, DocumentStatus
from storage.database import Database
from storage.documents import SqlDocumentStore
from tests.support.keys import MASTER

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MANUAL = Document("d1", "shop", "手册.md", 3, "ab", DocumentStatus.READY, 1, NOW)


def chunk(id_: str, text: str = "", **more: object) -> Chunk:
    plain = Chunk(id_, "shop", "d1", "手册.md", 0, "退货", "Returns", text or f"text of {id_}")
    return replace(plain, **more)  # type: ignore[arg-type]


def numbered(*chunks: Chunk) -> list[Chunk]:
    return [replace(one, position=position) for position, one in enumerate(chunks)]


async def rows_of(store: SqlDocumentStore, document_id: str = "d1") -> dict[str, int]:
    return {one.id: one.row for one in await store.chunks("shop", document_id)}


PAIR = chunk(
    "p",
    kind="faq",
    match=("能退吗", "怎么退"),
    language="zh",
    valid_from=date(2026, 1, 1),
    valid_until=date(2026, 12, 31),
    page=3,
    owner="alice",
)


async def test_a_document_is_replaced_whole_and_its_base_grows(db: Database) -> None:
    store = SqlDocumentStore(db)
    assert await store.version("shop") == 0
    await store.put(replace(MANUAL, status=DocumentStatus.PENDING), [], b"abc")
    told = replace(MANUAL, notes=("Page 2 is only a scan.",), columns={"question": "问题"})
    await store.put(told, [PAIR], None)
    assert await store.raw("shop", "d1") == b"abc"
    (read,) = await store.chunks("shop", "d1")
    assert read == replace(PAIR, row=read.row)
    assert read.row > 0
    assert await store.find_by_hash("shop", "ab") == await store.get("shop", "d1") == told
    await store.put(replace(MANUAL, sha256="cd"), [], None)
    assert await store.raw("shop", "d1") is None
    assert await store.version("shop") == 3
    assert await store.get("bank", "d1") is None
    assert await store.delete("bank", "d1") is False
    assert await store.delete("shop", "d1") is True
    assert (await store.list("shop"), await store.bases(), await store.version("shop")) == ([], ["shop"], 4)


async def test_what_says_the_same_keeps_its_row_wherever_it_moves(db: Database) -> None:
    store = SqlDocumentStore(db)
    await store.put(MANUAL, numbered(chunk("a"), chunk("b"), PAIR, chunk("c")), None)
    before = await rows_of(store)
    moved = replace(chunk("a"), page=7, location="Returns > Fees", document="手册 2.md")
    await store.put(MANUAL, numbered(chunk("new"), replace(PAIR, owner="bob"), moved), None)
    after = await store.chunks("shop", "d1")
    assert [one.id for one in after] == ["new", "p", "a"]
    assert {one.id: one.row for one in after if one.id != "new"} == {"a": before["a"], "p": before["p"]}
    assert after[0].row > max(before.values())
    assert (after[2].page, after[2].location, after[2].document) == (7, "Returns > Fees", "手册 2.md")
    assert after[1].owner == "bob"
    assert await store.rows("shop") == sorted(one.row for one in after)


@pytest.mark.parametrize(
    "changed",
    [
        {"text": "other"},
        {"title": "other"},
        {"match": ("怎么退",)},
        {"language": "en"},
        {"kind": "text"},
        {"status": "draft"},
        {"valid_from": None},
        {"valid_until": date(2027, 1, 1)},
    ],
)
async def test_what_says_something_else_gets_a_new_row_even_under_its_id(
    db: Database, changed: dict[str, object]
) -> None:
    store = SqlDocumentStore(db)
    await store.put(MANUAL, [PAIR], None)
    before = await rows_of(store)
    await store.put(MANUAL, [replace(PAIR, **changed)], None)  # type: ignore[arg-type]
    (after,) = await store.chunks("shop", "d1")
    assert after == replace(PAIR, row=after.row, **changed)  # type: ignore[arg-type]
    assert after.row > before["p"]


async def test_a_row_is_never_given_twice(db: Database) -> None:
    store = SqlDocumentStore(db)
    given: list[int] = []
    for _ in range(3):
        await store.put(MANUAL, numbered(chunk("a"), chunk("b")), None)
        given += (await rows_of(store)).values()
        await store.delete("shop", "d1")
    assert len(set(given)) == len(given) == 6


async def test_text_no_database_takes_does_not_cost_a_row_every_time(db: Database) -> None:
    store = SqlDocumentStore(db)
    odd = chunk("a", "a\0b\ud800", match=("\0", "\udc00x"), title="\0", location="\0", owner="\ud800")
    told = replace(MANUAL, notes=("\0",), columns={"question": "\ud800"})
    await store.put(told, [odd], None)
    before = await rows_of(store)
    await store.put(told, [odd], None)
    (read,) = await store.chunks("shop", "d1")
    assert {"a": read.row} == before
    assert (read.text, read.match) == ("a\ufffdb\ufffd", ("\ufffd", "\ufffdx"))


async def test_only_approved_chunks_of_ready_documents_of_the_base_may_be_found(db: Database) -> None:
    store = SqlDocumentStore(db)
    await store.put(MANUAL, numbered(chunk("a"), chunk("draft", status="draft")), None)
    await store.put(replace(MANUAL, id="d2", status=DocumentStatus.PENDING), [chunk("pending")], None)
    await store.put(replace(MANUAL, id="d3", status=DocumentStatus.FAILED), [chunk("failed")], None)
    await store.put(replace(MANUAL, base="bank"), [chunk("bank")], None)
    found = await store.rows("shop")
    assert [one.id for one in await store.read("shop", found)] == ["a"]
    assert [one.id for one in await store.chunks("shop", "d1")] == ["a", "draft"]
    assert await store.read("bank", found) == []


async def test_rows_are_read_in_the_order_asked_for_without_those_gone(db: Database) -> None:
    store = SqlDocumentStore(db)
    await store.put(MANUAL, numbered(chunk("a"), chunk("b"), chunk("c")), None)
    rows = await rows_of(store)
    asked = [rows["c"], 10**12, rows["a"], rows["c"]]
    assert [one.id for one in await store.read("shop", asked)] == ["c", "a", "c"]
    assert await store.read("shop", []) == []


async def test_pairs_are_listed_with_their_drafts_and_nothing_else(db: Database) -> None:
    store = SqlDocumentStore(db)
    draft = replace(PAIR, id="q", status="draft")
    await store.put(replace(MANUAL, id="d2"), numbered(chunk("a"), replace(PAIR, id="z")), None)
    await store.put(MANUAL, numbered(PAIR, chunk("b"), draft), None)
    await store.put(replace(MANUAL, base="bank"), [PAIR], None)
    listed = await store.pairs("shop")
    assert [(one.document_id, one.id, one.status) for one in listed] == [
        ("d1", "p", "approved"),
        ("d1", "q", "draft"),
        ("d2", "z", "approved"),
    ]


async def change(store: SqlDocumentStore, chunk_id: str = "p", **more: object) -> Chunk | None:
    values = {
        "status": PAIR.status,
        "owner": PAIR.owner,
        "valid_from": PAIR.valid_from,
        "valid_until": PAIR.valid_until,
    }
    return await store.change_pair("shop", chunk_id, **(values | more))  # type: ignore[arg-type]


async def test_a_changed_pair_is_indexed_anew_and_a_changed_owner_is_not(db: Database) -> None:
    store = SqlDocumentStore(db)
    await store.put(MANUAL, [PAIR], None)
    first = (await rows_of(store))["p"]
    assert await change(store, owner="bob") == replace(PAIR, owner="bob", row=first)
    drafted = await change(store, status="draft", valid_until=None)
    assert drafted is not None
    assert drafted == replace(PAIR, status="draft", valid_until=None, row=drafted.row)
    assert drafted.row > first
    assert await store.rows("shop") == []
    again = await change(store)
    assert again is not None
    assert await store.rows("shop") == [again.row]
    assert await store.version("shop") == 4
    assert await change(store, "none") is None
    assert await store.version("shop") == 4


async def test_every_change_is_told_to_this_process_and_no_other(db: Database) -> None:
    store, told = SqlDocumentStore(db), set[int]()
    for document in (MANUAL, replace(MANUAL, id="d2", name="b.md")):
        await store.put(document, numbered(PAIR, *(chunk(str(n)) for n in range(3))), None)
        told.add(store.changes("shop"))
    await store.change_pair("shop", "p", status="draft", owner="", valid_from=None, valid_until=None)
    told.add(store.changes("shop"))
    await store.delete("shop", "d2")
    told.add(store.changes("shop"))
    assert len(told | {0}) == 5
    assert store.changes("bank") == SqlDocumentStore(db).changes("shop") == 0


async def test_only_a_pair_of_this_base_is_changed_and_its_twins_with_it(db: Database) -> None:
    store = SqlDocumentStore(db)
    await store.put(MANUAL, numbered(PAIR, chunk("text")), None)
    await store.put(replace(MANUAL, id="d2"), [PAIR], None)
    await store.put(replace(MANUAL, base="bank"), [PAIR], None)
    await change(store, status="draft")
    assert await change(store, "text", status="draft") is None
    assert {one.document_id: one.status for one in await store.pairs("shop")} == {
        "d1": "draft",
        "d2": "draft",
    }
    assert [one.status for one in await store.pairs("bank")] == ["approved"]


async def test_two_replicas_write_one_base_without_losing_a_change(db: Database, url: str) -> None:
    beside = Database(url, MASTER)
    await beside.start()
    stores = [SqlDocumentStore(db), SqlDocumentStore(beside)]

    async def add(number: int) -> None:
        document = replace(MANUAL, id=f"d{number % 8}", base=("shop", "bank")[number % 2])
        await stores[number % 3 % 2].put(document, numbered(chunk("a"), chunk(f"b{number}")), None)

    await asyncio.gather(*(add(number) for number in range(40)))
    versions = [await store.version(base) for store in stores for base in ("shop", "bank")]
    counts = [len(await store.rows(base)) for store in stores for base in ("shop", "bank")]
    await beside.aclose()
    assert versions == [20] * 4
    assert counts == [8] * 4


async def test_more_chunks_than_one_statement_takes(db: Database) -> None:
    store = SqlDocumentStore(db)
    many: Sequence[Chunk] = numbered(*(chunk(str(number)) for number in range(12_000)))
    await store.put(MANUAL, many, None)
    rows = await store.rows("shop")
    assert len(await store.read("shop", rows)) == 12_000
    await store.put(MANUAL, many[:1], None)
    assert await store.rows("shop") == rows[:1]
