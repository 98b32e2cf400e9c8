"""Measures whether XiaoQ answers paraphrased questions from the right source, and says so where it cannot know."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.quality.asking import Answered, Asked, ask_all, read_questions, starter_services

RIGHT_SOURCE = 0.95
SAYS_SO = 0.90
WRONG_ANSWERS = 0.05

pytestmark = pytest.mark.quality


async def test_paraphrased_questions_are_answered_from_the_right_source_or_not_at_all(tmp_path: Path) -> None:
    questions = read_questions("questions.yaml")
    async with starter_services(tmp_path) as services:
        answers = await ask_all(services, questions)
    print(table(answers))
    known = [answer for answer in answers if answer.asked.expect]
    unknowable = [answer for answer in answers if not answer.asked.expect]
    assert share(known) >= RIGHT_SOURCE, misses(known)
    assert share(unknowable) >= SAYS_SO, misses(unknowable)


@pytest.mark.parametrize("name", ["questions_fresh.yaml", "questions_unseen.yaml"])
async def test_questions_nobody_tuned_on_get_a_person_rather_than_a_wrong_answer(
    tmp_path: Path, name: str
) -> None:
    """Lexical retrieval misses many words it was not given; what it may not do is answer something else."""
    async with starter_services(tmp_path) as services:
        answers = await ask_all(services, read_questions(name))
    print(table(answers))
    wrong = [answer for answer in answers if answer.source is not None and not answer.right]
    assert len(wrong) <= WRONG_ANSWERS * len(answers), misses(wrong)


def test_the_questions_cover_every_line_in_both_languages_and_repeat_none() -> None:
    questions = read_questions("questions.yaml")
    known = Counter(group(asked) for asked in questions if asked.expect)
    assert sum(known.values()) >= 60
    assert sum(not asked.expect for asked in questions) >= 20
    assert {language for _, language in known} == {"zh", "en"}
    assert {line for line, _ in known} == {"general", "shop", "bank", "saas"}
    tuned_on = {asked.text for asked in read_questions("questions_dev.yaml")}
    fresh = {
        asked.text
        for name in ("questions_fresh.yaml", "questions_unseen.yaml")
        for asked in read_questions(name)
    }
    texts = [asked.text for asked in questions]
    assert len(set(texts)) == len(texts)
    assert not tuned_on & set(texts)
    assert not fresh & (tuned_on | set(texts))


def group(asked: Asked) -> tuple[str, str]:
    """The row of the table a question counts in: both Chinese scripts are one."""
    return asked.line, asked.language.split("-")[0]


def share(answers: Sequence[Answered]) -> float:
    return sum(answer.right for answer in answers) / len(answers)


def misses(answers: Sequence[Answered]) -> str:
    """One line for each wrong answer: its score, what was asked and where it was answered from."""
    return "\n" + "\n".join(
        f"{answer.best:.2f} {answer.asked.line:8} {answer.asked.text} -> "
        + (f"{answer.source.document}: {answer.source.title}" if answer.source else answer.mode.value)
        for answer in answers
        if not answer.right
    )


def table(answers: Sequence[Answered]) -> str:
    """Per line and language: known questions asked and rightly answered, unknowable ones asked and admitted."""
    lines = ["", f"{'line':9}{'lang':6}{'known':>7}{'right':>7}{'unknowable':>12}{'says so':>9}"]
    groups = sorted({group(answer.asked) for answer in answers})
    for line, language in [*groups, ("all", "")]:
        chosen = [a for a in answers if line == "all" or group(a.asked) == (line, language)]
        known = [a.right for a in chosen if a.asked.expect]
        unknowable = [a.right for a in chosen if not a.asked.expect]
        lines.append(
            f"{line:9}{language:6}{len(known):7}{sum(known):7}{len(unknowable):12}{sum(unknowable):9}"
        )
    return "\n".join(lines)
