"""What ``antiphon doctor`` looks at: one small function for each thing, which says what it found."""

from typing import Literal

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """What one check found."""

    name: str
    state: Literal["ok", "note", "warn", "fail"]
    """A note is neither good nor bad; with a warning the server runs, but not as well; with a failure it cannot run."""
    text: str
    advice: str = ""
    """What to do about it, or what to type."""
