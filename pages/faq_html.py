"""FAQ pairs as HTML: the list with its drafts, and the panel that says which column of a table is which field.

Knows nothing of storage. Everything that comes from people or files is escaped.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from core.documents import Chunk
from core.ports import TablePreview
from pages.addresses import document_address
from pages.console_words import words
from pages.lists import empty, lines, text

PAIRS_SHOWN = 100
REQUIRED = ("question", "answer")
FIELDS = (*REQUIRED, "phrasings", "title", "owner", "valid_from", "valid_until", "status", "language")
PREVIEWED = 5
WIDEST = 12


def pairs_list(
    pairs: Sequence[Chunk], today: date, language: str, *, status: str = "", wanted: str = ""
) -> str:
    """The pairs of one status that contain `wanted`, with the numbers of all; empty where there are none."""
    if not pairs:
        return ""
    say = words(language)
    folded = wanted.strip().casefold()
    found = [
        pair
        for pair in pairs
        if status in ("", pair.status)
        and (not folded or any(folded in said.casefold() for said in (*pair.match, pair.text)))
    ]
    items = "".join(_pair(pair, today, say) for pair in found[:PAIRS_SHOWN])
    more = ""
    if len(found) > PAIRS_SHOWN:
        sentence = say["pairs_more"].format(shown=PAIRS_SHOWN, total=len(found))
        more = f'<p class="xq-meta">{text(sentence)}</p>'
    shown = (
        f'<ul class="xq-pairs" tabindex="0" aria-label="{text(say["pairs"])}">{items}</ul>{more}'
        if found
        else empty(say["pairs_none"])
    )
    return _statuses(pairs, status, say) + shown


def mapping_panel(name: str, table: TablePreview, language: str) -> str:
    """The form that maps columns to fields, with the table's first rows beneath."""
    say = words(language)
    selects = "".join(_select(field, table, say) for field in FIELDS)
    return (
        f'<form class="xq-mapping" aria-label="{text(say["import_faq"])}">'
        f'<h3 tabindex="-1">{text(say["mapping"].format(name=name))}</h3>'
        f'<p class="xq-meta">{text(say["mapping_hint"])}</p><div class="xq-fields">{selects}</div>'
        f'<p class="xq-label">{text(say["mapping_preview"])}</p>{_preview(table, say)}'
        f'<p class="xq-error" role="alert" hidden></p><div class="xq-buttons">'
        f'<button type="button" class="xq-button" data-do="mapping-cancel">{text(say["mapping_cancel"])}</button>'
        f'<button type="submit" class="xq-button xq-primary">{text(say["mapping_go"])}</button></div></form>'
    )


def validity(pair: Chunk, today: date, say: Mapping[str, str]) -> str:
    """From when until when the pair holds, and that it no longer does."""
    since, until = pair.valid_from, pair.valid_until
    if since and until:
        shown = say["pair_between"].format(since=since.isoformat(), until=until.isoformat())
    elif since:
        shown = say["pair_from"].format(day=since.isoformat())
    elif until:
        shown = say["pair_until"].format(day=until.isoformat())
    else:
        return ""
    over = f' <span class="xq-tag">{text(say["pair_expired"])}</span>' if until and until < today else ""
    return text(shown) + over


def _statuses(pairs: Sequence[Chunk], status: str, say: Mapping[str, str]) -> str:
    drafts = sum(pair.status == "draft" for pair in pairs)
    numbers = {"all": len(pairs), "draft": drafts, "approved": len(pairs) - drafts}
    chips = "".join(
        f'<button type="button" data-do="pairs" data-status="{"" if key == "all" else key}" '
        f'aria-pressed="{str(key == (status or "all")).lower()}">{text(say[f"pairs_{key}"].format(n=number))}</button>'
        for key, number in numbers.items()
    )
    return f'<div class="xq-chips">{chips}</div>'


def _pair(pair: Chunk, today: date, say: Mapping[str, str]) -> str:
    question, *phrasings = pair.match or ("",)
    draft = pair.status == "draft"
    notes = [
        f'<span class="xq-tag{" xq-draft" if draft else ""}">{text(say[f"pair_{pair.status}"])}</span>',
        text(say["pair_owner"].format(owner=pair.owner)) if pair.owner else "",
        validity(pair, today, say),
        f'<a href="{text(document_address(pair.base, pair.document_id, pair.id))}" target="_blank">'
        f"{text(' · '.join(filter(None, (pair.document, pair.location))))}</a>",
    ]
    others = (
        f'<p class="xq-meta">{text(say["pair_phrasings"].format(all=" / ".join(phrasings)))}</p>'
        if phrasings
        else ""
    )
    change, label = ("approved", "pair_approve") if draft else ("draft", "pair_withdraw")
    return (
        f'<li data-id="{text(pair.id)}"><details><summary>{text(question)}</summary>'
        f'{others}<p class="xq-text">{lines(pair.text)}</p></details>'
        f'<div class="xq-meta">{" · ".join(note for note in notes if note)}'
        f'<button type="button" class="xq-quiet" data-do="pair" data-status="{change}" '
        f'aria-label="{text(say[label])}: {text(question)}">{text(say[label])}</button></div></li>'
    )


def _select(field: str, table: TablePreview, say: Mapping[str, str]) -> str:
    guessed = table.guessed.get(field)
    options = "".join(
        f'<option value="{text(column)}"{" selected" if column == guessed else ""}>{text(column)}</option>'
        for column in table.columns
        if column
    )
    needed = field in REQUIRED
    mark = f' <span class="xq-needed">{text(say["mapping_required"])}</span>' if needed else ""
    return (
        f"<label><span>{text(say[f'field_{field}'])}{mark}</span>"
        f'<select name="{field}"{" required" if needed else ""}><option value="">{text(say["mapping_none"])}</option>'
        f"{options}</select></label>"
    )


def _preview(table: TablePreview, say: Mapping[str, str]) -> str:
    columns = table.columns[:WIDEST]
    head = "".join(f'<th scope="col">{text(column)}</th>' for column in columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{text(cell[:120])}</td>" for cell in row[:WIDEST]) + "</tr>"
        for row in table.rows[:PREVIEWED]
    )
    return (
        f'<div class="xq-scroll" tabindex="0" role="region" aria-label="{text(say["mapping_preview"])}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
