"""What is worked out of a text once, and what makes it be worked out again."""

import pytest

from storage.worked_out import WorkedOut


class Work:
    def __init__(self) -> None:
        self.secret, self.done = b"one", list[str]()

    def __call__(self, text: str, secret: bytes) -> str:
        self.done.append(text)
        return f"{text} with {secret.decode()}"


@pytest.fixture
def work() -> Work:
    return Work()


def test_the_same_text_is_worked_out_once(work: Work) -> None:
    known = WorkedOut(work, lambda: work.secret)
    assert [known("a"), known("b"), known("a")] == ["a with one", "b with one", "a with one"]
    assert work.done == ["a", "b"]


def test_another_secret_makes_another_result(work: Work) -> None:
    known = WorkedOut(work, lambda: work.secret)
    assert known("a") == "a with one"
    work.secret = b"two"
    assert known("a") == "a with two"


def test_what_a_stranger_wrote_has_bytes_and_is_not_kept(work: Work) -> None:
    known = WorkedOut(work, lambda: work.secret)
    assert known("\ud800 secret").endswith("with one")
    assert not any(b"secret" in digest for digest in known._known)


def test_it_does_not_grow_without_end(work: Work) -> None:
    known = WorkedOut(work, lambda: work.secret, most=3)
    for number in range(10):
        known(str(number))
        assert len(known._known) <= 3
    assert known("9") == "9 with one"
    assert len(work.done) == 10


def test_what_fails_is_tried_again(work: Work) -> None:
    def failing(text: str, secret: bytes) -> str:
        work(text, secret)
        raise ValueError(text)

    known = WorkedOut(failing, lambda: work.secret)
    for _ in range(2):
        with pytest.raises(ValueError, match="a"):
            known("a")
    assert work.done == ["a", "a"]
