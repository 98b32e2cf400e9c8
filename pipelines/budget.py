"""How many tokens of the window each part of a prompt takes. Knows no words; compose.py fills it in."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """Tokens by part, and the `window` they share with the answer. `answer` is the most it may take.

    `exact`: counted with the model's own tokenizer; else an estimate that rounds up. The chat template's markers
    count with the messages they stand around.
    """

    window: int
    exact: bool
    rules: int = 0
    prompt: int = 0
    passages: int = 0
    files: int = 0
    history: int = 0
    question: int = 0
    answer: int = 0

    @property
    def parts(self) -> Mapping[str, int]:
        """In the order in which the engine reads them; the answer last."""
        return {
            "prompt": self.prompt,
            "rules": self.rules,
            "passages": self.passages,
            "history": self.history,
            "files": self.files,
            "question": self.question,
            "answer": self.answer,
        }

    @property
    def used(self) -> int:
        return sum(self.parts.values())

    @property
    def left(self) -> int:
        """What nothing takes; below 0 where the question by itself is too long."""
        return self.window - self.used
