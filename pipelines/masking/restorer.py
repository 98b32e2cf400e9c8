"""Restores placeholders in a text that arrives in pieces.

Holds back only what can still become a placeholder; knows neither engines nor doors.
"""

import json
import re

from core.privacy import Kind
from core.vault import FORM
from pipelines.masking.placeholders import Placeholders

_OPEN = re.compile(r"[\[［【]")


def _beginning() -> re.Pattern[str]:
    """What a text may end with so that more of it can make a placeholder: any beginning of `FORM`."""
    names = {kind.name[:size] for kind in Kind for size in range(1, len(kind.name))}
    some = "|".join(sorted(names, key=len, reverse=True))
    whole = "|".join(sorted((kind.name for kind in Kind), key=len, reverse=True))
    join = r"(?:\\{0,2}_|-|[ ])"
    return re.compile(
        rf"[\[［【](?P<escapes>~*)(?:[ ]?(?:{some})?|[ ]?(?:{whole})(?:[ ]?\\{{0,2}}|[ ]?{join}[ ]?(?:[0-9]{{1,6}}[ ]?)?))\Z",
        re.IGNORECASE,
    )


_BEGINNING = _beginning()


class Restorer:
    """`feed` each piece and show what it returns; `close` gives the rest.

    With `json_escaped` the text is the source of a JSON document (streamed tool-call arguments): an original is
    put back escaped, so that the document stays valid.
    """

    def __init__(self, placeholders: Placeholders, json_escaped: bool = False) -> None:
        self._placeholders = placeholders
        self._escaped = json_escaped
        self._held = ""
        self._shown = 0

    def feed(self, piece: str) -> str:
        """What can be shown now."""
        text, shown = self._held + piece, self._shown
        self._held, self._shown = "", 0
        if _OPEN.search(text) is None:
            return text
        last = max(text.rfind(bracket) for bracket in "[［【")
        beginning = _BEGINNING.match(text, last)
        if beginning is None:
            return FORM.sub(self._resolve, text)[shown:]
        early = self._hold(beginning)
        if last == 0 and shown:
            return early[1:]
        return FORM.sub(self._resolve, text[:last])[shown:] + early

    def close(self) -> str:
        """What was held back and became no placeholder."""
        rest = self._held[self._shown :]
        self._held, self._shown = "", 0
        return rest

    def _hold(self, beginning: re.Match[str]) -> str:
        """Of a run of strokes one is enough to hold: the bracket and the others can be shown."""
        text, strokes = beginning.group(), len(beginning["escapes"])
        self._held, self._shown = text[0] + text[max(1, strokes) :], 1 if strokes else 0
        return text[: max(1, strokes)] if strokes else ""

    def _resolve(self, match: re.Match[str]) -> str:
        restored = self._placeholders.resolve(match)
        if not self._escaped or restored == match.group() or match["escapes"]:
            return restored
        return json.dumps(restored, ensure_ascii=False)[1:-1]
