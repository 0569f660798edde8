"""The bridge's own notes, led back to it through JACK as a host does that passes on what it gets."""

import re
from collections.abc import Iterator

import pytest
from jackd import JackServer
from serving import Serving, serving
from stage_models import CHORD


@pytest.fixture(scope="module")
def stage(jack_server: JackServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    own = {"XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))}  # else the next server would be connected so, too
    with serving(stage=True, environment={**jack_server.env, **own}) as served:
        ports = {
            kind: name for name in jack_server.ports() for kind in ("in", "out") if re.search(rf"ntiphon.*{kind}", name)
        }
        jack_server.connect(ports["out"], ports["in"])
        for path, value in (("/clock/tempo", 400.0), ("/music/call_bars", 1), ("/music/answer_bars", 1)):
            served.performer.send(path, value)
        for path in ("/music/*", "/music/note/*"):
            served.performer.send("/subscribe", path, 0, 3600)
            served.performer.wait("/subscribed")
        yield served


def test_it_does_not_hear_itself(stage: Serving) -> None:
    performer = stage.performer
    performer.send("/music/echo_window", 500.0)
    performer.send("/music/note/in", 1, 40, 70)
    performer.send("/music/note/in", 1, 40, 0)
    performer.wait("/music/state", lambda state: state == "answering")
    performer.wait("/music/state", lambda state: state == "waiting")
    heard = [values for path, values in performer.heard if path == "/music/note/heard"]
    assert {pitch for _, pitch, _ in heard} == {40}
    assert performer.info("music/echo")["music/echo_ms_max"] <= 500


def test_without_a_window_it_answers_itself(stage: Serving) -> None:
    performer = stage.performer
    performer.send("/music/echo_window", 0.0)
    performer.wait("/music/echo_window")
    performer.send("/music/note/in", 1, 40, 70)
    performer.send("/music/note/in", 1, 40, 0)
    performer.wait("/music/note/heard", lambda _, pitch, velocity: pitch in CHORD and velocity)
