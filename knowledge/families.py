"""What known families of embedding models want in front of a question or a passage.

It does not know whether a model brings its own: those come first.
"""

import re

_TASK = "Given a customer's question, retrieve passages that answer it"
_INSTRUCT = f"Instruct: {_TASK}\nQuery:"
_SEARCHING = "Represent this sentence for searching relevant passages: "

_FAMILIES: tuple[tuple[str, str, str], ...] = (
    # pattern in the model's name, before a question, before a passage; the first that fits
    (r"qwen3-embedding|gte-qwen|e5-mistral|e5-large-instruct", _INSTRUCT, ""),
    (r"(^|[/_-])e5-(small|base|large)", "query: ", "passage: "),
    (r"bge-(small|base|large)-zh", "为这个句子生成表示以用于检索相关文章：", ""),
    (r"bge-(small|base|large)-en|mxbai-embed", _SEARCHING, ""),
    (r"arctic-embed.*v2", "query: ", ""),
    (r"arctic-embed", _SEARCHING, ""),
    (r"nomic-embed", "search_query: ", "search_document: "),
    (r"embeddinggemma", "task: search result | query: ", "title: none | text: "),
)


def prompts(model: str) -> tuple[str, str]:
    """What goes before a question and before a passage, by the model's name; empty for an unknown family."""
    for pattern, question, passage in _FAMILIES:
        if re.search(pattern, model, re.IGNORECASE):
            return question, passage
    return "", ""
