"""One child process for all tests of files: it is what takes the time."""

import asyncio
from collections.abc import Iterator

import pytest

from knowledge.parsing import ChildParser


@pytest.fixture(scope="session")
def parser() -> Iterator[ChildParser]:
    parser = ChildParser()
    yield parser
    asyncio.run(parser.aclose())
