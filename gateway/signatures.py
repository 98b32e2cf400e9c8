"""Values that a browser keeps for us and cannot make up: an id with its signature.

It does not know what an id means.
"""

import hmac
import re
import uuid

_ID = re.compile(r"[0-9a-f]{32}")


class Signed:
    """Ids of one `purpose`; what was signed for another one is none of ours."""

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._secret = hmac.digest(secret, purpose.encode(), "sha256")

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
        return hmac.digest(self._secret, content, "sha256").hex()
