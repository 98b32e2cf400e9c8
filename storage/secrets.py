"""The master key, where it is kept, and the keys derived from it. Knows nothing of what they protect."""

import base64
import binascii
import os
import secrets
from pathlib import Path
from typing import Protocol

import structlog

from core.errors import ConfigurationError
from core.settings import Settings
from storage.cipher import KEY_BYTES

log = structlog.get_logger()

FILE = "master.key"


class MasterKey(Protocol):
    """Where the 32 bytes come from. Reading may give other bytes later: `rotate-key` changes them under a running app."""

    @property
    def where(self) -> str:
        """Its name in a sentence to the operator."""
        ...

    def read(self) -> bytes | None:
        """None where there is none. Raises ConfigurationError for one that is no key."""
        ...

    def make(self) -> bytes:
        """The key that is there, else a new one, kept before this returns. Raises ConfigurationError."""
        ...


class GivenKey:
    """XIAOQ_MASTER_KEY, or bytes at hand."""

    where = "XIAOQ_MASTER_KEY"

    def __init__(self, key: bytes) -> None:
        self._key = key

    def read(self) -> bytes:
        return self._key

    def make(self) -> bytes:
        return self._key


class KeyFile:
    """`master.key` in the data folder, readable by its owner only."""

    where = f"{FILE} in the data folder"

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> bytes | None:
        try:
            if not self.path.exists():
                return None
            if self.path.stat().st_mode & 0o077:
                self.path.chmod(0o600)
                log.warning("master_key_was_readable_by_others")
            return decoded(self.path.read_text(encoding="ascii", errors="replace"), self.where)
        except OSError:
            raise _unusable() from None

    def make(self) -> bytes:
        found = self.read()
        if found is not None:
            return found
        try:
            write_once(self.path, secrets.token_bytes(KEY_BYTES))
        except OSError:
            raise _unusable() from None
        return self.make()


def master_key(settings: Settings) -> MasterKey:
    """XIAOQ_MASTER_KEY, else the file in the data folder. Raises ConfigurationError for a setting that is no key."""
    if settings.master_key is not None:
        return GivenKey(decoded(settings.master_key.get_secret_value(), GivenKey.where))
    return KeyFile(settings.data_dir / FILE)


def next_master_key(settings: Settings) -> MasterKey | None:
    """XIAOQ_NEW_MASTER_KEY. Raises ConfigurationError for one that is no key."""
    if settings.new_master_key is None:
        return None
    return GivenKey(decoded(settings.new_master_key.get_secret_value(), "XIAOQ_NEW_MASTER_KEY"))


def derive(master: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose (HKDF-SHA256): knowing it tells nothing about the others."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"xiaoq/{purpose}".encode()).derive(
        master
    )


def fingerprint(master: bytes) -> str:
    """Tells one master key from another, and nothing else about it."""
    return derive(master, "fingerprint")[:8].hex()


def decoded(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip().translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigurationError(
            f"{where} must hold 32 bytes in base64, as `openssl rand -base64 32` prints."
        )
    return key


def write_once(path: Path, key: bytes) -> None:
    """Write a key whole, then name it: of two processes that do it at once, the first one's key stands."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(base64.b64encode(key) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        log.info("master_key_made_by_another_process")
    finally:
        draft.unlink(missing_ok=True)


def _unusable() -> ConfigurationError:
    return ConfigurationError(
        f"{FILE} cannot be read or made; check the owner and rights of the data folder, or set XIAOQ_MASTER_KEY."
    )
