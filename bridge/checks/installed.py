"""Python, the packages that Antiphon requires, and its extras."""

import importlib
import os
import platform
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib import metadata

from bridge.checks import Finding, apart
from bridge.config import Settings

DISTRIBUTION = "antiphon"
ELSEWHERE = {"sounddevice"}
"""Required packages that fail to import without a system library that the server does not need: see audio.py."""


def python(settings: Settings) -> Iterator[Finding]:
    """The interpreter and the system."""
    machine = f"{platform.platform(terse=True)}, {platform.machine()}, {os.cpu_count()} cores"
    yield Finding("Python", "ok", f"{platform.python_version()} on {machine}")


def packages(settings: Settings) -> Iterator[Finding]:
    """The packages without which nothing runs, each imported once."""
    try:
        required = requirements()[""]
    except metadata.PackageNotFoundError:
        advice = f'in the checkout: {_pip()} install --constraint constraints.txt --editable "."'
        yield Finding("packages", "warn", "Antiphon runs from a checkout and is not installed", advice)
        return
    versions = {name: version(name) for name in required}
    modules = {name: module for name in required if name not in ELSEWHERE and (module := import_name(name))}
    failures = apart.call(import_failures, sorted(modules.values()))
    for name, module in modules.items():
        if module in failures:
            advice = f"{_pip()} install --force-reinstall --no-deps {name}"
            yield Finding(f"package {name}", "fail", f"cannot be imported: {failures[module]}", advice)
    for name in [name for name, found in versions.items() if found is None]:
        yield Finding(f"package {name}", "fail", "is missing", f"{_pip()} install {name}")
    yield Finding("packages", "ok", ", ".join(f"{name} {found}" for name, found in versions.items() if found))


def extras(settings: Settings) -> Iterator[Finding]:
    """What may be added."""
    try:
        by_extra = requirements()
    except metadata.PackageNotFoundError:
        return
    for extra in sorted(set(by_extra) - {""}):
        needed = [name for name in by_extra[extra] if name != DISTRIBUTION]
        missing = [name for name in needed if version(name) is None]
        if missing:
            advice = f'{_pip()} install "{DISTRIBUTION}[{extra}]"'
            yield Finding(f"extra {extra}", "note", f"not installed ({', '.join(missing)} missing)", advice)
        else:
            yield Finding(f"extra {extra}", "ok", ", ".join(f"{name} {version(name)}" for name in needed))


def requirements() -> dict[str, list[str]]:
    """The names of the required packages by extra; those of the plain installation under the empty name.

    Raises PackageNotFoundError where Antiphon is not installed.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for line in metadata.requires(DISTRIBUTION) or []:
        requirement, _, marker = line.partition(";")
        name = re.match(r"[\w.-]+", requirement)
        extra = re.search(r"extra *== *['\"]([\w.-]+)['\"]", marker)
        system = re.search(r"sys_platform *== *['\"](\w+)['\"]", marker)
        if system and system.group(1) != sys.platform:
            continue
        if name and (extra or not marker):  # what else depends on the system is left to pip
            found[extra.group(1) if extra else ""].append(name.group())
    return found


def version(name: str) -> str | None:
    """The version of an installed package."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def import_name(distribution: str) -> str | None:
    """The module to import for a package, such as PIL for pillow; None where it is not installed."""
    normal = _normal(distribution)
    for module, providers in metadata.packages_distributions().items():
        if not module.startswith("_") and normal in map(_normal, providers):
            return module
    return None


def import_failures(modules: list[str]) -> dict[str, str]:
    """Import each module; say why where one cannot be."""
    failures = {}
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001  (a broken package may raise anything)
            failures[module] = f"{type(error).__name__}: {error}"
    return failures


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pip() -> str:
    return f"{sys.executable} -m pip"
