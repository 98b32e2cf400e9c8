"""The language of a message, on sentences and snippets of news in 29 languages and scripts."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.language import detect_language
from tests.quality.languages import SENTENCES, WHY_NOT, measured, sentences, snippets

WHOLE = 99.2
SNIPPETS = 91.0
MILLISECONDS = 0.5
MEBIBYTES = 150
SEEDS = (1, 2, 3)
LOADED = """
from bench.footprint import resident_mib
before = resident_mib("self")
from pipelines.language import detect_language
detect_language("Where is my parcel?"), detect_language("我的包裹在哪里?")
print(resident_mib("self") - before)
"""

pytestmark = pytest.mark.quality


@pytest.mark.skipif(not SENTENCES.exists(), reason=WHY_NOT)
def test_whole_sentences() -> None:
    detect_language("warm")
    accuracy = measured(detect_language, sentences())
    assert accuracy.macro >= WHOLE, accuracy.confused.most_common(10)
    assert accuracy.milliseconds <= MILLISECONDS


@pytest.mark.skipif(not SENTENCES.exists(), reason=WHY_NOT)
@pytest.mark.parametrize("seed", SEEDS)
def test_two_to_five_words(seed: int) -> None:
    accuracy = measured(detect_language, snippets(sentences(), seed))
    assert accuracy.macro >= SNIPPETS, accuracy.confused.most_common(10)


def test_what_tells_languages_apart_fits_in_little_memory() -> None:
    root = Path(__file__).parents[2]
    grown = float(subprocess.check_output([sys.executable, "-c", LOADED], cwd=root, text=True))
    assert grown <= MEBIBYTES
