"""What turns stand on: sealed in the turn's own row, or as the rows that earlier versions wrote of it.

Knows no turn but by its row.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, select

from core.messages import Source
from storage import places
from storage.cipher import Cipher
from storage.columns import plain
from storage.slices import slices
from storage.tables import source

Rows = Mapping[str, Sequence[Any]]
"""Rows of `source` by their turn's id, in order."""


def packed(sources: Sequence[Source]) -> bytes | None:
    """What is sealed for `turn.sources`: the same bytes for the same sources in the same order. None where there are none."""
    return orjson.dumps([_fields(one) for one in sources]) if sources else None


def sealed(cipher: Cipher, sources: Sequence[Source], place: places.Place) -> bytes | None:
    content = packed(sources)
    return None if content is None else cipher.seal(content, *place)


def in_rows(connection: Connection, turns: Sequence[Any]) -> Rows:
    """What stands in `source` of these rows of `turn`: only what has none in its own row can have some there."""
    found: dict[str, list[Any]] = defaultdict(list)
    for some in slices([row.id for row in turns if row.sources is None]):
        query = select(source).where(source.c.turn_id.in_(some))
        for row in connection.execute(query.order_by(source.c.turn_id, source.c.position)).all():
            found[row.turn_id].append(row)
    return found


def read(cipher: Cipher, row: Any, rows: Rows) -> list[Source]:
    """The sources of a row of `turn`, given what `in_rows` found. Raises StorageDamaged."""
    if row.sources is None:
        return [_earlier(cipher, one) for one in rows.get(row.id, ())]
    content = cipher.open(row.sources, *places.sources(row.id, row.conversation_id))
    return [_source(*fields) for fields in orjson.loads(content)]


def _fields(one: Source) -> list[Any]:
    texts = (one.document, one.title, one.location, one.text, one.document_id, one.passage_id, one.base)
    return [*map(plain, texts), float(one.score), one.page]


def _source(
    document: str,
    title: str,
    location: str,
    text: str,
    document_id: str,
    passage_id: str,
    base: str,
    score: float,
    page: int | None,
) -> Source:
    return Source(document, title, location, score, text, document_id, passage_id, base, page)


def _earlier(cipher: Cipher, row: Any) -> Source:
    content = places.unpacked(cipher.open(row.content, *places.source(row.turn_id, row.position)))
    document, title, location, text = content
    return _source(
        document, title, location, text, row.document_id, row.passage_id, row.base, row.score, row.page
    )
