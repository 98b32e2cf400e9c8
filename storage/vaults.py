"""The vault of a conversation: the values behind its placeholders, each encrypted. Knows no recogniser."""

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, insert, select

from core.errors import StorageDamaged, VaultChanged
from core.vault import VaultEntry
from storage import places
from storage.cipher import Cipher
from storage.database import Database
from storage.tables import vault

log = structlog.get_logger()

_entries = select(vault).where(vault.c.conversation_id == bindparam("the_id"))


def read_vault(
    connection: Connection, cipher: Cipher, conversation_id: str, *, leniently: bool = False
) -> list[VaultEntry]:
    """By kind and number. Raises StorageDamaged for an entry that was changed; `leniently` leaves it out."""
    found: list[VaultEntry] = []
    for row in connection.execute(_entries, {"the_id": conversation_id}).all():
        place = places.vault(conversation_id, row.placeholder, row.kind)
        try:
            value, original = places.unpacked(cipher.open(row.content, *place))
        except StorageDamaged:
            log.error("row_damaged", table="vault", conversation=conversation_id, placeholder=row.placeholder)
            if not leniently:
                raise
            continue
        found.append(VaultEntry(row.placeholder, row.kind, value, original))
    return sorted(found, key=lambda one: (one.kind, len(one.placeholder), one.placeholder))


def add_to_vault(
    connection: Connection,
    cipher: Cipher,
    db: Database,
    conversation_id: str,
    new: Sequence[VaultEntry],
) -> int:
    """Keep new values; gives what they add to the conversation's members. Raises VaultChanged where one of the placeholders or values is there already."""
    if not new:
        return 0
    rows = vault_rows(cipher, db, conversation_id, new)
    taken = select(vault.c.placeholder).where(
        vault.c.conversation_id == conversation_id,
        vault.c.placeholder.in_([row["placeholder"] for row in rows])
        | vault.c.fingerprint.in_([row["fingerprint"] for row in rows]),
    )
    if connection.scalar(taken.limit(1)) is not None:
        raise VaultChanged("The conversation has changed meanwhile; send the file again.", param="files")
    connection.execute(insert(vault), rows)
    return sum(db.seals.member(vault, row) for row in rows)


def vault_rows(
    cipher: Cipher, db: Database, conversation_id: str, new: Sequence[VaultEntry]
) -> list[dict[str, Any]]:
    """New values as they are kept."""
    return [
        {
            "conversation_id": conversation_id,
            "placeholder": one.placeholder,
            "kind": one.kind,
            "fingerprint": db.pseudonyms.value(conversation_id, one.kind, one.value),
            "content": cipher.seal(
                places.packed(one.value, one.original),
                *places.vault(conversation_id, one.placeholder, one.kind),
            ),
        }
        for one in new
    ]
