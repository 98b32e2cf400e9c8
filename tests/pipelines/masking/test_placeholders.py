"""Placeholders: stable numbers, nothing confused with what a customer types, and the way back."""

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.privacy import Kind
from pipelines.masking import Placeholders, Restorer, find

PIECES = st.sampled_from(
    [
        "13800138000", "138-0013-8000", "a@b.com", "[PHONE_1]", "[~PHONE_1]", "[phone 2]", "【EMAIL_1】", "[", "]", "~", "[~~", "_1]",
        "PHONE", "请", " ", "\n", "[ID_CARD_1", "[[", "京A12345", "[PHONE\\_1]", "x", "1", "[CREDIT_CODE-3 ]", "{", '"', "\\",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=4), max_size=14).map("".join)
STORED = st.lists(
    st.tuples(st.sampled_from([Kind.PHONE, Kind.EMAIL]), st.integers(1, 4)), max_size=4, unique=True
).map(lambda pairs: [(f"[{k.name}_{n}]", k, f"v{n}", f'o[{k.name}_{n}]"\\') for k, n in pairs])


def test_a_number_keeps_its_placeholder_in_every_turn() -> None:
    vault = Placeholders()
    first = vault.mask("我是13800138000，朋友是13900139000")
    assert first.text == "我是[PHONE_1]，朋友是[PHONE_2]"
    second = vault.mask("再说一遍：139 0013 9000")
    assert second.text == "再说一遍：[PHONE_2]"
    assert not second.new


def test_a_later_turn_goes_on_from_what_is_known() -> None:
    vault = Placeholders([("[PHONE_7]", Kind.PHONE, "13800138000", "138-0013-8000")])
    masked = vault.mask("13900139000 13800138000")
    assert masked.text == "[PHONE_8] [PHONE_7]"
    assert [entry.placeholder for entry in masked.new] == ["[PHONE_8]"]
    assert vault.restore("[PHONE_7]") == "138-0013-8000"
    assert vault.original("[PHONE_8]") == "13900139000"
    assert vault.original("[PHONE_9]") is None


def test_a_typed_placeholder_is_never_taken_for_ours() -> None:
    vault = Placeholders([("[PHONE_3]", Kind.PHONE, "13800138000", "13800138000")])
    masked = vault.mask("what is [PHONE_3] and 【phone 3】 and [~PHONE_3]?")
    assert masked.text == "what is [~PHONE_3] and 【~phone 3】 and [~~PHONE_3]?"
    assert vault.restore(masked.text) == "what is [PHONE_3] and 【phone 3】 and [~PHONE_3]?"
    assert vault.original("[~PHONE_3]") is None


@pytest.mark.parametrize(
    "spelled",
    [
        "[PHONE_1]",
        "[phone_1]",
        "【PHONE_1】",
        "[PHONE_1】",
        "［PHONE_1］",
        "[ PHONE_1 ]",
        "[PHONE 1]",
        "[PHONE-1]",
        "[PHONE\\_1]",
        "[Phone_01]",
    ],
)
def test_what_a_model_makes_of_a_placeholder_is_restored(spelled: str) -> None:
    vault = Placeholders([("[PHONE_1]", Kind.PHONE, "13800138000", "138 0013 8000")])
    assert vault.restore(f"打{spelled}吧") == "打138 0013 8000吧"


def test_personal_data_stays_out_of_repr() -> None:
    masked = Placeholders().mask("13800138000")
    assert "138" not in repr(masked.findings) + repr(masked.new)


@settings(max_examples=300, deadline=None)
@given(TEXTS, STORED)
def test_masking_and_restoring_gives_the_text_back(
    text: str, stored: list[tuple[str, Kind, str, str]]
) -> None:
    vault = Placeholders(stored)
    masked = vault.mask(text)
    first: dict[tuple[Kind, str], str] = {}
    expected, at = "", 0
    for one in masked.findings:
        spelled = first.setdefault((one.kind, one.value), text[one.start : one.end])
        expected += text[at : one.start] + spelled
        at = one.end
    assert vault.restore(masked.text) == expected + text[at:]


@settings(max_examples=300, deadline=None)
@given(TEXTS, STORED, st.lists(st.integers(0, 60), max_size=12), st.booleans())
def test_a_stream_split_anywhere_restores_alike(
    text: str, stored: list[tuple[str, Kind, str, str]], cuts: list[int], every: bool
) -> None:
    vault = Placeholders(stored)
    places = sorted(
        {0, len(text), *(range(len(text)) if every else [cut for cut in cuts if cut < len(text)])}
    )
    restorer = Restorer(vault)
    pieces = [restorer.feed(text[a:b]) for a, b in itertools.pairwise(places)]
    assert "".join(pieces) + restorer.close() == vault.restore(text)


def test_a_stream_holds_back_only_what_can_become_a_placeholder() -> None:
    restorer = Restorer(Placeholders([("[PHONE_1]", Kind.PHONE, "1", "13800138000")]))
    assert restorer.feed("see [1] and [a] [PHO") == "see [1] and [a] "
    assert restorer.feed("NE_1] [~~~") == "13800138000 [~~"
    assert restorer.feed("~x") == "~~x"
    assert restorer.close() == ""


def test_streamed_arguments_stay_json() -> None:
    vault = Placeholders([("[ADDRESS_1]", Kind.ADDRESS, "v", 'a "b"\n\\c')])
    restorer = Restorer(vault, json_escaped=True)
    text = "".join(restorer.feed(letter) for letter in '{"to": "[ADDRESS_1]"}') + restorer.close()
    assert json.loads(text) == {"to": 'a "b"\n\\c'}


def test_a_tree_is_masked_to_its_leaves() -> None:
    vault = Placeholders()
    tree = {
        "messages": [{"role": "user", "content": "我的手机13800138000"}],
        "arguments": '{"phone": "13800138000", "微信": "zhangsan88", "n": 3, "big": 13900139000}',
        "count": 5,
        "mobile": 13800138000,
        "none": None,
    }
    masked, new = vault.mask_tree(tree)
    assert masked["messages"][0]["content"] == "我的手机[PHONE_1]"
    assert json.loads(masked["arguments"]) == {
        "phone": "[PHONE_1]",
        "微信": "[WECHAT_1]",
        "n": 3,
        "big": "[PHONE_2]",
    }
    assert masked["mobile"] == "[PHONE_1]"
    assert masked["count"] == 5
    assert [entry.placeholder for entry in new] == ["[PHONE_1]", "[WECHAT_1]", "[PHONE_2]"]
    assert tree["messages"][0]["content"] == "我的手机13800138000"


def test_a_json_string_without_personal_data_keeps_its_spelling() -> None:
    text = '{ "a":1.0,\n "b" : "x" }'
    assert Placeholders().mask_tree(text)[0] == text


def test_find_takes_lone_surrogates() -> None:
    assert [one.value for one in find("\ud83d13800138000\ude00")] == ["13800138000"]
