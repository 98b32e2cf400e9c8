"""A run of golden questions as HTML: how far it is, what it found, question by question. Computes no figure."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.golden import Evaluation, Result
from pages.language_words import language_word
from pages.lists import lines, table, text
from pipelines.checks import parted
from pipelines.scores import Change, Pair, by_language, in_order
from pipelines.sides import OWN_WORDS, PARAMETERS

Say = Mapping[str, str]
GOOD = ("published",)
CHANGES: Sequence[Change] = ("lost", "gained", "failing", "kept", "open")
SHOWN = 200
"""Questions of one kind that are listed; the matrix has all of them."""


def side_name(side: Mapping[str, Any], say: Say) -> str:
    """`v3 · temperature 0.2`, in the reader's language."""
    if "evaluation" in side:
        return say["side_last_run"].format(side=side_name({"prompt": side["prompt"]}, say))
    number = side.get("prompt", OWN_WORDS)
    name = say["side_own_words"] if number == OWN_WORDS else f"v{number}"
    said = [f"{parameter} {side[parameter]}" for parameter in PARAMETERS if parameter in side]
    return " · ".join([name, *said])


def progress(run: Evaluation, say: Say) -> str:
    """A bar that moves, and the way to stop; the page fetches it anew until the run has ended."""
    share = min(1.0, run.done / run.total) if run.total else 0.0
    told = say["eval_progress"].format(done=run.done, total=run.total)
    return (
        f'<div class="xq-run" data-refresh="evaluations/progress?id={text(run.id)}" data-every="700">'
        f'<p class="xq-meta">{text(told)}</p>'
        f'<progress max="1" value="{share:.4f}" aria-label="{text(told)}">{share:.0%}</progress>'
        f'<div class="xq-buttons"><button type="button" class="xq-button" data-post="evaluations/stop" '
        f'data-id="{text(run.id)}">{text(say["eval_stop"])}</button></div></div>'
    )


def report(run: Evaluation, outcome: str, pairs: Sequence[Pair], say: Say, aside: str = "") -> str:
    """What it found: the verdict with what stands `aside` of it, the figures, the matrix, then each question, lost and
    gained ones first."""
    both = bool(run.before)
    return (
        verdict(run, outcome, say)
        + aside
        + (_figures(run, say, both=both) if run.summary.get("after") else "")
        + _matrix(pairs, say, both=both)
        + _questions(pairs, say, both=both)
    )


def verdict(run: Evaluation, outcome: str, say: Say) -> str:
    """The run in one sentence; `outcome` is what became of a gate's version."""
    lost, gained = len(run.summary.get("lost", ())), len(run.summary.get("gained", ()))
    after = run.summary.get("after", {})
    count = {"lost": lost, "gained": gained, "version": run.after.get("prompt", 0)}
    if run.status in ("failed", "stopped") and run.kind != "gate":
        return _said("no", say[f"eval_{run.status}"].format(error=run.error or ""))
    if run.kind == "gate":
        return _said("yes" if outcome in GOOD else "no", say[f"gate_{outcome}"].format(**count))
    if run.before:
        key = "eval_worse" if lost else "eval_better" if gained else "eval_same"
        return _said("no" if lost else "yes", say[key].format(**count))
    told = say["eval_passed"].format(passed=after.get("passed", 0), questions=run.summary.get("questions", 0))
    return _said("yes" if after.get("share") == 1 else "no", told)


def _said(kind: str, sentence: str) -> str:
    return f'<p class="xq-verdict {kind}" role="status">{text(sentence)}</p>'


def _figures(run: Evaluation, say: Say, *, both: bool) -> str:
    sides = ([("before", run.before)] if both else []) + [("after", run.after)]
    head = [say["eval_figure"], *(side_name(side, say) for _, side in sides)]
    found = [run.summary.get(name, {}) for name, _ in sides]
    questions = run.summary.get("questions", 0)
    rows = [
        [text(say["eval_passing"]), *(f"{side.get('passed', 0)} / {questions}" for side in found)],
        [text(say["eval_time"]), *(_time(side.get("milliseconds"), say) for side in found)],
        [text(say["eval_first"]), *(_time(side.get("first_token"), say) for side in found)],
    ]
    return f'<div class="xq-ab">{table(say["eval_figure"], head, rows)}</div>'


def _time(spread: Mapping[str, int] | None, say: Say) -> str:
    if not spread:
        return "–"
    seconds = {part: f"{value / 1000:.2f}" for part, value in spread.items()}
    return text(say["eval_spread"].format(**seconds))


def _matrix(pairs: Sequence[Pair], say: Say, *, both: bool) -> str:
    """Languages down, questions across: a cell a question, by how it went."""
    rows = []
    for language, counts in by_language(pairs).items():
        cells = "".join(
            f'<i class="xq-cell {pair.change}" title="{text(_word(pair.change, say, both=both))}: '
            f'{text(pair.question[:120])}"></i>'
            for pair in pairs
            if pair.language == language
        )
        told = " · ".join(
            f"{_word(change, say, both=both)} {counts[change]}" for change in CHANGES if counts.get(change)
        )
        rows.append(
            f'<tr><th scope="row">{text(language_word(language, say))}</th><td><div class="xq-cells" aria-hidden="true">{cells}</div>'
            f'<span class="xq-meta">{text(told)}</span></td></tr>'
        )
    if not rows:
        return ""
    head = (
        f'<thead class="xq-hidden"><tr><th scope="col">{text(say["eval_language"])}</th>'
        f'<th scope="col">{text(say["eval_questions"])}</th></tr></thead>'
    )
    caption = f"<h4>{text(say['eval_matrix'])}</h4>"
    return f'{caption}<table class="xq-matrix">{head}<tbody>{"".join(rows)}</tbody></table>'


def _questions(pairs: Sequence[Pair], say: Say, *, both: bool) -> str:
    shown = ""
    ordered = in_order(pairs)
    for change in ("lost", "gained", "failing", "open", "kept"):
        some = [pair for pair in ordered if pair.change == change]
        if not some:
            continue
        items = "".join(_question(pair, say, both=both) for pair in some[:SHOWN])
        title = say["eval_count"].format(what=_word(change, say, both=both), count=len(some))
        opened = " open" if change in ("lost", "gained") or (change == "failing" and not both) else ""
        shown += (
            f'<details class="xq-sys-more xq-went {change}"{opened}><summary>{text(title)}</summary>'
            f'<ul class="xq-sys-list">{items}</ul></details>'
        )
    return shown


def _question(pair: Pair, say: Say, *, both: bool) -> str:
    sides = [("before", pair.before), ("after", pair.after)] if both else [("", pair.after)]
    parts = "".join(_side(say.get(f"side_{name}", ""), result, say) for name, result in sides)
    why = pair.after.failures if pair.after else ()
    reasons = " · ".join(failure_in_words(failure, say) for failure in why)
    meta = f'<span class="xq-meta">{text(reasons)}</span>' if reasons else ""
    return (
        f"<li><details><summary><strong>{text(pair.question)}</strong>{meta}</summary>"
        f'<div class="xq-sides">{parts}</div></details></li>'
    )


def _side(label: str, result: Result | None, say: Say) -> str:
    if result is None:
        return f'<section><h5>{text(label)}</h5><p class="xq-meta">{text(say["side_missing"])}</p></section>'
    reasons = "".join(f"<li>{text(failure_in_words(failure, say))}</li>" for failure in result.failures)
    why = f'<ul class="xq-why">{reasons}</ul>' if reasons else ""
    facts = [
        say[f"mode_{result.mode}"] if result.mode else "",
        f"{result.milliseconds / 1000:.2f}{say['second']}",
        " / ".join(result.documents),
    ]
    passed = say["side_passed" if result.passed else "side_failed"]
    head = f"{label} · {passed}" if label else passed
    return (
        f'<section><h5>{text(head)}</h5>{why}<div class="xq-text">{lines(result.answer)}</div>'
        f'<div class="xq-meta">{text(" · ".join(filter(None, facts)))}</div>{_opinion(result, say)}</section>'
    )


def _opinion(result: Result, say: Say) -> str:
    """What a model thought of it, said to be that."""
    if not result.judge:
        return ""
    verdict = say[f"judge_{result.judge.get('verdict', 'none')}"]
    told = say["judge_said"].format(by=result.judge.get("by", ""), verdict=verdict)
    reason = str(result.judge.get("reason", ""))
    return f'<p class="xq-meta">{text(" ".join(filter(None, (told, reason))))}</p>'


def failure_in_words(failure: str, say: Say) -> str:
    """Why a check failed, for a person."""
    name, what = parted(failure)
    if name in ("mode", "language"):
        what = say.get(f"{name}_{what}", what)
    return say.get(f"fail_{name}", "{what}").format(what=what)


def _word(change: Change, say: Say, *, both: bool) -> str:
    return say[f"change_{change}" if both or change in ("lost", "gained", "open") else f"alone_{change}"]
