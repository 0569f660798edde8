import errno

import pytest

from bridge.checks import apart, machine, midi, weights
from bridge.config import Settings
from models.contract import FrameModel, NoteModel


def test_scheduling_refused_is_a_warning_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.sys, "platform", "linux")
    monkeypatch.setattr(apart, "call", lambda _: "best effort (SCHED_FIFO: Operation not permitted; join audio)")
    (finding,) = machine.scheduling(Settings())
    assert finding.state == "warn"
    assert finding.advice == "SCHED_FIFO: Operation not permitted; join audio"


def test_scheduling_here_is_told_without_changing_ours() -> None:
    (finding,) = machine.scheduling(Settings())
    assert finding.state in {"ok", "warn", "note"}
    assert "SCHED_FIFO" in finding.text + finding.advice or finding.state == "note" or "class" in finding.text


def test_too_little_shared_memory_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("bridge.media.ring.FrameRing.create", full)
    (finding,) = machine.shared_memory(Settings())
    assert finding.state == "fail"
    assert "256 x 256" in finding.text
    assert "--shm-size" in finding.advice


def test_shared_memory_suffices() -> None:
    (finding,) = machine.shared_memory(Settings())
    assert finding.state == "ok"


def test_locked_memory_and_jacks_frames_are_told_of() -> None:
    for finding in (*machine.memory(Settings()), *midi.jack_frames(Settings())):
        assert finding.state in {"ok", "note"}
        assert finding.state == "ok" or finding.text


def test_every_midi_back_end_is_told_of_quietly(capfd: pytest.CaptureFixture[str]) -> None:
    import rtmidi

    findings = list(midi.midi(Settings()))
    assert capfd.readouterr().err == ""
    names = [rtmidi.get_api_display_name(api) for api in rtmidi.get_compiled_api()]
    assert [finding.name for finding in findings] == [*(f"MIDI by {name}" for name in names), "MIDI"]
    assert findings[-1].state in {"ok", "warn"}
    assert findings[-1].state == "ok" or findings[-1].advice


def test_a_midi_port_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "survey": [("UNIX_JACK", "Jack", ["Keys", "Pads"], [], "")],
        "choose_backend": ("UNIX_JACK", ""),
    }
    monkeypatch.setattr(apart, "call", lambda function: answers[function.__name__])
    findings = list(midi.midi(Settings(midi_input=("keys", "Organ"))))
    assert [(finding.name, finding.state) for finding in findings] == [
        ("MIDI by Jack", "ok"),
        ("MIDI", "ok"),
        ("MIDI input", "ok"),
        ("MIDI input", "warn"),
    ]
    assert findings[2].text == "Keys"
    assert "'Organ'" in findings[3].text


def test_missing_weights_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hollow(NoteModel):
        name = "hollow"
        weights = ("hollow/none.safetensors",)

    class Bare(FrameModel):
        name = "bare"

    monkeypatch.setattr("models.contract.discover", lambda: (Bare, Hollow))
    bare, hollow = weights.weights(Settings())
    assert bare.state == "ok"
    assert hollow.state == "fail"
    assert "hollow/none.safetensors" in hollow.text


def test_the_models_here_have_their_weights() -> None:
    assert {finding.state for finding in weights.weights(Settings())} == {"ok"}
