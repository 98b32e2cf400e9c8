"""The token budget: never over the window by its own count, the newest never lost, the question never cut."""

from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from core.documents import Chunk
from core.messages import BusinessLine, Message, Passage, Question, Retrieval, Sampling
from core.prompts import PromptVersion
from pipelines.compose import SHORTEST_ANSWER, Prompt, compose
from pipelines.evidence import Evidence
from pipelines.tokens import MESSAGE_OVERHEAD

NOW = datetime(2026, 11, 25, tzinfo=UTC)
WORDS = st.text(alphabet="订单发货 abc\n。", max_size=400)
TEXTS = st.sampled_from(("{persona}", "答:{passages}", "{passages}以及{passages}", "你好" * 300))


class Words:
    """Counts as some tokenizer might: a token for each two characters."""

    exact = True
    per_message = MESSAGE_OVERHEAD

    def count(self, text: str) -> int:
        return -(-len(text) // 2)


def composed(
    question: str,
    history: Sequence[str],
    passages: Sequence[str],
    files: Sequence[str],
    text: str | None,
    window: int,
    wanted: int,
) -> Prompt:
    version = PromptVersion("shop", 1, {"zh": text}, "published", NOW, NOW) if text else None
    line = BusinessLine("shop", {"zh": "商城"}, ("shop",), prompt=version)
    dialogue = [
        Message("user" if n % 2 == 0 else "assistant", f"{n}:{said}") for n, said in enumerate(history)
    ]
    found = [
        Passage(f"p{n}", "shop", "d", "d", f"第{n}段", "", said, 0.9 - n / 100)
        for n, said in enumerate(passages)
    ]
    chunks = [Chunk(f"c{n}", "", "f", "f.txt", n, "f", "", said) for n, said in enumerate(files)]
    asked = Question(question, "chat:1", "chat", "r", sampling=Sampling(max_tokens=wanted))
    evidence = Evidence(Retrieval(found, True, 0.4), chunks)
    return compose(asked, line, "zh", evidence, dialogue, window, "r", Words(), NOW)


@settings(deadline=None, max_examples=120)
@given(
    WORDS.filter(bool),
    st.lists(WORDS, max_size=12),
    st.lists(WORDS.filter(bool), max_size=6),
    st.lists(WORDS.filter(bool), max_size=6),
    st.none() | TEXTS,
    st.integers(300, 6_000),
    st.integers(1, 8_192),
)
def test_it_holds_whatever_comes(
    question: str,
    history: Sequence[str],
    passages: Sequence[str],
    files: Sequence[str],
    text: str | None,
    window: int,
    wanted: int,
) -> None:
    prompt = composed(question, history, passages, files, text, window, wanted)
    system, *dialogue = prompt.request.messages
    budget, answer = prompt.budget, prompt.request.sampling.max_tokens
    assert dialogue[-1].content.endswith(question)
    kept = [int(message.content.split(":")[0]) for message in dialogue[:-1]]
    assert kept == [*range(len(history) - len(kept), len(history))], "what is missing is the oldest"
    shown = [n for n in range(len(passages)) if f"[第{n}段" in system.content]
    assert shown == [*range(len(shown))], "what is missing scored lowest"
    assert SHORTEST_ANSWER <= max(answer, SHORTEST_ANSWER) <= max(SHORTEST_ANSWER, min(wanted, window // 2))
    never_cut = budget.prompt + budget.rules + budget.question + SHORTEST_ANSWER
    if never_cut + 200 * 2 < window:  # else the question by itself is too long, and the engine says so
        assert budget.left >= 0
    spent = sum(Words().count(one.content) + MESSAGE_OVERHEAD for one in prompt.request.messages)
    assert spent + answer <= budget.used, "the parts are all there is"
    assert budget.used == sum(budget.parts.values()) == window - budget.left


def test_the_bar_tells_where_the_window_goes() -> None:
    prompt = composed(
        "什么时候发货?", ["问", "答"], ["付款后 48 小时"], ["合同"], "你好 {passages}", 8192, 512
    )
    parts = prompt.budget.parts
    assert list(parts) == ["prompt", "rules", "passages", "history", "files", "question", "answer"]
    assert all(parts.values())
    assert (parts["answer"], prompt.budget.window, prompt.budget.exact) == (512, 8192, True)


def test_an_answer_gives_way_to_what_is_never_cut() -> None:
    assert composed("长" * 12_000, (), (), (), None, 8192, 4096).request.sampling.max_tokens < 2_200
    assert composed("短", (), (), (), None, 20_000, 8_192).request.sampling.max_tokens == 8_192


def test_tool_calls_and_tools_count() -> None:
    call = {
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "x" * 2_000}}]
    }
    tools = [{"type": "function", "function": {"name": "f", "description": "y" * 2_000}}]
    line = BusinessLine("shop", {}, ("shop",))
    dialogue = (Message("user", "a"), Message("assistant", "", call), Message("tool", "b"))

    def budget(messages: Sequence[Message], extra: dict[str, object]) -> tuple[int, int]:
        asked = Question("a", "chat:1", "chat", "r", messages=messages, sampling=Sampling(extra=extra))
        made = compose(asked, line, "zh", Evidence.nothing(), (), 8192, "r", Words(), NOW).budget
        return made.question, made.rules

    (plain, rules), (called, with_tools) = budget(dialogue[:1], {}), budget(dialogue, {"tools": tools})
    assert called - plain > 1_000
    assert with_tools - rules > 1_000
