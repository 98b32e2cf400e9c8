"""Both languages say the same things, and every locale a browser may name is served."""

import re

import pytest

from core.messages import Mode, TurnStatus
from pages.console_words import WORDS, translations, words


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    assert WORDS["zh"].keys() == WORDS["en"].keys()
    for key, chinese in WORDS["zh"].items():
        assert set(re.findall(r"{\w+}", chinese)) == set(re.findall(r"{\w+}", WORDS["en"][key])), key
        assert chinese.strip(), key


def test_chinese_is_set_with_chinese_punctuation() -> None:
    for key, chinese in WORDS["zh"].items():
        assert not re.search(r"[\u4e00-\u9fff][,:;?!()]|[,:;?!()][\u4e00-\u9fff]", chinese), key


def test_english_holds_no_chinese() -> None:
    assert not [key for key, value in WORDS["en"].items() if re.search(r"[\u4e00-\u9fff]", value)]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_mode_has_a_name(language: str) -> None:
    assert all(f"mode_{mode.value}" in words(language) for mode in Mode)
    assert TurnStatus.STOPPED.value in words(language)


@pytest.mark.parametrize("locale", ["zh", "zh-CN", "zh-TW", "zh-HK", "zh-Hant"])
def test_every_chinese_locale_reads_chinese(locale: str) -> None:
    assert translations()[locale]["send"] == "发送"
    assert translations("en")[locale]["send"] == "Send"


def test_other_languages_read_english() -> None:
    assert words("fr")["send"] == "Send"
    assert words("zh-Hant")["send"] == "发送"
