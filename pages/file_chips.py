"""The files of the open conversation as a row of chips, each with its button to remove it.

Knows nothing of Gradio or of storage. A button's `data-value` is what the page hands back when it is pressed.
"""

from collections.abc import Sequence

from core.documents import Attachment
from core.reasons import in_language
from pages.console_words import words
from pages.lists import size, text
from pages.state import RefusedFile

REFUSED = "refused:"
"""Before the number of a refused file, in its button's value."""


def file_chips(
    files: Sequence[Attachment], refused: Sequence[RefusedFile], reading: Sequence[str], language: str
) -> str:
    """The files that are in, the names of those `reading`, and those refused with the reason; empty without any."""
    say = words(language)
    items = [
        _chip(
            "",
            file.name,
            _about(file, language),
            _button(file.id, f"{say['attach_remove']}: {file.name}"),
            "\n".join(in_language(note, language) for note in file.notes),
        )
        for file in files
    ]
    items += [_chip(" xq-busy", name, say["attach_reading"], "") for name in reading]
    items += [
        _chip(
            " xq-refused",
            file.name,
            file.reason.removeprefix(f"{file.name} "),  # the sentence goes on from the name before it
            _button(f"{REFUSED}{number}", f"{say['attach_dismiss']}: {file.name}"),
        )
        for number, file in enumerate(refused)
    ]
    if not items:
        return ""
    return f'<ul class="xq-files-in" aria-label="{text(say["attached"])}">{"".join(items)}</ul>'


def _about(file: Attachment, language: str) -> str:
    return size(file.size) + (f" · {words(language)['attach_partial']}" if file.notes else "")


def _chip(kind: str, name: str, about: str, button: str, hint: str = "") -> str:
    role = ' role="alert"' if kind == " xq-refused" else ' role="status"' if kind else ""
    return (
        f'<li class="xq-file{kind}"><span class="xq-title" title="{text(name)}">{text(name)}</span>'
        f'<span class="xq-meta"{role} title="{text(hint)}">{text(about)}</span>{button}</li>'
    )


def _button(value: str, label: str) -> str:
    return (
        f'<button type="button" data-value="{text(value)}" aria-label="{text(label)}" title="{text(label)}">'
        "&#215;</button>"
    )
