"""Golden questions and proposals as HTML: a list to read, a form to write one. Calls nothing."""

import hashlib
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from core.golden import Expected, GoldenQuestion, Proposal
from core.messages import Mode
from pages.addresses import document_address
from pages.language_words import LANGUAGE_WORDS, language_word
from pages.lists import lines, local_time, text
from pages.system_section import labelled, options
from pipelines.golden import LONGEST_ANSWER, LONGEST_QUESTION, LONGEST_REFERENCE

Say = Mapping[str, str]
MODES = (Mode.APPROVED, Mode.GENERATED, Mode.QUOTED, Mode.HANDOFF, Mode.REFUSED)
LONGEST_LIST = 10_000
_TAGS = [key.removeprefix("language_") for key in LANGUAGE_WORDS["en"] if key != "language_und"]


def golden_item(golden: GoldenQuestion, zone: ZoneInfo, say: Say) -> str:
    """One question with what it asks for; its form is fetched when it is wanted."""
    place = f"xq-golden-{golden.id}"
    ask = say["golden_remove_ask"].format(question=_short(golden.question))
    facts = [
        say[f"origin_{golden.origin}"],
        language_word(golden.language, say) if golden.language != "und" else "",
    ]
    meta = " · ".join(filter(None, (*facts, local_time(golden.created_at, zone))))
    return (
        f'<li><p class="xq-question">{lines(golden.question)}</p>{_asked(golden, say)}'
        f'<div class="xq-meta">{text(meta)}</div><div class="xq-buttons">'
        f'<button type="button" class="xq-quiet" data-get="golden/edit" data-query="id={text(golden.id)}" '
        f'data-into="{place}" data-folds="yes" aria-expanded="false">{text(say["golden_edit"])}</button>'
        f'<button type="button" class="xq-quiet" data-post="golden/remove" data-id="{text(golden.id)}" '
        f'data-ask="{text(ask)}" data-yes="{text(say["golden_remove"])}">{text(say["golden_remove"])}</button>'
        f'</div><div id="{place}"></div></li>'
    )


def proposal_item(proposal: Proposal, zone: ZoneInfo, say: Say) -> str:
    """What was asked and answered, why it is proposed, and the form that makes it a golden question."""
    said = [
        (say["proposal_answer"], proposal.answer),
        (say["proposal_comment"], proposal.comment),
    ]
    shown = "".join(
        f'<dt>{text(label)}</dt><dd class="xq-text">{lines(value)}</dd>' for label, value in said if value
    )
    meta = f"{say[f'origin_{proposal.origin}']} · {local_time(proposal.created_at, zone)}"
    ask = say["proposal_dismiss_ask"].format(question=_short(proposal.question))
    hidden = f'<input type="hidden" name="id" value="{text(proposal.id)}">'
    return (
        f"<li><details><summary><strong>{text(_short(proposal.question))}</strong>"
        f'<span class="xq-meta">{text(meta)}</span></summary>'
        + (f'<dl class="xq-said">{shown}</dl>' if shown else "")
        + f'<form class="xq-sys-form" data-post="golden/accept" data-unsaved="yes">{hidden}'
        + fields(proposal.question, proposal.expected, proposal.reference, say)
        + f'<button type="submit" class="xq-button xq-primary">{text(say["proposal_accept"])}</button>'
        f'<button type="button" class="xq-quiet" data-post="golden/dismiss" data-id="{text(proposal.id)}" '
        f'data-ask="{text(ask)}" data-yes="{text(say["proposal_dismiss"])}">{text(say["proposal_dismiss"])}</button>'
        "</form></details></li>"
    )


def form_of(golden: GoldenQuestion, say: Say) -> str:
    """The form in which a question is written anew."""
    return (
        f'<form class="xq-sys-form" data-post="golden/change" data-unsaved="yes">'
        f'<input type="hidden" name="id" value="{text(golden.id)}">'
        f'<input type="hidden" name="was" value="{print_of(golden)}">'
        + fields(golden.question, golden.expected, golden.reference, say)
        + f'<button type="submit" class="xq-button">{text(say["save"])}</button></form>'
    )


def print_of(golden: GoldenQuestion) -> str:
    """What its form holds, in short: tells whether somebody changed it meanwhile."""
    held = repr((golden.question, golden.expected, golden.reference))
    return hashlib.sha256(held.encode()).hexdigest()[:16]


def fields(question: str, expected: Expected, reference: str, say: Say) -> str:
    """What a person writes of a golden question; of a list one entry a line."""
    modes = {"": say["any"], **{mode.value: say[f"mode_{mode.value}"] for mode in MODES}}
    languages = {"": say["any"]} | {tag: language_word(tag, say) for tag in _TAGS}
    if expected.language:  # as it was said over the API, say
        languages.setdefault(expected.language, expected.language)
    length = "" if expected.max_characters is None else str(expected.max_characters)
    return (
        _area("question", say["golden_question"], question, LONGEST_QUESTION, 2, required=True)
        + _area("facts", say["golden_facts"], "\n".join(expected.facts), LONGEST_LIST, 2)
        + _area("forbidden", say["golden_forbidden"], "\n".join(expected.forbidden), LONGEST_LIST, 2)
        + _area("documents", say["golden_documents"], "\n".join(expected.documents), LONGEST_LIST, 1)
        + labelled(
            say["golden_language"],
            f'<select name="language">{options(languages, expected.language or "")}</select>',
        )
        + labelled(say["golden_mode"], f'<select name="mode">{options(modes, expected.mode or "")}</select>')
        + labelled(
            say["golden_length"],
            f'<input type="number" name="max_characters" min="1" max="{LONGEST_ANSWER}" value="{length}">',
        )
        + _area("reference", say["golden_reference"], reference, LONGEST_REFERENCE, 2)
    )


def _area(name: str, label: str, value: str, longest: int, rows: int, *, required: bool = False) -> str:
    must = " required" if required else ""
    return (
        f'<label class="xq-field xq-wide"><span>{text(label)}</span>'
        f'<textarea name="{name}" rows="{rows}" maxlength="{longest}"{must}>{text(value)}</textarea></label>'
    )


def _asked(golden: GoldenQuestion, say: Say) -> str:
    """The checks, each in a few words; what nobody asked for is not there."""
    expected = golden.expected
    checks: list[str] = [
        *_each(say["check_has"], expected.facts),
        *_each(say["check_has_not"], expected.forbidden),
    ]
    if golden.passage_id:
        place = " · ".join(filter(None, (golden.document, golden.location)))
        address = document_address(golden.base, golden.document_id, golden.passage_id)
        checks.append(
            f'{text(say["check_cites"])}<a href="{text(address)}" target="_blank">{text(place)}</a>'
        )
    checks += _each(say["check_cites"] + "{what}", [" / ".join(expected.documents)])
    checks += _each(
        say["check_language"], [language_word(expected.language, say) if expected.language else ""]
    )
    checks += _each(say["check_mode"], [say[f"mode_{expected.mode}"] if expected.mode else ""])
    checks += _each(say["check_length"], [str(expected.max_characters or "")])
    if not checks:
        return f'<p class="xq-meta">{text(say["golden_no_checks"])}</p>'
    return f'<ul class="xq-checks">{"".join(f"<li>{check}</li>" for check in checks)}</ul>'


def _each(sentence: str, values: Sequence[str]) -> list[str]:
    return [text(sentence.format(what=value)) for value in values if value]


def _short(question: str, longest: int = 80) -> str:
    plain = " ".join(question.split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
