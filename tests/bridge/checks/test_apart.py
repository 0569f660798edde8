import os
import time

import pytest

from bridge.checks import apart


def test_returns_what_the_function_returns() -> None:
    assert apart.call(os.path.basename, "a/b") == "b"


def test_a_crash_is_an_error_here() -> None:
    with pytest.raises(apart.ApartError):
        apart.call(os.abort)


def test_an_exception_is_named() -> None:
    with pytest.raises(apart.ApartError, match="FileNotFoundError"):
        apart.call(os.listdir, "/no/such/folder")


def test_a_hang_ends() -> None:
    with pytest.raises(apart.ApartError, match=r"no answer within 0\.5 s"):
        apart.call(time.sleep, 60, timeout=0.5)
