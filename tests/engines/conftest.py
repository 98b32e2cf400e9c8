from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.upstream import EchoUpstream, serving


@pytest_asyncio.fixture
async def upstream() -> EchoUpstream:
    return EchoUpstream()


@pytest_asyncio.fixture
async def upstream_port(upstream: EchoUpstream) -> AsyncIterator[int]:
    async with serving(upstream.app()) as port:
        yield port
