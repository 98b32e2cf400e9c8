"""The spellings by which personal data slips past filters. Each takes a value and gives it in disguise."""

import random
from collections.abc import Callable

_PLAIN = "0123456789"
_ZERO_WIDTH = "\u200b\u200c\u200d\ufeff\u2060\u00ad"
_BIDI = "\u202a\u202c\u200e\u200f\u2066\u2069"
_LOOKALIKE = str.maketrans("aeopcxyAEOPCXBHKMT", "аеорсхуАЕОРСХВНКМТ")


def _mapped(digits: str) -> Callable[[random.Random, str], str]:
    table = str.maketrans(dict(zip(_PLAIN, digits, strict=True)))
    return lambda _, value: value.translate(table)


def _wide(_: random.Random, value: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else "\u3000" if c == " " else c for c in value)


def _between(marks: str, times: float = 1.0) -> Callable[[random.Random, str], str]:
    def disguise(rng: random.Random, value: str) -> str:
        return (
            "".join(c + (rng.choice(marks) if rng.random() < times else "") for c in value[:-1]) + value[-1:]
        )

    return disguise


def _apart(mark: str) -> Callable[[random.Random, str], str]:
    """A mark between all figures, or after every two, three or four of them."""

    def disguise(rng: random.Random, value: str) -> str:
        bare = "".join(c for c in value if c.isalnum() or c in "+使领学警挂港澳")
        size = rng.choice([1, 1, 2, 3, 4])
        return mark.join(bare[at : at + size] for at in range(0, len(bare), size))

    return disguise


def _broken(rng: random.Random, value: str) -> str:
    at = rng.randrange(3, max(4, len(value) - 3))
    return value[:at] + "\n" + value[at:]


def _keycap(_: random.Random, value: str) -> str:
    return "".join(f"{c}\ufe0f\u20e3" if c in _PLAIN else c for c in value)


def _numerals(rng: random.Random, value: str) -> str:
    table = rng.choice(
        [
            "零一二三四五六七八九",
            "〇一二三四五六七八九",
            "零幺二三四五六七八九",
            "零壹贰叁肆伍陆柒捌玖",
            "零幺两三四五六拐八九",
        ]
    )
    return "".join(table[int(c)] if c in _PLAIN else c for c in value)


def _some_numerals(rng: random.Random, value: str) -> str:
    return "".join("零一二三四五六七八九"[int(c)] if c in _PLAIN and rng.random() < 0.4 else c for c in value)


def _at_words(rng: random.Random, value: str) -> str:
    name, host = value.split("@")
    at = rng.choice([" (at) ", "[at]", " at ", "艾特", "＠", "(at)", " AT ", " @ ", "【at】"])
    dot = "." if at in ("＠", " @ ") else rng.choice([" dot ", "[dot]", "(dot)", "点", " DOT "])
    if at == " at ":
        dot = " dot "
    return name + at + host.replace(".", dot)


def _lookalike(_: random.Random, value: str) -> str:
    return value.translate(_LOOKALIKE)


FIGURES: dict[str, Callable[[random.Random, str], str]] = {
    "full-width": _wide, "circled": _mapped("⓪①②③④⑤⑥⑦⑧⑨"), "negative circled": _mapped("⓿❶❷❸❹❺❻❼❽❾"), "mathematical": _mapped("𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗"), "double-struck": _mapped("𝟘𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡"),
    "Arabic-Indic": _mapped("٠١٢٣٤٥٦٧٨٩"), "Devanagari": _mapped("०१२३४५६७८९"), "Thai": _mapped("๐๑๒๓๔๕๖๗๘๙"), "superscript": _mapped("⁰¹²³⁴⁵⁶⁷⁸⁹"), "keycap": _keycap,
    "zero-width": _between(_ZERO_WIDTH), "bidi": _between(_BIDI, 0.4), "combining": _between("\u0336\u0332", 1.0),
}  # fmt: skip
"""For everything with figures in it."""
SEPARATED: dict[str, Callable[[random.Random, str], str]] = {
    "spaces": _apart(" "), "dashes": _apart("-"), "dots": _apart("."), "slashes": _apart("/"), "underscores": _apart("_"), "middle dots": _apart("·"), "wide spaces": _apart("\u3000"), "line break": _broken,
}  # fmt: skip
NUMERALS = {"numerals": _numerals, "mixed numerals": _some_numerals}
MAIL = {
    "at-words": _at_words,
    "look-alikes": _lookalike,
    "full-width": _wide,
    "zero-width": _between(_ZERO_WIDTH),
}
APPLIES: dict[str, tuple[dict[str, Callable[[random.Random, str], str]], ...]] = {
    "phone": (FIGURES, SEPARATED, NUMERALS), "landline": (FIGURES, SEPARATED, NUMERALS), "hotline": (FIGURES, SEPARATED, NUMERALS), "id_card": (FIGURES, SEPARATED, NUMERALS), "bank_card": (FIGURES, SEPARATED, NUMERALS),
    "passport": (FIGURES, SEPARATED, NUMERALS), "permit": (FIGURES, SEPARATED, NUMERALS), "credit_code": (FIGURES, SEPARATED), "plate": (FIGURES, SEPARATED, NUMERALS), "email": (MAIL,),
    "wechat": ({"full-width": _wide, "zero-width": _between(_ZERO_WIDTH)},), "qq": (FIGURES, {"spaces": _apart(" "), "dashes": _apart("-")}, NUMERALS), "address": ({"full-width": _wide, "zero-width": _between(_ZERO_WIDTH, 0.5)},), "iban": (FIGURES, SEPARATED),
}  # fmt: skip


def disguises(kind: str) -> dict[str, Callable[[random.Random, str], str]]:
    """What is tried on a kind."""
    return {name: disguise for table in APPLIES[kind] for name, disguise in table.items()}
