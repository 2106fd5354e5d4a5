"""What the schema of DAWproject lets through and an importer stumbles over. Pure; knows nothing of the mix."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from chadsdk.errors import FormatError

__all__ = ["check_rules"]

_PARAMETERS = frozenset({"Tempo", "TimeSignature", "Mute", "Pan", "Volume"})
_KINDS = {"track": frozenset({"Track"}), "destination": frozenset({"Channel"}), "parameter": _PARAMETERS}
"""Attributes that refer to another element, and what it must be."""

_UNITS = {
    "Tempo": {"unit": "bpm"},
    "Volume": {"unit": "linear"},
    "Pan": {"unit": "normalized"},
    "Points": {"unit": "linear"},
    "Markers": {"timeUnit": "beats"},
    "Warps": {"timeUnit": "beats", "contentTimeUnit": "seconds"},
    "Clip": {"contentTimeUnit": "beats", "fadeTimeUnit": "beats"},
}
_UNIT_NAMES = frozenset({"unit", "timeUnit", "contentTimeUnit", "fadeTimeUnit"})

_ORDER = {
    "Project": ("Application", "Transport", "Structure", "Arrangement", "Scenes"),
    "Transport": ("Tempo", "TimeSignature"),
    "Channel": ("Mute", "Pan", "Volume"),
    "Arrangement": ("Lanes", "Markers"),
    "Warps": ("Audio", "Warp"),
    "Points": ("Target", "RealPoint"),
}


def check_rules(root: Element) -> None:
    """Check ids, references, units and the order of children.

    Raises:
        FormatError: One is wrong.
    """
    kinds = _kinds(root)
    for element in root.iter():
        _check_references(element, kinds)
        _check_units(element, is_arrangement=element is root.find("Arrangement/Lanes"))
        _check_order(element)


def _kinds(root: Element) -> dict[str, str]:
    """Give what each id is the id of."""
    kinds: dict[str, str] = {}
    for element in root.iter():
        own = element.get("id")
        if own in kinds:
            raise FormatError(f"In project.xml {own} is the id of two elements.")
        if own is not None:
            kinds[own] = element.tag
    return kinds


def _check_references(element: Element, kinds: dict[str, str]) -> None:
    for attribute in _KINDS.keys() & element.attrib.keys():
        found = kinds.get(element.attrib[attribute])
        if found not in _KINDS[attribute]:
            raise FormatError(f"In project.xml {attribute} of a {element.tag} refers to {found or 'nothing'}.")


def _check_units(element: Element, *, is_arrangement: bool) -> None:
    """Every unit is said where it belongs, and nowhere else: it counts for everything below."""
    wanted = {"timeUnit": "beats"} if is_arrangement else _UNITS.get(element.tag, {})
    found = {name: unit for name, unit in element.attrib.items() if name in _UNIT_NAMES}
    if found != wanted:
        raise FormatError(f"In project.xml a {element.tag} has the units {found} and not {wanted}.")


def _check_order(element: Element) -> None:
    order = _ORDER.get(element.tag)
    if order is None:
        return
    tags = [child.tag for child in element]
    if not set(tags) <= set(order) or tags != sorted(tags, key=order.index):
        raise FormatError(f"In project.xml a {element.tag} holds {', '.join(tags)}; the order is {', '.join(order)}.")
