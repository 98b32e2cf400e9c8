"""Our launcher and client with the real vLLM. The model is random: what it says does not matter, that it says
it in pieces, stops when told and comes back does."""

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace

import aiohttp
import pytest

from core.errors import ContextOverflow, EngineBroken, EngineError, EngineRejected
from core.messages import Sampling
from core.ports import GenerationRequest
from engines.vllm import VllmEngine
from tests.services.conftest import MODEL, START_SECONDS, RunningVllm
from tests.support.asking import Heard, ask, generation_request, until, until_health, until_ready

pytestmark = [pytest.mark.service, pytest.mark.timeout(START_SECONDS + 60)]

LONG_TOKENS = 1900
"""Nearly all of the model's window."""


def asking_for(tokens: int, question: str = "你好", **extra: object) -> GenerationRequest:
    request = generation_request(question)
    return replace(request, sampling=Sampling(max_tokens=tokens, extra={"ignore_eos": True, **extra}))


async def running_requests(engine: VllmEngine) -> float:
    """What vLLM itself says it works on."""
    assert engine.address
    url, key = engine.address
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session,
        session.get(url.removesuffix("/v1") + "/metrics") as response,
    ):
        text = await response.text()
    found = re.search(r"^vllm:num_requests_running\{[^}]*\} ([0-9.]+)", text, re.MULTILINE)
    assert found, text[:500]
    return float(found[1])


async def until_running(engine: VllmEngine, number: int, seconds: float = 60) -> None:
    """vLLM counts what it works on once it has sent the first piece of it."""
    async with asyncio.timeout(seconds):
        while await running_requests(engine) != number:  # noqa: ASYNC110 - vLLM tells only when asked
            await asyncio.sleep(0.05)


class Listener:
    """Hears a long answer while the test does something else."""

    def __init__(self, engine: VllmEngine) -> None:
        self.heard = Heard()
        self.ended = asyncio.create_task(self._listen(engine))

    async def _listen(self, engine: VllmEngine) -> Heard:
        try:
            async with aclosing(engine.stream(asking_for(LONG_TOKENS))) as chunks:
                async for chunk in chunks:
                    self.heard.chunks.append(chunk)
        except EngineError as error:
            self.heard.error = error
        return self.heard

    async def left(self) -> None:
        self.ended.cancel()
        with suppress(asyncio.CancelledError):
            await self.ended


@asynccontextmanager
async def in_the_middle(vllm: RunningVllm, answers: int) -> AsyncIterator[list[Listener]]:
    """So many long answers, each begun and none ended, while the model works slowly."""
    with vllm.slowly():
        listeners = [Listener(vllm.engine) for _ in range(answers)]
        await until(lambda: all(listener.heard.chunks for listener in listeners), seconds=60)
        await until_running(vllm.engine, answers)
        yield listeners


def test_it_streams_and_counts(vllm: RunningVllm) -> None:
    async def listen() -> Heard:
        async with in_the_middle(vllm, 1) as (answer,):
            return await answer.ended

    heard = vllm.run(listen())
    assert heard.error is None
    assert len([chunk for chunk in heard.chunks if chunk.text]) > 5
    assert heard.finish_reasons == ["length"]
    (usage,) = [chunk.usage for chunk in heard.chunks if chunk.usage]
    assert usage.completion_tokens == LONG_TOKENS
    assert usage.prompt_tokens > 0
    assert vllm.engine.context_tokens == 2048


def test_streams_side_by_side_do_not_cross(vllm: RunningVllm) -> None:
    """Each request may use one letter only, and its answer is made of that letter."""
    letters = "abcdefghijklmnopqrstuvwx"
    vocabulary = json.loads((MODEL / "tokenizer.json").read_text())["model"]["vocab"]

    async def together() -> list[str]:
        requests = [asking_for(16, letter, allowed_token_ids=[vocabulary[letter]]) for letter in letters]
        return [heard.text for heard in await asyncio.gather(*(ask(vllm.engine, r) for r in requests))]

    assert vllm.run(together()) == [letter * 16 for letter in letters]


def test_leaving_frees_the_model_within_a_second(vllm: RunningVllm) -> None:
    async def leave() -> None:
        async with in_the_middle(vllm, 1) as (answer,):
            await answer.left()
        await until_running(vllm.engine, 0, seconds=1)

    vllm.run(leave())


def test_what_does_not_fit_or_make_sense_has_a_name(vllm: RunningVllm) -> None:
    too_long = vllm.run(ask(vllm.engine, asking_for(16, question="太长了。" * 2000)))
    assert isinstance(too_long.error, ContextOverflow)
    senseless = vllm.run(ask(vllm.engine, asking_for(16, top_k=-7)))
    assert type(senseless.error) is EngineRejected


def test_killed_in_the_middle_answers_break_and_it_comes_back(vllm: RunningVllm) -> None:
    async def kill() -> None:
        try:
            async with in_the_middle(vllm, 4) as answers:
                assert vllm.engine.pid
                os.kill(vllm.engine.pid, signal.SIGKILL)
                all_heard = await asyncio.gather(*(answer.ended for answer in answers))
        finally:  # those that come after this test need it, too
            await until_health(vllm.engine, lambda state: not state.ready)
            await until_ready(vllm.engine, START_SECONDS)
        assert all(isinstance(heard.error, EngineBroken) for heard in all_heard)
        assert all(heard.chunks and not heard.finish_reasons for heard in all_heard)
        assert (await ask(vllm.engine, asking_for(8))).error is None

    vllm.run(kill(), START_SECONDS + 30)
