"""What counts as a request to sum up a file, in the languages XiaoQ speaks, and that every language has its words."""

import re
from dataclasses import fields

import pytest

from pipelines.handoffs import HandoffSentences, all_handoff_sentences
from pipelines.language import detect_language
from pipelines.sentences import Sentences, all_sentences, summary_subject


@pytest.mark.parametrize(
    "text",
    [
        "总结一下这个文件", "帮我概括一下", "这份合同讲了什么?", "能帮我看看这个文件吗？", "幫我整理這份檔案的重點",
        "Summarise this", "What is this document about?", "Could you give me a short summary of the attached file?",
        "Fasse diese Datei bitte zusammen", "Résume ce document, s'il te plaît", "Resume este documento por favor",
        "Riassumi questo documento", "Кратко перескажи этот документ", "Podsumuj ten plik", "この資料を要約してください",
        "이 파일 요약해 주세요", "Tóm tắt tệp này giúp tôi", "ช่วยสรุปไฟล์นี้ให้หน่อยครับ", "لخص هذا الملف من فضلك",
        "इस फ़ाइल का सारांश बताओ", "Bu dosyayı özetler misin?",
    ],
)  # fmt: skip
def test_a_file_as_such_is_to_be_summed_up(text: str) -> None:
    assert summary_subject(text, detect_language(text) or "en") == ""


@pytest.mark.parametrize(
    ("text", "subject"),
    [("总结一下违约责任", "违约责任"), ("Summarise the returns policy", "returns policy")],
)
def test_what_is_to_be_summed_up_is_searched_for(text: str, subject: str) -> None:
    found = summary_subject(text, detect_language(text) or "en")
    assert found is not None
    assert subject in found


@pytest.mark.parametrize(
    "text", ["合同里提前解约的违约金是多少？", "Who repairs the roof?", "退货政策", "发票抬头怎么改"]
)
def test_a_question_is_no_request_for_a_summary(text: str) -> None:
    assert summary_subject(text, detect_language(text) or "zh") is None


@pytest.mark.parametrize("language", sorted(all_sentences()))
def test_every_language_has_words_for_files(language: str) -> None:
    sentences = all_sentences()[language]
    assert len(sentences.summary_requests) >= 5
    assert len(sentences.file_words) >= 10
    said = (sentences.not_in_file, sentences.only_passages, sentences.file_cut, sentences.nothing_found)
    assert len(set(said)) == 4
    if language != "en":
        assert sentences.only_passages != all_sentences()["en"].only_passages


def test_french_marks_stay_with_their_word() -> None:
    """A line may not break before ? ; and : in French."""
    said = [*said_in(all_sentences()["fr"]), *said_in(all_handoff_sentences()["fr"])]
    assert any("\u00a0?" in sentence for sentence in said)
    assert not [sentence for sentence in said if re.search(" [?!;:]", sentence)]


def test_customers_are_spoken_to_politely_throughout() -> None:
    """With Thai's particle and Tagalog's po, and with Khmer's longer you."""
    thai, khmer, tagalog = (all_sentences()[code] for code in ("th", "km", "tl"))
    for sentence in (
        thai.greeting,
        thai.nothing_found,
        thai.handoff_asked,
        thai.refused,
        thai.you_are_welcome,
    ):
        assert re.search("ค่ะ|คะ", sentence)
    assert all(re.search(r"\bpo\b", sentence) for sentence in said_in(tagalog) if sentence != tagalog.name)
    handed = all_handoff_sentences()
    assert "po" in handed["tl"].over_to_staff.split()
    assert "អ្នក" not in "".join((*said_in(khmer), handed["km"].over_to_staff)).replace("លោកអ្នក", "")


def said_in(sentences: Sentences | HandoffSentences) -> list[str]:
    """What is said, without the phrases that are only listened for."""
    values = (getattr(sentences, field.name) for field in fields(sentences))
    return [value for value in values if isinstance(value, str)]
