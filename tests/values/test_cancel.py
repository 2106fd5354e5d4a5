"""Tests of `CancelToken`."""

from __future__ import annotations

import threading

import pytest

from chadsdk.cancel import CancelToken
from chadsdk.errors import ExportCancelled
from tests.values.support import PATIENCE_S, all_at_once, in_time, run_child

_AN_HOUR_S = 3600.0


def _sleeper(token: CancelToken, woken: threading.Semaphore) -> threading.Thread:
    def sleep() -> None:
        with pytest.raises(ExportCancelled):
            token.sleep(_AN_HOUR_S)
        woken.release()

    thread = threading.Thread(target=sleep, daemon=True)
    thread.start()
    return thread


def test_every_sleeper_wakes_at_once() -> None:
    """One cancel ends the sleep of all threads that wait on the token, at once."""
    token, woken = CancelToken(), threading.Semaphore(0)
    threads = [_sleeper(token, woken) for _ in range(8)]
    token.cancel()
    assert all(woken.acquire(timeout=PATIENCE_S) for _ in threads)


def test_no_sleep_after_a_cancel() -> None:
    """Who comes to sleep on a cancelled token does not, how often ever."""
    token = CancelToken()
    token.cancel()
    for _ in range(3):
        with pytest.raises(ExportCancelled):
            in_time(lambda: token.sleep(_AN_HOUR_S))


@pytest.mark.parametrize("seconds", [0.0, -1.0, 0.001])
def test_a_sleep_ends_by_itself(seconds: float) -> None:
    """Without a cancel, a sleep is over when its time is; a past time is no error."""
    CancelToken().sleep(seconds)


def test_raise_if_cancelled() -> None:
    """It raises after a cancel and not before."""
    token = CancelToken()
    token.raise_if_cancelled()
    token.cancel()
    with pytest.raises(ExportCancelled):
        token.raise_if_cancelled()


def test_an_interrupt_runs_once() -> None:
    """However many threads cancel at once, each interrupt runs once."""
    for _ in range(50):
        token, ran = CancelToken(), list[int]()
        with token.interrupting(lambda ran=ran: ran.append(1)), token.interrupting(lambda ran=ran: ran.append(2)):  # type: ignore[misc]
            all_at_once(4, token.cancel)
            assert sorted(ran) == [1, 2]
        token.cancel()
        assert sorted(ran) == [1, 2]


def test_a_late_interrupt_runs_at_once() -> None:
    """Registered on a cancelled token, an interrupt runs before the block is entered, once."""
    token, ran = CancelToken(), list[str]()
    token.cancel()
    with token.interrupting(lambda: ran.append("ran")):
        assert ran == ["ran"]
    token.cancel()
    assert ran == ["ran"]


def test_no_interrupt_after_its_block() -> None:
    """What was registered for a block is forgotten at its end, also when it ends with an error."""
    token, ran = CancelToken(), list[str]()
    with pytest.raises(LookupError), token.interrupting(lambda: ran.append("ran")):
        raise LookupError
    token.cancel()
    assert ran == []


def test_registering_while_another_cancels() -> None:
    """In a race of register and cancel the interrupt is never lost: inside the block it has run or will."""
    for _ in range(200):
        token, ran = CancelToken(), threading.Event()
        both = threading.Barrier(2)

        def cancel(token: CancelToken = token, both: threading.Barrier = both) -> None:
            both.wait(PATIENCE_S)
            token.cancel()

        thread = threading.Thread(target=cancel, daemon=True)
        thread.start()
        both.wait(PATIENCE_S)
        with token.interrupting(ran.set):
            assert ran.wait(PATIENCE_S)
        thread.join(PATIENCE_S)


def test_a_child_is_cancelled_with_its_parent() -> None:
    """A parent's cancel reaches children and grandchildren, and wakes those who sleep on them."""
    parent, woken = CancelToken(), threading.Semaphore(0)
    with parent.child() as child, child.child() as grandchild:
        _sleeper(grandchild, woken)
        parent.cancel()
        assert woken.acquire(timeout=PATIENCE_S)
        assert child.cancelled
        assert grandchild.cancelled


def test_a_parent_is_not_cancelled_with_its_child() -> None:
    """A child can be cancelled alone."""
    parent = CancelToken()
    with parent.child() as child:
        child.cancel()
        assert child.cancelled
        assert not parent.cancelled


def test_a_child_of_a_cancelled_parent() -> None:
    """A child made too late is born cancelled."""
    parent = CancelToken()
    parent.cancel()
    with parent.child() as child:
        assert child.cancelled


# A signal is delivered at the n-th step of an action, for every n; the handler cancels the token.
_SWEEP = """
    import itertools, signal, sys, threading, contextlib, queue
    import chadsdk.cancel
    from chadsdk.errors import ExportCancelled

    FILES = {chadsdk.cancel.__file__, threading.__file__, contextlib.__file__}

    def sweep(action):
        for at in itertools.count(1):
            token = chadsdk.cancel.CancelToken()
            steps = 0

            def trace(frame, event, argument):
                nonlocal steps
                if frame.f_code.co_filename not in FILES:
                    return None
                frame.f_trace_opcodes = True
                if event == "opcode":
                    steps += 1
                    if steps == at:
                        signal.raise_signal(signal.SIGUSR1)
                return trace

            signal.signal(signal.SIGUSR1, lambda *_: token.cancel())
            sys.settrace(trace)
            try:
                over = action(token, lambda: steps >= at)
            finally:
                sys.settrace(None)
            if over or steps < at:
                assert at > 5, "nothing was traced"
                return
"""


def test_a_signal_handler_may_cancel_at_any_step_of_a_sleep() -> None:
    """A cancel from a signal handler, at whatever step of a sleep it comes, neither deadlocks nor is slept through."""
    code = (
        _SWEEP
        + """
    def sleep_long(token, fired):
        asleep = []
        def alarm(*_):
            assert not fired(), "the cancel was slept through"
            asleep.append(True)
            token.cancel()
        signal.signal(signal.SIGALRM, alarm)
        signal.setitimer(signal.ITIMER_REAL, 1)
        try:
            token.sleep(3600)
        except ExportCancelled:
            signal.setitimer(signal.ITIMER_REAL, 0)
        else:
            raise AssertionError("slept to the end")
        return asleep  # every step before the sleep was tried

    def sleep_short(token, fired):
        try:
            token.sleep(0)
        except ExportCancelled:
            assert fired()
        else:
            assert not fired() or token.cancelled

    sweep(sleep_short)
    sweep(sleep_long)
    print("done")
    """
    )
    assert run_child(code) == "done"


def test_a_signal_handler_may_cancel_at_any_step_of_registering() -> None:
    """Wherever in the registration the handler cancels: inside the block, the interrupt has run exactly once."""
    code = (
        _SWEEP
        + """
    def register(token, fired):
        ran = []
        with token.interrupting(lambda: ran.append(1)):
            if token.cancelled:
                assert ran == [1], ran
        assert len(ran) <= 1

    sweep(register)
    print("done")
    """
    )
    assert run_child(code) == "done"


def test_a_signal_handler_may_cancel_while_its_thread_cancels() -> None:
    """A cancel in the middle of a cancel does not deadlock, and each interrupt still runs exactly once."""
    code = (
        _SWEEP
        + """
    def cancel(token, fired):
        ran = []
        with token.interrupting(lambda: ran.append(1)), token.interrupting(lambda: ran.append(2)):
            token.cancel()
            assert sorted(ran) == [1, 2], ran

    sweep(cancel)
    print("done")
    """
    )
    assert run_child(code) == "done"


def test_the_end_of_the_main_thread_counts_as_a_cancel() -> None:
    """When the program's main thread has ended, what still runs on other threads finds its token cancelled."""
    code = """
    import threading
    from chadsdk.cancel import CancelToken

    token = CancelToken()
    def work():
        before = token.cancelled
        go.set()
        threading.main_thread().join()
        print(before, token.cancelled)

    go = threading.Event()
    threading.Thread(target=work).start()
    go.wait()
    """
    assert run_child(code) == "False True"
