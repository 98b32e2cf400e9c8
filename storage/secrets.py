"""The master key and the keys derived from it. Knows nothing of what they protect."""

import base64
import binascii
import os
import secrets
from pathlib import Path

import structlog

from core.errors import ConfigurationError
from core.settings import Settings

log = structlog.get_logger()

KEY_BYTES = 32
FILE = "master.key"


def load_master_key(settings: Settings) -> bytes:
    """The 32 bytes of XIAOQ_MASTER_KEY, else of `master.key` in the data folder, made there once (mode 0600).

    Raises ConfigurationError where either is not 32 bytes in base64, or the file cannot be read or made.
    """
    if settings.master_key is not None:
        return _decode(settings.master_key.get_secret_value(), "XIAOQ_MASTER_KEY")
    path = settings.data_dir / FILE
    try:
        if not path.exists():
            _make(path)
        elif path.stat().st_mode & 0o077:
            path.chmod(0o600)
            log.warning("master_key_was_readable_by_others")
        return _decode(path.read_text(encoding="ascii", errors="replace"), f"{FILE} in the data folder")
    except OSError:
        raise ConfigurationError(
            f"{FILE} cannot be read or made; check the owner and rights of the data folder, "
            "or set XIAOQ_MASTER_KEY."
        ) from None


def derive(master: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose (HKDF-SHA256): knowing it tells nothing about the others."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"xiaoq/{purpose}".encode()).derive(
        master
    )


def _decode(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip().translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigurationError(
            f"{where} must hold 32 bytes in base64, as `openssl rand -base64 32` prints."
        )
    return key


def _make(path: Path) -> None:
    """Write a new key whole, then name it: of two processes that start at once, the first one's key stands."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{FILE}.{secrets.token_hex(8)}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        log.info("master_key_made_by_another_process")
    finally:
        draft.unlink(missing_ok=True)
