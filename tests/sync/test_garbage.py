"""Fewer collections of garbage, by whoever asks for them at the same time."""

from __future__ import annotations

import gc

import pytest

from sync.garbage import ROWS, few_collections


def test_the_collector_is_put_back_by_the_last_who_is_done() -> None:
    before = gc.get_threshold()
    first, second = few_collections(), few_collections()
    first.__enter__()
    second.__enter__()
    assert gc.get_threshold() == (ROWS, *before[1:])
    first.__exit__(None, None, None)
    assert gc.get_threshold() == (ROWS, *before[1:]), "the second is at work still"
    second.__exit__(None, None, None)
    assert gc.get_threshold() == before


def test_an_error_puts_it_back() -> None:
    before = gc.get_threshold()
    with pytest.raises(RuntimeError, match="halfway"), few_collections():
        raise RuntimeError("halfway")
    assert gc.get_threshold() == before
