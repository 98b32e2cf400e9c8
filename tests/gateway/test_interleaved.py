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
PIECE = re.compile(r'"delta":\{"content":"((?:[^"\\]|\\.)*)"')
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
        yield server


def spoken(text: str) -> str:
    """What was read, with a stream's pieces joined: where a chunk ends, it may cut a mark in two."""
    return text + "".join(json.loads(f'"{piece}"') for piece in PIECE.findall(text))


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
    text = ""
    try:
        stay = dice.uniform(0, LONGEST_STAY) if dice.random() < LEAVING else 60
        async with asyncio.timeout(stay), session.post("/v1/chat/completions", json=body) as response:
            async for piece in response.content.iter_any():
                text += piece.decode("utf-8", "replace")
            seen.outcomes[str(response.status)] += 1
            if response.status == 200:
                assert mark_of(number) in spoken(text)
                assert f"138{number:08d}" in spoken(text), "the customer's own number came back to them"
    except TimeoutError:
        seen.outcomes["left"] += 1
    seen.check(number, spoken(text))


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
