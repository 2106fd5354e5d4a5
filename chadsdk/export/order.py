"""`Order`: one call for an export, checked before anything is done, and when it is to be refused."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from chadsdk.download import FetchOutcome, Unavailable
from chadsdk.errors import ConfigurationError, MissingTracksError
from chadsdk.export.collect import Collected
from chadsdk.export.outputs import Outputs
from chadsdk.export.plan import Cloud, ExportPlan, Missing
from chadsdk.export.writers import ALWAYS, copies_of_audio
from chadsdk.library import Playlist
from chadsdk.media import RATES_HZ, require_converter
from chadsdk.source import CloudSource

__all__ = ["OnMissing", "Order"]

OnMissing = Literal["manifest", "fail"]


@dataclass(frozen=True, slots=True)
class Order:
    """What an export is asked to be.

    Attributes:
        playlist: What to export.
        to: Folder that the export folder is made in.
        formats: Project files to write.
        on_missing: What to do when tracks are missing.
        replace: Whether an older export may be swapped for the new one.
        convert_to: Sample rate that files are converted to, in Hz; None copies all as they are.
    """

    playlist: Playlist
    to: Path
    formats: Sequence[str]
    on_missing: OnMissing
    replace: bool
    convert_to: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "formats", _names(self.formats))
        if "\0" in str(self.to):
            raise ConfigurationError(f"{str(self.to)!r} cannot be a folder: it holds a NUL")
        outputs = Outputs(self.playlist.name)
        for name in self.all_formats:
            outputs.claim(name)
        if self.convert_to is not None:
            _refuse_rate(self.convert_to)
        if self.on_missing not in {"manifest", "fail"}:
            raise ConfigurationError(f"on_missing must be 'manifest' or 'fail', got {self.on_missing!r}")

    @property
    def all_formats(self) -> tuple[str, ...]:
        """What is to be written, each once: what always is, then what was asked for."""
        return tuple(dict.fromkeys((*ALWAYS, *self.formats)))

    @property
    def copies(self) -> int:
        """How often the audio is written: once as files, and once more by each format that embeds it."""
        return 1 + copies_of_audio(self.all_formats)

    def refuse_missing(
        self,
        plan: ExportPlan,
        outcomes: Mapping[CloudSource, FetchOutcome],
        collected: Mapping[Hashable, Collected | Unavailable] = MappingProxyType({}),
    ) -> None:
        """Stop as soon as anything is known to be missing, where that is what the caller wants.

        Raises:
            MissingTracksError: Something is.
        """
        if self.on_missing != "fail":
            return
        missing = []
        for planned in plan.entries:
            match planned.need:
                case Missing() as known:
                    outcome: object = known
                case Cloud(source=source) as need:
                    outcome = collected.get(need.identity, outcomes.get(source))
                case need:
                    outcome = collected.get(need.identity)
            if isinstance(outcome, Missing | Unavailable):
                missing.append(f"{planned.position}. {planned.entry.track.title}: {outcome.detail}")
        if missing:
            raise MissingTracksError(tuple(missing))


def _names(formats: Sequence[str]) -> tuple[str, ...]:
    if isinstance(formats, str):  # a sequence of strings, too: its letters
        raise ConfigurationError(f"formats must be a sequence of names, such as [{formats!r}], and not a string")
    return tuple(formats)


def _refuse_rate(rate_hz: object) -> None:
    if type(rate_hz) is not int or rate_hz not in RATES_HZ:
        raise ConfigurationError(f"convert_to must be {RATES_HZ[0]} to {RATES_HZ[-1]} Hz, got {rate_hz!r}")
    require_converter()
