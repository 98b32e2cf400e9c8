"""Tells requests that a foreign web page made in someone's browser from those that may use what it holds.

A page elsewhere can make a browser call this machine: the browser says so in Sec-Fetch-Site and Origin. It does
not know users or keys.
"""

import hmac
import ipaddress
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from core.errors import ConfigurationError

CSRF = "x-xiaoq-csrf"
"""The header in which a program that uses a session's cookie proves that it can read the session."""
FORWARDING = ("x-forwarded-for", "x-forwarded-host", "forwarded", "x-real-ip", "via")


def is_cross_site(headers: Headers) -> bool:
    """Whether a browser sent this on behalf of another site."""
    fetched_from = headers.get("sec-fetch-site")
    if fetched_from == "same-origin":
        return False
    if fetched_from not in (None, "none"):
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def is_own_write(headers: Headers, csrf: str) -> bool:
    """Whether a write that a session's cookie signs was meant by its holder; ask after `is_cross_site`.

    A browser says where it comes from, in Sec-Fetch-Site or in Origin. Where it says neither, the session's own
    token has to be there, which no foreign page can read.
    """
    if headers.get("sec-fetch-site") == "same-origin" or "origin" in headers:
        return True
    return bool(csrf) and hmac.compare_digest(headers.get(CSRF, "").encode(), csrf.encode())


def is_forwarded(headers: Mapping[str, str]) -> bool:
    """Whether a proxy passed this on, so that its own address says nothing about the sender."""
    return any(name in headers for name in FORWARDING)


def is_loopback(address: str | None) -> bool:
    """Whether the peer is this machine. An address that cannot be read is not."""
    ip = _ip(address)
    return ip is not None and ip.is_loopback


Networks = Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]


def networks(listed: str) -> Networks:
    """Addresses and networks as a setting lists them. Raises ConfigurationError."""
    try:
        return [
            ipaddress.ip_network(item.strip(), strict=False) for item in listed.split(",") if item.strip()
        ]
    except ValueError:
        raise ConfigurationError(
            "XIAOQ_TRUSTED_PROXIES lists addresses and networks, such as 10.0.0.0/8, with commas between."
        ) from None


def address_of(peer: str | None, headers: Headers, proxies: Networks) -> str | None:
    """Whose address a call is counted for; None for this machine, which its own operator holds.

    X-Forwarded-For is anybody's word: only what a proxy we know wrote last is taken from it. A household has one
    IPv6 network of 64 bits, with more addresses than can be counted.
    """
    hops = (
        [hop.strip() for line in headers.getlist("x-forwarded-for") for hop in line.split(",")]
        if proxies
        else []
    )
    address = _ip(peer)
    while address is not None and hops and any(address in network for network in proxies):
        address = _ip(hops.pop())
    if address is None or address.is_loopback:
        return None
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _ip(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def names_this_machine(host: str, allowed: str) -> bool:
    """Whether a Host header is a literal address, localhost, or a name the operator listed.

    A foreign name that resolves to 127.0.0.1 (DNS rebinding) is none of them.
    """
    name = (urlsplit(f"//{host}").hostname or "").lower()
    listed = {item.strip().lower() for item in allowed.split(",")} - {"*", ""}
    if name in listed or name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_https(scheme: str, headers: Headers) -> bool:
    """Whether the browser speaks HTTPS. A lie about it in X-Forwarded-Proto only hurts its teller."""
    return scheme in ("https", "wss") or headers.get("x-forwarded-proto", "").split(",")[0].strip() == "https"
