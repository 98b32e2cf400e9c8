"""Asks the running app a file of questions and keeps what it answered; knows nothing of how well it should do."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from app import build_services, running
from core.events import Finished
from core.messages import Mode, Question, Source
from core.settings import Settings
from pipelines.services import Services

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the set. `expect` holds the acceptable (document, part of the title); empty: unknowable."""

    text: str
    line: str
    language: str
    expect: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back. `best` is the best passage's score, `source` what the answer stands on."""

    asked: Asked
    mode: Mode
    answerable: bool
    best: float
    source: Source | None

    @property
    def right(self) -> bool:
        """From an acceptable source; for an unknowable question: it says so and names a person."""
        if not self.asked.expect:
            return self.mode is Mode.HANDOFF and not self.answerable and self.source is None
        return self.source is not None and any(
            self.source.document == document and title in self.source.title
            for document, title in self.asked.expect
        )


def read_questions(name: str) -> list[Asked]:
    """The questions of a file in this folder."""
    entries = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return [
        Asked(entry["ask"], entry["line"], entry["language"], [(d, t) for d, t in entry["expect"]])
        for entry in entries
    ]


@asynccontextmanager
async def starter_services(data_dir: Path) -> AsyncGenerator[Services]:
    """The whole app over the starter knowledge, with the engine that needs no model."""
    services = build_services(Settings(data_dir=data_dir, engine="quoted", _env_file=None))
    async with running(services):
        yield services


async def ask_all(services: Services, questions: Sequence[Asked]) -> list[Answered]:
    """Every question in a conversation of its own, through the pipeline that both doors use."""
    return [await _ask(services, number, asked) for number, asked in enumerate(questions)]


async def _ask(services: Services, number: int, asked: Asked) -> Answered:
    line = await services.lines.get(asked.line)
    assert line is not None, asked.line
    retrieval = await services.retriever.retrieve(line.bases, asked.text)
    question = Question(asked.text, "key:quality/1", "api", f"quality-{number}", line=asked.line)
    last = [event async for event in services.answer.ask(question)][-1]
    assert isinstance(last, Finished), last
    return Answered(
        asked,
        last.mode,
        retrieval.answerable,
        max((passage.score for passage in retrieval.passages), default=0.0),
        last.sources[0] if last.sources else None,
    )
