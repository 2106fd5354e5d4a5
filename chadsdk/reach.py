"""`Reach`: which addresses of the network a redirect may lead to.

Names of other origins are the user's own choice, but where they lead is said by whoever runs them, anew at each
look-up. Without a rule such a name could lead our requests to this computer, to the user's router, or to what a cloud
provider tells its own machines. So a name reaches addresses of the public internet, and others only where the server
itself is at one of that kind. An address that the user wrote down is no name.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from chadsdk.errors import UnsafeURLError
from chadsdk.lookup import Address, EndedBy, look_up

__all__ = ["Kind", "Reach", "kind_of"]

_LAST_IS_IPV4 = tuple(
    ipaddress.IPv6Network(each)
    for each in (
        "::/96",  # IPv4-compatible (RFC 4291)
        "::ffff:0:0:0/96",  # IPv4-translated (RFC 2765)
        "64:ff9b::/96",  # NAT64 (RFC 6052)
    )
)
_INNER = tuple(
    ipaddress.IPv6Network(each)
    for each in (
        "64:ff9b:1::/48",  # somebody's own NAT64 (RFC 8215): where in it the IPv4 address stands is not known
        "2001::/32",  # Teredo (RFC 4380)
        "fec0::/10",  # site-local (RFC 3879)
    )
)


class Kind(Enum):
    """How far an address reaches (RFC 6890)."""

    PUBLIC = "public"
    PRIVATE = "private"
    LINK_LOCAL = "link-local"
    LOOPBACK = "loopback"


def kind_of(address: str) -> Kind:
    """Give the kind of an IP address; of one that carries an IPv4 address, the kind of that.

    Raises:
        ValueError: It is none.
    """
    given = ipaddress.ip_address(address)
    found = _carried(given) or given
    if found.is_loopback or found.is_unspecified:  # to connect to 0.0.0.0 is to connect to oneself
        return Kind.LOOPBACK
    if found.is_link_local:
        return Kind.LINK_LOCAL
    inner = found.is_multicast or any(given in network for network in _INNER)
    return Kind.PUBLIC if found.is_global and not inner else Kind.PRIVATE


def _carried(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Give the IPv4 address that a gateway or this computer would turn an IPv6 one into; None where there is none."""
    if isinstance(address, ipaddress.IPv4Address) or address.is_unspecified or address.is_loopback:
        return None
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _LAST_IS_IPV4):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


@dataclass(frozen=True, slots=True)
class Reach:
    """What is in reach of the redirects of one server.

    Attributes:
        home: The server's own host, which is not asked where it leads.
        port: Its port.
    """

    home: str
    port: int

    def within(self, host: str, found: list[Address], *, ended_by: EndedBy) -> list[Address]:
        """Give those addresses of a host that may be connected to, in their order.

        What is connected to is one of these, with no look-up in between that could answer otherwise.

        Args:
            host: The name or address that was looked up.
            found: Where it leads.
            ended_by: See `look_up`; the server's own name may have to be looked up, too.

        Raises:
            UnsafeURLError: None may be.
        """
        if host == self.home or _is_address(host):
            return found
        if all(_kind(each) is Kind.PUBLIC for each in found):
            return found
        kinds = {Kind.PUBLIC, *self._home_kinds(ended_by)}
        allowed = [each for each in found if _kind(each) in kinds]
        if not allowed:
            raise UnsafeURLError(
                f"The name {host} leads to a {_kind(found[0]).value} address, and the server {self.home} is at none. "
                "If that is meant, allow the address instead of the name."
            )
        return allowed

    def _home_kinds(self, ended_by: EndedBy) -> Collection[Kind]:
        with contextlib.suppress(OSError, UnicodeError):
            return {_kind(each) for each in look_up(self.home, self.port, ended_by=ended_by)}
        return set()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _kind(address: Address) -> Kind:
    return kind_of(str(address[4][0]).partition("%")[0])
