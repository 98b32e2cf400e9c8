"""`keys.xqk`: the keys that open the backups beside it, sealed by the master key. Knows no backup's inside.

They lie apart so that they can be renewed: who is erased is missing from the newest, and unreadable in every backup.
"""

import base64
import json
import os
import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, delete, select, update

from core.errors import ConfigurationError, InvalidRequest
from core.errors import StorageDamaged as Damaged
from storage.cipher import Cipher
from storage.ring import KeyRing, wrap
from storage.sealed_file import broken
from storage.secrets import MasterKey, derive, fingerprint
from storage.tables import key_ring, subject

FILE = "keys.xqk"

_MAGIC = b"XQK1"
_MARK = 16


@dataclass(frozen=True, slots=True)
class Keys:
    """The ring (name, version, key) and the wrapped keys of subjects (owner, version, wrapped, made at)."""

    ring: Sequence[tuple[str, int, bytes]]
    subjects: Sequence[tuple[str, int, bytes, datetime]]

    def secret(self, name: str) -> bytes:
        return next(key for one, _, key in self.ring if one == name)


def read_ring(ring: KeyRing, connection: Connection) -> Keys:
    """All keys, as they are now."""
    rows = connection.execute(select(subject).order_by(subject.c.owner))
    return Keys(
        ring.read(connection),
        [(one.owner, one.kek_version, bytes(one.wrapped), one.created_at) for one in rows],
    )


def write_keys(keys: Keys, folder: Path, master: bytes) -> None:
    """In place of what is there; whole or not at all."""
    told = {
        "ring": [(name, version, _text(key)) for name, version, key in keys.ring],
        "subjects": [
            (owner, version, _text(key), at.isoformat()) for owner, version, key, at in keys.subjects
        ],
    }
    mark = fingerprint(master)
    sealed = _cipher(master).seal(zlib.compress(json.dumps(told).encode()), FILE, mark)
    draft = folder / f"{FILE}.{secrets.token_hex(4)}.part"
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(_MAGIC + mark.encode() + sealed)
            out.flush()
            os.fsync(out.fileno())
        os.replace(draft, folder / FILE)
    finally:
        draft.unlink(missing_ok=True)


def read_keys(folder: Path, master: MasterKey) -> Keys:
    """Raises InvalidRequest where there are none, ConfigurationError for another master key, StorageDamaged."""
    try:
        content = (folder / FILE).read_bytes()
    except OSError:
        raise InvalidRequest(
            f"{FILE} is missing beside the backup; without it no backup can be read."
        ) from None
    key = master.read()
    mark = content[len(_MAGIC) : len(_MAGIC) + _MARK].decode("ascii", "replace")
    if content[: len(_MAGIC)] != _MAGIC:
        raise broken()
    if key is None or mark != fingerprint(key):
        raise ConfigurationError(
            f"The backup's keys are sealed by another master key than {master.where}; put the right one there."
        )
    try:
        told = json.loads(zlib.decompress(_cipher(key).open(content[len(_MAGIC) + _MARK :], FILE, mark)))
    except (Damaged, ValueError, zlib.error):
        raise broken() from None
    return Keys(
        [(name, version, _bytes(text)) for name, version, text in told["ring"]],
        [
            (owner, version, _bytes(text), datetime.fromisoformat(at))
            for owner, version, text, at in told["subjects"]
        ],
    )


def put_back(connection: Connection, keys: Keys, master: bytes) -> None:
    """Into a copy that `taken_out` has been through. Whose key is not among them keeps none."""
    wrap(connection, master, keys.ring)
    known = set(connection.scalars(select(subject.c.owner)))
    for owner, version, wrapped, at in keys.subjects:
        if owner in known:
            values = {"kek_version": version, "wrapped": wrapped, "created_at": at}
            connection.execute(update(subject).where(subject.c.owner == owner).values(values))


def take_out(connection: Connection) -> None:
    """Leave no key in this copy of the database."""
    connection.execute(delete(key_ring))
    connection.execute(update(subject).values(wrapped=b""))


def _cipher(master: bytes) -> Cipher:
    return Cipher(derive(master, "backup keys"))


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
