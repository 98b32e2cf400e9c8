"""YAML as a person sends it: plain values only, bounded in size and depth, read safely, every fault with its line.

No aliases, since a few of them unfold to gigabytes; no tags; no key twice. Knows nothing of business lines.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from core.errors import Unfit

LARGEST = 2_000_000
"""Bytes."""
DEEPEST = 12
MOST_NODES = 150_000
"""Keys and values."""
LONGEST_NUMBER = 400
_NUMBERLIKE = re.compile(r"[-+0-9_:.]+")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_RESOLVER: Any = yaml.resolver.Resolver()
_NO_KEY = "a key must be a word"

Step = int | str
Path = tuple[Step, ...]


def read_yaml(data: bytes) -> Any:
    """The one document in `data`. Raises Unfit with the line of what is wrong with it."""
    if len(data) > LARGEST:
        raise Unfit(f"The file is larger than {LARGEST:,} bytes.", param="body")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unfit(f"Line {line}: this is not UTF-8.", param="body") from None
    try:
        for _ in _walked(text, strict=True):
            pass
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - the safe loader, in C where there is one
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _fault(mark.line if mark else 0, f"this is no YAML ({_plainly(error.problem)})") from None
    except (yaml.YAMLError, ValueError):  # a character that no text has, a number that is none
        raise Unfit(
            "This is no YAML: it holds a character or a number that cannot be read.", param="body"
        ) from None


def line_of(data: bytes, path: Sequence[Step]) -> int:
    """The line (from 1) on which the value at `path` stands, or as much of the path as there is."""
    best, found = 1, 0
    for here, line in _walked(data.decode("utf-8-sig"), strict=False):
        depth = len(here)
        if depth > found and tuple(path[:depth]) == here:
            best, found = line + 1, depth
            if depth == len(path):
                break
    return best


def write_yaml(content: Any) -> str:
    """As a person would write it: keys in their order, texts of several lines as blocks."""
    return str(yaml.dump(content, Dumper=_Blocks, allow_unicode=True, sort_keys=False, width=110))


class _Blocks(yaml.SafeDumper):
    """Also writes a list or a mapping out again where it stands twice, in place of an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if any(character in text for character in "\r\x85\u2028\u2029\ufeff"):
        style = '"'  # blocks lose these
    elif "\n" in text:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Blocks.add_representer(str, _text)


def _walked(text: str, *, strict: bool) -> Iterator[tuple[Path, int]]:
    """Every value's path and line (from 0). `strict`: raises Unfit for what is not taken."""
    around: list[_Level] = []
    count = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line if event.start_mark else 0
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _fault(line, "a second document begins here; send one at a time")
        if isinstance(event, yaml.CollectionEndEvent):
            around.pop()
        if not isinstance(event, yaml.NodeEvent):
            continue
        count += 1
        if strict:
            _check(event, line, count, len(around))
            if around and around[-1].awaits_key:
                _check_key(event, line)
        path = around[-1].next(event, line) if around else ()
        if path is not None:
            yield path, line
        if isinstance(event, yaml.CollectionStartEvent):
            around.append(_Level(path or (), isinstance(event, yaml.MappingStartEvent)))


class _Level:
    """A list or a mapping that is being walked through."""

    def __init__(self, path: Path, is_mapping: bool) -> None:
        self._path = path
        self._is_mapping = is_mapping
        self._index = 0
        self._key: str | None = None
        self._keys: set[str] = set()

    @property
    def awaits_key(self) -> bool:
        return self._is_mapping and self._key is None

    def next(self, event: yaml.NodeEvent, line: int) -> Path | None:
        """The path of the next value; None for a key."""
        if not self._is_mapping:
            self._index += 1
            return (*self._path, self._index - 1)
        if self._key is not None:
            key, self._key = self._key, None
            return (*self._path, key)
        if not isinstance(event, yaml.ScalarEvent):
            raise _fault(line, _NO_KEY)
        if event.value in self._keys:
            raise _fault(line, f"'{event.value[:60]}' stands here for the second time")
        self._keys.add(event.value)
        self._key = event.value
        return None


def _check(event: yaml.NodeEvent, line: int, count: int, depth: int) -> None:
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise _fault(line, "write it out; anchors and aliases (& and *) are not taken")
    if getattr(event, "tag", None) is not None:
        raise _fault(line, "tags (with !) are not taken")
    if count > MOST_NODES:
        raise _fault(line, f"there are more than {MOST_NODES:,} values up to here")
    if depth >= DEEPEST:
        raise _fault(line, f"it is nested more than {DEEPEST} levels deep")
    if (
        isinstance(event, yaml.ScalarEvent)
        and event.implicit[0]
        and len(event.value) > LONGEST_NUMBER
        and _NUMBERLIKE.fullmatch(event.value)
    ):
        raise _fault(line, "no number is this long; put a text in quotes")


def _check_key(event: yaml.NodeEvent, line: int) -> None:
    """YAML reads the key `no`, a language, as false, `on` as true and `1` as a number."""
    if not isinstance(event, yaml.ScalarEvent):
        raise _fault(line, _NO_KEY)
    if _RESOLVER.resolve(yaml.ScalarNode, event.value, event.implicit) != "tag:yaml.org,2002:str":
        raise _fault(
            line, f"put the key '{event.value[:60]}' in quotes; without them YAML takes it for no word"
        )


def _fault(line: int, what: str) -> Unfit:
    return Unfit(f"Line {line + 1}: {what}.", param="body")


def _plainly(problem: str | None) -> str:
    """The parser's own words, which name characters and no content."""
    return (problem or "it cannot be read")[:100]
