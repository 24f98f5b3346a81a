from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from audit.addresses import client_address, parse_address

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("case", "peer", "forwarded", "address"),
    [
        # identity.md 4.4, "Client address"
        ("an untrusted peer's header is not read", "198.51.100.7", ["1.2.3.4"], "198.51.100.7"),
        ("the first untrusted from the right", "10.0.0.5", ["6.6.6.6, 203.0.113.9, 10.0.0.7"], "203.0.113.9"),
        ("an item that is no address", "10.0.0.5", ["203.0.113.9, garbage"], "10.0.0.5"),
        ("no header", "10.0.0.5", [], "10.0.0.5"),
        # the sentence above the table
        ("the last good one before garbage", "10.0.0.5", ["203.0.113.9, garbage, 10.0.0.7"], "10.0.0.7"),
        ("all trusted: the left-most", "10.0.0.5", ["10.0.0.9, 10.0.0.8"], "10.0.0.9"),
        ("several headers are joined in order", "10.0.0.5", ["6.6.6.6", "203.0.113.9", "10.0.0.7"], "203.0.113.9"),
        ("a port is cut", "10.0.0.5", ["203.0.113.9:51000"], "203.0.113.9"),
        ("brackets and port are cut", "10.0.0.5", ["[2001:db8::1]:443"], "2001:db8::1"),
        ("brackets alone are cut", "10.0.0.5", ["[2001:db8::1]"], "2001:db8::1"),
        ("a bare IPv6 has no port", "10.0.0.5", ["2001:db8::1"], "2001:db8::1"),
        ("IPv4-mapped becomes IPv4", "10.0.0.5", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("a mapped peer is trusted as IPv4", "::ffff:10.0.0.5", ["203.0.113.9"], "203.0.113.9"),
        ("a trusted IPv6 proxy", "fd00::1", ["203.0.113.9, fd00::2"], "203.0.113.9"),
        ("an empty item ends the walk", "10.0.0.5", ["203.0.113.9,, 10.0.0.7"], "10.0.0.7"),
        ("a zone ends the walk", "10.0.0.5", ["fe80::1%eth0"], "10.0.0.5"),
    ],
)
def test_the_clients_address(case: str, peer: str, forwarded: list[str], address: str) -> None:
    assert client_address(peer, forwarded, TRUSTED) == ip_address(address)


@pytest.mark.parametrize(("case", "peer"), [("a unix socket", None), ("no address", "testclient"), ("empty", "")])
def test_a_connection_without_an_address_has_none(case: str, peer: str | None) -> None:
    assert client_address(peer, ["203.0.113.9"], TRUSTED) is None


def test_without_trusted_proxies_the_peer_is_the_client() -> None:
    assert client_address("10.0.0.5", ["203.0.113.9"], ()) == ip_address("10.0.0.5")


@pytest.mark.parametrize(
    "text",
    ["", "unknown", "203.0.113", "203.0.113.9:", "203.0.113.9:123456", "[203.0.113.9", "::1]", "2001:db8::1]:80"],
)
def test_what_is_no_address(text: str) -> None:
    assert parse_address(text) is None
