"""Sizes such as ``2G`` and ages such as ``30d`` on the command line."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import click

__all__ = ["age", "size"]

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE | re.ASCII)
_SIZES = {"": 1, "b": 1} | {
    letter + rest: 1024**power for power, letter in enumerate("kmgt", 1) for rest in ("", "b", "ib")
}
_AGES = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


def _amount(text: str, units: Mapping[str, int]) -> float | None:
    found = _AMOUNT.fullmatch(text.strip())
    unit = units.get(found[2].lower()) if found else None
    amount = float(found[1]) * unit if found and unit else math.inf
    return amount if math.isfinite(amount) else None


def size(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """Give the bytes of an option; units are those of 1024, as in everything that chadsdk shows.

    Raises:
        click.BadParameter: It is no size.
    """
    if value is None:
        return None
    amount = _amount(value, _SIZES)
    if amount is None:
        message = f"{value!r} is no size: give bytes, or a number with K, M, G or T, such as 500M or 2G."
        raise click.BadParameter(message, context, parameter)
    return int(amount)


def age(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """Give the seconds of an option.

    Raises:
        click.BadParameter: It is no age.
    """
    if value is None:
        return None
    amount = _amount(value, _AGES)
    if amount is None:
        message = f"{value!r} is no age: give a number with min, h, d or w, such as 12h or 30d."
        raise click.BadParameter(message, context, parameter)
    return amount
