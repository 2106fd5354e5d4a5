"""`share_out`: a batch of files on a bounded number of workers, none of them idle while there is something to fetch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from chadsdk.cancel import CancelToken
from chadsdk.download.crew import Crew
from chadsdk.download.pool import run_all
from chadsdk.source import CloudSource

__all__ = ["share_out"]

T = TypeVar("T")


def share_out(
    sources: Sequence[CloudSource],
    work: Callable[[CloudSource, CancelToken, Crew], T],
    *,
    assist: Callable[[Crew, CancelToken], object],
    connections: int,
    token: CancelToken,
    settled: Callable[[CloudSource, T], object],
    tick: Callable[[], object],
) -> None:
    """Work on each source, begun in the order given, and as `run_all` does.

    Workers that find none to begin `assist` until all are done.

    Raises:
        BaseException: See `run_all`.
    """
    crew = Crew(len(sources))

    def do(source: CloudSource | None, batch: CancelToken) -> list[T]:
        if source is None:
            assist(crew, batch)
            return []
        with crew.one_file():
            return [work(source, batch, crew)]

    def tell(source: CloudSource | None, results: list[T]) -> None:
        for result in results:
            assert source is not None, "only a source has a result"  # noqa: S101
            settled(source, result)

    helpers = [None] * (connections - 1) if sources else []
    run_all([*sources, *helpers], do, workers=connections, token=token, settled=tell, tick=tick)
