"""What the later steps see of a question: placeholders wherever a customer or a program wrote personal data."""

import json

import pytest

from core.documents import Attachment, Chunk
from core.messages import Message, Question, Sampling
from core.vault import VaultEntry
from pipelines.conceal import AT_ONCE, concealed_file, masked, searchable, without_placeholders
from tests.support.canaries import CANARIES, SENTENCE, leaks

PHONE = CANARIES["phone"]


def question(text: str, **fields: object) -> Question:
    return Question(text=text, owner="chat:1", channel="api", request_id="r", **fields)  # type: ignore[arg-type]


async def test_every_word_of_a_request_is_masked_and_every_setting_stays() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": json.dumps({"to": PHONE})}}
    extra = {
        "seed": 13958271046,
        "stop": [PHONE],
        "tools": [{"type": "function", "function": {"name": "f", "description": SENTENCE}}],
    }
    asked = question(
        SENTENCE,
        system=f"Customer: {SENTENCE}",
        messages=(
            Message("user", SENTENCE, {"name": PHONE}),
            Message("assistant", "", {"tool_calls": [call]}),
            Message("tool", json.dumps({"note": SENTENCE}), {"tool_call_id": "c1"}),
        ),
        sampling=Sampling(extra=extra),
    )
    hidden, new = await masked(asked, ())
    seen = hidden.question
    assert set(leaks(repr((seen.text, seen.system, seen.messages)).encode())) == set()
    assert set(leaks(repr({**seen.sampling.extra, "seed": 0}).encode())) == set()
    assert seen.sampling.extra["seed"] == 13958271046
    assert json.loads(seen.messages[1].extra["tool_calls"][0]["function"]["arguments"]) == {"to": "[PHONE_1]"}
    assert "name" not in seen.messages[0].extra
    assert len({entry.placeholder for entry in new}) == len(new)


async def test_a_number_keeps_its_placeholder_through_a_conversation() -> None:
    first, new = await masked(question(f"我的手机号是{PHONE}"), ())
    again, more = await masked(question("就是 139-5827-1046 那个，不是 13800138000"), new)
    assert first.question.text == "我的手机号是[PHONE_1]"
    assert again.question.text == "就是 [PHONE_1] 那个，不是 [PHONE_2]"
    assert [entry.original for entry in more] == ["13800138000"]


async def test_a_long_request_is_masked_as_well() -> None:
    hidden, _ = await masked(question("退货" * AT_ONCE + f"，电话{PHONE}"), ())
    assert hidden.question.text.endswith("，电话[PHONE_1]")


def test_a_file_joins_the_conversations_numbering() -> None:
    known = [VaultEntry("[PHONE_1]", "phone", PHONE, PHONE)]
    file = Attachment(
        id="a", conversation_id="c", name=f"{PHONE} 13800138000.txt", size=1, chunks=1, added_at=None,  # type: ignore[arg-type]
        notes=(f"{PHONE} was left out.",),
    )  # fmt: skip
    part = Chunk(
        id="a-0", base="", document_id="a", document=file.name, position=0, title=PHONE, location=PHONE,
        text=SENTENCE, match=(PHONE,),
    )  # fmt: skip
    hidden, chunks, new = concealed_file(file, [part], known)
    assert hidden.name == chunks[0].document == "[PHONE_1] [PHONE_2].txt"
    assert (chunks[0].title, chunks[0].location, chunks[0].match) == (
        "[PHONE_1]",
        "[PHONE_1]",
        ("[PHONE_1]",),
    )
    assert set(leaks(repr((hidden, chunks)).encode())) == set()
    assert "[PHONE_1]" not in {entry.placeholder for entry in new}


@pytest.mark.parametrize(
    ("text", "left"), [("[PHONE_1]", " "), ("电话[PHONE_12]怎么改", "电话 怎么改"), ("[1] see", "[1] see")]
)
def test_placeholders_are_no_words_to_search_for(text: str, left: str) -> None:
    assert without_placeholders(text) == left


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("身份证[ID_CARD_1], 怎么退货?", ", 怎么退货?"),
        ("我的手机号是[PHONE_1]，订单为什么还没发货？", "，订单为什么还没发货？"),
        ("How do I return it? My phone number is [PHONE_1].", "How do I return it? ."),
        ("My e-mail: [EMAIL_1]", "My e-mail:"),
        ("[PHONE_1]这个号码能换绑吗", "这个号码能换绑吗"),
        ("怎么改手机号?", "怎么改手机号?"),
    ],
)
def test_what_is_only_stated_is_no_part_of_the_question(text: str, asked: str) -> None:
    assert " ".join(searchable(text).split()) == asked


async def test_the_companys_own_number_is_nobodys_secret() -> None:
    hidden, new = await masked(question(f"400-000-0000 打不通，请打{PHONE}"), (), {"4000000000"})
    assert hidden.question.text == "400-000-0000 打不通，请打[PHONE_1]"
    assert [entry.kind for entry in new] == ["phone"]
