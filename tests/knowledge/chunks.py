"""Chunks and a store in memory for the index's tests."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from core.documents import Chunk, Document, PairStatus


def chunk(number: int, text: str, *questions: str, **fields: Any) -> Chunk:
    """A passage, or an FAQ pair where questions are given."""
    kind = "faq" if questions else "text"
    defaults: dict[str, Any] = {"base": "shop", "title": "", "location": f"row {number}", "language": "und"}
    return Chunk(
        **{
            **defaults,
            "id": f"c{number}",
            "document_id": "d1",
            "document": "faq.csv",
            "position": number,
            "text": text,
            "kind": kind,
            "match": questions,
            **fields,
        }
    )


SHOP = (
    chunk(0, "付款后 48 小时内发出。", "我的订单为什么还没发货?", "怎么还没寄出来", language="zh"),
    chunk(1, "签收后七天内可以申请。", "怎么申请退货?", "如何退货", language="zh"),
    chunk(2, "Orders leave within 48 hours.", "Why has my order not been shipped?", language="en"),
    chunk(3, "Ask for a refund within seven days.", "How do I return an item?", language="en"),
    chunk(4, "Gift cards cannot be exchanged for cash and never expire.", title="Gift cards", language="en"),
    chunk(5, "快递柜保管期为三天,逾期退回。", title="物流 > 快递柜", language="zh"),
)


class MemoryStore:
    """The DocumentStore port without a database; `put_chunks` sets what a base holds.

    Rows are given as the port says: the same content keeps its row, a new one gets a new row.
    """

    def __init__(self, **bases: Sequence[Chunk]) -> None:
        self._bases: dict[str, Sequence[Chunk]] = {}
        self._documents: dict[tuple[str, str], Document] = {}
        self._raw: dict[tuple[str, str], bytes] = {}
        self._versions: dict[str, int] = {}
        self._last = 0
        self.reads = 0
        """How many chunks were read by row."""
        for base, chunks in bases.items():
            self.put_chunks(base, chunks)

    def put_chunks(self, base: str, chunks: Sequence[Chunk]) -> None:
        """Make these the base's chunks, whatever document they name."""
        free: dict[tuple[object, ...], list[int]] = {}
        for one in self._bases.get(base, ()):
            free.setdefault(_content(one), []).append(one.row)
        self._bases[base] = [replace(one, base=base, row=self._row(free, one)) for one in chunks]
        self._versions[base] = self._versions.get(base, 0) + 1

    def _row(self, free: Mapping[tuple[object, ...], list[int]], one: Chunk) -> int:
        if rows := free.get(_content(one)):
            return rows.pop(0)
        self._last += 1
        return self._last

    async def bases(self) -> Sequence[str]:
        return list(self._bases)

    async def version(self, base: str) -> int:
        return self._versions.get(base, 0)

    def changes(self, base: str) -> int:
        return self._versions.get(base, 0)

    async def put(self, document: Document, chunks: Sequence[Chunk], data: bytes | None) -> None:
        others = [one for one in self._bases.get(document.base, ()) if one.document_id != document.id]
        self._documents[document.base, document.id] = document
        if data is not None:
            self._raw[document.base, document.id] = data
        self.put_chunks(document.base, [*others, *chunks])

    async def list(self, base: str) -> "Sequence[Document]":
        return sorted((d for (of, _), d in self._documents.items() if of == base), key=lambda d: d.name)

    async def get(self, base: str, document_id: str) -> Document | None:
        return self._documents.get((base, document_id))

    async def raw(self, base: str, document_id: str) -> bytes | None:
        return self._raw.get((base, document_id))

    async def find_by_hash(self, base: str, sha256: str) -> Document | None:
        return next((d for d in await self.list(base) if d.sha256 == sha256), None)

    async def delete(self, base: str, document_id: str) -> bool:
        before = self._bases.get(base, ())
        self._documents.pop((base, document_id), None)
        self._raw.pop((base, document_id), None)
        self.put_chunks(base, [one for one in before if one.document_id != document_id])
        return len(self._bases[base]) < len(before)

    async def rows(self, base: str) -> Sequence[int]:
        return sorted(one.row for one in self._found(base))

    async def read(self, base: str, rows: Sequence[int]) -> Sequence[Chunk]:
        by_row = {one.row: one for one in self._bases.get(base, ())}
        self.reads += len(rows)
        return [by_row[row] for row in rows if row in by_row]

    async def chunks(self, base: str, document_id: str) -> Sequence[Chunk]:
        mine = (one for one in self._bases.get(base, ()) if one.document_id == document_id)
        return sorted(mine, key=lambda one: one.position)

    async def pairs(self, base: str) -> Sequence[Chunk]:
        mine = (one for one in self._bases.get(base, ()) if one.kind == "faq")
        return sorted(mine, key=lambda one: (one.document_id, one.position))

    async def change_pair(
        self,
        base: str,
        chunk_id: str,
        *,
        status: PairStatus,
        owner: str,
        valid_from: date | None,
        valid_until: date | None,
    ) -> Chunk | None:
        changed = {"status": status, "owner": owner, "valid_from": valid_from, "valid_until": valid_until}
        chunks = self._bases.get(base, ())
        if not any(one.id == chunk_id for one in chunks):
            return None
        self.put_chunks(base, [replace(one, **changed) if one.id == chunk_id else one for one in chunks])
        return next(one for one in self._bases[base] if one.id == chunk_id)

    def _found(self, base: str) -> Iterator[Chunk]:
        return (one for one in self._bases.get(base, ()) if one.status == "approved")


def _content(one: Chunk) -> tuple[object, ...]:
    """What an index may remember of a chunk: with any of it changed the chunk gets a new row."""
    dates = (one.valid_from, one.valid_until)
    return (one.document_id, one.kind, one.title, one.text, tuple(one.match), one.language, dates)


EXPIRED: Mapping[str, date] = {"valid_from": date(2026, 1, 1), "valid_until": date(2026, 6, 30)}
