"""A dry run as HTML: what the model would read, what was found in it, where the message would go and why.

Knows no service; everything that a customer or a document wrote is escaped here.
"""

import re
from collections.abc import Mapping, Sequence

from core.messages import Message, Passage
from core.privacy import Finding
from pages.addresses import place_in_words
from pages.console_words import words
from pages.lists import empty, lines, marked, text
from pipelines.inspect import Inspection
from pipelines.words.verdict import Hit

PASSAGES_SHOWN = 3
_MARKS = re.compile(r"\*{1,2}|(?m:^\s*[-#>]+\s)")
"""What Markdown writes beside words: in an excerpt it only stands in the way."""
LONGEST = 160
"""Characters of a passage that are shown: enough to know it by."""


def inspection(found: Inspection, language: str) -> str:
    """The whole dry run, the most telling first; the prompt is folded away."""
    say = words(language)
    used = [passage for passage in found.passages if passage.score >= found.threshold]
    rows = [
        ("inspect_reads", marked(lines(found.masked))),
        ("inspect_personal", _findings(found.findings, say)),
        ("inspect_word_hits", _hits(found.words, say)),
        ("inspect_language", text(say.get(f"language_{found.language}", found.language))),
        ("inspect_way", text(say[f"route_{found.route}"])),
        ("inspect_mode", text(say[f"mode_{found.mode.value}"])),
    ]
    if found.route == "search":
        rows.append(("inspect_passages", _passages(used, say)))
    if found.answer:
        rows.append(("inspect_answer", lines(found.answer)))
    listed = "".join(f"<dt>{text(say[name])}</dt><dd>{value}</dd>" for name, value in rows)
    return (
        f'<section class="xq-inspect" tabindex="0" aria-label="{text(say["inspect_title"])}"><header><h3>{text(say["inspect_title"])}</h3>'
        f'<button type="button" class="xq-quiet" data-value="close">{text(say["inspect_close"])}</button></header>'
        f'<p class="xq-meta">{text(say["inspect_note"])}</p><dl>{listed}</dl>{_prompt(found.prompt, say)}</section>'
    )


def nothing_to_inspect(language: str) -> str:
    return empty(words(language)["inspect_empty"])


def _findings(findings: Sequence[Finding], say: Mapping[str, str]) -> str:
    items = [
        f"{text(say['kind_' + one.kind.value])} "
        f'<span class="xq-meta">{text(say["inspect_sure"].format(percent=f"{one.confidence:.0%}"))}</span>'
        for one in findings
    ]
    return _items(items) or text(say["inspect_no_personal"])


def _hits(hits: Sequence[Hit], say: Mapping[str, str]) -> str:
    items = [
        f"{text(hit.category)} · {text(hit.list_name)} "
        f'<span class="xq-meta">{text(say[f"action_{hit.action}"])}</span>'
        for hit in hits
    ]
    return _items(items) or text(say["inspect_no_words"])


def _passages(used: Sequence[Passage], say: Mapping[str, str]) -> str:
    items = [
        f"<strong>{passage.score:.2f}</strong> "
        f"{text(place_in_words(passage.document, passage.title, passage.location))}"
        f'<br><span class="xq-meta">{text(_cut(passage.text))}</span>'
        for passage in used[:PASSAGES_SHOWN]
    ]
    return _items(items) or text(say["inspect_no_passages"])


def _prompt(prompt: Sequence[Message], say: Mapping[str, str]) -> str:
    if not prompt:
        return f'<p class="xq-meta">{text(say["inspect_no_prompt"])}</p>'
    said = "".join(
        f"<h4>{text(say[f'role_{message.role}'])}</h4><pre>{marked(lines(message.content))}</pre>"
        for message in prompt
    )
    return f"<details><summary>{text(say['inspect_prompt'])}</summary>{said}</details>"


def _items(items: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>" if items else ""


def _cut(passage: str) -> str:
    plain = " ".join(_MARKS.sub("", passage).split())
    return plain if len(plain) <= LONGEST else plain[:LONGEST] + "…"
