"""Our launcher and client with the real vLLM. The model is random: what it says does not matter, that it says
it in pieces, stops when told and comes back does."""

import asyncio
import json
import os
import re
import signal
from dataclasses import replace

import aiohttp
import pytest

from core.errors import ContextOverflow, EngineBroken, EngineError, EngineRejected
from core.messages import Sampling
from core.ports import GenerationRequest
from engines.vllm import VllmEngine
from tests.services.conftest import MODEL, START_SECONDS, RunningVllm
from tests.support.asking import Heard, ask, generation_request, until_health, until_ready

pytestmark = [pytest.mark.service, pytest.mark.timeout(START_SECONDS + 60)]


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


def test_it_streams_and_counts(vllm: RunningVllm) -> None:
    heard = vllm.run(ask(vllm.engine, asking_for(200)))
    assert heard.error is None
    assert len([chunk for chunk in heard.chunks if chunk.text]) > 5
    assert heard.finish_reasons == ["length"]
    (usage,) = [chunk.usage for chunk in heard.chunks if chunk.usage]
    assert usage.completion_tokens == 200
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
        while True:
            chunks = vllm.engine.stream(asking_for(1900))
            await anext(chunks)
            if await running_requests(vllm.engine) == 1:
                break
            await chunks.aclose()  # on two cores vLLM may have made all of it before it sends the first piece
        await chunks.aclose()
        async with asyncio.timeout(1):
            while await running_requests(vllm.engine) > 0:  # noqa: ASYNC110 - vLLM tells only when asked
                await asyncio.sleep(0.05)

    vllm.run(leave())


def test_what_does_not_fit_or_make_sense_has_a_name(vllm: RunningVllm) -> None:
    too_long = vllm.run(ask(vllm.engine, asking_for(16, question="太长了。" * 2000)))
    assert isinstance(too_long.error, ContextOverflow)
    senseless = vllm.run(ask(vllm.engine, asking_for(16, top_k=-7)))
    assert type(senseless.error) is EngineRejected


def test_killed_in_the_middle_answers_break_and_it_comes_back(vllm: RunningVllm) -> None:
    """Two dozen at once: one alone may be all there before a busy machine reads its first piece."""

    async def kill() -> None:
        begun = asyncio.Event()

        async def listen() -> Heard:
            heard = Heard()
            try:
                async for chunk in vllm.engine.stream(asking_for(1900)):
                    heard.chunks.append(chunk)
                    begun.set()
            except EngineError as error:
                heard.error = error
            return heard

        listeners = [asyncio.create_task(listen()) for _ in range(24)]
        await begun.wait()
        assert vllm.engine.pid
        os.kill(vllm.engine.pid, signal.SIGKILL)
        try:
            all_heard = await asyncio.gather(*listeners)
        finally:  # those that come after this test need it, too
            await until_health(vllm.engine, lambda state: not state.ready)
            await until_ready(vllm.engine, START_SECONDS)
        assert all(heard.error or heard.finish_reasons == ["length"] for heard in all_heard)
        cut = [heard for heard in all_heard if heard.chunks and not heard.finish_reasons]
        assert cut
        assert all(isinstance(heard.error, EngineBroken) for heard in cut)
        assert (await ask(vllm.engine, asking_for(8))).error is None

    vllm.run(kill(), START_SECONDS + 30)
