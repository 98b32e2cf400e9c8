"""What the words of a message say of its language, by lists written down by hand.

Knows the Latin script alone; what the lists do not hold says nothing.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

WORD_FILE = Path(__file__).with_name("words.yaml")
MALAY_FILE = Path(__file__).with_name("malay.yaml")
TELLING_FILE = Path(__file__).with_name("telling.yaml")
ROMANISED = "romanised"
"""What telling.yaml calls words of languages that are not at home in Latin letters."""
LISTED = 2.0
"""What a listed word is worth to its languages, as a logarithm of odds."""
ONE_OF_TWO = 6.0
"""What a word that Indonesian has and Malay has not is worth, and the other way round."""
TELLING = 5.0
"""What a word is worth that only one language writes: as much as the models take from a text without its diacritics."""
RATHER = 1.0
"""What a word is worth that one of the two says more often."""
PLAIN = 10.0
"""By how much a language must lead for the words alone to settle it."""
_WORD = re.compile(r"[^\W\d_]+")
MOST_NAMES = 4
"""So many words may be the name of one thing, such as Galaxy S24 Ultra Edition."""
MOST_CALLED = 3
"""So many words may be the name of a person or a place: Maria Garcia Lopez."""
_THINGS = frozenset(
    "adidas adobe air airpods amazon android apple asus bluetooth c canon dell dhl email excel face fedex galaxy gmail google hong "
    "honor hp huawei id ios ipad iphone kindle kong lenovo lg lite macbook mastercard mate max microsoft mini model netflix nike "
    "nintendo office ok okay oppo outlook paypal pdf photoshop pixel playstation plus prime pro ps qr redmi s samsung se sim sms "
    "sony spotify switch tesla thinkpad tv ultra ups usb vip visa vivo vpn watch whatsapp wifi windows word x xbox xiaomi xl "
    "youtube cancel checkout cod delivery invoice login password promo refund tracking voucher".split()
)
"""Things that are called the same in every language, and what customers from Manila to Mumbai say in English alone, such
as "refund"; "word" and "pro" are words as well, and then not alone."""
_BORROWED = _THINGS | frozenset(
    "account back hello order orders parcel payment please return thank thanks time".split()
)
"""English in a Hindi or Chinese sentence: मेरा order return, 我的 account password."""
_BINDING = frozenset("at for from is of the to with".split())
"""Whoever says "parcel for" speaks English, though the name after it is Мария Иванова."""
_ASCII_LETTERS = bytes(code if chr(code).isascii() and chr(code).isalpha() else 32 for code in range(256))
"""ASCII, with a space for all that is no letter."""
# In two languages so alike the ending of a loan word tells: "universitas" and "universiti".
_SUFFIXES = ("nya", "lah", "kah")
_ENDINGS = {"itas": "id", "iti": "ms"}
_TELLING = (*_SUFFIXES, *_ENDINGS)
_LAST_LETTERS = frozenset(ending[-3:] for ending in _TELLING)


def words_of(text: str) -> list[str]:
    """The words of a text in small letters; an apostrophe parts them."""
    if text.isascii():
        return text.lower().encode().translate(_ASCII_LETTERS).decode().split()
    return _WORD.findall(text.casefold())


def are_names(text: str, words: list[str]) -> bool:
    """Whether these few words but name a thing, as one answers "which phone?": they are of no language."""
    if len(words) > MOST_NAMES or not words:
        return False
    if all(word in _THINGS for word in words):
        return True
    known, as_typed = listed_words(), _WORD.findall(text)
    return (
        all(any(letter.isupper() for letter in word) for word in as_typed)
        and not any(word in known for word in words)
        and any(word in _THINGS for word in words)
    )


def is_called(text: str) -> bool:
    """Whether a few words, each with a capital and none of them known, may be somebody's or some place's name, as one
    answers "who" and "where"; what asks is none."""
    as_typed = _WORD.findall(text) if text[:1].isupper() and "?" not in text else []
    if not 0 < len(as_typed) <= MOST_CALLED:
        return False
    listed, telling = listed_words(), _telling()
    return all(word[0].isupper() and not word[1:].isupper() for word in as_typed) and not any(
        word in listed or word in telling for word in words_of(text)
    )


def is_sentence(words: list[str]) -> bool:
    """Whether these are more than names: two words or more that the lists know and that no other language borrows, or
    one that binds others."""
    known = listed_words()
    own = [word for word in words if len(word) > 1 and word in known and word not in _BORROWED]
    return len(own) >= 2 or (len(words) > 1 and any(word in _BINDING for word in own))


def plainly(told: Mapping[str, float]) -> str | None:
    """The language of which there are so many words more than of any other that no model need be asked."""
    (best, most), (_, next_most) = sorted([*told.items(), ("", 0.0), ("", 0.0)], key=_worth)[-1:-3:-1]
    return best if most - next_most >= PLAIN else None


def is_romanised(told: Mapping[str, float]) -> bool:
    """Whether most of what is known of a text is Hindi, Russian and the like in Latin letters."""
    return ROMANISED in told and max(told, key=told.__getitem__) == ROMANISED


def _worth(told: tuple[str, float]) -> float:
    return told[1]


def told_by_words(words: list[str]) -> Mapping[str, float]:
    """By language, what these words speak for it."""
    listed, telling, malay = listed_words(), _telling(), _malay()
    told: dict[str, float] = {}
    for word in words:
        for language in listed.get(word, ()):
            told[language] = told.get(language, 0.0) + LISTED
        if only := telling.get(word):
            told[only] = told.get(only, 0.0) + TELLING
        if found := malay.get(word) or (word[-3:] in _LAST_LETTERS and _by_ending(word)):
            side, worth = found
            told[side] = told.get(side, 0.0) + worth
    return told


def _by_ending(word: str) -> tuple[str, float] | None:
    """Which of Indonesian and Malay a longer word is of: by its stem before a suffix that both have, or by its ending."""
    if len(word) < 7 or not word.endswith(_TELLING):
        return None
    if word.endswith(_SUFFIXES) and (found := _malay().get(word[:-3])):
        return found
    sides = (language for ending, language in _ENDINGS.items() if word.endswith(ending))
    return next(((side, ONE_OF_TWO) for side in sides), None)


@cache
def listed_words() -> Mapping[str, tuple[str, ...]]:
    """By word, the languages that use it."""
    users: dict[str, list[str]] = {}
    for languages, words in _read(WORD_FILE).items():
        for word in dict.fromkeys(words):
            users.setdefault(word, []).extend(languages.split())
    return {word: tuple(languages) for word, languages in users.items()}


@cache
def _telling() -> Mapping[str, str]:
    """By word, the one language that writes it."""
    return {word: language for language, words in _read(TELLING_FILE).items() for word in words}


@cache
def _malay() -> Mapping[str, tuple[str, float]]:
    """By word, which of the two says it, and what that is worth."""
    lists = _read(MALAY_FILE)
    rather = {word: (side, RATHER) for side in ("id", "ms") for word in lists[f"{side}_rather"]}
    return rather | {word: (side, ONE_OF_TWO) for side in ("id", "ms") for word in lists[side]}


def _read(path: Path) -> Mapping[str, list[str]]:
    raw: Mapping[str, str] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {language: words.split() for language, words in raw.items()}
