"""All patches, and how the committed ones are kept current."""

from pathlib import Path

from bridge.addresses import Table


def files(table: Table) -> dict[str, bytes]:
    """Every patch by its path below patches/."""
    from bridge.hosts import max as max_
    from bridge.hosts import puredata, supercollider, touchdesigner

    hosts = {
        "ableton": max_.devices(table),
        "max": max_.files(table),
        "puredata": puredata.files(table),
        "supercollider": supercollider.files(table),
        "touchdesigner": touchdesigner.files(table),
    }
    return {f"{host}/{name}": content for host, found in hosts.items() for name, content in found.items()}


def write(table: Table, folder: Path) -> list[Path]:
    """Write every patch below a folder; return their paths."""
    written = []
    for name, content in files(table).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    return written


def stale(table: Table, folder: Path) -> list[str]:
    """The patches below a folder that are not as they would be written now: changed, missing or no longer wanted."""
    wanted = files(table)
    there = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    there = {name: content for name, content in there.items() if not Path(name).name.startswith(".")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
