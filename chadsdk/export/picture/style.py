"""The looks of a picture: colours for light and dark. Words have a contrast of 4.5 : 1 and more on what they lie on."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DARK", "DECK_LOOKS", "LIGHT", "STYLE", "Look", "Theme"]

DECK_LOOKS = 4
"""How many colours decks take turns with."""


class Look(NamedTuple):
    """Colours of the clips of a deck: the block, its head, its edge, its outline."""

    body: str
    head: str
    edge: str
    wave: str


class Theme(NamedTuple):
    """All colours of a picture, by what they are for."""

    page: str
    lane: str
    ink: str
    soft: str
    grid: str
    shade: str
    ramp: str
    cross: str
    gap: str
    hatch: str
    alarm: str
    decks: tuple[Look, ...]


LIGHT = Theme(
    page="#ffffff",
    lane="#f3f4f8",
    ink="#171a26",
    soft="#555b70",
    grid="#d8dbe5",
    shade="#ffffff",
    ramp="#171a26",
    cross="#6d3fd1",
    gap="#fbf3f4",
    hatch="#e3b9c1",
    alarm="#a3152f",
    decks=(
        Look("#e4eefc", "#c9ddfa", "#2f6bc9", "#3f7bd8"),
        Look("#fdeddc", "#fad9b8", "#b8641a", "#c8690f"),
        Look("#dcf3e6", "#bfe6cf", "#1f8350", "#27915a"),
        Look("#f1e6fb", "#e0cdf6", "#7d46b8", "#9159cc"),
    ),
)
DARK = Theme(
    page="#11131a",
    lane="#191c26",
    ink="#f0f2f8",
    soft="#a9afc3",
    grid="#2f3442",
    shade="#11131a",
    ramp="#f0f2f8",
    cross="#b79bff",
    gap="#241a1f",
    hatch="#5f3540",
    alarm="#ff9aa8",
    decks=(
        Look("#18263f", "#233a63", "#5e95ea", "#6ea3f2"),
        Look("#33230f", "#51371a", "#d98d3f", "#e8a052"),
        Look("#12301f", "#1c4a31", "#46ad77", "#57c189"),
        Look("#2a1c3d", "#422c60", "#a877e0", "#b98bee"),
    ),
)

_FIXED = """
:root{color-scheme:light dark}
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
.name{font-size:24px;font-weight:700}.facts{font-size:14px}.key,.list,.deck{font-size:13px}.deck{font-weight:600}
.tick{font-size:12px;font-variant-numeric:tabular-nums}.title{font-size:13px;font-weight:600}.by,.tag{font-size:11.5px}
.body{stroke-width:1.2}.grid{stroke-width:1}.ramp{fill:none;stroke-width:1.5;stroke-linecap:round}
.shade{fill-opacity:.6}.flat{fill:none;stroke-width:1.5;stroke-dasharray:1 4;stroke-linecap:round}
.missing .body{stroke-dasharray:5 3}.why{font-weight:600}
.tag{paint-order:stroke;stroke-width:4;stroke-linejoin:round}.cross{fill-opacity:.13;pointer-events:none}
.edges{fill:none;stroke-width:1;stroke-dasharray:3 3;pointer-events:none}
""".strip()


def _rules(theme: Theme) -> str:
    rules = [
        f".page{{fill:{theme.page}}}.lane{{fill:{theme.lane}}}text{{fill:{theme.ink}}}",
        f".facts,.key,.tick,.by,.tag,.deck{{fill:{theme.soft}}}.clip .by,.clip .tag{{fill:{theme.ink}}}",
        f".grid{{stroke:{theme.grid}}}.shade{{fill:{theme.shade}}}.ramp{{stroke:{theme.ramp}}}",
        f".cross{{fill:{theme.cross}}}.edges{{stroke:{theme.cross}}}",
    ]
    for number, look in enumerate(theme.decks):
        deck = f".d{number}"
        rules.append(
            f"{deck} .body{{fill:{look.body};stroke:{look.edge}}}{deck} .head{{fill:{look.head}}}"
            f"{deck} .wave{{fill:{look.wave}}}{deck} .flat{{stroke:{look.wave}}}{deck} .tag{{stroke:{look.body}}}"
        )
    # Behind those of the decks, because it is to win.
    rules.append(
        f".missing .body{{fill:url(#hatch);stroke:{theme.alarm}}}.missing .head{{fill:{theme.gap}}}"
        f".clip .why,.list.why,.facts .why{{fill:{theme.alarm}}}.paper{{fill:{theme.gap}}}"
        f".missing .tag{{stroke:{theme.gap}}}"
        f".line{{stroke:{theme.hatch};stroke-width:3}}"
    )
    return "\n".join(rules)


STYLE = f"{_FIXED}\n{_rules(LIGHT)}\n@media (prefers-color-scheme:dark){{\n{_rules(DARK)}\n}}"
"""The style sheet of a picture."""
