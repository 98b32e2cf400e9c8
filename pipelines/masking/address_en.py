"""Recognises street addresses in English, German, French and Spanish forms.

Knows the words for streets and the codes behind cities; which city exists, it does not know.
"""

import re
from collections.abc import Iterator

from core.privacy import Kind
from pipelines.masking.candidates import Candidate
from pipelines.masking.folding import Folded

_STREETS = (
    "street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|court|ct|place|pl|square|sq|terrace|ter|way|parkway|pkwy|highway|hwy"
    "|circle|cir|close|crescent|cres|gardens|gdns|row|mews|grove|hill|quay|walk|alley|broadway|plaza|trail|loop|wharf|expressway|jie|lu|dadao"
)
_SURE = frozenset(
    "street road rd avenue ave lane ln boulevard blvd parkway pkwy highway hwy terrace crescent drive square gardens mews broadway".split()
)
_UNIT = r"(?:flat|apartment|apt|unit|suite|ste|room|rm|building|bldg|block|floor|fl|level|tower|house)\b\.?"
_WORD = r"(?:[A-Za-z][A-Za-z'’.\-]{0,19}|[0-9]{1,3}(?:st|nd|rd|th))"
_NUMBER = r"(?:(?:no\.?|number|#) ?)?[0-9]{1,6}[A-Za-z]?(?: ?[\-/] ?[0-9]{1,5}[A-Za-z]?)?"
_CITY = r"(?-i:[A-Z][A-Za-zÀ-ÿ.'’\-]+(?: (?:upon|on|the|of|de|la|[A-Z][A-Za-zÀ-ÿ.'’\-]+)){0,3})"
_POST = (
    r"(?-i:[A-Z]{2}),? [0-9]{5}(?:-[0-9]{4})?|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]"
    r"|(?-i:[A-Z]{2,3}) [0-9]{4}|[0-9]{4,6}(?:-[0-9]{4})?"
)
STREET = re.compile(rf" (?P<street>{_STREETS})(?![a-z0-9])")
"""Over the text in lower case: what every address has, found fast; the rest is read outwards from it."""
_FIGURE = re.compile("[0-9]")
_HOUSE = re.compile(
    rf"(?<![A-Za-z0-9./\-]){_NUMBER},? (?P<names>(?:{_WORD} ){{0,4}}?{_WORD}) \Z", re.IGNORECASE
)
_INSIDE = re.compile(
    rf"(?<![A-Za-z])(?:(?:{_UNIT} ?#?[A-Z0-9\-]{{1,6}}|[0-9]{{1,2}}/F),?[ \n]){{1,4}}\Z", re.IGNORECASE
)
_SIDE = re.compile(r"\.?(?: (?:NW|NE|SW|SE|N|S|E|W|North|South|East|West)\b\.?)?")
_MORE = re.compile(
    rf"(?:,? ?(?:{_UNIT} ?#?[A-Z0-9\-]{{1,6}}|# ?[A-Z0-9\-]{{1,6}}|[0-9]{{1,3}}(?:st|nd|rd|th) floor))(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_PLACES = re.compile(
    rf"(?:(?:,[ \n]?|\n){_CITY}(?! ?@)){{0,4}}(?:,?[ \n](?:{_POST})(?![A-Za-z0-9]))?(?:,[ ]?(?:USA|U\.S\.A\.|US|UK|United Kingdom|England|Scotland|China|Canada|Australia|Singapore|Hong Kong)\b)?",
    re.IGNORECASE,
)
_LOWER_PLACES = re.compile(
    r"(?:, ?[A-Za-z.'\- ]{2,25}){0,2},? (?:[A-Za-z]{2} [0-9]{5}(?:-[0-9]{4})?|[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
BOX = re.compile(r"p(?<![a-z]p)\.? ?o\.? ?box ?#? ?[0-9]{1,7}")
CONTINENTAL = re.compile(
    r"(?<![A-Za-zÀ-ÿ])(?:[A-ZÀ-Ý][A-Za-zÀ-ÿ\-]{1,25}(?:straße|strasse|str\.|weg|platz|allee|gasse|ufer|damm)|(?:[A-ZÀ-Ý][A-Za-zÀ-ÿ]+[ \-]){1,3}(?:Straße|Strasse|Str\.|Allee|Platz|Weg)|(?:Via|Calle|Piazza|Avenida|Rua|Paseo) (?:[A-Za-zÀ-ÿ'’]+ ){0,3}[A-Za-zÀ-ÿ'’]+,?) [0-9]{1,4} ?[a-zA-Z]?(?![A-Za-z0-9])"
    r"|(?<![0-9A-Za-z])[0-9]{1,4}(?: ?(?:bis|ter))?,? (?:(?:rue|quai|chemin|impasse|allée)|(?:avenue|boulevard|place)(?= (?:de|du|des|la|les?)[ ]| [ld]'))(?: )(?:(?:de|du|des|la|le|les|l'|d')[ ']?){0,3}[A-Za-zÀ-ÿ'’\-]+(?: [A-ZÀ-Ý][A-Za-zÀ-ÿ\-]+)?"
)
_CONTINENTAL_BEGIN = re.compile("[A-ZÀ-Ý0-9](?<![A-Za-z].)(?<![0-9][0-9])")
"""Where `CONTINENTAL` can begin; to look for it at every character takes five times as long."""
_POST_FIRST = re.compile(
    r",?[ \n](?:[A-Z]{1,2}-)?[0-9]{4,5} [A-ZÀ-Ý][A-Za-zÀ-ÿ\-]+(?:, [A-ZÀ-Ý][A-Za-zÀ-ÿ]+)?"
)
_NO_NAME = frozenset(
    "a an and are as at been but by can did do does for from get had has have how i if in is it its me my no not of on or our please so than "
    "that the their then there these they this to down up off along was we were what when where which will with you your days day hours hour minutes minute "
    "items item orders order times time people more points pieces times weeks months years usd dollars yuan pm am gb mb kg km only".split()
)
_NOISE = re.compile(r"[\s,.]+")


def western_addresses(folded: Folded) -> Iterator[Candidate]:
    """All of them; overlapping ones are sorted out later."""
    text = folded.text
    if _FIGURE.search(text) is None:
        return
    yield from _streets(folded)
    for match in BOX.finditer(folded.lower):
        yield _candidate(text, match.start(), _end(text, match.end()), 0.7)
    for match in continental(text):
        post = _POST_FIRST.match(text, match.end())
        yield _candidate(text, match.start(), post.end() if post else match.end(), 0.8)


def continental(text: str) -> Iterator[re.Match[str]]:
    done = 0
    for begin in _CONTINENTAL_BEGIN.finditer(text):
        if begin.start() >= done and (match := CONTINENTAL.match(text, begin.start())) is not None:
            yield match
            done = match.end()


def _streets(folded: Folded) -> Iterator[Candidate]:
    text, done = folded.text, 0
    for match in STREET.finditer(folded.lower):
        begin = match.start("street")
        if begin < done:
            continue
        house = _HOUSE.search(text, max(done, begin - 70), begin)
        if house is None:
            continue
        names = house["names"].split()
        if any(name.lower().strip(".,") in _NO_NAME for name in names):
            continue
        side = _SIDE.match(text, match.end())
        end = _end(text, side.end() if side else match.end())
        inside = _INSIDE.search(text, max(done, house.start() - 60), house.start())
        capital = all(not name[0].islower() for name in names)
        longer = end > match.end() + 1 or inside is not None
        if capital or longer or match["street"] in _SURE:
            start = inside.start() if inside else house.start()
            done = end
            yield _candidate(text, start, end, 0.85 if capital or longer else 0.65)


def _end(text: str, end: int) -> int:
    for pattern in (_MORE, _MORE):
        more = pattern.match(text, end)
        end = more.end() if more else end
    places = _PLACES.match(text, end)
    lower = _LOWER_PLACES.match(text, end)
    return max(end, places.end() if places else end, lower.end() if lower else end)


def _candidate(text: str, start: int, end: int, confidence: float) -> Candidate:
    return Candidate(Kind.ADDRESS, start, end, confidence, _NOISE.sub("", text[start:end]).casefold())
