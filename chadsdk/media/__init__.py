"""What is this audio: by its first bytes, its container, its name, its content type.

Owns the table of formats, every judgement on audio bytes, and conversion to another sample rate. Refuses to
download and to know where a file comes from. No check here trusts a header over the bytes.
"""

from __future__ import annotations

from chadsdk.media.container import check_whole, declared_bytes
from chadsdk.media.conversion import Converted, Left, Sound
from chadsdk.media.convert import RATES_HZ, convert_file, is_to_be_converted, is_unpacked, require_converter
from chadsdk.media.extension import DEFAULT_EXTENSION, final_extension, planned_extension
from chadsdk.media.facts import DECODED_FORMATS, AudioFacts, check_last_sample, examine, read_facts
from chadsdk.media.formats import EXTENSIONS, AudioFormat, format_of_content_type, format_of_extension
from chadsdk.media.impostor import early_refusal
from chadsdk.media.outline import read_outline
from chadsdk.media.signature import sniff, sniff_file, sniff_stream
from chadsdk.media.window import HEAD_BYTES

__all__ = [
    "DECODED_FORMATS",
    "DEFAULT_EXTENSION",
    "EXTENSIONS",
    "HEAD_BYTES",
    "RATES_HZ",
    "AudioFacts",
    "AudioFormat",
    "Converted",
    "Left",
    "Sound",
    "check_last_sample",
    "check_whole",
    "convert_file",
    "declared_bytes",
    "early_refusal",
    "examine",
    "final_extension",
    "format_of_content_type",
    "format_of_extension",
    "is_to_be_converted",
    "is_unpacked",
    "planned_extension",
    "read_facts",
    "read_outline",
    "require_converter",
    "sniff",
    "sniff_file",
    "sniff_stream",
]
