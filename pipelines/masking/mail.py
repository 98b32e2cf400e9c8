"""Recognises e-mail addresses, also where they are written to be overlooked: "name (at) host dot com".

Knows their form; whether somebody reads them, it does not know.
"""

import re
from collections.abc import Iterator

from core.privacy import Kind
from pipelines.masking.candidates import Candidate
from pipelines.masking.folding import Folded

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SPACE = "[ \n]{0,2}"
_BRACKETED = r"[\(\[\{<【「（] ?(?:at|@|艾特|圈a|小老鼠) ?[\)\]\}>】」）]"
_AT = rf"(?:{_SPACE}@{_SPACE}|{_SPACE}{_BRACKETED}{_SPACE}|{_SPACE}(?:艾特|圈a|小老鼠|爱特|at符号){_SPACE}|[ ]{{1,2}}at[ ]{{1,2}}|[_\-]at[_\-])"
_DOT = r"(?:[ ]?[.。．][ ]?|[ ]?[\(\[\{<【「（] ?(?:dot|\.|点|點) ?[\)\]\}>】」）][ ]?|[ ]?(?:点|點)[ ]?|[ ]{1,2}dot[ ]{1,2}|[_\-]dot[_\-])"
_TOPS = (
    "com|cn|net|org|edu|gov|mil|io|co|me|info|biz|top|xyz|vip|cc|tv|ai|app|dev|tech|site|online|shop|store|club|mobi|asia|pro|name|email"
    "|cloud|hk|tw|mo|sg|jp|kr|uk|us|de|fr|it|es|nl|be|ch|at|ru|in|au|nz|ca|br|mx|se|no|dk|fi|pl|cz|pt|ie|tr|il|ae|za|my|th|vn|ph|id|eu|example|test|invalid"
)
PLAIN = re.compile(rf"@(?P<domain>{_LABEL}(?:\.{_LABEL}){{1,5}})")
LOCAL = re.compile(r"[A-Za-z0-9_+](?:[A-Za-z0-9._%+'&=~-]{0,62}[A-Za-z0-9_+-])?\Z")
HIDDEN = re.compile(
    rf"(?P<at>{_AT})(?P<domain>{_LABEL}(?:{_DOT}{_LABEL}){{0,3}}{_DOT}(?:{_TOPS}))(?![A-Za-z0-9])",
    re.IGNORECASE,
)
HIDDEN_LOCAL = re.compile(
    rf"[A-Za-z0-9_+](?:(?:[A-Za-z0-9%+_-]|\.|{_DOT}(?=[A-Za-z0-9])){{0,40}}[A-Za-z0-9_+-])?\Z", re.IGNORECASE
)
_WORTH = re.compile(r"at(?:[ )\]}>_\-](?<=[ (\[{<_\-]at.)|符号)|艾特|爱特|小老鼠|圈a|【 ?at")
"""What stands for @, over the text in lower case; each begins with a letter of its own, which is found fast."""
_AT_SIGN = re.compile(r"@|at(?:符号|[ )\]}>】」）_\-](?<=[ (\[{<【「（_\-]at.))|艾特|爱特|小老鼠|圈a")
"""What each `HIDDEN` has in it, over the text in lower case."""
_BEFORE_SIGN = 4
"""Two spaces, a bracket and a space."""
_STRONG = re.compile(r"@|艾特|爱特|小老鼠|圈a|[\(\[\{<【「]|at符号|[_\-]", re.IGNORECASE)
_DOTS = re.compile(_DOT, re.IGNORECASE)
_NO_LOCAL = frozenset(
    "me us look looked looking meet is are was arrive arrived shop live work a the it here you call us contact mail email".split()
)


def mails(folded: Folded) -> Iterator[Candidate]:
    """All of them; overlapping ones are sorted out later."""
    text = folded.text
    if "@" not in text and _WORTH.search(folded.lower) is None:
        return
    if "@" in text:
        for match in PLAIN.finditer(text):
            local = LOCAL.search(text, max(0, match.start() - 64), match.start())
            if local is not None:
                domain = match["domain"]
                value = f"{local.group()}@{domain}".lower()
                yield Candidate(Kind.EMAIL, local.start(), match.end(), 0.98, value)
    yield from _hidden(folded)


def _hidden(folded: Folded) -> Iterator[Candidate]:
    text = folded.text
    for match in hidden_hosts(folded):
        local = HIDDEN_LOCAL.search(text, max(0, match.start() - 42), match.start())
        if local is None:
            continue
        strong = _STRONG.search(match["at"]) is not None
        hidden_dot = re.search(r"dot|点|點|[\(\[\{]", match["domain"], re.IGNORECASE) is not None
        if not strong and (not hidden_dot or local.group().lower() in _NO_LOCAL):
            continue
        name = _DOTS.sub(".", local.group())
        value = f"{name}@{_DOTS.sub('.', match['domain'])}".lower().replace(" ", "")
        yield Candidate(Kind.EMAIL, local.start(), match.end(), 0.9 if strong else 0.8, value)


def hidden_hosts(folded: Folded) -> Iterator[re.Match[str]]:
    """As `HIDDEN.finditer`, which tries each character of the text for 40 ns."""
    done = 0
    for sign in _AT_SIGN.finditer(folded.lower):
        for at in range(max(done, sign.start() - _BEFORE_SIGN), sign.start() + 1):
            if (match := HIDDEN.match(folded.text, at)) is not None:
                yield match
                done = match.end()
                break
