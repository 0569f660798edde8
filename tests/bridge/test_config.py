"""Settings from flags, the environment and a file."""

import argparse
from pathlib import Path

import pytest

from bridge import config


def loaded(*flags: str, **environment: str) -> config.Settings:
    parser = argparse.ArgumentParser()
    config.add_arguments(parser)
    return config.load(parser.parse_args(flags), environment)


def test_defaults() -> None:
    settings = loaded()
    assert (settings.host, settings.osc_port, settings.http_port) == ("127.0.0.1", 7770, 7771)


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "show.toml"
    file.write_text('osc_port = 1\nhttp_port = 2\nreply_port = 3\n[parameters]\n"/clock/tempo" = 90.5\n')
    settings = loaded("--config", str(file), "--osc-port", "10", ANTIPHON_OSC_PORT="11", ANTIPHON_HTTP_PORT="12")
    assert (settings.osc_port, settings.http_port, settings.reply_port) == (10, 12, 3)
    assert settings.parameters == {"/clock/tempo": 90.5}


def test_lists_and_switches() -> None:
    settings = loaded("--no-midi", "--midi-output", "IAC Bus 1, Synth")
    assert settings.midi is False
    assert settings.midi_output == ("IAC Bus 1", "Synth")
    assert loaded(ANTIPHON_MIDI="false").midi is False


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("osc_prot = 7770", "osc_prot"),
        ("osc_port = 70000", "65535"),
        ("osc_port = ", "show.toml"),
        ("width = 'wide'", "wide"),
    ],
)
def test_a_wrong_file_names_itself_and_the_rule(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "show.toml"
    file.write_text(text)
    with pytest.raises(config.SettingsError, match=r"show\.toml") as error:
        loaded("--config", str(file))
    assert words in str(error.value)


def test_a_wrong_flag_names_itself_and_the_value() -> None:
    with pytest.raises(config.SettingsError, match=r"--osc-port.*'many'"):
        loaded("--osc-port", "many")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(config.SettingsError, match=r"nowhere\.toml"):
        loaded("--config", "nowhere.toml")
