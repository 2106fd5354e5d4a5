"""Whether the side information of a layer III frame can be true: what it says of where its sound lies in its bytes.

mpg123 writes a line to the standard error of the process for what cannot be, so it is not given that. Damage within the
sound itself (its scale factors and Huffman codes) shows only to who decodes it, and mpg123 still complains of that.

Source: ISO/IEC 11172-3 section 2.4.1.7, 13818-3 section 2.4.1.7.
"""

from __future__ import annotations

from typing import Final

from chadsdk.media.mpeg import Frame

__all__ = ["is_possible"]

_LAYER_3: Final = 3
_MPEG_1: Final = 3
_MOST_BIG_VALUES: Final = 288  # pairs of the 576 lines of a granule
# Long and short blocks: how many scale factors there are of the first and of the second length.
_LONG_COUNTS: Final = (11, 10)
_SHORT_COUNTS: Final = (17, 18)  # one less of the first when they are mixed
_SHARED_COUNTS: Final = (0, 0)  # a second granule may have those of the first
_SHORT_BLOCK: Final = 2
_FIRST_LENGTHS: Final = (0, 0, 0, 0, 3, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4)
_SECOND_LENGTHS: Final = (0, 1, 2, 3, 0, 1, 2, 3, 1, 2, 3, 1, 2, 3, 2, 3)


class _Bits:
    """A number that is read from its highest bit on."""

    def __init__(self, data: bytes) -> None:
        self._number, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        return self._number >> self._left & (1 << count) - 1


def is_possible(data: bytes, frame: Frame) -> bool:
    """Whether a frame may be decoded; True for layers I and II, of which nothing is looked at.

    Args:
        data: All of the frame.
        frame: What its header says.
    """
    version, layer, _ = frame.stream
    if layer != _LAYER_3:
        return True
    begin = 4 if data[1] & 1 else 6  # behind a checksum
    bits = _Bits(data[begin : 4 + frame.side_info_bytes])
    is_first_kind = version == _MPEG_1
    lent_bytes = bits.take(9 if is_first_kind else 8)
    bits.take(((5, 3) if is_first_kind else (1, 2))[frame.channels - 1])  # private
    bits.take(4 * frame.channels if is_first_kind else 0)  # which scale factors are shared
    needed_bits = 0
    for number in range(frame.channels * (2 if is_first_kind else 1)):
        length = _granule_bits(bits, is_first_kind=is_first_kind, may_share=number >= frame.channels)
        if length is None:
            return False
        needed_bits += length
    return needed_bits <= 8 * (lent_bytes + len(data) - 4 - frame.side_info_bytes)


def _granule_bits(bits: _Bits, *, is_first_kind: bool, may_share: bool) -> int | None:
    """How many bits the sound of a granule takes; None where that cannot be."""
    length, big_values = bits.take(12), bits.take(9)
    bits.take(8)  # gain
    compress = bits.take(4 if is_first_kind else 9)
    is_windowed = bits.take(1)
    block = bits.take(2) if is_windowed else 0
    bits.take(20 if is_windowed else 22)
    bits.take(3 if is_first_kind else 2)
    if big_values > _MOST_BIG_VALUES or (is_windowed and not block):
        return None
    if is_first_kind:
        first, second = _SHORT_COUNTS if block == _SHORT_BLOCK else _SHARED_COUNTS if may_share else _LONG_COUNTS
        if first * _FIRST_LENGTHS[compress] + second * _SECOND_LENGTHS[compress] > length:
            return None
    return length
