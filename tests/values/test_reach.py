"""Tests of which addresses a redirect may lead to."""

from __future__ import annotations

import socket
from contextlib import nullcontext

import pytest

from chadsdk.errors import UnsafeURLError
from chadsdk.lookup import Address
from chadsdk.reach import Kind, Reach, kind_of

_PUBLIC, _OTHER = "93.184.215.14", "2606:2800:220:1::1"


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        (_PUBLIC, Kind.PUBLIC), (_OTHER, Kind.PUBLIC),
        ("127.0.0.1", Kind.LOOPBACK), ("127.255.0.9", Kind.LOOPBACK), ("::1", Kind.LOOPBACK),
        ("0.0.0.0", Kind.LOOPBACK), ("::", Kind.LOOPBACK),
        ("169.254.169.254", Kind.LINK_LOCAL), ("fe80::1", Kind.LINK_LOCAL),
        ("10.0.0.1", Kind.PRIVATE), ("172.16.0.1", Kind.PRIVATE), ("192.168.1.1", Kind.PRIVATE),
        ("100.64.0.1", Kind.PRIVATE), ("fd00::1", Kind.PRIVATE), ("fd00:ec2::254", Kind.PRIVATE),
        ("192.0.2.1", Kind.PRIVATE), ("255.255.255.255", Kind.PRIVATE), ("240.0.0.1", Kind.PRIVATE),
        ("::ffff:127.0.0.1", Kind.LOOPBACK), ("::ffff:169.254.169.254", Kind.LINK_LOCAL),
        ("::ffff:10.0.0.1", Kind.PRIVATE), (f"::ffff:{_PUBLIC}", Kind.PUBLIC), ("2002:7f00:1::", Kind.LOOPBACK),
        ("64:ff9b::a9fe:a9fe", Kind.LINK_LOCAL), ("64:ff9b::10.0.0.1", Kind.PRIVATE),
        (f"64:ff9b::{_PUBLIC}", Kind.PUBLIC), ("2001:0:4136:e378:8000:63bf:a247:28f1", Kind.PRIVATE),
        ("64:ff9b:1::1", Kind.PRIVATE), (f"64:ff9b:1::{_PUBLIC}", Kind.PRIVATE),
        ("::127.0.0.1", Kind.LOOPBACK), ("::10.0.0.1", Kind.PRIVATE), ("::ffff:0:7f00:1", Kind.LOOPBACK),
        ("2002:a9fe:a9fe::1", Kind.LINK_LOCAL), ("2001:0:4136:e378:8000:63bf:80ff:fffe", Kind.LOOPBACK),
        ("fec0::1", Kind.PRIVATE), ("224.0.0.1", Kind.PRIVATE), ("239.1.2.3", Kind.PRIVATE),
        ("ff02::1", Kind.PRIVATE), ("ff0e::1", Kind.PRIVATE),
    ],
)  # fmt: skip
def test_how_far_an_address_reaches(address: str, kind: Kind) -> None:
    """Also where an IPv4 address is written as IPv6."""
    assert kind_of(address) is kind


def _found(*addresses: str) -> list[Address]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]


def _within(host: str, *addresses: str, home: str) -> list[str]:
    reach = Reach(home, 443)
    return [each[4][0] for each in reach.within(host, _found(*addresses), ended_by=lambda _: nullcontext())]


@pytest.mark.parametrize("home", [_PUBLIC, _OTHER])
@pytest.mark.parametrize(
    "address", ["127.0.0.1", "169.254.169.254", "10.1.2.3", "::1", "fe80::1%eth0", "::ffff:10.0.0.1"]
)
def test_row_37_a_name_that_leads_inwards(address: str, home: str) -> None:
    """From a server on the internet no name leads into the user's network; a public address beside it is taken."""
    with pytest.raises(UnsafeURLError, match=r"cdn\.example leads to a") as caught:
        _within("cdn.example", address, home=home)
    assert home in str(caught.value)
    assert _within("cdn.example", address, _PUBLIC, home=home) == [_PUBLIC]


@pytest.mark.parametrize(
    ("home", "address"), [("127.0.0.1", "127.0.0.1"), ("10.0.0.1", "192.168.1.1"), ("fe80::1", "169.254.0.1")]
)
def test_row_37_where_the_server_itself_is(home: str, address: str) -> None:
    """A server at an address of that kind may redirect to a name there."""
    assert _within("cdn.lan", address, home=home) == [address]


@pytest.mark.parametrize("home", ["127.0.0.1", "10.0.0.1"])
def test_row_37_a_server_at_home_opens_no_other_door(home: str) -> None:
    """A private server gives no leave for link-local addresses, where cloud providers keep keys."""
    with pytest.raises(UnsafeURLError):
        _within("cdn.lan", "169.254.169.254", home=home)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "10.0.0.1", "fe80::1%lo", "music.example"])
def test_what_the_user_wrote_down_is_meant(host: str) -> None:
    """An address in the settings is no name that somebody else may turn; nor is the server's own name asked."""
    assert _within(host, "10.0.0.1", home="music.example") == ["10.0.0.1"]


def test_a_server_that_cannot_be_found_vouches_for_nothing() -> None:
    """Where only a proxy knows the server's name, no name leads inwards."""
    with pytest.raises(UnsafeURLError):
        _within("cdn.example", "10.0.0.1", home="no name at all")
