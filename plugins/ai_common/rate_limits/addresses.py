"""The address of a client. Behind proxies it is in a header, which clients can write, too: only what trusted proxies
have written counts.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from proxywasm import HttpContext

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_IPV6_CLIENT: Final = 64
"""Bits of an IPv6 address that name a client: the rest is up to the client itself."""
_MOST_KNOWN: Final = 1000
_LONGEST: Final = 60
_known: dict[str, Address | None] = {}


def parsed(text: str) -> Address | None:
    """An address, which may be followed by a port; None for anything else. Reading one takes long, and clients come
    back."""
    if text in _known:
        return _known[text]
    found = _parsed(text)
    if len(text) <= _LONGEST:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[text] = found
    return found


def _parsed(text: str) -> Address | None:
    host = text.strip()
    if len(host) > _LONGEST:
        return None
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def network(text: str) -> Network:
    """Of CIDR, or a single address. Raises `ValueError`."""
    return ipaddress.ip_network(text.strip(), strict=False)


def within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == one.version and address in one for one in networks)


def client_of(ctx: HttpContext, header: str, trusted: Sequence[Network]) -> Address | None:
    """The address of the client; None if there is none.

    Args:
        ctx: the stream.
        header: the header in which proxies add the address of whom they have a connection with; empty: the other side
            of the gateway's own connection.
        trusted: the proxies. With none, the first address of the header counts, as in Higress, whoever has written it.
    """
    if not header:
        return remote_address(ctx)
    forwarded = [part for value in ctx.request_headers.get_all(header) for part in value.split(",")]
    if not trusted:
        return parsed(forwarded[0]) if forwarded else None
    address = remote_address(ctx)
    while address is not None and forwarded and within(address, trusted):
        before = parsed(forwarded.pop())
        if before is None:
            break  # a trusted proxy has written what is no address: the proxy itself is the nearest that is known
        address = before
    return address


def remote_address(ctx: HttpContext) -> Address | None:
    return parsed((ctx.get_property("source", "address") or b"").decode(errors="replace"))


def client_key(address: Address) -> str:
    """What a client is counted as: an IPv4 address, or the /64 network of an IPv6 address."""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.IPv6Network((address, _IPV6_CLIENT), strict=False))
