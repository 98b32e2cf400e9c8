"""Whether an address lies inside one's own network, by its looks: nothing is resolved and nothing is called.

Knows no setting's meaning but that these four lead to servers which are sent customers' masked words.
"""

import ipaddress
from urllib.parse import urlsplit

from core.errors import ConfigurationError
from core.settings import Settings

UPSTREAMS = ("engine_url", "fallback_url", "embedding_url", "rerank_url")
INSIDE = (
    ".local",
    ".localhost",
    ".internal",
    ".intranet",
    ".lan",
    ".corp",
    ".home.arpa",
    ".svc",
    ".cluster.local",
)
"""How names inside a network end, by convention or standard (RFC 6762, RFC 8375, ICANN's .internal)."""


def lies_inside(url: str) -> bool:
    """A private, loopback or link-local address, a name without a dot, or one that ends as inner names do."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return "." not in host or host.endswith(INSIDE)
    return address.is_private or address.is_loopback or address.is_link_local


def check_reach(settings: Settings) -> None:
    """Raises ConfigurationError where an upstream lies outside and that is not allowed (PIPL 38, GDPR 44)."""
    if settings.remote_upstreams:
        return
    for name in UPSTREAMS:
        url = getattr(settings, name)
        if url and not lies_inside(url):
            raise ConfigurationError(
                f"XIAOQ_{name.upper()} leads outside this network: customers' words, masked, would go there. "
                "Where that is allowed, say so with XIAOQ_REMOTE_UPSTREAMS=true."
            )
