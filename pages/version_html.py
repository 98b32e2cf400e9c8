"""A version of a prompt as HTML: in the list, to be read, to be written; its problems, its changes.

Knows no service; what people wrote is escaped here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from core.prompts import PromptProblem, PromptVersion
from pages.lists import lines, text
from pages.system_section import labelled
from pipelines.placeholders import LONGEST_TEXT, PLACEHOLDERS
from pipelines.prompts import LONGEST_NOTE
from pipelines.wording import Segment

Say = Mapping[str, str]
EDITED = ("zh", "en")
"""Languages that always have a field."""
AROUND = 30
"""Characters shown on either side of a problem."""
_BOUNDS = {"temperature": ("0", "2"), "top_p": ("0.01", "1"), "max_tokens": ("1", "8192")}


def named(version: int | None, say: Say) -> str:
    """A version as it is called; None and 0 are XiaoQ's own words."""
    return f"v{version}" if version else say["version_starter"]


def language_name(language: str, say: Say) -> str:
    return say.get(f"version_text_{language}") or say["version_text_of"].format(
        language=say.get(f"language_{language}", language)
    )


def editor(version: PromptVersion, say: Say) -> str:
    """The form of a draft: a text for each language, the placeholders, a note, the parameters."""
    number = version.version
    languages = dict.fromkeys((*EDITED, *version.texts))
    fields = "".join(
        f'<label class="xq-field xq-wide"><span>{text(language_name(language, say))}</span>'
        f'<textarea name="text_{text(language)}" rows="9" maxlength="{LONGEST_TEXT}" spellcheck="false" dir="auto">'
        f"{text(version.texts.get(language, ''))}</textarea></label>"
        for language in languages
    )
    return (
        f'<form class="xq-sys-form xq-version-form" data-post="versions/change" data-into="xq-said-{number}" '
        f'data-unsaved="{text(say["version_unsaved"])}" data-stays="yes">'
        f'<input type="hidden" name="id" value="{number}">{read_field(version)}{fields}{chips(say)}'
        + f'<label class="xq-field xq-wide"><span>{text(say["version_note"])}</span>'
        f'<input type="text" name="note" maxlength="{LONGEST_NOTE}" value="{text(version.note)}"></label>'
        + _parameter_fields(version, say)
        + f'<button type="submit" class="xq-button xq-primary">{text(say["version_save"])}</button>'
        f'<div id="xq-said-{number}" class="xq-version-said" aria-live="polite"></div></form>'
    )


def read_field(version: PromptVersion) -> str:
    """Which state of the draft its form is about; another one replaces it once it was saved."""
    at = version.updated_at.isoformat()
    return f'<input type="hidden" id="{read_place(version)}" name="read_at" value="{at}">'


def read_place(version: PromptVersion) -> str:
    return f"xq-read-{version.version}"


def changed_meanwhile(said: str, changed: Mapping[str, Sequence[Segment]], title: str, say: Say) -> str:
    """Two people wrote the same draft: what the second one's texts would change in the first one's."""
    alert = f'<p class="xq-error" role="alert">{text(said)}</p>'
    return f'{alert}<div class="xq-version-diff">{difference(changed, title, say)}</div>'


def chips(say: Say) -> str:
    """The placeholders; each is put where the cursor is."""
    buttons = "".join(
        f'<button type="button" data-insert="{text(f"{{{name}}}")}" title="{text(say[f"placeholder_{name}"])}">'
        f"{text(f'{{{name}}}')}</button>"
        for name in PLACEHOLDERS
    )
    return (
        f'<div class="xq-version-chips" role="group" aria-label="{text(say["version_placeholders"])}">'
        f'<p class="xq-meta">{text(say["version_placeholder_note"])}</p><div class="xq-chips">{buttons}</div></div>'
    )


def _parameter_fields(version: PromptVersion, say: Say) -> str:
    fields = ""
    for name, (least, most) in _BOUNDS.items():
        value = getattr(version.parameters, name)
        shown = "" if value is None else f"{value:g}"
        # A browser refuses what lies between two steps; what a program wrote may.
        step = "1" if name == "max_tokens" else "0.01" if value is None or value == round(value, 2) else "any"
        fields += labelled(
            say[f"version_{name}"],
            f'<input type="number" name="{name}" min="{least}" max="{most}" step="{step}" value="{shown}">',
        )
    model = f'<input type="text" name="model" maxlength="200" value="{text(version.parameters.model or "")}">'
    opened = " open" if any(value is not None for value in asdict(version.parameters).values()) else ""
    return (
        f'<details class="xq-sys-more"{opened}><summary>{text(say["version_parameters"])}</summary>'
        f'<div class="xq-sys-terms">{fields}{labelled(say["version_model"], model)}</div></details>'
    )


def reading(texts: Mapping[str, str], parameters: Mapping[str, Any], say: Say) -> str:
    """A version that stays as it is: its texts, and what it says of parameters."""
    shown = "".join(
        f'<h4>{text(language_name(language, say))}</h4><div class="xq-version-text" dir="auto">{lines(written)}</div>'
        for language, written in texts.items()
    )
    given = " · ".join(f"{name} {value}" for name, value in parameters.items() if value is not None)
    return shown + (f'<p class="xq-meta">{text(given)}</p>' if given else "")


def problem_list(problems: Sequence[PromptProblem], texts: Mapping[str, str], say: Say) -> str:
    """Each problem with its place, the words around it, and a button that goes there."""
    items = "".join(_problem(problem, texts.get(problem.language, ""), say) for problem in problems)
    told = say["version_problems"].format(count=len(problems))
    return f'<div role="alert"><p class="xq-error">{text(told)}</p><ul class="xq-version-problems">{items}</ul></div>'


def _problem(problem: PromptProblem, written: str, say: Say) -> str:
    name = f"{{{problem.detail['name']}}}" if "name" in problem.detail else ""
    what = say[f"version_problem_{problem.code}"].format(name=name, limit=LONGEST_TEXT)
    where = say["version_problem_place"].format(
        text=language_name(problem.language, say), line=problem.line, column=problem.column
    )
    place = f"text_{problem.language}:{problem.start}:{problem.end}"
    return (
        f'<li><span>{text(what)}</span> <span class="xq-meta">{text(where)}</span> '
        f'<button type="button" class="xq-quiet" data-mark="{text(place)}">{text(say["version_problem_show"])}</button>'
        f"{_excerpt(problem, written)}</li>"
    )


def _excerpt(problem: PromptProblem, written: str) -> str:
    if problem.code in ("empty", "too_long"):
        return ""
    begin = max(written.rfind("\n", 0, problem.start) + 1, problem.start - AROUND)
    end = written.find("\n", problem.end)
    end = min(len(written) if end < 0 else end, problem.end + AROUND)
    return (
        f'<code dir="auto">{text(written[begin : problem.start])}'
        f"<mark>{text(written[problem.start : problem.end])}</mark>{text(written[problem.end : end])}</code>"
    )


def difference(changed: Mapping[str, Sequence[Segment]], title: str, say: Say) -> str:
    """What was taken out and put in, in every language in which anything was."""
    shown = "".join(
        f'<h4>{text(language_name(language, say))}</h4><div class="xq-version-text" dir="auto">'
        f"{''.join(_segment(segment, say) for segment in segments)}</div>"
        for language, segments in changed.items()
        if any(segment.op != "equal" for segment in segments)
    )
    same = f"<p>{text(say['version_diff_none'])}</p>"
    return f"<h4>{text(title)}</h4>{shown or same}"


def _segment(segment: Segment, say: Say) -> str:
    if segment.op == "equal":
        return lines(segment.text)
    tag, label = ("del", "deleted") if segment.op == "delete" else ("ins", "inserted")
    hidden = f'<span class="xq-hidden">[{text(say[f"version_diff_{label}"])}] </span>'
    return f"<{tag}>{hidden}{lines(segment.text)}</{tag}>"
