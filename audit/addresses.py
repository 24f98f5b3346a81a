"""The client's address behind trusted proxies.

Order: without a trusted peer X-Forwarded-For is not read at all; else it is walked from the right, over trusted
hops, to the first other one; if all are trusted, the left-most; an item that is no address ends it with the last good.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_BRACKETED = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?")
_WITH_PORT = re.compile(r"([0-9.]+):[0-9]{1,5}")


def client_address(peer: str | None, forwarded: Iterable[str], trusted: Sequence[Network]) -> Address | None:
    """The address of the client, or None if the connection has none (a unix socket).

    `forwarded` are the values of the X-Forwarded-For headers in the order of arrival.
    """
    address = parse_address(peer or "")
    if address is None or not _is_trusted(address, trusted):
        return address
    for item in reversed([item for value in forwarded for item in value.split(",")]):
        hop = parse_address(item)
        if hop is None:
            return address
        address = hop
        if not _is_trusted(hop, trusted):
            return address
    return address


def parse_address(text: str) -> Address | None:
    """An address with or without port and brackets; IPv4-mapped IPv6 as IPv4; None for anything else."""
    text = text.strip(" \t")
    bare = _BRACKETED.fullmatch(text) or _WITH_PORT.fullmatch(text)
    try:
        address = ip_address(bare[1] if bare else text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    # A zone (fe80::1%eth0) means something on the proxy's host only, and the database's inet refuses it.
    return None if address.scope_id is not None else address.ipv4_mapped or address


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)
