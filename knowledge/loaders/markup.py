"""Reads XML: records as passages under their paths, feeds entry by entry.

A document type is refused by name, so that no entity is ever expanded or fetched. It does not know HTML (web.py).
"""

import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from langchain_core.documents import Document

from core.errors import DocumentRejected
from knowledge.encodings import decode
from knowledge.limits import MAX_DEPTH
from knowledge.loaders.base import FileLoader
from knowledge.loaders.web import page_of, plain_text
from knowledge.sections import section
from knowledge.splitting import CHUNK_WIDTH, width

_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_ENTRIES = {"item", "entry"}
_FEEDS = {"rss", "feed", "RDF"}
_LONG = ("encoded", "content", "description", "summary")
_INLINE = {
    "b",
    "i",
    "em",
    "strong",
    "emphasis",
    "code",
    "a",
    "link",
    "ulink",
    "span",
    "sub",
    "sup",
    "u",
    "literal",
}


class MarkupLoader(FileLoader):
    """One section a record or a feed's entry. Raises DocumentRejected for a DTD, too deep a tree, broken XML."""

    def lazy_load(self) -> Iterator[Document]:
        root = self._tree(_DECLARATION.sub("", decode(self.source.data, self.source.name), count=1))
        name = _local(root)
        if name == "html":
            from knowledge.loaders.web import HtmlReader

            page = page_of(decode(self.source.data, self.source.name))
            if page is not None:
                yield from HtmlReader(page, self.source.name, self.source.stem, self.source.notes).sections()
            return
        for element, path in _records(root, f"/{name}"):
            if name in _FEEDS:
                if _local(element) in _ENTRIES:
                    yield from self._entry(element, path)
            else:
                yield from self._record(element, path)

    def _tree(self, text: str) -> Element:
        from defusedxml import DefusedXmlException, DTDForbidden
        from defusedxml.ElementTree import iterparse

        depth = 0
        root: Element | None = None
        try:
            for event, element in iterparse(
                io.BytesIO(text.encode("utf-8", errors="replace")), ("start", "end"), forbid_dtd=True
            ):
                root = element if root is None else root
                depth += 1 if event == "start" else -1
                if depth > MAX_DEPTH:
                    raise self.refuse("too_deep", depth=MAX_DEPTH)
        except DTDForbidden:
            raise self.refuse("dtd") from None
        except DefusedXmlException:
            raise self.refuse("damaged") from None
        except ParseError as error:
            raise self.refuse("damaged_at", line=error.position[0]) from None
        if root is None:
            raise DocumentRejected.because("no_text", name=self.source.name)
        return root

    def _record(self, element: Element, path: str) -> Iterator[Document]:
        title = " > ".join([self.source.stem, *_steps(path)[1:]])
        leaves = _leaves(element)
        if leaves is None or not any(text for _, text in leaves):
            return
        text = "; ".join(f"{key}: {text}" if key else text for key, text in leaves if text)
        if width(text) <= CHUNK_WIDTH:
            named = len(leaves) > 1 or bool(leaves[0][0])
            yield section(text, title=title, location=path, kind="table" if named else "text")
            return
        short = "; ".join(
            f"{key}: {text}" for key, text in leaves if text and width(text) <= CHUNK_WIDTH // 4
        )
        if short:
            yield section(short, title=title, location=path)
        for key, value in leaves:
            if width(value) > CHUNK_WIDTH // 4:
                where = f"{path}/{key}" if key and not key.startswith("@") else path
                yield section(value, title=f"{title} > {key}" if key else title, location=where)

    def _entry(self, element: Element, path: str) -> Iterator[Document]:
        """A feed's entry: its title, and the longest of its texts as plain text."""
        texts = {_local(child): "".join(child.itertext()).strip() for child in element}
        heading = plain_text(texts.get("title", ""))
        body = max((plain_text(texts[key]) for key in _LONG if texts.get(key)), key=len, default="")
        about = [texts[key] for key in ("pubDate", "published", "updated") if texts.get(key)][:1]
        text = "\n".join(filter(None, [*about, body])) or heading
        if text:
            title = " > ".join(filter(None, [self.source.stem, heading]))
            yield section(text, title=title, location=path)


def _records(root: Element, path: str) -> Iterator[tuple[Element, str]]:
    """Elements that are read as one passage, in order: leaves, records of leaves, mixed text, feed entries."""
    stack = [(root, path)]
    while stack:
        element, where = stack.pop()
        if _leaves(element) is not None or _local(element) in _ENTRIES:
            yield element, where
            continue
        counts = Counter(_local(child) for child in element)
        own = Element(element.tag, element.attrib)
        own.text = element.text
        own.extend(child for child in element if _is_field(child, counts))
        if len(own) or own.attrib or (own.text or "").strip():
            yield own, where
        seen: Counter[str] = Counter()
        inner = []
        for child in element:
            name = _local(child)
            seen[name] += 1
            if not _is_field(child, counts):
                step = f"{name}[{seen[name]}]" if counts[name] > 1 else name
                inner.append((child, f"{where}/{step}"))
        stack.extend(reversed(inner))


def _is_field(child: Element, counts: Counter[str]) -> bool:
    """A plain member of a record, the only one of its name."""
    return not len(child) and not child.attrib and counts[_local(child)] == 1


def _leaves(element: Element) -> list[tuple[str, str]] | None:
    """`(name, text)` of a record's attributes and children; None where a child is a record itself."""
    leaves = [(f"@{_plain(key)}", value) for key, value in element.attrib.items()]
    children = list(element)
    if not children:
        return [*leaves, ("", _squeeze(element.text))]
    if _is_mixed(element):
        return [*leaves, ("", _squeeze("".join(element.itertext())))]
    if any(len(child) and not _is_mixed(child) for child in children):
        return None
    for child in children:
        name = _local(child)
        leaves += [(f"{name}@{_plain(key)}", value) for key, value in child.attrib.items()]
        leaves.append((name, _squeeze("".join(child.itertext()))))
    names = [_local(child) for child in children]
    if (
        len(children) > 1
        and len(set(names)) == 1
        and any(width(text) > 20 or child.attrib for child, (_, text) in zip(children, leaves, strict=False))
    ):
        return None  # a list of one kind: each is a passage of its own
    return leaves


def _is_mixed(element: Element) -> bool:
    """Text with words marked in it, as in a manual's paragraph."""
    if not len(element):
        return False
    said = (element.text or "").strip() or any((child.tail or "").strip() for child in element)
    return bool(said) and all(_local(child).lower() in _INLINE or not len(child) for child in element)


def _local(element: Element) -> str:
    return _plain(element.tag)


def _plain(name: str) -> str:
    return name.rpartition("}")[2]


def _steps(path: str) -> list[str]:
    return [re.sub(r"\[\d+\]$", "", step) for step in path.split("/") if step]


def _squeeze(text: Any) -> str:
    return " ".join((text or "").split())
