"""The Knowledge tab's frame as HTML: the choice of a base, the place to drop files, the lists, the test bench.

Knows nothing of what is in the lists: they come as fragments of their own.
"""

from collections.abc import Mapping, Sequence

import orjson

from core.documents import SHARED_BASE
from pages.console_words import words
from pages.lists import text

FILE_TYPES = ".pdf,.docx,.pptx,.xlsx,.csv,.tsv,.md,.markdown,.html,.htm,.txt,.json,.jsonl,.ndjson,.xml,.zip"
SPOKEN = (
    "file_sending", "file_cancelled", "file_lost", "file_asks", "as_faq", "upload_done",
    "upload_running", "upload_progress", "upload_cancel", "upload_clear", "status_waiting", "status_reading",
    "status_failed", "delete_ask", "delete_yes", "delete_no", "deleted", "undo", "right_one", "right_saved",
    "golden_removed", "golden_saved", "mapping_missing", "mapping_double", "error_internal_error", "too_large",
)  # fmt: skip
"""Words that the script says itself."""


def knowledge_frame(
    choices: Sequence[tuple[str, str]], chosen: str, largest_file: int, language: str, *, manages: bool = True
) -> str:
    """The tab around its lists. `choices` are (base, name); `largest_file` is in bytes.

    Who does not `manages` sees no buttons that would be refused (static/console/knowledge.css).
    """
    say = words(language)
    options = "".join(
        f'<option value="{text(base)}"{" selected" if base == chosen else ""}>{text(name)}</option>'
        for base, name in choices
    )
    spoken = orjson.dumps({key: say[key] for key in SPOKEN}).decode()
    hint = f'<p class="xq-meta">{text(say["shared_hint"])}</p>' if chosen == SHARED_BASE else ""
    return (
        f'<div class="xq-kb{"" if manages else " xq-reading"}" data-base="{text(chosen)}" data-words="{text(spoken)}" data-largest="{largest_file}" data-language="{language}">'
        f'<div class="xq-kb-base"><label for="xq-base">{text(say["knowledge_of"])}</label>'
        f'<select id="xq-base">{options}</select>{hint}</div>'
        f'<div class="xq-kb-columns"><section aria-label="{text(say["documents"])}">{_drop(say, language)}'
        '<div id="xq-upload"></div><div id="xq-mapping"></div><div id="xq-banner" aria-live="polite"></div>'
        f'{_list_heading(say)}<div id="xq-documents"></div>'
        f'<div id="xq-pairs-part" hidden><h3>{text(say["pairs"])}</h3>'
        f'<input type="search" id="xq-pairs-filter" aria-label="{text(say["pairs_filter"])}" '
        f'placeholder="{text(say["pairs_filter"])}"><div id="xq-pairs"></div></div></section>'
        f'<section class="xq-bench" aria-label="{text(say["try"])}">{_bench(say)}</section></div></div>'
    )


def _drop(say: Mapping[str, str], language: str) -> str:
    template = "".join(
        f'<a class="xq-quiet" download href="/knowledge/template?format={kind}&amp;language={language}">'
        f"{text(say[f'template_{kind}'])}</a>"
        for kind in ("xlsx", "csv")
    )
    return (
        f'<div id="xq-drop" class="xq-drop"><p>{text(say["drop"])} '
        f'<button type="button" class="xq-button xq-primary" data-do="choose">{text(say["choose_files"])}</button></p>'
        f'<p class="xq-meta">{text(say["files_hint"])}</p>'
        f'<input type="file" id="xq-files" multiple hidden accept="{FILE_TYPES}" aria-label="{text(say["choose_files"])}">'
        f'<input type="file" id="xq-faq-file" hidden accept=".csv,.tsv,.xlsx,.jsonl,.ndjson" aria-label="{text(say["import_faq"])}">'
        f'<input type="file" id="xq-replacement" hidden accept="{FILE_TYPES}" aria-label="{text(say["replace"])}">'
        f'<p class="xq-drop-more"><button type="button" class="xq-quiet" data-do="choose-faq">'
        f'{text(say["import_faq"])}</button><span class="xq-meta">{text(say["template"])}</span>{template}</p></div>'
    )


def _list_heading(say: Mapping[str, str]) -> str:
    return (
        f'<h3 id="xq-documents-heading" tabindex="-1">{text(say["documents"])}</h3>'
        f'<input type="search" id="xq-documents-filter" hidden aria-label="{text(say["documents_filter"])}" '
        f'placeholder="{text(say["documents_filter"])}">'
    )


def _bench(say: Mapping[str, str]) -> str:
    return (
        f'<h3>{text(say["try"])}</h3><p class="xq-meta">{text(say["try_purpose"])}</p>'
        f'<form id="xq-try" class="xq-ask"><input type="text" name="question" maxlength="2000" autocomplete="off" '
        f'aria-label="{text(say["try_label"])}" placeholder="{text(say["try_hint"])}">'
        f'<button type="submit" class="xq-button xq-primary">{text(say["try_button"])}</button></form>'
        f'<div id="xq-found" aria-live="polite"></div>'
        f'<h3>{text(say["golden"])}</h3><p class="xq-meta">{text(say["golden_hint"])}</p>'
        '<div id="xq-golden-banner" aria-live="polite"></div><div id="xq-golden"></div>'
    )
