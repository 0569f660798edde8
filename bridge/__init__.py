"""Antiphon's processes: OSC and MIDI in, notes and frames out."""


def version() -> str:
    """The installed version; importlib.metadata takes longer to import than many a process to start."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("antiphon")
    except PackageNotFoundError:  # run from a checkout that was not installed
        return "0+checkout"
