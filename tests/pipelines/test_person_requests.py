"""How customers ask for a person, in a word or without diacritics, and what only sounds like it."""

import pytest

from core.messages import BusinessLine
from pipelines.language import detect_language
from pipelines.route import route
from pipelines.sentences import language_by_heart

LINE = BusinessLine(id="shop", names={"en": "Shop"}, bases=["shop"])

ASKED = [
    "人工", "客服", "真人", "给我转客服", "能不能来个人", "想搵真人", "我想同真人講", "agent", "human", "connect me to a human", "get me an operator",
    "i need to talk with customer support", "ich will mit jemandem reden", "verbinden sie mich mit einem mitarbeiter", "un humain svp",
    "passez moi un conseiller", "agente", "pasame con un agente", "atendente", "me passa pra um atendente", "operatore", "medewerker",
    "оператор", "позовите человека", "operator", "spojte me s operatorem", "prosze o konsultanta", "czlowiek", "موظف", "ابغى اكلم احد",
    "اپراتور", "میخوام با آدم حرف بزنم", "נציג", "temsilci", "musteri temsilcisi", "insanla konusmak istiyorum", "canli destek",
    "オペレーター", "人間に代わって", "상담원", "사람 불러줘", "nhân viên", "toi muon noi chuyen voi nguoi that", "chuyen cho nhan vien",
    "แอดมิน", "cs dong", "bicara sama orang", "ejen", "ພະນັກງານ", "បុគ្គលិក", "ဝန်ထမ်း", "gusto ko makigstorya og tawo", "ahente po",
    "agent se baat karni hai", "एजेंट", "এজেন্ট", "نمائندہ",
]  # fmt: skip


def way(text: str) -> str:
    return route(text, LINE, language_by_heart(text) or detect_language(text) or "en").kind


@pytest.mark.parametrize("text", ASKED)
def test_who_asks_for_a_person_gets_one(text: str) -> None:
    assert way(text) == "person"


@pytest.mark.parametrize(
    "text",
    [
        "Do I need an agent to rent a flat?", "What is the agent fee?", "人工智能是什么", "客服电话是多少", "Is the operator manual in the box?",
        "¿Necesito un asesor fiscal?", "گوشی را وصل کن به وای فای", "Welcher Mitarbeiter hat den Vertrag unterschrieben?",
    ],
)  # fmt: skip
def test_who_speaks_of_one_does_not(text: str) -> None:
    assert way(text) == "search"


def test_a_word_alone_is_answered_in_its_language() -> None:
    assert [language_by_heart(word) for word in ("temsilci", "atendente", "medewerker")] == ["tr", "pt", "nl"]
