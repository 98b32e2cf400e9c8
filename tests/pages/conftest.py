"""Fixtures of the pages' tests: one set of services a module, since each starts a parser of its own."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.pages.knowledge_site import Desk, desk


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def knowledge_desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    async with desk(tmp_path_factory.mktemp("knowledge")) as at:
        yield at


@pytest_asyncio.fixture(loop_scope="module")
async def at(knowledge_desk: Desk) -> Desk:
    """An operator in front of a line without documents."""
    return await knowledge_desk.fresh()
