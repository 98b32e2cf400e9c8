"""The key ring of one database: what the master key unlocks. Knows no subject and no row.

The ring lies in the database, each key wrapped by the master key: the keys that wrap subjects' keys (`kek`, by
version) and secrets with a name. Another process may change it at any time; what is not known here is looked up.
"""

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from core.errors import ConfigurationError, StorageUnavailable
from storage.cipher import KEY_BYTES, Cipher, damaged_row
from storage.secrets import MasterKey, derive, fingerprint
from storage.tables import key_ring

KEK = "kek"
SECRETS = ("api-keys", "sessions", "subjects", "audit", "documents")
"""API keys' digests, signatures of cookies, pseudonyms, the audit's chain, documents' bytes."""

_DERIVED_BEFORE = ("api-keys", "sessions")
"""What earlier releases derived from the master key: kept, so that API keys and cookies live on."""


class KeyRing:
    """Empty until `open`."""

    def __init__(self, master: MasterKey) -> None:
        self._master = master
        self._secrets: dict[str, bytes] = {}
        self._keks: dict[int, Cipher] = {}

    def open(self, connection: Connection, *, fresh: bool) -> None:
        """Read the ring, or make it: in a database that is `fresh` with random secrets.

        Raises ConfigurationError where the master key is missing, or is not the one the ring was made with.
        """
        if connection.scalar(select(key_ring.c.name).limit(1)) is None:
            self._make(connection, fresh=fresh)
        self._load(connection)

    def secret(self, name: str) -> bytes:
        """A named secret. Raises StorageUnavailable before `open`."""
        if not self._secrets:
            raise StorageUnavailable("The database is not open; XiaoQ is starting or shutting down.")
        return self._secrets[name]

    def kek(self, connection: Connection, version: int) -> Cipher:
        """The key of this version. Raises StorageDamaged where there is none, ConfigurationError as `open` does."""
        if version not in self._keks:
            self._load(connection)
        if version not in self._keks:
            raise damaged_row()
        return self._keks[version]

    def current(self, connection: Connection) -> tuple[int, Cipher]:
        """The version that new subjects' keys are wrapped with: it cannot be retired before this write commits."""
        newest = (
            select(key_ring.c.version)
            .where(key_ring.c.name == KEK)
            .order_by(key_ring.c.version.desc())
            .limit(1)
            .with_for_update(read=True)
        )
        version = connection.scalar(newest)
        if version is None:
            raise other_key(self._master)
        return version, self.kek(connection, version)

    def _make(self, connection: Connection, *, fresh: bool) -> None:
        master = self._master.make()
        kept = {} if fresh else {name: derive(master, name) for name in _DERIVED_BEFORE}
        keys = {name: kept.get(name) or secrets.token_bytes(KEY_BYTES) for name in (KEK, *SECRETS)}
        wrap(connection, master, ((name, 1, key) for name, key in keys.items()))

    def read(self, connection: Connection) -> list[tuple[str, int, bytes]]:
        """The keys (name, version, key) that lie in the ring now."""
        master = self._master.read()
        if master is None:
            raise ConfigurationError(
                "The database is encrypted and its master key is missing: put its master.key back into the data "
                "folder, or set XIAOQ_MASTER_KEY."
            )
        keys = unwrapped(connection, master)
        if not keys and (changed := self._master.read()) not in (None, master):
            keys = unwrapped(connection, changed or b"")  # it was replaced between the two readings
        return keys

    def _load(self, connection: Connection) -> None:
        keys = self.read(connection)
        found = {name: key for name, _, key in keys if name != KEK}
        self._keks = {version: Cipher(key) for name, version, key in keys if name == KEK}
        if not self._keks or not found.keys() >= set(SECRETS):
            raise other_key(self._master)
        self._secrets = found


def wrap(connection: Connection, master: bytes, keys: Iterable[tuple[str, int, bytes]]) -> None:
    """Add keys (name, version, key), wrapped by this master key."""
    mark, cipher, now = fingerprint(master), _wrapping(master), datetime.now(UTC)
    rows = [
        {
            "name": name,
            "version": version,
            "master": mark,
            "wrapped": cipher.seal(key, "key_ring", name, version, mark, moment(now)),
            "created_at": now,
        }
        for name, version, key in keys
    ]
    connection.execute(insert(key_ring), rows)


def unwrapped(connection: Connection, master: bytes) -> list[tuple[str, int, bytes]]:
    """The keys (name, version, key) that this master key wraps; raises StorageDamaged for a changed one."""
    mark, cipher = fingerprint(master), _wrapping(master)
    # All rows before the first is opened: one that is damaged would leave a statement half read, and SQLite holds the
    # file of a closed connection until its last statement is gone, here with the error that a caller keeps.
    rows = connection.execute(select(key_ring).where(key_ring.c.master == mark)).all()
    return [
        (
            row.name,
            row.version,
            cipher.open(row.wrapped, "key_ring", row.name, row.version, mark, moment(row.created_at)),
        )
        for row in rows
    ]


def moment(at: datetime) -> str:
    """A time as it is authenticated with a key."""
    return at.astimezone(UTC).isoformat()


def other_key(master: MasterKey) -> ConfigurationError:
    return ConfigurationError(
        f"The database was encrypted with another master key than {master.where}; put the right one there."
    )


def _wrapping(master: bytes) -> Cipher:
    return Cipher(derive(master, "wrap"))
