from contextlib import contextmanager

import pytest

from realtime.resources import Held


@contextmanager
def telling(told, name):
    told.append(f"{name} begins")
    try:
        yield
    finally:
        told.append(f"{name} ends")


@contextmanager
def failing():
    yield
    raise RuntimeError


def test_the_newest_is_let_go_of_first():
    held, told = Held(), []
    for name in "ab":
        held.enter(telling(told, name))
    held.close()
    held.close()
    assert told == ["a begins", "b begins", "b ends", "a ends"]


def test_all_are_let_go_of_though_one_fails():
    held, told = Held(), []
    held.enter(telling(told, "a"))
    held.enter(failing())
    held.enter(telling(told, "b"))
    with pytest.raises(RuntimeError):
        held.close()
    assert told[2:] == ["b ends", "a ends"]
