"""Chunks and a store in memory for the index's tests."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from core.documents import Chunk, Document


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
    """The DocumentStore port's reading half; `put_chunks` changes a base."""

    def __init__(self, **bases: Sequence[Chunk]) -> None:
        self._bases: dict[str, Sequence[Chunk]] = dict(bases)
        self._versions = dict.fromkeys(bases, 1)
        self.reads = 0

    def put_chunks(self, base: str, chunks: Sequence[Chunk]) -> None:
        self._bases[base] = chunks
        self._versions[base] = self._versions.get(base, 0) + 1

    async def bases(self) -> Sequence[str]:
        return list(self._bases)

    async def version(self, base: str) -> int:
        return self._versions.get(base, 0)

    async def chunks(self, base: str) -> Sequence[Chunk]:
        self.reads += 1
        return self._bases.get(base, ())

    async def put(self, document: Document, chunks: Sequence[Chunk], data: bytes | None) -> None:
        self.put_chunks(document.base, chunks)

    async def list(self, base: str) -> "Sequence[Document]":
        return ()

    async def get(self, base: str, document_id: str) -> Document | None:
        return None

    async def raw(self, base: str, document_id: str) -> bytes | None:
        return None

    async def find_by_hash(self, base: str, sha256: str) -> Document | None:
        return None

    async def delete(self, base: str, document_id: str) -> bool:
        return self._bases.pop(base, None) is not None


EXPIRED: Mapping[str, date] = {"valid_from": date(2026, 1, 1), "valid_until": date(2026, 6, 30)}
