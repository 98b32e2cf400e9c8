"""A large file, encrypted in pieces that cannot be cut off, exchanged, left out or moved to another file.

Knows nothing of what is inside. A head in plain JSON, pieces in order, a manifest last: without it a file is not whole.
"""

import hashlib
import json
import os
import secrets
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from core.errors import InvalidRequest
from core.errors import StorageDamaged as Damaged
from storage.cipher import Cipher
from storage.secrets import derive

_PIECE = 1 << 20
_LENGTH = struct.Struct(">I")
_LARGEST = _PIECE + (1 << 16)

Progress = Callable[[int, int], None]


def write_sealed(
    source: Path, target: Path, magic: bytes, secret: bytes, about: dict[str, Any], progress: Progress
) -> None:
    """Encrypt a file; whole or not there, readable by its owner only."""
    head = {**about, "salt": secrets.token_hex(16)}
    draft = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    size, digest, count = source.stat().st_size, hashlib.sha256(), 0
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            encoded = json.dumps(head).encode()
            out.write(magic + _LENGTH.pack(len(encoded)) + encoded)
            cipher = Cipher(derive(secret, f"file {head['salt']}"))
            with source.open("rb") as plain:
                while piece := plain.read(_PIECE):
                    digest.update(piece)
                    _put(out, cipher.seal(zlib.compress(piece, 1), "piece", count))
                    count += 1
                    progress(plain.tell(), size)
            manifest = {"pieces": count, "size": size, "sha256": digest.hexdigest(), "head": head}
            _put(out, cipher.seal(json.dumps(manifest).encode(), "manifest", count))
            out.flush()
            os.fsync(out.fileno())
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def read_head(file: IO[bytes], magic: bytes) -> dict[str, Any]:
    """Raises InvalidRequest for another kind of file."""
    if file.read(len(magic)) != magic:
        raise InvalidRequest("This is no backup of XiaoQ's.")
    try:
        (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
        head: dict[str, Any] = json.loads(file.read(min(length, _PIECE)))
    except (struct.error, ValueError):
        raise broken() from None
    return head


def head_of(source: Path, magic: bytes) -> dict[str, Any]:
    """What stands at the head of a file, which proves nothing of the rest."""
    with source.open("rb") as file:
        return read_head(file, magic)


def read_sealed(
    source: Path, target: Path, magic: bytes, secret: bytes, progress: Progress
) -> dict[str, Any]:
    """Decrypt to a file; gives the head. Raises StorageDamaged where anything of it was changed or is missing."""
    size, digest, written, count = source.stat().st_size, hashlib.sha256(), 0, 0
    with source.open("rb") as file:
        head = read_head(file, magic)
        cipher = Cipher(derive(secret, f"file {head.get('salt')}"))
        manifest: dict[str, Any] | None = None
        with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            for sealed, last in _pieces(file):
                if last:
                    manifest = json.loads(_open(cipher, sealed, "manifest", count))
                    break
                piece = zlib.decompress(_open(cipher, sealed, "piece", count))
                digest.update(piece)
                out.write(piece)
                written, count = written + len(piece), count + 1
                progress(file.tell(), size)
            out.flush()
            os.fsync(out.fileno())
    told = {"pieces": count, "size": written, "sha256": digest.hexdigest(), "head": head}
    if manifest != told:
        raise broken()
    return head


def _pieces(file: IO[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each piece, and whether it is the last in the file."""
    before: bytes | None = None
    while True:
        length = file.read(_LENGTH.size)
        if before is not None:
            yield before, not length
        if not length:
            return
        if len(length) < _LENGTH.size or (wanted := _LENGTH.unpack(length)[0]) > _LARGEST:
            raise broken()
        before = file.read(wanted)
        if len(before) < wanted:
            raise broken()


def _open(cipher: Cipher, sealed: bytes, what: str, count: int) -> bytes:
    try:
        return cipher.open(sealed, what, count)
    except Damaged:
        raise broken() from None


def _put(out: IO[bytes], sealed: bytes) -> None:
    out.write(_LENGTH.pack(len(sealed)) + sealed)


def broken() -> Damaged:
    return Damaged("The backup is cut off or was changed, and is not restored; take another one.")
