"""Who is affected when data got out: the customers of a period, or those whose data one account or key took.

Answers from the conversations and the audit. Knows no door, and not whether anything got out.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.errors import NotFound
from core.messages import ConversationSummary
from core.ports import TranscriptFilter
from core.security import Act, AuditEntry, AuditFilter, Progress
from pipelines.export import BOM, safe_cell
from pipelines.services import Services

COLUMNS = ("pseudonym", "customer", "conversations", "first", "last", "lines", "kinds_of_personal_data")
EVERY = 1_000_000
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Affected:
    """One customer. `customer` is what programs call them, empty where they named nobody; times are UTC."""

    pseudonym: str
    customer: str
    conversations: int
    first: datetime
    last: datetime
    lines: Sequence[str]
    kinds: Mapping[str, int]


async def affected(
    services: Services,
    actor: str,
    where: TranscriptFilter,
    by: str | None = None,
    progress: Progress | None = None,
) -> Sequence[Affected]:
    """The customers with conversations under the filter; with `by`, those of them whose texts this actor took then.

    What was taken is what the audit says was opened, shown plain or exported between the filter's times.
    """
    if by is None:
        found = await services.transcripts.conversations(where, EVERY)
    else:
        found = await _taken(services, where, by)
    of_owners: dict[str, list[ConversationSummary]] = defaultdict(list)
    for one in found:
        if not one.owner.startswith("console:"):  # an operator's own trials
            of_owners[one.owner].append(one)
    listed = [
        ("rows", len(of_owners)),
        ("by", by),
        ("since", where.since),
        ("until", where.until),
        ("line", where.line),
    ]
    detail = {
        name: value if isinstance(value, int) else str(value) for name, value in listed if value is not None
    }
    await services.audit.note(actor, Act.EXPORTED, object="affected.csv", detail=detail)
    rows: list[Affected] = []
    for owner, conversations in sorted(of_owners.items()):
        rows.append(await _row(services, owner, conversations))
        if progress is not None:
            progress(len(rows), len(of_owners))
    return rows


def affected_csv(rows: Sequence[Affected]) -> bytes:
    """One row a customer, UTF-8 with a byte-order mark."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        kinds = ", ".join(f"{kind} {count}" for kind, count in row.kinds.items())
        cells = [row.pseudonym, row.customer, str(row.conversations), f"{row.first:%Y-%m-%dT%H:%M:%SZ}"]
        cells += [f"{row.last:%Y-%m-%dT%H:%M:%SZ}", ", ".join(row.lines), kinds]
        writer.writerow([safe_cell(cell) for cell in cells])
    return BOM + buffer.getvalue().encode()


async def _taken(services: Services, where: TranscriptFilter, by: str) -> Sequence[ConversationSummary]:
    """The conversations that the audit says this actor took."""
    found: dict[str, ConversationSummary] = {}
    opened: set[str] = set()
    for entry in await _entries(services, where, by):
        if entry.act == Act.EXPORTED:
            for one in await services.transcripts.conversations(_exported(entry), EVERY):
                found[one.id] = one
        else:
            opened.add(entry.subject if entry.act == Act.CUSTOMER_EXPORTED else entry.object)
    if opened:
        for one in await services.transcripts.conversations(TranscriptFilter(), EVERY):
            if one.id in opened or one.owner in opened:
                found[one.id] = one
    return [one for one in found.values() if where.line in (None, one.line)]


async def _entries(services: Services, where: TranscriptFilter, by: str) -> Sequence[AuditEntry]:
    found: list[AuditEntry] = []
    for act in (Act.TRANSCRIPT_READ, Act.UNMASKED, Act.EXPORTED, Act.CUSTOMER_EXPORTED):
        asked = AuditFilter(where.since, where.until, by, act.value, limit=_PAGE)
        while page := await services.audit.entries(asked):
            found += page
            asked = replace(asked, before=page[-1].number)
    return found


def _exported(entry: AuditEntry) -> TranscriptFilter:
    """What an export took: its filter as the audit keeps it, but for its words, which may be cleaned there."""
    kept = {name: str(one) for name, one in entry.detail.items()}
    since, until = (_moment(entry, name) for name in ("since", "until"))
    return TranscriptFilter(
        since=since,
        until=min(until or entry.at, entry.at),
        line=kept.get("line"),
        channel=kept.get("channel"),
        mode=kept.get("mode"),
        language=kept.get("language"),
    )


def _moment(entry: AuditEntry, name: str) -> datetime | None:
    return datetime.fromisoformat(str(entry.detail[name])) if name in entry.detail else None


async def _row(services: Services, owner: str, conversations: Sequence[ConversationSummary]) -> Affected:
    kinds: dict[str, int] = defaultdict(int)
    customer = ""
    ids = {one.id for one in conversations}
    try:
        for kept in (await services.subjects.export(owner)).conversations:
            if kept.id in ids:
                customer = customer or kept.customer or ""
                for entry in kept.vault:
                    kinds[entry.kind] += 1
    except NotFound:
        customer = ""  # several people share this sign-in, or theirs was erased a moment ago
    return Affected(
        owner,
        customer,
        len(conversations),
        min(one.started_at for one in conversations),
        max(one.updated_at for one in conversations),
        sorted({one.line for one in conversations}),
        dict(sorted(kinds.items())),
    )
