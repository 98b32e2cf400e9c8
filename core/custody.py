"""The seams of keeping personal data: a customer's rights, copies of the database, and the keys that lock it.

storage implements these Protocols; app.py hands the implementations down.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from core.documents import Attachment, Chunk
from core.messages import Channel, StoredTurn
from core.vault import VaultEntry


@dataclass(frozen=True, slots=True)
class SubjectData:
    """All that is kept of one customer, in their own words. `owners` are pseudonyms."""

    owners: Sequence[str]
    conversations: Sequence["SubjectConversation"]


@dataclass(frozen=True, slots=True)
class SubjectConversation:
    """One conversation of an export: set-aside turns too. `customer` is what the caller named them."""

    id: str
    owner: str
    customer: str | None
    line: str
    channel: Channel
    started_at: datetime
    updated_at: datetime
    turns: Sequence[StoredTurn]
    attachments: Sequence[Attachment]
    attachment_texts: Sequence[Chunk]
    vault: Sequence[VaultEntry] = field(repr=False, default=())


class Subjects(Protocol):
    """A customer's rights over what is kept of them. Doors check the right, and write the audit.

    A customer is named as callers do (OpenAI's `user`), or by an owner's pseudonym as transcripts show it, such
    as `chat:~h5k…`; a visitor's own `chat:<id>` does, too.
    """

    async def owners(self, customer: str) -> Sequence[str]:
        """The pseudonyms this customer's conversations stand under; none where nothing is kept."""
        ...

    async def counts(self, customer: str) -> Mapping[str, int]:
        """How many rows of which table are kept of them. Reads no text.

        What a turn stands on and took counts with its turn; with rows of its own where an earlier version wrote some.
        """
        ...

    async def export(self, customer: str) -> SubjectData:
        """All that is kept, and nothing of anybody else's. Raises NotFound where nothing is kept."""
        ...

    async def erase(self, customer: str) -> Mapping[str, int]:
        """Destroy the customer's keys and delete their rows; gives how many rows of which table are gone.

        When this returns nothing of it is in the database's files, and older backups hold nothing readable once
        the keys beside them are written anew. Erasing who is not there gives zeros.
        """
        ...


class Backups(Protocol):
    """Copies of the whole database that say nothing without the master key. Index files are made anew of it."""

    async def make(self, target: Path | None, progress: Callable[[int, int], None]) -> Path:
        """A consistent copy while apps write, into a file that ends in .xqb or a folder (default: XIAOQ_BACKUP_DIR),
        with `keys.xqk` renewed beside it. Whole, or not there. Raises InvalidRequest where it cannot be written.
        """
        ...

    async def renew_keys(self) -> None:
        """Write the keys in XIAOQ_BACKUP_DIR anew: who is erased becomes unreadable in every backup there.

        Raises StorageUnavailable where the folder cannot be reached.
        """
        ...


@dataclass(frozen=True, slots=True)
class Recovered:
    """A database that was found damaged, and the snapshot that is in its place now.

    `aside` is the name the damaged file was given, in the same folder; empty where there was none. Times are UTC.
    """

    at: datetime
    snapshot: str
    taken_at: datetime
    turns: int
    aside: str


class Snapshots(Protocol):
    """Copies of the database beside it, for the case that its file is damaged; none where a server keeps its own."""

    async def keep(self) -> bool:
        """Make one if it is time to, and drop what is too old; whether one was made. One process of several does."""
        ...

    async def renew(self) -> None:
        """After a removal: when this returns no snapshot holds what is no longer in the database.

        A new one takes the place of all; where none can be made, there is none.
        """
        ...

    async def renew_keys(self) -> None:
        """After a change of keys: the snapshots open with those in force."""
        ...


class KeyRotation(Protocol):
    """Changes the master key and what it wraps while apps serve. `progress` is told how many keys are done of all."""

    async def rotate(self, progress: Callable[[int, int], None]) -> bool:
        """Replace `master.key`; True when that is all. Where the key comes from the environment: make the database
        open with the next one as well; False, since apps have to be restarted with it before `finish`.

        Killed and run again, it goes on. Raises ConfigurationError where the next key is missing.
        """
        ...

    async def finish(self, progress: Callable[[int, int], None]) -> None:
        """Under the next key: the old one opens nothing any more. Raises Conflict where there is nothing to finish."""
        ...
