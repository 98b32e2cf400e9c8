"""All lists of one version, ready to screen texts whole or while they stream.

It knows neither the store the lists come from nor what a door does about a hit.
"""

from collections.abc import Iterable, Mapping, Sequence

from core.words import WordList
from pipelines.words.folding import is_han
from pipelines.words.readings import PLAIN, SIGNED, SOUND, Reading
from pipelines.words.search import Search
from pipelines.words.shelf import Entry, Shelf, entry_of
from pipelines.words.stream import OutputScreen
from pipelines.words.verdict import Screened, Writer, strongest

FEWEST_BY_SOUND = 2
"""Chinese characters a word must have to be found by its sound: a single syllable sounds like hundreds."""


class Lexicon:
    """Immutable, for one version of the lists. Building it takes a while: do it off the event loop."""

    def __init__(self, lists: Iterable[WordList], version: int = 0) -> None:
        self.version = version
        enabled = [words for words in lists if words.enabled and words.words]
        scopes: dict[str | None, list[WordList]] = {}
        for words in enabled:
            scopes.setdefault(words.line, []).append(words)
        shared = _shelves(scopes.pop(None, []))
        self._shared = Search(shared)
        self._lines: Mapping[str, Search] = {
            line: Search((*shared, *_shelves(own))) for line, own in scopes.items() if line is not None
        }

    def screen(self, text: str, line: str) -> Screened:
        """What a whole text holds of the line's lists and the shared ones."""
        found = self._search(line).hits(text)
        if not found:
            return Screened(text, (), "pass")
        writer = Writer(beyond=True)
        shown = writer.write(text, 0, found, len(text))
        return Screened(shown, tuple(writer.hits), strongest(writer.hits))

    def stream(self, line: str) -> OutputScreen:
        """For one text that comes in pieces."""
        return OutputScreen(self._search(line))

    def _search(self, line: str) -> Search:
        return self._lines.get(line, self._shared)


def _shelves(lists: Sequence[WordList]) -> list[tuple[Shelf, Reading, Sequence[WordList]]]:
    """The automata of one scope: by letters, read with and without signs, and by sound where a list asks for it."""
    written, spoken = list[Entry](), list[Entry]()
    for mark, words in enumerate(lists):
        for word in words.words:
            entry = entry_of(word, mark)
            if not entry.letters:
                continue
            written.append(entry)
            if words.homophones and sum(map(is_han, entry.letters)) >= FEWEST_BY_SOUND:
                spoken.append(entry)
    made: list[tuple[Shelf, Reading, Sequence[WordList]]] = []
    if written:
        shelf = Shelf(written, PLAIN)
        made += [(shelf, PLAIN, lists), (shelf, SIGNED, lists)]
    if spoken:
        made.append((Shelf(spoken, SOUND, by_sound=True), SOUND, lists))
    return made
