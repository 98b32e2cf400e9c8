"""What a manager does to the lists of words: make, change, fill from a file, try out. A change holds at once.

It does not know who asks: a door checks the right and the line first.
"""

import asyncio
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.errors import DocumentRejected, NotFound, TooLarge
from core.reasons import sentence
from core.words import Action, WordHit, WordList, WordStore
from pipelines.words.encodings import Decode, decode_list
from pipelines.words.live import Words
from pipelines.words.rows import LARGEST_FILE, Remark, Reviewed, Row, review, rows_of
from pipelines.words.verdict import Screened

MOST_LISTS = 200
LONGEST_NAME = 100
MOST_PARTS = 20
"""Lists that one file may make."""
MOST_WORDS_IN_ALL = 200_000
"""Of all lists together: the automata stand in memory."""
PART = "."
"""Between a list's id and the mark of a part of it: what a file says of another category or action."""

Kind = tuple[str, Action, str]


@dataclass(frozen=True, slots=True)
class Uploaded:
    """`lists` begin with the one that was uploaded to, where the file leaves it any words."""

    lists: Sequence[WordList]
    duplicates: int
    unusable: int
    left_out: Sequence[Remark]


class WordDesk:
    """`decode` reads what is neither Unicode nor Chinese."""

    def __init__(self, store: WordStore, live: Words, decode: Decode) -> None:
        self._store = store
        self._decode = decode
        self._changing = asyncio.Lock()
        self.live = live

    async def lists(self) -> Sequence[WordList]:
        """All of them, without their words."""
        return await self._store.lists()

    async def get(self, list_id: str) -> WordList:
        """With its words. Raises NotFound."""
        found = await self._store.get(list_id)
        if found is None:
            raise NotFound("There is no such list of words.", param="list_id")
        return found

    async def create(self, words: WordList) -> tuple[WordList, Reviewed | None]:
        """A new list under an id of its own; it may be empty, to be filled from a file."""
        reviewed = await self._reviewed(words.words) if words.words else None
        async with self._changing:
            if len(await self._store.lists()) >= MOST_LISTS:
                raise DocumentRejected.because("words_lists", most=MOST_LISTS)
            made = replace(words, id=uuid.uuid4().hex, words=_words(reviewed.rows) if reviewed else ())
            await self._put([made])
        return await self.get(made.id), reviewed

    async def newly(self, lists: Sequence[WordList]) -> Sequence[WordList]:
        """These lists with ids of their own and the words that can be used, to be stored by whoever asks, who then calls
        `live.refresh`. Raises DocumentRejected where there is no room for them."""
        known = await self._store.lists()
        if len(known) + len(lists) > MOST_LISTS:
            raise DocumentRejected.because("words_lists", most=MOST_LISTS)
        made = []
        for words in lists:
            reviewed = await self._reviewed(words.words) if words.words else None
            kept = _words(reviewed.rows) if reviewed else ()
            made.append(replace(words, id=uuid.uuid4().hex, words=kept, count=len(kept)))
        if sum(words.count for words in (*known, *made)) > MOST_WORDS_IN_ALL:
            raise DocumentRejected.because("words_full", most=f"{MOST_WORDS_IN_ALL:,}")
        return made

    async def change(self, list_id: str, changes: Mapping[str, Any]) -> tuple[WordList, Reviewed | None]:
        """Set what is named; `words` replaces all of them. Raises NotFound."""
        reviewed = await self._reviewed(changes["words"]) if "words" in changes else None
        async with self._changing:
            changed = replace(await self.get(list_id), **changes)
            await self._put([replace(changed, words=_words(reviewed.rows)) if reviewed else changed])
        return await self.get(list_id), reviewed

    async def delete(self, list_id: str) -> None:
        """Raises NotFound."""
        async with self._changing:
            await self.get(list_id)
            await self._store.delete(list_id)
            await self.live.refresh()

    async def upload(self, list_id: str, name: str, data: bytes) -> Uploaded:
        """Fill a list anew from a file; nothing changes where the file cannot be used.

        Words that the file gives another category, action or replacement become lists of their own beside it.
        Raises NotFound, TooLarge, DocumentRejected.
        """
        await self.get(list_id)
        if len(data) > LARGEST_FILE:
            raise TooLarge(sentence("too_large", name=name, size=LARGEST_FILE // 10**6), param="files")
        reviewed = await asyncio.to_thread(self._read, name, data)
        async with self._changing:
            own = await self.get(list_id)
            known = {words.id: words for words in await self._store.lists()}
            filled = _parted(own, reviewed.rows, known)
            parts = {words.id for words in filled}
            await self._put(filled)
            stale = [other for other in known.keys() - parts if other.startswith(list_id + PART)]
            for other in stale:
                await self._store.delete(other)
            if stale:
                await self.live.refresh()
            lists = [words for words in await self._store.lists() if words.id in parts]
        lists.sort(key=lambda words: words.id)  # a part's id begins with the list's own
        return Uploaded(lists, reviewed.duplicates, reviewed.unusable, reviewed.left_out)

    async def try_out(self, text: str, line: str) -> Screened:
        """What would happen to a text on a line. Nothing is stored."""
        await self.live.refresh()
        return (await self.live.lexicon()).screen(text, line)

    async def note(self, hits: Sequence[WordHit]) -> None:
        await self._store.note(hits)

    async def hits(
        self, since: datetime | None = None, until: datetime | None = None, line: str | None = None
    ) -> Sequence[WordHit]:
        """Newest first; `until` is exclusive."""
        return await self._store.hits(since, until, line)

    def _read(self, name: str, data: bytes) -> Reviewed:
        return review(rows_of(name, decode_list(data, name, self._decode)))

    async def _reviewed(self, words: Sequence[str]) -> Reviewed:
        rows = (Row(number, word.strip()) for number, word in enumerate(words, 1))
        return await asyncio.to_thread(review, rows)

    async def _put(self, lists: Sequence[WordList]) -> None:
        """Store, where there is room for all. Raises DocumentRejected before anything is stored."""
        changed = {words.id for words in lists}
        others = sum(words.count for words in await self._store.lists() if words.id not in changed)
        if others + sum(len(words.words) for words in lists) > MOST_WORDS_IN_ALL:
            raise DocumentRejected.because("words_full", most=f"{MOST_WORDS_IN_ALL:,}")
        for words in lists:
            await self._store.put(words)
        await self.live.refresh()


def _words(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(row.word for row in rows)


def _parted(own: WordList, rows: Sequence[Row], known: Mapping[str, WordList]) -> list[WordList]:
    """The list with its words, and a list of its own for each other kind of word in the file."""
    kinds: dict[Kind, list[str]] = {}
    for row in rows:
        kind = (row.category or own.category, row.action or own.action, row.replacement or own.replacement)
        kinds.setdefault(kind, []).append(row.word)
    if len(kinds) > MOST_PARTS:
        raise DocumentRejected.because("words_kinds", most=MOST_PARTS)
    itself: Kind = (own.category, own.action, own.replacement)
    if itself not in kinds:  # the file knows better
        itself = next(iter(kinds))
    return [
        _part(own, kind, kinds[kind], known, whole=kind == itself)
        for kind in (itself, *(other for other in kinds if other != itself))
    ]


def _part(
    own: WordList, kind: Kind, words: Sequence[str], known: Mapping[str, WordList], *, whole: bool
) -> WordList:
    category, action, replacement = kind
    list_id, name = own.id, own.name
    if not whole:
        list_id += PART + hashlib.sha256(repr(kind).encode()).hexdigest()[:8]
        name = f"{own.name} · {category} · {action}"[:LONGEST_NAME]
    was = known.get(list_id, own)
    return replace(
        was,
        id=list_id,
        name=was.name if list_id in known else name,
        category=category,
        action=action,
        replacement=replacement,
        words=tuple(words),
        line=own.line,
    )
