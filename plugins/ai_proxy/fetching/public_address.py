"""Checks whether an address from a client can be public, and not in the gateway's own network.

Only the address is checked. The plugin cannot resolve names: in Envoy the egress proxy of the call has to check the
resolved address, see docs/envoy.md.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

_URL: Final = re.compile(
    r"https?://"
    # ASCII only, without a user and percent signs: URL parsers differ in how they read these.
    r"(?P<host>[0-9a-z._-]+|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    # No control characters (some parsers skip them), no backslash (some read a slash), no lone surrogates.
    r"(?:[/?#][^\0-\x1f\x7f\\\ud800-\udfff]*)?",
    re.I,
)
_LABEL: Final = re.compile(r"[0-9a-z_]([0-9a-z_-]*[0-9a-z_])?")
_NUMBER: Final = re.compile(r"0x[0-9a-f]*|[0-9]+")

_PRIVATE_NAMES: Final = (
    "localhost", "localdomain", "local", "internal", "intranet", "private", "corp", "home", "lan", "arpa", "onion",
    # Services in Kubernetes, as pods see them; `svc.cluster.local` is covered.
    "svc", "default", "kube-system",
)  # fmt: skip
"""Last labels that public names do not have."""

# From IANA's registries of special-purpose addresses; `ipaddress.is_global` differs between versions of Python.
_PRIVATE: Final = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
            "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
            "168.63.129.16/32",  # Azure's services for virtual machines
        ),
    )
)  # fmt: skip
_GLOBAL_6: Final = ipaddress.IPv6Network("2000::/3")
"""Public addresses. IPv6 addresses that contain an IPv4 address (mapped, compatible, NAT64) are outside."""
_PRIVATE_6: Final = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # protocols, among them Teredo, which contains an IPv4 address
            "2001:db8::/32", "2002::/16",  # documentation; 6to4, which contains an IPv4 address
            "3fff::/20", "2620:4f:8000::/48",
        ),
    )
)  # fmt: skip
_ISATAP: Final = {0x00005EFE, 0x02005EFE}
"""The 32 bits before an IPv4 address in the interface identifier of an IPv6 address."""


def is_public(url: str) -> bool:
    """Whether the address can be public. False also for URLs that parsers may read in different ways."""
    match = _URL.fullmatch(url)
    if match is None or not 0 < int(match["port"] or 1) < 2**16:
        return False
    host = match["host"].lower()
    return _is_public_6(host[1:-1]) if host[0] == "[" else _is_public_host(host.removesuffix("."))


def _is_public_host(host: str) -> bool:
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        # As in browsers, this is an IPv4 address in one of the notations of `inet_aton`, and not a name.
        number = _inet_aton(labels)
        return number is not None and not any(ipaddress.IPv4Address(number) in network for network in _PRIVATE)
    return len(labels) > 1 and all(map(_LABEL.fullmatch, labels)) and labels[-1] not in _PRIVATE_NAMES


def _inet_aton(labels: list[str]) -> int | None:
    """Up to four numbers, decimal, octal or hexadecimal; the last one fills all remaining bytes."""
    if len(labels) > 4 or not all(map(_NUMBER.fullmatch, labels)):
        return None
    try:
        *first, last = [_number(label) for label in labels]
    except ValueError:
        return None
    if any(byte > 255 for byte in first) or last >= 256 ** (4 - len(first)):
        return None
    return sum(byte << 8 * (3 - index) for index, byte in enumerate(first)) + last


def _number(label: str) -> int:
    if len(label) > 40:
        raise ValueError
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    return int(label, 8 if label[0] == "0" else 10)


def _is_public_6(text: str) -> bool:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    inside = int(address) >> 32 & 0xFFFFFFFF
    return address in _GLOBAL_6 and inside not in _ISATAP and not any(address in network for network in _PRIVATE_6)
