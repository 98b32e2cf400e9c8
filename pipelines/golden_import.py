"""A file of golden questions taken in whole, or not at all. Knows no format: the parser reads it, with limits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from core.errors import NotFound
from core.messages import BusinessLine
from core.reasons import sentence
from pipelines.golden import Clean, GoldenDraft, Passages, keep_golden
from pipelines.golden_table import Rejected, RowFault, drafts_of, unread
from pipelines.services import Services

LARGEST_FILE = 10_000_000
"""Bytes."""
_WITH_LISTS = (".jsonl", ".ndjson", ".json")


@dataclass(frozen=True, slots=True)
class Imported:
    """How many questions came in, and the columns of which nothing did: a misspelt one is told, not lost."""

    count: int
    ignored: Sequence[str]


async def import_golden(
    services: Services, line: BusinessLine, name: str, data: bytes, actor: str
) -> Imported:
    """Take the questions in. Raises Rejected with every row that will not do, DocumentRejected for what is no table."""
    table = await services.parser.table(name, data)
    numbered = drafts_of(table, lists=PurePath(name).suffix.lower() in _WITH_LISTS)
    passages, wrong = Passages(services, line), list(_alike(numbered, Clean.of(line, services)))
    for row, draft in numbered:
        if not draft.passage_id:
            continue
        try:
            await passages.found(draft.document_id, draft.passage_id)
        except NotFound:
            wrong.append(RowFault(row, sentence("golden_passage")))
    if wrong:
        raise Rejected(wrong)
    kept = await keep_golden(services, line, [draft for _, draft in numbered], actor, "import")
    return Imported(len(kept), unread(table))


def _alike(numbered: Sequence[tuple[int, GoldenDraft]], clean: Clean) -> Iterator[RowFault]:
    """Rows that differ in nothing but personal data, which is not kept: one would be left of them."""
    first = dict[str, int]()
    for row, draft in numbered:
        if (same := first.setdefault(clean(draft.question), row)) != row:
            yield RowFault(row, sentence("golden_alike", row=same))
