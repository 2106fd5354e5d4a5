"""`share_out`: a batch of files on a bounded number of workers, none of them idle while there is something to fetch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from chadsdk.cancel import CancelToken
from chadsdk.download.crew import Crew
from chadsdk.download.pool import Steps, run_all_in_steps
from chadsdk.source import CloudSource

__all__ = ["share_out"]

T = TypeVar("T")


def share_out(
    sources: Sequence[CloudSource],
    work: Callable[[CloudSource, CancelToken, Crew], Steps[T]],
    *,
    assist: Callable[[Crew, CancelToken], object],
    connections: int,
    token: CancelToken,
    settled: Callable[[CloudSource, T], object],
    tick: Callable[[], object],
) -> None:
    """Work on each source, begun in the order given, and as `run_all_in_steps` does.

    Workers that find none to begin `assist` until all are done.

    Raises:
        BaseException: See `run_all_in_steps`.
    """
    crew = Crew(len(sources))

    def do(source: CloudSource | None, batch: CancelToken) -> Steps[list[T]]:
        if source is None:
            assist(crew, batch)
            return []
        steps = work(source, batch, crew)
        with crew.one_file():  # that is over for the crew when nothing is left of it to fetch
            try:
                next(steps)
            except StopIteration as end:
                return [end.value]
        yield
        return [(yield from steps)]

    def tell(source: CloudSource | None, results: list[T]) -> None:
        for result in results:
            assert source is not None, "only a source has a result"  # noqa: S101
            settled(source, result)

    helpers = [None] * (connections - 1) if sources else []
    run_all_in_steps([*sources, *helpers], do, workers=connections, token=token, settled=tell, tick=tick)
