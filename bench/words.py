"""What screening for sensitive words costs, and which disguises it sees through, beside plain search and one large regex.

`python -m bench.words` prints the tables; the last one only where the development sets are. Words are drawn at random from everyday characters and letters, texts are
the sample manuals; nothing here is a list anybody should use.
"""

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from bench.sets import present, squad
from core.words import WordList
from pipelines.words.lexicon import Lexicon
from pipelines.words.readings import SYLLABLES_FILE

WORDS, CHARACTERS, PIECE = 20_000, 500, 3
COMMON = 5_000
ROUNDS, AT_LEAST_SECONDS = 7, 0.15
STARTER = Path(__file__).parents[1] / "knowledge" / "starter"
LETTERS = "abcdefghijklmnoprstuvwy"
EVASIONS: dict[str, Callable[[str], str]] = {
    "as it is": lambda word: word,
    "full width, upper case": lambda word: "".join(
        chr(ord(c) - 0x20 + 0xFEE0) if "a" <= c <= "z" else c for c in word
    ),
    "traditional": lambda word: _traditional()(word),
    "spaces": " ".join,
    "stars": "*".join,
    "dots and dashes": "-.".join,
    "emoji": "🎲".join,
    "invisible characters": "\u200b\u2060".join,
    "one star": lambda word: f"{word[:1]}*{word[1:]}",
}


def main() -> None:
    chosen = random.Random(20_261_125)
    words = random_words(WORDS, chosen)
    Lexicon([WordList("warm", "", "", "flag", ("一", "二"))])  # the tables of folding are loaded once
    before = _resident()
    began = time.perf_counter()
    lexicon = Lexicon([WordList("bench", "Bench", "bench", "replace", words)])
    built, grown = time.perf_counter() - began, _resident() - before
    began = time.perf_counter()
    pattern = re.compile("|".join(map(re.escape, words)))
    compiled = time.perf_counter() - began
    print(f"{WORDS:,} words: built in {built:.2f} s, {grown} MB; the regex in {compiled:.2f} s\n")
    print(f"| {CHARACTERS} characters, µs | screened | in pieces of {PIECE}, each | any(w in text) | regex |")
    print("|---|---|---|---|---|")
    for name, text in _texts():
        figures = (
            _micros(partial(lexicon.screen, text, "shop")),
            _micros(partial(_stream, lexicon, text)) / (CHARACTERS / PIECE),
            _micros(partial(_any, words, text)),
            _micros(partial(pattern.search, text)),
        )
        print(f"| {name} | {' | '.join(f'{figure:,.0f}' for figure in figures)} |")
    _print_evasions(chosen, words, lexicon, pattern)
    if present():
        _print_false_alarms()


def _print_evasions(
    chosen: random.Random, words: Sequence[str], lexicon: Lexicon, pattern: re.Pattern[str]
) -> None:
    sample = chosen.sample(words, 1_000)
    frame = "请问这个{}可以吗"
    print(
        "\n| of 1,000 words in a sentence, found % | screened | any(w in text) | regex |\n|---|---|---|---|"
    )
    for name, disguise in EVASIONS.items():
        texts = [(frame if word > "\u2e80" else "is this {} here?").format(disguise(word)) for word in sample]
        ours = sum(lexicon.screen(text, "shop").action != "pass" for text in texts) / 10
        plain = sum(any(word in text for word in sample) for text in texts) / 10
        regex = sum(pattern.search(text) is not None for text in texts) / 10
        print(f"| {name} | {ours:.1f} | {plain:.1f} | {regex:.1f} |")


def _print_false_alarms() -> None:
    """The most frequent pairs of characters, and words, as if they were forbidden: what is hit besides themselves?"""
    print(
        f"\n| {COMMON:,} everyday words in | characters | hit as written | hit besides |\n|---|---|---|---|"
    )
    for name, letters in (("cmrc2018_dev", "[一-龥]"), ("xquad.zh", "[一-龥]"), ("xquad.en", None)):
        texts = [chunk.text for chunk in squad(name).chunks]
        pairs = Counter(pair for text in texts for pair in _everyday_words(text, letters))
        words = {word for word, _ in pairs.most_common(COMMON)}
        lexicon = Lexicon([WordList("common", "", "", "flag", tuple(words))])
        found = [
            text[hit.start : hit.end].lower() in words
            for text in texts
            for hit in lexicon.screen(text, "shop").hits
        ]
        size = sum(map(len, texts))
        print(f"| {name} | {size:,} | {sum(found):,} | {len(found) - sum(found):,} |")


def _everyday_words(text: str, letters: str | None) -> list[str]:
    if letters is None:
        return re.findall(r"[a-z]{3,}", text.lower())
    return re.findall(f"(?=({letters}{letters}))", text)


def random_words(many: int, chosen: random.Random | None = None) -> tuple[str, ...]:
    """Three quarters of everyday Chinese characters, one of Latin letters; in the order of the alphabet."""
    chosen = chosen or random.Random(1)
    rows = SYLLABLES_FILE.read_text(encoding="utf-8").splitlines()
    han = [char for row in rows if not row.startswith("#") for char in row.split(" ")[1] if _everyday(char)]
    made: set[str] = set()
    while len(made) < many * 3 // 4:
        made.add("".join(chosen.choices(han, k=chosen.choice((2, 3, 3, 4, 5)))))
    while len(made) < many:
        made.add("".join(chosen.choices(LETTERS, k=chosen.randint(5, 10))))
    return tuple(sorted(made))


def _everyday(char: str) -> bool:
    code = char.encode("gb2312", "ignore")
    return bool(code) and code < b"\xd8"


def _texts() -> list[tuple[str, str]]:
    chinese, english = (
        "".join(
            line for line in (STARTER / manual).read_text(encoding="utf-8").splitlines(True) if has(line)
        )[:CHARACTERS]
        for manual, has in (("shop/manual.md", _is_chinese), ("saas/manual.md", str.isascii))
    )
    return [("Chinese", chinese), ("English", english)]


def _is_chinese(line: str) -> bool:
    return any("\u4e00" <= char <= "\u9fff" for char in line)


def _any(words: Sequence[str], text: str) -> bool:
    return any(word in text for word in words)


def _stream(lexicon: Lexicon, text: str) -> None:
    screen = lexicon.stream("shop")
    for at in range(0, len(text), PIECE):
        screen.feed(text[at : at + PIECE])
    screen.close()


def _micros(work: Callable[[], object]) -> float:
    """The median over rounds, each as many runs as fill its time."""
    work()
    rounds = []
    for _ in range(ROUNDS):
        runs, began = 0, time.perf_counter()
        while (spent := time.perf_counter() - began) < AT_LEAST_SECONDS:
            work()
            runs += 1
        rounds.append(spent / runs * 1e6)
    return median(rounds)


def _traditional() -> Callable[[str], str]:
    import opencc

    convert: Callable[[str], str] = opencc.OpenCC("s2t").convert
    return convert


def _resident() -> int:
    """MB of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 // 2**20


if __name__ == "__main__":
    main()
