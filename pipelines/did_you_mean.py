"""Questions that people have answered, offered where a search found no answer: close to what was asked, and not the same.

Gives questions and never their answers: whether one of them was meant, the customer says.
"""

from collections.abc import Sequence

from pipelines.evidence import Evidence

MOST = 3
CLOSE = 0.8
"""The share of the threshold from which a question is worth offering. Of 25 questions that none of the sample lines can
answer, none had a pair as close."""


def did_you_mean(evidence: Evidence) -> Sequence[str]:
    """The closest first; none where something answers."""
    if evidence.answerable or evidence.files:
        return ()
    least = evidence.known.threshold * CLOSE
    close = (one.question for one in evidence.known.passages if one.kind == "faq" and one.score >= least)
    return tuple(dict.fromkeys(question for question in close if question))[:MOST]
