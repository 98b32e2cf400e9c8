"""Ten thousand requests at once and in turn, many of them left in the middle: nobody ever reads another's words."""

import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from core.ports import TranscriptFilter
from tests.gateway.conftest import Running, running

REQUESTS = 10_000
AT_ONCE = 100
LEAVING = 0.4
"""The share of customers who leave before the end."""
LONGEST_STAY = 0.15
MARK = re.compile(r"MARK\d+X")


@dataclass
class Seen:
    """What the customers read, by outcome, and whatever was not their own."""

    outcomes: Counter[str] = field(default_factory=Counter)
    foreign: list[tuple[int, str]] = field(default_factory=list)

    def check(self, number: int, text: str) -> None:
        self.foreign += [(number, mark) for mark in MARK.findall(text) if mark != mark_of(number)]


def mark_of(number: int) -> str:
    return f"MARK{number}X"


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("crowded")
    with running(folder) as server:
        server.upstream.piece = 300  # else most of the time goes to thousands of small pieces
        yield server


async def customer(session: aiohttp.ClientSession, number: int, dice: random.Random, seen: Seen) -> None:
    stream = dice.random() < 0.5
    body = {
        "model": "qwen2.5-7b",
        "stream": stream,
        "user": f"customer {number}",
        "messages": [
            {"role": "user", "content": f"Where is my parcel {mark_of(number)}? My phone is 138{number:08d}."}
        ],
        "metadata": {"line": "shop"},
    }
    raw = b""
    try:
        stay = dice.uniform(0, LONGEST_STAY) if dice.random() < LEAVING else 60
        async with asyncio.timeout(stay), session.post("/v1/chat/completions", json=body) as response:
            async for piece in response.content.iter_any():
                raw += piece
            seen.outcomes[str(response.status)] += 1
            if response.status == 200:
                text = said(raw, stream)
                assert mark_of(number) in text
                assert f"138{number:08d}" in text, "the customer's own number came back to them"
    except TimeoutError:
        seen.outcomes["left"] += 1
    seen.check(number, raw.decode("utf-8", "replace"))
    seen.check(number, said(raw, stream))


def said(raw: bytes, stream: bool) -> str:
    """The words of an answer, as far as they came; the pieces of a stream joined."""
    if not stream:
        return raw.decode("utf-8", "replace")
    chunks = [json.loads(line[6:]) for line in raw.split(b"\n\n")[:-1] if line.startswith(b"data: {")]
    return "".join(
        choice["delta"].get("content") or "" for chunk in chunks for choice in chunk.get("choices", ())
    )


async def crowd(url: str) -> Seen:
    seen, numbers = Seen(), iter(range(REQUESTS))
    connector = aiohttp.TCPConnector(limit=AT_ONCE)

    async def one_after_another(seed: int) -> None:
        dice = random.Random(seed)
        for number in numbers:
            await customer(session, number, dice, seen)

    async with aiohttp.ClientSession(url, connector=connector) as session:
        await asyncio.gather(*(one_after_another(seed) for seed in range(AT_ONCE)))
    return seen


@pytest.mark.process
@pytest.mark.timeout(600)
def test_no_customer_reads_anothers_words(crowded: Running) -> None:
    seen = asyncio.run(crowd(crowded.url))
    assert seen.foreign == []
    assert seen.outcomes["200"] + seen.outcomes["left"] == REQUESTS, seen.outcomes
    assert seen.outcomes["left"] > REQUESTS * LEAVING / 4
    assert seen.outcomes["200"] > REQUESTS / 3
    for messages in (request["messages"] for request in crowded.upstream.requests):
        assert len(set(MARK.findall(str(messages)))) == 1
    turns = crowded.call(crowded.services.transcripts.turns(TranscriptFilter()))
    for turn in turns:
        assert len(set(MARK.findall(turn.question + turn.record.answer))) == 1
        assert "[PHONE_1]" in turn.question
