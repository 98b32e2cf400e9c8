"""The sentences on what was not read, in both languages."""

import re

import pytest

from core.reasons import REASONS, in_language, sentence


@pytest.mark.parametrize("reason", REASONS)
def test_both_languages_say_the_same_fields_and_a_stored_sentence_is_known_again(reason: str) -> None:
    fields = re.findall(r"\{(\w+)\}", REASONS[reason].en)
    assert sorted(fields) == sorted(re.findall(r"\{(\w+)\}", REASONS[reason].zh))
    values = {field: f"价格 {at}.pdf" for at, field in enumerate(fields)}
    assert in_language(sentence(reason, **values), "zh") == sentence(reason, "zh", **values)
    assert in_language(sentence(reason, **values), "en") == sentence(reason, **values)


def test_a_reason_inside_a_reason_is_said_in_the_language_too() -> None:
    inner = sentence("locked", name="a.pdf")
    assert (
        in_language(sentence("entry", entry="a.pdf", reason=inner), "zh-CN")
        == "a.pdf：a.pdf 设有密码，请解除密码后重新上传。"
    )


def test_a_sentence_of_no_known_reason_stays() -> None:
    assert in_language("Something else happened.", "zh") == "Something else happened."
