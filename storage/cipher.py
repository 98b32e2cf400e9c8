"""AES-256-GCM as XiaoQ stores it: a version byte, a random nonce, the ciphertext with its tag. Knows no table.

What a ciphertext belongs to (table, column, row) is authenticated with it, so that it opens nowhere else.
"""

from collections.abc import Iterable, Iterator

from core.errors import StorageDamaged
from core.randoms import Randoms
from storage.columns import plain

KEY_BYTES = 32
VERSION = b"\x01"

_NONCE_BYTES = 12
_nonce = Randoms(_NONCE_BYTES)
_HEAD = len(VERSION) + _NONCE_BYTES


class Cipher:
    """One key. `place` names what is encrypted: `("turn.question", turn id, conversation id)`."""

    __slots__ = ("_gcm",)

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._gcm: AESGCM = AESGCM(key)

    def seal(self, data: bytes, *place: str | int) -> bytes:
        nonce = _nonce()
        return VERSION + nonce + self._gcm.encrypt(nonce, data, _named(place))

    def open(self, sealed: bytes, *place: str | int) -> bytes:
        """Raises StorageDamaged where it was changed, is of another place or another key."""
        from cryptography.exceptions import InvalidTag

        sealed = bytes(sealed)
        if sealed[:1] != VERSION or len(sealed) < _HEAD:
            raise damaged_row()
        try:
            return self._gcm.decrypt(sealed[1:_HEAD], sealed[_HEAD:], _named(place))
        except (InvalidTag, ValueError):
            raise damaged_row() from None

    def seal_text(self, text: str, *place: str | int) -> bytes:
        """Any text, as `plain` leaves it: what is read back does not depend on how it is kept."""
        return self.seal(plain(text).encode(), *place)

    def open_text(self, sealed: bytes, *place: str | int) -> str:
        return self.open(sealed, *place).decode()


def nonces(count: int) -> Iterator[bytes]:
    """As many as a batch needs for `seal_each`, from one call of the system's."""
    return iter(_nonce.many(count))


def seal_each(
    ciphers: Iterable[Cipher],
    fresh: Iterator[bytes],
    texts: Iterable[bytes | None],
    places: Iterable[tuple[str, ...]],
) -> list[bytes | None]:
    """`seal` with each of these, a text at its place, in half the time that one by one takes; None stays None.

    Takes as many of the fresh nonces.
    """
    return [
        None
        if text is None
        else VERSION + (nonce := next(fresh)) + cipher._gcm.encrypt(nonce, text, _named(place))
        for cipher, text, place in zip(ciphers, texts, places, strict=True)
    ]


def damaged_row() -> StorageDamaged:
    return StorageDamaged(
        "This is damaged: it was changed outside XiaoQ and cannot be read. Restore it from a backup."
    )


def _named(place: tuple[str | int, ...]) -> bytes:
    try:
        text = "\0".join(place)  # type: ignore[arg-type]
    except TypeError:  # a number among them
        text = "\0".join(map(str, place))
    return text.encode("utf-8", "surrogatepass")
