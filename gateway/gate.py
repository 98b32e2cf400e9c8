"""Lets a call of /v1 through while its key, its customer and its address may have more, and counts what it uses.

Tokens are set aside before the answer and settled with the real ones after it. It does not know where is counted,
and what the call asks for it knows by its size alone.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import blake2b

from fastapi import Request

from core.access import Principal
from core.errors import QuotaExhausted, RateLimited
from core.events import Finished
from core.limits import DAY, MINUTE, NO_LIMITS, WINDOWED, Back, Counters, Limits, Outcome, Take
from core.ports import KeyStore
from core.settings import Settings
from gateway.limit_headers import REQUESTS, STREAMS, TOKENS, Kind, limit_headers, refusal
from gateway.origin import address_of, networks
from gateway.plain_chat import PlainChat
from gateway.schema import ChatRequest
from pipelines.tokens import MESSAGE_OVERHEAD

DEFAULT_TOKENS = 512
"""Set aside for an answer whose length the caller leaves to us; what it really took is settled after it."""
LEFT = 499
"""The status of a call whose caller did not wait for the answer."""


class Gate:
    """One for each app. `secret` hides names: whatever counts sees no customer and no address."""

    def __init__(
        self, counters: Counters, keys: KeyStore, settings: Settings, secret: Callable[[], bytes]
    ) -> None:
        self._counters, self._keys, self._secret = counters, keys, secret
        self._customer, self._address = of_settings(settings, "customer"), of_settings(settings, "address")
        self._proxies = networks(settings.trusted_proxies)
        self._set_aside: Counter[str] = Counter()

    @property
    def counts_keys_alone(self) -> bool:
        """Whether neither customers nor addresses have limits here."""
        return self._customer is NO_LIMITS and self._address is NO_LIMITS

    async def enter(
        self, request: Request, principal: Principal, *, tokens: int, customer: str | None, streamed: bool
    ) -> "Passed":
        """Take what the call may use, about `tokens`. It is settled at the latest when the call ends, however it does.

        Raises RateLimited and QuotaExhausted.
        """
        kinds, whose, wanted = self._wanted(request, principal, tokens, customer, streamed)
        key_id = principal.id if principal.kind == "key" else ""
        outcome = Outcome(())
        if principal.limits.token_budget is not None:
            self._check_budget(key_id, principal.limits.token_budget)
        if wanted:
            outcome = await self._counters.take(wanted)
            request.state.limit_headers = limit_headers(kinds, wanted, outcome)
            if (at := outcome.refused) is not None:
                raise refusal(whose[at], kinds[at], wanted[at], outcome.counts[at])
        passed = Passed(self, key_id, tokens, kinds, wanted, outcome)
        if key_id:
            self._set_aside[key_id] += tokens
        request.state.passed = passed
        return passed

    async def look(self, request: Request, principal: Principal) -> None:
        """Have the answer tell how it stands with the key's limits; nothing is taken."""
        if principal.limits is NO_LIMITS or hasattr(request.state, "limit_headers"):
            return
        kinds, wanted = _takes(f"k{principal.id}", principal.limits, 0, streamed=False)
        looked = [take._replace(amount=0) for take in wanted]
        if looked:
            request.state.limit_headers = limit_headers(kinds, looked, await self._counters.take(looked))

    def settle(self, key_id: str, set_aside: int, used: int, back: Sequence[Back]) -> None:
        """What a call used in the end, and what it gives back."""
        if back:
            self._counters.give(back)
        if key_id:
            self._set_aside[key_id] -= set_aside
            if self._set_aside[key_id] <= 0:
                del self._set_aside[key_id]
            if used:
                self._keys.spend(key_id, used)

    def _wanted(
        self, request: Request, principal: Principal, tokens: int, customer: str | None, streamed: bool
    ) -> tuple[list[Kind], list[str], list[Take]]:
        kinds: list[Kind] = []
        whose: list[str] = []
        wanted: list[Take] = []
        for who, limits, name in (
            ("key", principal.limits, principal.id),
            ("customer", self._customer, principal.owner(customer) if customer else None),
            ("address", self._address, self._address_of(request)),
        ):
            if limits is NO_LIMITS or name is None:
                continue
            hidden = f"k{name}" if who == "key" else self._hidden(who, name)
            more_kinds, more = _takes(hidden, limits, tokens, streamed=streamed)
            kinds += more_kinds
            whose += [who] * len(more)
            wanted += more
        return kinds, whose, wanted

    def _address_of(self, request: Request) -> str | None:
        if self._address is NO_LIMITS:
            return None
        return address_of(request.client.host if request.client else None, request.headers, self._proxies)

    def _hidden(self, who: str, name: str) -> str:
        digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16, key=self._secret()[:64])
        return f"{who[0]}{digest.hexdigest()}"

    def _check_budget(self, key_id: str, budget: int) -> None:
        used = self._keys.spent(key_id)
        if used >= budget:
            raise QuotaExhausted(
                f"This key has used its budget of {budget:,} tokens; `python app.py key limit` raises it."
            )
        if used + self._set_aside[key_id] >= budget:
            raise RateLimited(
                "What is left of this key's budget is set aside for answers under way; try again.",
                retry_after=1,
            )


class Passed:
    """A call that was let through, and what was taken for it."""

    __slots__ = ("_gate", "_key_id", "_kinds", "_outcome", "_settled", "_tokens", "_used", "_wanted")

    def __init__(
        self,
        gate: Gate,
        key_id: str,
        tokens: int,
        kinds: Sequence[Kind],
        wanted: Sequence[Take],
        outcome: Outcome,
    ) -> None:
        self._gate, self._key_id, self._tokens = gate, key_id, tokens
        self._kinds, self._wanted, self._outcome = kinds, wanted, outcome
        self._used: int | None = None
        self._settled = False

    def used(self, tokens: int) -> None:
        """What the answer really took. An answer that breaks is not paid for: 0."""
        self._used = tokens

    def finished(self, event: Finished) -> None:
        self._used = event.usage.total_tokens

    def leave(self, status: int) -> None:
        """The call has ended, answered with this status. One whose caller left costs what was set aside for it."""
        if self._settled:
            return
        self._settled = True
        used = self._used
        if used is None:
            used = 0 if status >= 400 and status != LEFT else self._tokens
        back = [
            Back(take.key, take.amount - used if kind == TOKENS else take.amount, take.seconds, count.mark)
            for kind, take, count in zip(self._kinds, self._wanted, self._outcome.counts, strict=True)
            if kind == STREAMS or (kind == TOKENS and take.amount != used)
        ]
        self._gate.settle(self._key_id, self._tokens, used, back)


def gate_of(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate


async def enter_chat(request: Request, principal: Principal, body: ChatRequest | PlainChat) -> Passed:
    """Let a chat request through the gate, or raise what it raises."""
    tokens = sum([about(message.content) for message in body.spoken])
    tokens += (body.wanted_tokens or DEFAULT_TOKENS) * (body.n or 1)
    return await gate_of(request).enter(
        request, principal, tokens=tokens, customer=body.user, streamed=bool(body.stream)
    )


def about(text: str) -> int:
    """About how many tokens a message takes, without looking at it: pipelines.tokens, or more where it is mixed."""
    return MESSAGE_OVERHEAD + (-(-len(text) // 3) if text.isascii() else len(text))


def of_settings(settings: Settings, who: str) -> Limits:
    """The limits that hold for each customer or each address."""
    given = {name: getattr(settings, f"{who}_{name}") for name in (*WINDOWED, "streams")}
    limits = Limits(**given)
    return NO_LIMITS if limits.none else limits


def _takes(who: str, limits: Limits, tokens: int, *, streamed: bool) -> tuple[list[Kind], list[Take]]:
    """What a call takes. One that asks for more tokens than the limit has waits for all of it, not for ever."""
    kinds: list[Kind] = []
    takes: list[Take] = []
    for mark, kind, amount, limit, seconds in (
        ("rm", REQUESTS, 1, limits.requests_per_minute, MINUTE),
        ("rd", REQUESTS, 1, limits.requests_per_day, DAY),
        ("tm", TOKENS, tokens, limits.tokens_per_minute, MINUTE),
        ("td", TOKENS, tokens, limits.tokens_per_day, DAY),
        ("s", STREAMS, 1 if streamed else 0, limits.streams, 0),
    ):
        if limit is not None and (amount or kind != STREAMS):
            kinds.append(kind)
            takes.append(Take(f"{who}:{mark}", min(amount, limit), limit, seconds))
    return kinds, takes
