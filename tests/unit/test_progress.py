"""How far work is, and how it is stopped."""

from __future__ import annotations

import threading

import pytest

from ptm_demo.progress import Cancelled, CancelToken, Progress, ignore


@pytest.mark.parametrize(
    ("done", "total", "fraction"), [(1, 4, 0.25), (0, 4, 0.0), (9, 4, 1.0), (-1, 4, 0.0), (3, None, None), (3, 0, None)]
)
def test_a_fraction_stays_between_nothing_and_all(done: float, total: float | None, fraction: float | None) -> None:
    assert Progress("train", done, total).fraction == fraction


def test_a_token_stops_work_in_another_thread() -> None:
    token, stopped = CancelToken(), threading.Event()

    def work() -> None:
        try:
            while True:
                token.check()
        except Cancelled:
            stopped.set()

    thread = threading.Thread(target=work)
    thread.start()
    token.cancel()
    token.cancel()
    thread.join(5)
    assert stopped.is_set()
    assert token.cancelled


def test_a_fresh_token_stops_nothing() -> None:
    token = CancelToken()
    token.check()
    assert not token.cancelled
    ignore(Progress("train"))
