"""In which language a line answers whom: its own choice where it is pinned, or shuts out the customer's.

Knows neither how a language is told nor what is answered.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.messages import BusinessLine, LanguageRules, Question
from pipelines.sentences import sentences_in


@dataclass(frozen=True, slots=True)
class Tongue:
    """`asked` is what the customer writes, as far as it is known; `answered` is what the answer is to be in;
    `instead` are the languages to name to a customer whose own the line does not answer in."""

    asked: str
    answered: str
    instead: Sequence[str] = ()

    def notice(self, question: Question) -> str:
        """What stands before an answer in another language than the question, in both; empty where nothing does.

        Said where a conversation begins and to people: nothing is put before JSON or what a program called.
        """
        machine = question.sampling.extra.keys() & {"response_format", "tools", "logprobs"}
        begun = question.conversation_id or any(message.role == "assistant" for message in question.messages)
        if not self.instead or machine or begun or question.continues or question.sampling.n > 1:
            return ""
        names = " · ".join(sentences_in(language).name for language in self.instead)
        said = dict.fromkeys(sentences_in(code).other_language for code in (self.asked, self.answered))
        return "\n\n".join(sentence.replace("{languages}", names) for sentence in said) + "\n\n"


def tongue_for(asked: str, line: BusinessLine) -> Tongue:
    """The line's rules on a message in `asked`.

    A pinned language is always answered in, without a word on it. Where the line does not answer in the customer's,
    the other script of the same language is as good; else the answer is in the line's first.
    """
    rules = line.languages
    if rules.pinned:
        return Tongue(asked, rules.pinned)
    if answers_in(asked, rules):
        return Tongue(asked, asked)
    first = first_of(line)
    siblings = [code for code in (*rules.allowed, first) if code.split("-")[0] == asked.split("-")[0]]
    for code in siblings:
        if answers_in(code, rules):
            return Tongue(asked, code)
    return Tongue(asked, first, tuple(rules.allowed) or (first,))


def answers_in(language: str, rules: LanguageRules) -> bool:
    """Whether a line with these rules, none of them pinning it, answers in a language."""
    return language not in rules.forbidden and (not rules.allowed or language in rules.allowed)


def first_of(line: BusinessLine) -> str:
    """The line's first language: the first it has a name in, of those it answers in; else the first that it allows."""
    rules = line.languages
    named = (code for code in (*line.names, *rules.allowed, "en", "zh") if answers_in(code, rules))
    return next(named, next(iter(line.names), "en"))
