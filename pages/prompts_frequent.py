"""The Prompts tab's frequent answers: how many needed no model, what is asked most, and what a person makes of it.

Counts nothing itself: pipelines/most_asked.py does.
"""

from collections.abc import Mapping
from dataclasses import replace

from starlette.responses import Response

from core.access import Right
from core.errors import Conflict, EngineError, InvalidRequest, NotFound, NotSupported
from core.line_changes import LineChange
from core.messages import BusinessLine, Mode, Question
from pages.chosen_line import chosen_line
from pages.console_words import words
from pages.knowledge_calls import Call, Spoken, fragment, told
from pages.lists import empty, lines, text
from pages.system_section import Section, Way
from pipelines.approving import LONGEST_ANSWER, LONGEST_QUESTION, approve
from pipelines.bases import searched
from pipelines.calibration import calibrate_line
from pipelines.feedback import withdraw
from pipelines.frequent import FrequentAnswers
from pipelines.likeness.threshold import LEAST_QUESTIONS
from pipelines.lines import change_line
from pipelines.most_asked import DAYS, Asked, Use, use_of

TOP, WARM = 20, 50
REFRESH_MILLISECONDS = 2_000
Say = Mapping[str, str]


def frequent_section() -> Section:
    ways = (
        Way("POST", "approve", _approve),
        Way("POST", "withdraw", _withdraw),
        Way("POST", "warm", _warm),
        Way("GET", "warming", _warming),
        Way("POST", "calibrate", _calibrate),
        Way("POST", "similar", _turn_similar),
    )
    return Section("frequent", Right.MANAGE, _show, ways)


async def _show(call: Call) -> str:
    line, say = await chosen_line(call), words(call.language)
    frequent = call.services.frequent
    if not frequent.on:
        return empty(say["fq_off"])
    use = await use_of(call.services.transcripts, line.id, TOP)
    rules = line.frequent
    state = say["fq_state"].format(
        approved=say["fq_on" if rules.approved else "fq_not"],
        cache=say["fq_on" if rules.cache else "fq_not"],
        hours=f"{rules.cache_seconds / 3600:g}",
    )
    shown = f'{_figures(use, call, say)}<p class="xq-meta">{text(state)}</p>{_similar(call, line, say)}'
    if not use.most:
        return shown + empty(say["fq_none"].format(days=DAYS))
    await frequent.approved.current(searched(line))  # what was approved a moment ago counts
    items = "".join(_item(*_as_now(one, line, frequent), say) for one in use.most)
    warm = _warm_state(call, line, say) if rules.cache and call.services.engine.kind == "model" else ""
    return f'{shown}{warm}<h3>{text(say["fq_most"])}</h3><ul class="xq-sys-list xq-frequent">{items}</ul>'


def _figures(use: Use, call: Call, say: Say) -> str:
    cached = call.services.frequent.cached
    figures = [
        (say["fq_turns"].format(days=DAYS), f"{use.turns:,}"),
        (say["fq_rate"], f"{use.rate:.1%}" if use.turns else "–"),
        (say["fq_approved"], f"{use.approved:,}"),
        (say["fq_cached"], f"{use.cached:,}"),
        (say["fq_saved"], _span(use.saved, call.language)),
    ]
    if cached is not None:
        held = say["fq_held_value"].format(
            count=f"{len(cached.memory):,}", size=f"{cached.memory.bytes / 1024:,.0f} KB"
        )
        figures.append((say["fq_held"], held))
    cells = "".join(f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in figures)
    return f'<dl class="xq-frequent-figures">{cells}</dl>'


def _span(milliseconds: int, language: str) -> str:
    seconds = milliseconds / 1000
    chinese = language.startswith("zh")
    if seconds < 60:
        return f"{seconds:.1f} {'秒' if chinese else 's'}"
    if seconds < 5_400:
        return f"{seconds / 60:.0f} {'分钟' if chinese else 'min'}"
    return f"{seconds / 3600:.1f} {'小时' if chinese else 'h'}"


def _similar(call: Call, line: BusinessLine, say: Say) -> str:
    """Whether questions that mean the same get an approved answer, and what to press."""
    similar, rules = call.services.frequent.similar, line.frequent
    if similar is None or similar.model is None or not rules.approved:
        return f'<p class="xq-meta">{text(say["fq_similar_no_model"])}</p>'
    ready = rules.embedding == similar.model and rules.threshold is not None
    on = ready and rules.semantic
    said = say["fq_similar_on" if on else "fq_similar_off" if ready else "fq_similar_uncalibrated"]
    said = said.format(threshold=f"{rules.threshold or 0:.2f}", model=similar.model)
    switch = ""
    if ready:
        word = say["fq_similar_turn_off" if on else "fq_similar_turn_on"]
        switch = (
            f'<button type="button" class="xq-button" data-post="frequent/similar" data-on="{"" if on else "yes"}">'
            f"{text(word)}</button>"
        )
    calibrate = f'<button type="button" class="xq-quiet" data-post="frequent/calibrate">{text(say["fq_calibrate"])}</button>'
    return f'<div class="xq-buttons"><span class="xq-meta">{text(said)}</span>{switch}{calibrate}</div>'


def _as_now(one: Asked, line: BusinessLine, frequent: FrequentAnswers) -> tuple[Asked, bool]:
    """The question as it would be answered now, whatever answered it last, and whether what the cache had is withdrawn."""
    question = Question(one.question, "", "console", "", line=line.id)
    approved = frequent.approved_answer(question, line, one.language)
    if approved is not None:
        return replace(one, mode=Mode.APPROVED, answer=approved.text), False
    return one, frequent.is_withdrawn(question, line, one.language)


def _item(one: Asked, withdrawn: bool, say: Say) -> str:
    mode = say["fq_cached"] if one.mode is Mode.CACHED else say[f"mode_{one.mode.value}"] if one.mode else ""
    if withdrawn:
        mode = say["fq_is_withdrawn"]
    return (
        f'<li><details><summary><strong>{text(one.question)}</strong> <span class="xq-tag">{text(mode)}</span>'
        f'<span class="xq-meta">{text(say["fq_times"].format(n=one.times))}</span></summary>'
        f"{_what_to_do(one, withdrawn, say)}</details></li>"
    )


def _what_to_do(one: Asked, withdrawn: bool, say: Say) -> str:
    if one.mode is Mode.APPROVED:
        return f'<div class="xq-text">{lines(one.answer)}</div><p class="xq-meta">{text(say["fq_is_approved"])}</p>'
    evict = ""
    if one.mode in (Mode.CACHED, Mode.GENERATED) and not withdrawn:
        evict = (
            f'<button type="button" class="xq-quiet" data-post="frequent/withdraw" data-id="{text(one.turn_id)}" '
            f'data-ask="{text(say["fq_evict_ask"])}" data-yes="{text(say["fq_evict"])}">{text(say["fq_evict"])}</button>'
        )
    answer = one.answer if one.mode in (Mode.CACHED, Mode.GENERATED) else ""
    return (
        '<form class="xq-sys-form" data-post="frequent/approve" data-unsaved="yes">'
        f'<label class="xq-field xq-wide"><span>{text(say["fq_question"])}</span>'
        f'<input type="text" name="question" maxlength="{LONGEST_QUESTION}" required value="{text(one.question)}"></label>'
        f'<label class="xq-field xq-wide"><span>{text(say["fq_answer"])}</span>'
        f'<textarea name="answer" rows="6" maxlength="{LONGEST_ANSWER}" required>{text(answer)}</textarea></label>'
        f'<button type="submit" class="xq-button xq-primary">{text(say["fq_approve"])}</button>{evict}</form>'
    )


def _warm_state(call: Call, line: BusinessLine, say: Say) -> str:
    state = call.services.warmer.state(line.id)
    if state is not None and not state.over:
        said = say["fq_warming"].format(done=state.done, total=state.total, made=state.made)
        return (
            f'<div data-refresh="frequent/warming?line={text(line.id)}" data-every="{REFRESH_MILLISECONDS}">'
            f'<p class="xq-meta" role="status">{text(said)}</p></div>'
        )
    hint = say["fq_warm_hint"].format(top=WARM)
    if state is not None:
        hint = f"{say['fq_warmed'].format(total=state.total, made=state.made)} {hint}"
    return (
        f'<div class="xq-buttons"><button type="button" class="xq-button" data-post="frequent/warm">'
        f'{text(say["fq_warm"])}</button><span class="xq-meta">{text(hint)}</span></div>'
    )


async def _warming(call: Call) -> Response:
    line = await chosen_line(call)
    return fragment(_warm_state(call, line, words(call.language)))


async def _warm(call: Call) -> Response:
    line, say = await chosen_line(call), words(call.language)
    if not (await call.services.engine.health()).ready:
        raise Spoken(say["fq_no_engine"])
    call.services.warmer.begin(call.services, line, WARM)
    return told({"reload": True})


async def _approve(call: Call) -> Response:
    line, say, sent = await chosen_line(call), words(call.language), await call.posted()
    question, answer = str(sent.get("question", "")), str(sent.get("answer", ""))
    try:
        owner = call.principal.name or say["the_operator"]
        await approve(call.services, line, question, answer, call.principal.actor, owner)
    except InvalidRequest:
        raise Spoken(say["fq_unfit"]) from None
    return told({"message": say["fq_approved_done"], "reload": True})


async def _withdraw(call: Call) -> Response:
    line, say, sent = await chosen_line(call), words(call.language), await call.posted()
    turn = await call.services.transcripts.turn(str(sent.get("id", "")))
    if turn is None or turn.line != line.id:
        raise NotFound("There is no such turn on this line.", param="id")
    await withdraw(call.services, turn.id)
    return told({"message": say["fq_evicted"], "reload": True})


async def _calibrate(call: Call) -> Response:
    line, say = await chosen_line(call), words(call.language)
    try:
        found = await calibrate_line(call.services, line, call.principal.actor)
    except Conflict:
        raise Spoken(say["fq_calibrate_too_few"].format(least=LEAST_QUESTIONS)) from None
    except NotSupported:
        raise Spoken(say["fq_calibrate_no_model"]) from None
    except EngineError:
        raise Spoken(say["fq_calibrate_failed"]) from None
    said = say["fq_calibrated"].format(
        recall=f"{found.recall:.0%}",
        false=f"{found.false_hits:.1%}",
        questions=f"{found.unanswerable:,}",
    )
    return told({"message": said, "reload": True})


async def _turn_similar(call: Call) -> Response:
    line, sent = await chosen_line(call), await call.posted()
    change = LineChange.model_validate({"frequent": {"semantic": sent.get("on") == "yes"}})
    await change_line(call.services, call.principal, line.id, change)
    return told({"reload": True})
