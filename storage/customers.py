"""Under which owners a customer's conversations stand: a row for each pair, however many conversations there are.

An index of the conversations by customer took a page of the file for each of them, wherever a batch of them touched it: a
fifth of what keeping an answer from memory cost. Knows no customer but by a digest (pseudonyms.py), and no key.
"""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, or_, select, tuple_

from storage.driver import held_alone
from storage.slices import slices
from storage.tables import conversation, customer
from storage.upsert import insert_missing

Pair = tuple[str, bytes]
"""An owner, a pseudonym, and the digest of a customer who asked as that owner."""

REMEMBERED = 10_000
"""Pairs that a connection knows to be stored; then all are forgotten."""

_KNOWN, _ADDED = "xiaoq_customers", "xiaoq_customers_added"
"""What a connection carries: pairs that are stored, and the last transaction that added one."""

_found = select(customer.c.owner, customer.c.hash).where(
    customer.c.owner.in_(bindparam("owners", expanding=True))
)


def note(connection: Connection, pairs: Iterable[tuple[str, bytes | None]]) -> None:
    """In a write, which has obtained the owners' keys: conversations of these owners were begun in the name of these customers,
    or of nobody's."""
    wanted = {(owner, digest) for owner, digest in pairs if digest is not None}
    known = _known(connection)
    missing = wanted - known
    if not missing:
        return
    stored = _stored(connection, missing)
    if connection.info.get(_ADDED) is not connection.get_transaction():
        known |= stored & missing  # what this transaction itself added may be undone
    for owner, digest in missing - stored:
        connection.info[_ADDED] = connection.get_transaction()
        insert_missing(connection, customer, {"owner": owner, "hash": digest})


def theirs(digest: bytes) -> ColumnElement[bool]:
    """The conversations that were begun in this customer's name, and all of the owners who are this customer alone."""
    owners = select(customer.c.owner).where(customer.c.hash == digest)
    alone = conversation.c.owner.contains("~", autoescape=True)
    return conversation.c.owner.in_(owners) & or_(conversation.c.customer_hash == digest, alone)


def drop_unused(connection: Connection, pairs: Collection[tuple[str, bytes | None]]) -> None:
    """In a write that holds the owners' keys for itself: forget those of these pairs whom no conversation is left of."""
    gone = {(owner, digest) for owner, digest in pairs if digest is not None}
    left = (
        select(conversation.c.id)
        .where(conversation.c.owner == customer.c.owner, conversation.c.customer_hash == customer.c.hash)
        .exists()
    )
    for some in slices(sorted(gone)):
        these = tuple_(customer.c.owner, customer.c.hash).in_(some)
        connection.execute(delete(customer).where(these, ~left))
    _known(connection).difference_update(gone)


def _stored(connection: Connection, pairs: Collection[Pair]) -> set[Pair]:
    found: set[Pair] = set()
    for some in slices(sorted({owner for owner, _ in pairs})):
        rows: Iterable[Any] = connection.execute(_found, {"owners": some})
        found |= {(row.owner, bytes(row.hash)) for row in rows}
    return found


def _known(connection: Connection) -> set[Pair]:
    """Pairs that are stored for sure: nobody else has written since they were read (SQLite alone can tell)."""
    return held_alone(connection, _KNOWN, set[Pair], REMEMBERED)
