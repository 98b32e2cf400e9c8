"""The chunks of documents: what keeps its row when they change, and how they are read. Knows no transaction.

A row stands for content that never changes, and indexes go by it; a chunk's place in its document may change
under the row.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, delete, insert, select, update

from core.documents import Chunk, Document, DocumentStatus, PairStatus
from storage.columns import plain
from storage.document_rows import belongs
from storage.slices import slices
from storage.tables import chunk
from storage.tables import document as document_table

_CONTENT = ("kind", "title", "text", "match", "language", "status", "valid_from", "valid_until")
_PLACE = ("position", "document", "location", "page", "owner")

# Written out, because a partial index serves no bound value.
_FAQ: ColumnElement[bool] = chunk.c.kind == bindparam(None, "faq", literal_execute=True)


def replace_chunks(connection: Connection, of: Document, chunks: Sequence[Chunk]) -> None:
    """Make these the document's chunks; one with the same id and content as before keeps its row."""
    stored = {
        row.id: row for row in connection.execute(select(chunk).where(belongs(chunk.c, of.base, of.id)))
    }
    new, moved = [], []
    for one in chunks:
        values, before = _values(of, one), stored.get(one.id)
        if before is None or any(_differs(before, values, name) for name in _CONTENT):
            new.append(values)
            continue
        del stored[one.id]
        if any(_differs(before, values, name) for name in _PLACE):
            moved.append({"of_row": before.row, **{name: values[name] for name in _PLACE}})
    for some in slices([row.row for row in stored.values()]):
        connection.execute(delete(chunk).where(chunk.c.row.in_(some)))
    if moved:
        connection.execute(update(chunk).where(chunk.c.row == bindparam("of_row")), moved)
    if new:
        connection.execute(insert(chunk), new)


def insert_chunks(connection: Connection, of: Document, chunks: Sequence[Chunk]) -> None:
    """Give the document these chunks, none of which it has."""
    connection.execute(insert(chunk), [_values(of, one) for one in chunks])


def _differs(before: Row[Any], values: Mapping[str, Any], name: str) -> bool:
    return bool(before._mapping[name] != values[name])


def findable_rows(connection: Connection, base: str) -> Sequence[int]:
    """The rows of ready documents, without drafts, ascending. Reads an index alone."""
    unready = select(document_table.c.id).where(
        document_table.c.base == base, document_table.c.status != DocumentStatus.READY.value
    )
    query = (
        select(chunk.c.row)
        .where(chunk.c.base == base, chunk.c.status == "approved", chunk.c.document_id.not_in(unready))
        .order_by(chunk.c.row)
    )
    return connection.scalars(query).all()


def read_rows(connection: Connection, base: str, rows: Sequence[int]) -> list[Chunk]:
    """The chunks under these rows of the base, in the order asked for, without those that are gone."""
    # As an expression it offers SQLite no index: it would walk the whole base instead of looking up the rows.
    in_base = chunk.c.base.concat("") == base
    found: dict[int, Chunk] = {}
    for some in slices(list(dict.fromkeys(rows))):
        query = select(chunk).where(chunk.c.row.in_(some), in_base)
        found.update((row.row, _chunk(row)) for row in connection.execute(query))
    return [found[row] for row in rows if row in found]


def read_chunks(connection: Connection, query: "Select[*tuple[Any, ...]]") -> list[Chunk]:
    """The chunks of a query made from `of_document` or `pairs_of`, in its order."""
    return [_chunk(row) for row in connection.execute(query)]


def of_document(base: str, document_id: str) -> "Select[*tuple[Any, ...]]":
    return select(chunk).where(belongs(chunk.c, base, document_id)).order_by(chunk.c.position, chunk.c.id)


def pairs_of(base: str) -> "Select[*tuple[Any, ...]]":
    return (
        select(chunk)
        .where(chunk.c.base == base, _FAQ)
        .order_by(chunk.c.document_id, chunk.c.position, chunk.c.id)
    )


def change_pairs(
    connection: Connection,
    base: str,
    chunk_id: str,
    status: PairStatus,
    owner: str,
    dates: tuple[date | None, date | None],
) -> Chunk | None:
    """Change the pair, in every document of the base that has it: an equal one would answer in its stead.

    A pair whose status or dates change gets a new row. The first of them as it now is, None without any.
    """
    condition = (chunk.c.base == base) & (chunk.c.id == chunk_id) & _FAQ
    found = connection.execute(select(chunk).where(condition).order_by(chunk.c.document_id)).all()
    if not found:
        return None
    changed = {"status": status, "owner": owner, "valid_from": dates[0], "valid_until": dates[1]}
    for row in found:
        if any(_differs(row, changed, name) for name in ("status", "valid_from", "valid_until")):
            connection.execute(delete(chunk).where(chunk.c.row == row.row))
            connection.execute(insert(chunk).values(_without_row(row) | changed))
        else:
            connection.execute(update(chunk).where(chunk.c.row == row.row).values(owner=owner))
    return _chunk(connection.execute(select(chunk).where(condition).order_by(chunk.c.document_id)).all()[0])


def _without_row(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name != "row"}


def _values(of: Document, one: Chunk) -> dict[str, Any]:
    """As they will be read back: text that no database stores is replaced before it is compared."""
    return {
        "base": of.base,
        "document_id": of.id,
        "id": one.id,
        "position": one.position,
        "document": plain(one.document),
        "title": plain(one.title),
        "location": plain(one.location),
        "page": one.page,
        "text": plain(one.text),
        "kind": one.kind,
        "match": [plain(text) for text in one.match],
        "language": one.language,
        "owner": plain(one.owner),
        "status": one.status,
        "valid_from": one.valid_from,
        "valid_until": one.valid_until,
    }


def _chunk(row: Row[Any]) -> Chunk:
    return Chunk(
        id=row.id,
        base=row.base,
        document_id=row.document_id,
        document=row.document,
        position=row.position,
        title=row.title,
        location=row.location,
        text=row.text,
        kind=row.kind,
        match=tuple(row.match),
        language=row.language,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        page=row.page,
        owner=row.owner,
        status=row.status,
        row=row.row,
    )
