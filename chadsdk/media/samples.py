"""How samples become the numbers that a file holds: scaled, dithered where it is heard, rounded, clipped.

Our own, because libsndfile cuts off what does not fit into the bits instead of rounding it, and knows no dither.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["DEPTHS", "Depth", "quantiser"]

_DITHERED_BITS: Final = 16  # the rounding of 24 bits lies at -146 dB: nothing plays that
# The same noise each time, so that the same file gives the same copy, to the bit.
_SEED: Final = 44_100


@dataclass(frozen=True, slots=True)
class Depth:
    """How samples are kept.

    Attributes:
        subtype: The name that libsndfile has for it.
        bits: Per sample.
        is_float: Whether they are floating point: then nothing is rounded and nothing is clipped.
    """

    subtype: str
    bits: int
    is_float: bool = False


_PCM_16: Final = Depth("PCM_16", 16)
_PCM_24: Final = Depth("PCM_24", 24)
_PCM_32: Final = Depth("PCM_32", 32)

DEPTHS: Final = {
    "PCM_S8": Depth("PCM_S8", 8),
    "PCM_U8": Depth("PCM_U8", 8),
    "PCM_16": _PCM_16,
    "PCM_24": _PCM_24,
    "PCM_32": _PCM_32,
    "FLOAT": Depth("FLOAT", 32, is_float=True),
    "DOUBLE": Depth("DOUBLE", 64, is_float=True),
    # Apple Lossless in CAF: kept as plain samples, because libsndfile writes it by way of a file in the folder of the
    # system's temporary ones.
    "ALAC_16": _PCM_16,
    "ALAC_20": _PCM_24,
    "ALAC_24": _PCM_24,
    "ALAC_32": _PCM_32,
}
"""What becomes of each lossless kind of samples that libsndfile reads, by its name there."""


def quantiser(depth: Depth) -> Callable[[npt.NDArray[np.float64]], npt.NDArray[Any]]:
    """Give what turns samples between -1 and 1 into numbers to write, in the order they come.

    Up to 16 bits they are dithered (triangular, two steps wide); what lies beyond full scale is clipped there. The
    numbers fill 16 or 32 bits from the top, which is how libsndfile takes them.
    """
    import numpy as np  # noqa: PLC0415 - `import chadsdk` must stay light

    if depth.is_float:
        return lambda samples: samples
    full = 2.0 ** (depth.bits - 1)
    is_short = depth.bits <= _DITHERED_BITS
    noise = np.random.Generator(np.random.SFC64(_SEED))

    def quantise(samples: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
        steps = samples * full
        if is_short:
            steps += noise.random(steps.shape)
            steps -= noise.random(steps.shape)
        # What a broken decoder gives as not a number is silence.
        np.nan_to_num(steps, copy=False, nan=0.0)
        np.clip(np.rint(steps, out=steps), -full, full - 1, out=steps)
        if is_short:
            return np.left_shift(steps.astype(np.int16), 16 - depth.bits)
        return np.left_shift(steps.astype(np.int32), 32 - depth.bits)

    return quantise
