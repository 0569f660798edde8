"""Antiphon's processes: OSC and MIDI in, notes and frames out."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("antiphon")
except PackageNotFoundError:  # run from a checkout that was not installed
    __version__ = "0+checkout"
