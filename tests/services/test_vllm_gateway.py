"""A customer's question through our gateway to the real vLLM and back, with the official client."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import uvicorn
from openai import AsyncOpenAI

from app import create_app
from core.settings import Settings
from tests.services.conftest import START_SECONDS, RunningVllm
from tests.services.test_vllm import until_running

pytestmark = [
    pytest.mark.service,
    pytest.mark.timeout(START_SECONDS + 60),
    pytest.mark.asyncio(loop_scope="module"),  # the app starts once
]

MESSAGES = [{"role": "user", "content": "退货的运费由谁承担？"}]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(vllm: RunningVllm, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsyncOpenAI]:
    """The official client, pointed at the whole app, which is pointed at vLLM."""
    assert vllm.engine.address
    url, key = vllm.engine.address
    data = tmp_path_factory.mktemp("data")
    # The tiny model makes more tokens of a text than Qwen's, by which they are estimated: its 2,048 leave answers room.
    settings = Settings(
        data_dir=data, engine="openai", engine_url=url, engine_key=key, api_auth="off", context_tokens=1200
    )
    app = create_app(settings)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            assert not serving.done()
            await asyncio.sleep(0.05)
        port = listening.getsockname()[1]
        async with AsyncOpenAI(
            base_url=f"http://127.0.0.1:{port}/v1", api_key="any", max_retries=0
        ) as client:
            yield client
        server.should_exit = True
        await serving


async def test_it_streams_through_the_gateway(client: AsyncOpenAI, vllm: RunningVllm) -> None:
    with vllm.slowly():
        stream = await client.chat.completions.create(
            model="qwen2.5-7b",
            messages=MESSAGES,
            max_tokens=500,
            seed=1,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    assert len({chunk.id for chunk in chunks}) == 1
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    # vLLM joins the tokens that a busy machine is late to read, so of five hundred only a few pieces are sure.
    assert len([choice for choice in choices if choice.delta.content]) > 1
    assert len([choice.finish_reason for choice in choices if choice.finish_reason]) == 1
    (last,) = [chunk for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason]
    told = last.model_extra["xiaoq"]
    assert (told["mode"], told["language"]) == ("generated", "zh")
    assert told["sources"]
    (usage,) = [chunk.usage for chunk in chunks if chunk.usage]
    assert usage.completion_tokens == 500


async def test_it_answers_whole_and_many_at_once(client: AsyncOpenAI) -> None:
    async def one(number: int) -> str:
        reply = await client.chat.completions.create(
            model="qwen2.5-7b", messages=MESSAGES, max_tokens=16, seed=number
        )
        assert reply.model_extra["xiaoq"]["mode"] == "generated"
        return reply.choices[0].message.content or ""

    answers = await asyncio.gather(*(one(number) for number in range(8)))
    assert all(answers)


async def test_a_reader_who_leaves_frees_the_model(client: AsyncOpenAI, vllm: RunningVllm) -> None:
    with vllm.slowly():
        stream = await client.chat.completions.create(
            model="qwen2.5-7b", messages=MESSAGES, max_tokens=800, stream=True, seed=3, stop=["\x00"]
        )
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                break
        await asyncio.to_thread(vllm.run, until_running(vllm.engine, 1))
        await stream.close()
    await asyncio.to_thread(vllm.run, until_running(vllm.engine, 0, seconds=2))
