"""Tells requests that a foreign web page made in someone's browser from those that may use what it holds.

A page elsewhere can make a browser call this machine: the browser says so in Sec-Fetch-Site and Origin. It does
not know users or keys.
"""

import hmac
import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers

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
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_loopback


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
