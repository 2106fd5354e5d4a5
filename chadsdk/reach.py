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


class Kind(Enum):
    """How far an address reaches (RFC 6890)."""

    PUBLIC = "public"
    PRIVATE = "private"
    LINK_LOCAL = "link-local"
    LOOPBACK = "loopback"


def kind_of(address: str) -> Kind:
    """Give the kind of an IP address, also of an IPv4 one that is written as IPv6.

    Raises:
        ValueError: It is none.
    """
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found.sixtofour or found
    if found.is_loopback or found.is_unspecified:  # to connect to 0.0.0.0 is to connect to oneself
        return Kind.LOOPBACK
    if found.is_link_local:
        return Kind.LINK_LOCAL
    return Kind.PUBLIC if found.is_global else Kind.PRIVATE


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
