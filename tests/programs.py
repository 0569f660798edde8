"""The system programs that some tests need. Run as a script, says which are missing and how to get them."""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """Something that pip does not install."""

    name: str
    """As a person calls it."""
    programs: tuple[str, ...]
    install: Mapping[str, str]
    """What to type, by system."""

    def missing(self) -> list[str]:
        """The programs that this machine lacks."""
        return [program for program in self.programs if shutil.which(program) is None]


NEEDS = (
    Need(
        "JACK",
        ("jackd", "jack_lsp", "jack_midi_dump", "jack_transport"),
        {
            "Debian, Ubuntu": "apt install jackd2 (from Debian 13 on, jack-example-tools too)",
            "Fedora": "dnf install jack-audio-connection-kit jack-audio-connection-kit-example-clients",
            "Arch": "pacman -S jack2 jack-example-tools",
            "macOS": "brew install jack",
            "Windows": "not used by the tests there",
        },
    ),
    Need(
        "MIDI clock for JACK",
        ("jack_midi_clock", "jack_mclk_dump", "stdbuf"),
        {
            "Debian, Ubuntu": "apt install jack-midi-clock",
            "Arch": "jack_midi_clock in the AUR",
            "elsewhere": "build it from github.com/x42/jack_midi_clock",
        },
    ),
    Need(
        "FluidSynth",
        ("fluidsynth",),
        {
            "Debian, Ubuntu": "apt install fluidsynth",
            "Fedora": "dnf install fluidsynth",
            "Arch": "pacman -S fluidsynth",
            "macOS, Windows": "not used by the tests there",
        },
    ),
    Need(
        "networks of their own, for Link",
        ("unshare", "ip"),
        {
            "Debian, Ubuntu": "apt install iproute2 (util-linux is there; root alone may)",
            "Fedora": "dnf install util-linux iproute",
            "Arch": "pacman -S util-linux iproute2",
            "macOS, Windows": "not used by the tests there",
        },
    ),
    Need(
        "Pure Data",
        ("pd",),
        {
            "Debian, Ubuntu": "apt install puredata-core",
            "Fedora": "dnf install puredata",
            "Arch": "pacman -S pd",
            "macOS": "brew install --cask pd, then put the pd inside the application on your PATH",
            "Windows": "the installer from puredata.info, then put its bin folder on your PATH",
        },
    ),
    Need(
        "SuperCollider's language",
        ("sclang",),
        {
            "Debian, Ubuntu": "apt install supercollider-language",
            "Fedora": "dnf install supercollider",
            "Arch": "pacman -S supercollider",
            "macOS": "brew install --cask supercollider, then put the application's sclang on your PATH",
            "Windows": "the installer from supercollider.github.io, then put its folder on your PATH",
        },
    ),
    Need(
        "liblo's tools",
        ("oscsend", "oscdump"),
        {
            "Debian, Ubuntu": "apt install liblo-tools",
            "Fedora": "dnf install liblo",
            "Arch": "pacman -S liblo",
            "macOS": "brew install liblo",
            "Windows": "not packaged there",
        },
    ),
    Need(
        "FFmpeg",
        ("ffmpeg", "ffprobe"),
        {
            "Debian, Ubuntu": "apt install ffmpeg",
            "Fedora": "dnf install ffmpeg-free",
            "Arch": "pacman -S ffmpeg",
            "macOS": "brew install ffmpeg",
            "Windows": "winget install Gyan.FFmpeg",
        },
    ),
    Need(
        "Chromium",
        ("chromium",),
        {
            "Debian": "apt install chromium (Ubuntu's is a snap, which the test cannot drive)",
            "Fedora": "dnf install chromium, then make a link named chromium to chromium-browser",
            "Arch": "pacman -S chromium",
            "macOS": "brew install --cask chromium",
            "Windows": "not used by the tests there",
        },
    ),
)


def report() -> str:
    """Say what is missing and how to install it on each system; one line where nothing is."""
    lines = []
    for need in NEEDS:
        if missing := need.missing():
            lines.append(f"{need.name} is missing ({', '.join(missing)}); its tests are skipped. To install:")
            lines += [f"    {system + ':':16}{command}" for system, command in need.install.items()]
    return "\n".join(lines) or f"System programs for the tests: all here ({', '.join(need.name for need in NEEDS)})."


if __name__ == "__main__":
    sys.stdout.write(report() + "\n")
