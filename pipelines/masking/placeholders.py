"""Puts numbered placeholders where personal data stood, the same ones all through a conversation, and back.

Is told what is known already and says what is new; it stores nothing.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from core.privacy import Finding, Kind
from core.vault import FORM, resolved
from pipelines.masking.find import find


class Known(NamedTuple):
    """One piece of personal data and what stands for it. `original` is the customer's own first spelling."""

    placeholder: str
    kind: Kind
    value: str
    original: str

    def __repr__(self) -> str:
        return f"Known({self.placeholder!r})"


class Masked(NamedTuple):
    """`findings` have their places in the text that was given; `new` is what was not known before."""

    text: str
    findings: list[Finding]
    new: list[Known]


class Placeholders:
    """The numbering of one conversation.

    What a customer types that looks like a placeholder gets a stroke (`[PHONE_3]` → `[~PHONE_3]`), one more if it
    has some; `restore` takes one away. So typed ones and ours never meet, whatever the model does with numbers.
    """

    def __init__(self, known: Iterable[tuple[str, Kind, str, str]] = ()) -> None:
        self._originals: dict[str, str] = {}
        self._placeholders: dict[tuple[Kind, str], str] = {}
        self._last: dict[str, int] = {}
        for placeholder, kind, value, original in known:
            self._learn(placeholder, kind, value, original)

    def mask(self, text: str, finder: Callable[[str], Sequence[Finding]] = find) -> Masked:
        """The text with placeholders. `finder` is another one for documents."""
        findings = list(finder(text))
        if not findings:
            return Masked(_escape(text), findings, [])
        new: list[Known] = []
        pieces: list[str] = []
        at = 0
        for one in findings:
            pieces.append(_escape(text[at : one.start]))
            pieces.append(self._placeholder(one, text[one.start : one.end], new))
            at = one.end
        pieces.append(_escape(text[at:]))
        return Masked("".join(pieces), findings, new)

    def mask_tree(self, value: Any) -> tuple[Any, list[Known]]:
        """A JSON-like structure with every string leaf masked, and what was new. Strings that hold JSON stay
        valid JSON; a key says what its value is ({"微信": "zhangsan88"}); numbers that are personal data become
        placeholders; keys stay."""
        new: list[Known] = []
        root = [value]
        todo: list[tuple[Any, Any, str]] = [(root, 0, "")]
        while todo:
            holder, key, label = todo.pop()
            leaf = holder[key]
            if isinstance(leaf, dict):
                holder[key] = copy = dict(leaf)
                todo.extend((copy, name, str(name)) for name in reversed(copy))
            elif isinstance(leaf, list | tuple):
                holder[key] = items = list(leaf)
                todo.extend((items, index, label) for index in reversed(range(len(items))))
            elif isinstance(leaf, str):
                holder[key] = self._leaf(leaf, label, new)
            elif isinstance(leaf, int) and not isinstance(leaf, bool) and abs(leaf) > 9999:
                masked = self._labelled(str(leaf), label)
                new.extend(masked.new)
                holder[key] = masked.text if masked.findings else leaf
        return root[0], new

    def restore(self, text: str) -> str:
        """The text with the originals back; placeholders that nobody gave out stay as they are."""
        return FORM.sub(self.resolve, text)

    def resolve(self, match: re.Match[str]) -> str:
        """What stands for one match of `FORM`."""
        return resolved(match, self._originals)

    def original(self, placeholder: str) -> str | None:
        """What a placeholder stands for, or None where it was not given out here."""
        match = FORM.fullmatch(placeholder)
        if match is None or match["escapes"]:
            return None
        return self._originals.get(f"[{match['kind'].upper()}_{int(match['number'])}]")

    def _placeholder(self, one: Finding, original: str, new: list[Known]) -> str:
        known = self._placeholders.get((one.kind, one.value))
        if known is not None:
            return known
        entry = Known(
            f"[{one.kind.name}_{self._last.get(one.kind.name, 0) + 1}]", one.kind, one.value, original
        )
        self._learn(*entry)
        new.append(entry)
        return entry.placeholder

    def _learn(self, placeholder: str, kind: Kind, value: str, original: str) -> None:
        self._originals[placeholder] = original
        self._placeholders.setdefault((kind, value), placeholder)
        match = FORM.fullmatch(placeholder)
        if match is not None:
            name = match["kind"].upper()
            self._last[name] = max(self._last.get(name, 0), int(match["number"]))

    def _leaf(self, text: str, label: str, new: list[Known]) -> str:
        parsed = _parsed(text)
        if parsed is not None:
            inside, further = self.mask_tree(parsed)
            if inside == parsed:
                return text
            new.extend(further)
            return json.dumps(inside, ensure_ascii=False)
        masked = self._labelled(text, label)
        new.extend(masked.new)
        return masked.text

    def _labelled(self, text: str, label: str) -> Masked:
        return self.mask(text, _labelled_finder(label)) if label else self.mask(text)


def _labelled_finder(label: str) -> Callable[[str], list[Finding]]:
    prefix = f"{label[-64:].replace('_', ' ')}: "

    def finder(text: str) -> list[Finding]:
        return [
            Finding(one.kind, one.start - len(prefix), one.end - len(prefix), one.confidence, one.value)
            for one in find(prefix + text)
            if one.start >= len(prefix)
        ]

    return finder


def _escape(text: str) -> str:
    if "[" not in text and "［" not in text and "【" not in text:
        return text
    return FORM.sub(lambda match: f"{match.group()[0]}~{match.group()[1:]}", text)


def _parsed(text: str) -> Any:
    """The structure that a string holds as JSON, or None."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
