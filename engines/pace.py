"""How fast a server writes, and whether an answer is short enough to be asked for in one piece.

Knows nothing of connections: it is told how long answers took.
"""

_SHARE = 0.25
"""An answer is asked for whole where even the longest would take no more than this share of the wait for a first
token, at the pace of late."""
_FADES = 0.95
"""How much of an earlier, slower pace counts at the next answer: it is forgotten over some dozens."""


class Pace:
    """Streaming costs both sides work for each token, and tells within `wait_seconds` that a server hangs. A whole answer
    tells no later where it would have been here by then."""

    def __init__(self, wait_seconds: float) -> None:
        self._wait_seconds = wait_seconds
        self._seconds_a_token: float | None = None

    def allows_whole(self, tokens: int) -> bool:
        """Whether an answer of up to `tokens` is surely here in good time. Not before one was seen."""
        if self._seconds_a_token is None:
            return False
        return tokens * self._seconds_a_token <= self._wait_seconds * _SHARE

    def took(self, seconds: float, tokens: int) -> None:
        """An answer of so many tokens came to its end after this time."""
        now = seconds / max(1, tokens)
        before = self._seconds_a_token or 0.0
        self._seconds_a_token = max(now, before * _FADES + now * (1 - _FADES))

    def lost(self) -> None:
        """An answer did not come: what was known of the server's pace no longer counts."""
        self._seconds_a_token = None
