"""What was taken away comes back once, the latest longest, and never fills the memory."""

from pages.undoing import Undoing


async def said() -> str:
    return "back"


async def test_it_comes_back_once() -> None:
    undoing = Undoing()
    token = undoing.keep(said)
    restore = undoing.take(token)
    assert restore is not None
    assert await restore() == "back"
    assert undoing.take(token) is None
    assert undoing.take("guessed") is None


def test_the_oldest_goes_first_by_number_and_by_bytes() -> None:
    undoing = Undoing(most=2, most_bytes=100)
    first, second, third = undoing.keep(said), undoing.keep(said, 60), undoing.keep(said, 40)
    assert undoing.take(first) is None
    fourth = undoing.keep(said, 50)
    assert undoing.take(second) is None
    assert undoing.take(third)
    assert undoing.take(fourth)
