"""Guesses the language of a document, enough to name its places and to prefer passages in the asker's language.

It is no detector for messages: it knows scripts and English function words only.
"""

from collections.abc import Sequence

from knowledge.function_words import LATIN
from knowledge.terms import folded_runs


def language_of(texts: Sequence[str]) -> str:
    """`zh`, `ja`, `ko` or `en` where script and function words tell, else `und`."""
    counts = {"han": 0, "kana": 0, "hangul": 0, "word": 0, "english": 0, "other": 0}
    for script, run in folded_runs("\n".join(texts)[:2000])[1]:
        if script == "paired":
            counts["hangul" if run[0] >= "\uac00" else "kana"] += len(run)
        elif script == "han":
            counts["han"] += len(run)
        elif script == "word":
            counts["word"] += not run.isdigit()
            counts["english"] += run in LATIN
        else:
            counts["other"] += len(run)
    if counts["kana"] > 0.1 * counts["han"] and counts["kana"] > 2:
        return "ja"
    if counts["hangul"] > counts["word"] and counts["hangul"] > counts["han"]:
        return "ko"
    if counts["han"] > counts["word"]:
        return "zh"
    return "en" if counts["english"] > 0.15 * counts["word"] and not counts["other"] else "und"


def place(language: str, chinese: str, english: str, number: int) -> str:
    """A numbered place (a page, a row) in the document's language."""
    return chinese.format(number) if language == "zh" else english.format(number)
