"""A conversation's files: taken in, listed, removed.

It does not know how a file is read nor what is answered from it. Only a file's text is kept, with the conversation:
its bytes are stored nowhere, and nothing of it enters an index, a knowledge base or a log line.
"""

import asyncio
import unicodedata
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePosixPath, PureWindowsPath
from typing import ClassVar
from weakref import WeakValueDictionary

from core.documents import Attachment, Chunk
from core.errors import Conflict, NotFound, TooLarge, VaultChanged
from core.messages import Channel
from core.ports import AttachmentStore, ConversationLog, LineStore, Parser
from core.vault import restored
from pipelines.conceal import concealed_file
from pipelines.opening import open_line
from pipelines.pinned import Versions

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes of one file."""
MOST_FILES = 5
"""Files of one conversation at a time."""
MOST_CHUNKS = 3_000
"""Passages of one file, about a thousand pages: each question to the conversation reads and ranks them anew."""
LONGEST_NAME = 120
MASKINGS = 5
"""How often a file is masked anew because a question of the same conversation took its numbers."""


class AttachmentTooLarge(TooLarge):
    code: ClassVar[str] = "attachment_too_large"


class AttachmentTooLong(TooLarge):
    code: ClassVar[str] = "attachment_too_long"


class TooManyAttachments(Conflict):
    code: ClassVar[str] = "too_many_attachments"


class AttachPipeline:
    """Lays files into conversations. Every call names the owner; a conversation of another's is NotFound."""

    def __init__(
        self,
        parser: Parser,
        attachments: AttachmentStore,
        log: ConversationLog,
        lines: LineStore,
        versions: Versions,
    ) -> None:
        self._parser = parser
        self._attachments = attachments
        self._log = log
        self._lines = lines
        self._versions = versions
        self._adding: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def add(
        self,
        owner: str,
        line: str,
        channel: Channel,
        conversation_id: str | None,
        name: str,
        data: bytes,
        customer: str | None = None,
    ) -> tuple[str, Attachment]:
        """Read one file into a conversation; gives the conversation's id and what was added.

        Opens a conversation on `line` where `conversation_id` is None, and only once the file could be read.
        Raises NotFound, AttachmentTooLarge, AttachmentTooLong, TooManyAttachments or DocumentRejected.
        """
        name = plain_name(name)
        if len(data) > LARGEST_FILE:
            raise too_large(name)
        lock = self._adding.setdefault(conversation_id, asyncio.Lock()) if conversation_id else asyncio.Lock()
        async with lock:  # or two files at once would both find the last free place
            if conversation_id is not None:
                await self._check_room(conversation_id, owner)
            attachment_id = f"file-{uuid.uuid4().hex}"
            parsed = await self._parser.parse("", attachment_id, name, data)
            if len(parsed.chunks) > MOST_CHUNKS:
                raise AttachmentTooLong(
                    f"{name} holds too much text; attach the part that matters.", param="files"
                )
            if conversation_id is None:
                begins_with = self._versions.begin(await open_line(self._lines, line))
                conversation_id = await self._log.open(owner, line, channel, customer, begins_with)
            attachment = Attachment(
                id=attachment_id,
                conversation_id=conversation_id,
                name=name,
                size=len(data),
                chunks=len(parsed.chunks),
                added_at=datetime.now(UTC),
                notes=tuple(parsed.notes),
            )
            await self._put(owner, attachment, parsed.chunks)
        return conversation_id, attachment

    async def _put(self, owner: str, attachment: Attachment, chunks: Sequence[Chunk]) -> None:
        """Store the file with placeholders in its name and text; what stands behind them joins the conversation's."""
        for attempt in range(MASKINGS):
            known = await self._log.vault(attachment.conversation_id, owner)
            masked = await asyncio.to_thread(concealed_file, attachment, chunks, known)
            try:
                await self._attachments.put(owner, *masked)
            except VaultChanged:
                if attempt == MASKINGS - 1:
                    raise
            else:
                return

    async def list(self, conversation_id: str, owner: str) -> Sequence[Attachment]:
        """Oldest first, under the names that the customer gave them. Raises NotFound."""
        found = await self._attachments.list(conversation_id, owner)
        if not any("[" in one.name for one in found):
            return found
        entries = await self._log.vault(conversation_id, owner)
        return [replace(one, name=restored(one.name, entries)) for one in found]

    async def remove(self, conversation_id: str, owner: str, attachment_id: str) -> None:
        """Forget one file; answers given from it stay in the conversation. Raises NotFound."""
        if not await self._attachments.delete(conversation_id, owner, attachment_id):
            raise NotFound("There is no such file in this conversation.", param="attachment_id")

    async def _check_room(self, conversation_id: str, owner: str) -> None:
        if len(await self._attachments.list(conversation_id, owner)) >= MOST_FILES:
            raise TooManyAttachments(
                f"A conversation holds {MOST_FILES} files; remove one first.", param="files"
            )


def too_large(name: str) -> AttachmentTooLarge:
    """The error for a file over the limit, for doors that count bytes while they arrive."""
    return AttachmentTooLarge(f"{name} is larger than {LARGEST_FILE // 2**20} MB.", param="files")


def plain_name(path: str) -> str:
    """The file's own name on one line, without the folders before it or the marks that turn text around."""
    name = PureWindowsPath(PurePosixPath(path).name).name
    shown = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in name)
    shown = " ".join(shown.split()) or "file"
    if len(shown) <= LONGEST_NAME:
        return shown
    suffix = PurePosixPath(shown).suffix[:10]  # parsers go by it
    return shown[: LONGEST_NAME - len(suffix) - 1].rstrip() + "…" + suffix
