"""A base's documents as a table with what can be done to each.

Knows nothing of storage or of the page around it. Everything that comes from people or files is escaped.
"""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from core.documents import Document, DocumentStatus
from pages.addresses import document_address, file_address
from pages.console_words import words
from pages.lists import empty, local_time, size, text
from pages.reasons import reason_in

FILTERED_FROM = 20
"""With more documents than this the list can be filtered."""
SHOWN = 200
MAPPABLE = (".csv", ".tsv", ".xlsx", ".jsonl", ".ndjson")
"""Tables whose columns a person can name."""
SORTED = ("name", "updated")


def documents_table(
    documents: Sequence[Document],
    zone: ZoneInfo,
    language: str,
    *,
    wanted: str = "",
    order: str = "updated",
) -> str:
    """The documents whose names contain `wanted`, newest first or by name; each with its actions."""
    say = words(language)
    if not documents:
        return empty(say["documents_empty"])
    folded = wanted.strip().casefold()
    found = [item for item in documents if folded in item.name.casefold()]
    if not found:
        return empty(say["documents_none"])
    found.sort(key=lambda item: item.name.casefold())
    if order != "name":
        found.sort(key=lambda item: item.updated_at, reverse=True)
    rows = "".join(_row(item, zone, language) for item in found[:SHOWN])
    more = say["documents_more"].format(shown=SHOWN, total=len(found)) if len(found) > SHOWN else ""
    return (
        f'<table class="xq-table xq-documents" data-total="{len(documents)}">'
        f'<caption class="xq-hidden">{text(say["documents"])}</caption>'
        f"<thead><tr>{_head(order, say)}</tr></thead><tbody>{rows}</tbody></table>"
        + (f'<p class="xq-meta">{text(more)}</p>' if more else "")
    )


def is_table(name: str) -> bool:
    return name.casefold().endswith(MAPPABLE)


def status_line(status: str, say: Mapping[str, str]) -> str:
    return f'<span class="xq-status {text(status)}">{text(say.get(f"status_{status}", status))}</span>'


def _head(order: str, say: Mapping[str, str]) -> str:
    cells = []
    for name in ("name", "status", "size", "chunks", "updated", "action"):
        label, numeric = (
            text(say[f"column_{name}"]),
            ' class="xq-number"' if name in ("size", "chunks") else "",
        )
        if name in SORTED:
            direction = "ascending" if name == "name" else "descending"
            current = f' aria-sort="{direction}"' if name == order else ""
            cells.append(
                f'<th scope="col"{current}><button type="button" class="xq-sort" data-do="sort" '
                f'data-order="{name}">{label}</button></th>'
            )
        else:
            cells.append(f'<th scope="col"{numeric}>{label}</th>')
    return "".join(cells)


def _row(item: Document, zone: ZoneInfo, language: str) -> str:
    say = words(language)
    ready = item.status is DocumentStatus.READY
    name = text(item.name)
    title = (
        f'<a class="xq-name" href="{text(document_address(item.base, item.id))}" target="_blank">{name}</a>'
        if ready
        else f'<span class="xq-name">{name}</span>'
    )
    reason = f'<span class="xq-error">{text(reason_in(item.error, language))}</span>' if item.error else ""
    notes = "".join(f"<li>{text(reason_in(note, language))}</li>" for note in item.notes)
    cells = [
        ("name", "", title + reason + (f'<ul class="xq-notes">{notes}</ul>' if notes else "")),
        ("status", "", status_line(item.status.value, say)),
        ("size", "xq-number", size(item.size)),
        ("chunks", "xq-number xq-count", f"{item.chunks:,}"),
        ("updated", "xq-time", local_time(item.updated_at, zone)),
        ("action", "xq-actions", _actions(item, ready, say)),
    ]
    inner = "".join(
        f'<td data-label="{text(say[f"column_{column}"])}"{_class(kind)}>{cell}</td>'
        for column, kind, cell in cells
    )
    return f'<tr data-id="{text(item.id)}" data-name="{name}">{inner}</tr>'


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _actions(item: Document, ready: bool, say: Mapping[str, str]) -> str:
    def button(do: str, label: str) -> str:
        return (
            f'<button type="button" class="xq-quiet" data-do="{do}" '
            f'aria-label="{text(label)}: {text(item.name)}">{text(label)}</button>'
        )

    save = (
        f'<a class="xq-quiet" href="{text(file_address(item.base, item.id))}" download '
        f'aria-label="{text(say["download_file"])}: {text(item.name)}">{text(say["download_file"])}</a>'
    )
    columns = button("map", say["map"]) if ready and is_table(item.name) else ""
    return (
        button("replace", say["replace"])
        + columns
        + (save if ready else "")
        + button("ask-delete", say["delete"])
    )
