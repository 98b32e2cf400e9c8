"""Step 2: takes personal data out of a question before anything else reads it, and puts placeholders in.

Knows no engine and no table; what stands behind a placeholder is kept by the log's vault.
"""

import asyncio
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

import structlog

from core.documents import Attachment, Chunk
from core.messages import Message, Question, StoredTurn
from core.ports import ConversationLog
from core.privacy import Finding, Kind
from core.vault import PLACEHOLDER, Masking, VaultEntry
from pipelines.masking import Known, Masked, Placeholders, find

log = structlog.get_logger()

AT_ONCE = 20_000
"""Characters that are masked on the event loop, about ten milliseconds' work; more go to a thread."""


WRITTEN = ("tools", "response_format", "stop")
"""The fields of a request, beside its messages, in which a caller writes words."""


_LABELS = (
    "手机号码?|手机|电话号码?|电话|座机|联系方式|身份证号码?|身份证|证件号码?|银行卡号?|卡号|护照号码?|护照|通行证号?|车牌号?|车牌"
    "|邮箱地址|邮箱|邮件|微信号?|QQ号?|收货地址|家庭地址|地址|住址|税号|账号"
    "|(?:phone|mobile|cell|telephone|id|card|passport|account|plate|tax|wechat|qq)(?: (?:number|no\\.?))?|number|e-?mail(?: address)?|address|iban"
)
_STATED = re.compile(
    rf"(?:(?:我|本人)的?|这是|这个是|my |here is my )?(?:{_LABELS})\s*(?:是|为|[:：=]|is|'s)?\s*(?:{PLACEHOLDER.pattern})",
    re.IGNORECASE,
)
"""A label with its value, as customers put them before or after what they ask."""


@dataclass(frozen=True, slots=True)
class Concealed:
    """A question as all later steps see it, and what its conversation's placeholders stand for.

    `findings` are those in the question's own text, by their place in it.
    """

    question: Question
    entries: Sequence[VaultEntry]
    findings: Sequence[Finding]


async def conceal(
    log: ConversationLog, question: Question, turn: StoredTurn, public: Collection[str] = ()
) -> Concealed:
    """The question masked; new values are in the vault, committed, when this returns. Raises StorageUnavailable.

    `public` are canonical values that are nobody's but the company's, and stay.
    """
    finder = _Finder(public)
    concealed, new = await _unblocked(question, turn.known, finder)
    if not new and concealed.question.text == question.text:
        return concealed

    def work(entries: Sequence[VaultEntry]) -> Masking:
        again, added = _masked(question, entries, finder)
        return Masking(again.question.text, added)

    # Numbers are given inside the transaction: two questions at once must not call two values by one name.
    entries = await log.mask(turn.id, question.owner, work)
    if list(entries) == list(concealed.entries):
        return concealed
    return (await _unblocked(question, entries, finder))[0]


async def conceal_if_new(
    question: Question, public: Collection[str] = ()
) -> tuple[Concealed | None, Masking | None]:
    """Step 2 before step 1, where a conversation begins: one write keeps both. What fails here fails again after the
    question is stored."""
    if question.conversation_id is not None:
        return None, None
    try:
        return await conceal_first(question, public)
    except Exception as error:  # noqa: BLE001 - no error comes before the question is stored
        log.error("masking_failed", request=question.request_id, error=type(error).__qualname__)
        return None, None


async def conceal_first(question: Question, public: Collection[str] = ()) -> tuple[Concealed, Masking | None]:
    """A question that begins a conversation masked, and what is to be stored with it: nobody else gives numbers yet."""
    concealed, new = await masked(question, (), public)
    if not new and concealed.question.text == question.text:
        return concealed, None
    return concealed, Masking(concealed.question.text, new)


async def masked(
    question: Question, known: Sequence[VaultEntry], public: Collection[str] = ()
) -> tuple[Concealed, Sequence[VaultEntry]]:
    """The question masked on top of what is known, and the values that are new; nothing is stored."""
    return await _unblocked(question, known, _Finder(public))


def masked_alone(text: str, public: Collection[str] = ()) -> str:
    """A text that belongs to no conversation, with placeholders that nothing brings back."""
    return _Numbering((), _Finder(public)).text(text)


def concealed_file(
    attachment: Attachment, chunks: Sequence[Chunk], known: Sequence[VaultEntry]
) -> tuple[Attachment, Sequence[Chunk], Sequence[VaultEntry]]:
    """A customer's file with placeholders in its name and its text, and the values that are new. Takes its time."""
    mask = _Numbering(known, _Finder())
    path = PurePosixPath(attachment.name)
    name = mask.text(path.stem) + path.suffix
    hidden = [
        replace(
            chunk,
            text=mask.text(chunk.text),
            title=mask.text(chunk.title),
            location=mask.text(chunk.location),
            match=tuple(map(mask.text, chunk.match)),
            document=name,
        )
        for chunk in chunks
    ]
    notes = tuple(map(mask.text, attachment.notes))
    return replace(attachment, name=name, notes=notes), hidden, mask.new


def without_placeholders(text: str) -> str:
    """What is left of a masked text for a search or for telling its language: placeholders are no words of it."""
    return PLACEHOLDER.sub(" ", text) if "[" in text else text


def searchable(text: str) -> str:
    """What a masked message asks, without what it only states: "my phone is [PHONE_1]" is no part of a question.

    Where nothing else is said, the words around the placeholders are all there is to go by.
    """
    if "[" not in text:
        return text
    asked = without_placeholders(_STATED.sub(" ", text))
    return asked if sum(map(str.isalpha, asked)) > 1 else without_placeholders(text)


def hide(text: str, known: Sequence[VaultEntry]) -> str:
    """A core.vault.Hide: the text for operators' eyes, where the question was stored and never masked."""
    return placeholders(known).mask(text).text


def placeholders(entries: Iterable[VaultEntry]) -> Placeholders:
    return Placeholders((one.placeholder, Kind(one.kind), one.value, one.original) for one in entries)


class _Finder:
    """Finds personal data but the company's own. Each text is looked through once, however often its question is masked on
    top of what else is known by then, and though a dialogue holds the question as well."""

    def __init__(self, public: Collection[str] = ()) -> None:
        self._public = public
        self._found: dict[str, Sequence[Finding]] = {}

    def __call__(self, text: str) -> Sequence[Finding]:
        found = self._found.get(text)
        if found is None:
            found = self._found[text] = [one for one in find(text) if one.value not in self._public]
        return found


class _Numbering:
    """One conversation's placeholders, and what was new since it was made."""

    def __init__(self, known: Sequence[VaultEntry], finder: _Finder) -> None:
        self._placeholders = placeholders(known)
        self._finder = finder
        self.new: list[VaultEntry] = []

    def text(self, text: str) -> str:
        return self.masked(text).text

    def masked(self, text: str) -> Masked:
        masked = self._placeholders.mask(text, self._finder)
        self.new += map(_entry, masked.new)
        return masked

    def fields(self, extra: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
        """OpenAI's further fields; those of these names are somebody's words, the others are settings."""
        return {name: self._tree(value) if name in names else value for name, value in extra.items()}

    def _tree(self, value: Any) -> Any:
        hidden, new = self._placeholders.mask_tree(value)
        self.new += map(_entry, new)
        return hidden

    def message(self, message: Message) -> Message:
        extra = self.fields(message.extra, message.extra)
        if extra.get("name") != message.extra.get("name"):
            del extra["name"]  # a name may hold no brackets, and one that is personal data need not travel
        return replace(message, content=self.text(message.content), extra=extra)


async def _unblocked(
    question: Question, known: Sequence[VaultEntry], finder: _Finder
) -> tuple[Concealed, Sequence[VaultEntry]]:
    if _size(question) <= AT_ONCE:
        return _masked(question, known, finder)
    return await asyncio.to_thread(_masked, question, known, finder)


def _masked(
    question: Question, known: Sequence[VaultEntry], finder: _Finder
) -> tuple[Concealed, Sequence[VaultEntry]]:
    mask = _Numbering(known, finder)
    # In the order in which it was written: what is put back is in a value's first spelling.
    system = None if question.system is None else mask.text(question.system)
    messages = tuple(map(mask.message, question.messages))
    asked = mask.masked(question.text)
    extra = mask.fields(question.sampling.extra, WRITTEN) if question.sampling.extra else {}
    if (asked.text, messages, system) == (question.text, question.messages, question.system) and not extra:
        return Concealed(question, (*known, *mask.new), asked.findings), mask.new
    hidden = replace(
        question,
        text=asked.text,
        messages=messages,
        system=system,
        sampling=replace(question.sampling, extra=extra) if extra else question.sampling,
    )
    return Concealed(hidden, (*known, *mask.new), asked.findings), mask.new


def _entry(new: Known) -> VaultEntry:
    return VaultEntry(new.placeholder, new.kind.value, new.value, new.original)


def _size(question: Question) -> int:
    spoken = sum(len(message.content) for message in question.messages)
    return len(question.text) + len(question.system or "") + spoken
