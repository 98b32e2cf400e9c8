"""How a limit reads to a program: OpenAI's headers, and the sentence of a refusal. It does not know how is counted."""

import math
from collections.abc import Iterable, Mapping, Sequence

from core.errors import RateLimited
from core.limits import DAY, MINUTE, Counted, Outcome, Take

REQUESTS, TOKENS, STREAMS = "requests", "tokens", "streams"
Kind = str
NAMES: Mapping[str, str] = {"key": "This key", "customer": "This customer", "address": "This address"}
SPANS: Mapping[int, str] = {MINUTE: "a minute", DAY: "a day", 0: "at once"}


def limit_headers(kinds: Sequence[Kind], wanted: Sequence[Take], outcome: Outcome) -> dict[str, str]:
    """`x-ratelimit-limit-requests` and the like, of the limit that is nearest to its end."""
    headers: dict[str, str] = {}
    taken = outcome.refused is None
    for kind in (REQUESTS, TOKENS):
        found = [
            (_remaining(take, count, taken=taken), -count.left, take, count)
            for of, take, count in zip(kinds, wanted, outcome.counts, strict=True)
            if of == kind
        ]
        if found:
            remaining, _, take, count = min(found)
            headers[f"x-ratelimit-limit-{kind}"] = str(take.limit)
            headers[f"x-ratelimit-remaining-{kind}"] = str(remaining)
            headers[f"x-ratelimit-reset-{kind}"] = duration(count.left)
    return headers


def _remaining(take: Take, count: Counted, *, taken: bool) -> int:
    used = count.used if taken else count.used - take.amount
    return max(0, take.limit - used)


def refusal(who: str, kind: Kind, take: Take, count: Counted) -> RateLimited:
    """The error of a limit that is reached."""
    wait = max(1, math.ceil(count.left))
    amount = f"{take.limit:,} {kind if take.limit > 1 else kind[:-1]} {SPANS[take.seconds]}"
    what = "has" if kind == STREAMS else "has used"
    when = "when one has ended" if kind == STREAMS else f"in {duration(wait)}"
    return RateLimited(f"{NAMES[who]} {what} its {amount}; try again {when}.", retry_after=wait)


def duration(seconds: float) -> str:
    """As OpenAI writes it: `850ms`, `12s`, `6m0s`, `23h59m59s`; rounded up."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms" if seconds > 0 else "0s"
    whole = math.ceil(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    parts: Iterable[str] = (
        f"{hours}h" if hours else "",
        f"{minutes}m" if hours or minutes else "",
        f"{whole % 60}s",
    )
    return "".join(parts)
