"""A failure in one line."""

import traceback


def describe(what: str, error: BaseException) -> str:
    """Say what failed, how and where."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""
    return f"{what} failed: {type(error).__name__}: {error}{place}"
