"""Values that a browser keeps for us and cannot make up: an id with its signature.

It does not know what an id means.
"""

import hmac
import re
import uuid
from collections.abc import Callable

_ID = re.compile(r"[0-9a-f]{32}")


class Signed:
    """Ids of one `purpose`; what was signed for another one is none of ours.

    The secret is asked for when it is needed: it lies in the database, which opens later.
    """

    def __init__(self, secret: Callable[[], bytes], purpose: str) -> None:
        self._secret = secret
        self._purpose = purpose.encode()

    @staticmethod
    def fresh() -> str:
        return uuid.uuid4().hex

    def sign(self, identity: str, about: str = "") -> str:
        """The id as a cookie's value. `about` is signed with it and has to be known again when it is read."""
        return f"{identity}.{self._signature(identity, about)}"

    def read(self, value: str | None, about: str = "") -> str | None:
        """The id in a cookie's value, None where we did not sign it."""
        identity, _, signature = (value or "").partition(".")
        if not _ID.fullmatch(identity):
            return None
        expected = self._signature(identity, about).encode()
        given = signature.encode("utf-8", "surrogatepass")
        return identity if hmac.compare_digest(expected, given) else None

    def _signature(self, identity: str, about: str) -> str:
        content = f"{identity}.{about}".encode("utf-8", "surrogatepass")
        secret = hmac.digest(self._secret(), self._purpose, "sha256")
        return hmac.digest(secret, content, "sha256").hex()
