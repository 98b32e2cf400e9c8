"""One timer for a moment that moves: it is over at the moment that was set last, and never before."""

import asyncio

from core.patience import Patience


async def test_it_is_over_at_the_moment_that_was_set_last() -> None:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    patience, began = Patience(over.set), loop.time()
    for seconds in (0.02, 0.1, 0.2):
        patience.until(began + seconds)
    await over.wait()
    assert loop.time() >= began + 0.2


async def test_an_earlier_moment_counts() -> None:
    over = asyncio.Event()
    patience = Patience(over.set)
    patience.until(asyncio.get_running_loop().time() + 60)
    patience.until(asyncio.get_running_loop().time() + 0.01)
    async with asyncio.timeout(5):
        await over.wait()


async def test_for_ever_and_stopped_it_is_never_over() -> None:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    for end in (Patience.stop, lambda patience: patience.until(None)):
        patience = Patience(over.set)
        patience.until(loop.time() + 0.01)
        end(patience)
    await asyncio.sleep(0.05)
    assert not over.is_set()


async def test_it_may_be_set_again_once_it_was_over() -> None:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    patience = Patience(over.set)
    for _ in range(2):
        patience.until(loop.time() + 0.01)
        async with asyncio.timeout(5):
            await over.wait()
        over.clear()
