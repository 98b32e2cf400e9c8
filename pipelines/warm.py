"""Loads, before the first customer comes, what would otherwise make that one wait."""

from pipelines.language import detect_language
from pipelines.languages.models import load_models
from pipelines.sentences import all_sentences


def warm_up() -> None:
    """Read the fixed sentences and what tells languages apart; about a second, off the event loop."""
    all_sentences()
    load_models()  # by name: more and more messages are told by their words, and no sample stays one that needs them
    detect_language("Where is my parcel and when will it arrive?")
    detect_language("我的包裹在哪里，什么时候到？")
