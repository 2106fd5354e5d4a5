"""The one strict door for JSON from outside: server replies, playlist files, manifests.

A model describes itself as a table of `Field`; the door reads a parsed object by that table, or raises one
`DataError` that names the document and the place in it. Unknown fields pass (servers grow), null counts as
absent, nothing is coerced. Models without this door would accept a number for a title, or end in a `KeyError`.
"""

from chadsdk.decode.checks import (
    LARGEST_NUMBER,
    clean_text,
    finite,
    identifier,
    non_negative,
    one_of,
    positive,
    secret,
    sha256_hex,
    text,
    whole_number,
)
from chadsdk.decode.door import Check, Field, decode, items, parse_json, read_fields
from chadsdk.decode.misfit import Misfit

__all__ = [
    "LARGEST_NUMBER",
    "Check",
    "Field",
    "Misfit",
    "clean_text",
    "decode",
    "finite",
    "identifier",
    "items",
    "non_negative",
    "one_of",
    "parse_json",
    "positive",
    "read_fields",
    "secret",
    "sha256_hex",
    "text",
    "whole_number",
]
