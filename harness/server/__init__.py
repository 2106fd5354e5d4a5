"""A ChadMusic server on loopback that speaks HTTP/1.1 properly, and improperly where it is told to.

From the wire up: `wire` (bytes of a connection), `reply` (what to send, and how), `conditional` (ranges and
preconditions), `streams` and `site` (the API), `faults` (scripts), `registry` with `behaviours`, `framing` and `parts`
(misbehaving), `tokens`, `ledger`, `gates`, `control` (what tests turn), `office` (decides), `listener` (threads and
sockets).
"""

from harness.server.faults import FaultError
from harness.server.listener import HarnessServer

__all__ = ["FaultError", "HarnessServer"]
