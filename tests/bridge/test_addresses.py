"""THE table: validation and expansion."""

import math

import pytest

from bridge.addresses import ArgumentError, Table
from models.contract import Action, FrameModel, Model, NoteModel, Param
from models.pad import FramePad, NotePad


class Duet(NoteModel):
    name = "duet"
    echo = Param(3, low=0, high=8, doc="Echoes.")


class Mist(FrameModel):
    name = "mist"
    colour = Param("blue", choices=("blue", "red"))
    mirror = Param(False)


@pytest.fixture
def table() -> Table:
    return Table(models=[Duet, Mist])


def test_shared_parameters_lie_at_the_slot_and_a_model_s_own_under_its_name(table: Table) -> None:
    assert table.model_paths(Duet)["temperature"] == "/music/temperature"
    assert table.model_paths(Duet)["echo"] == "/music/duet/echo"
    assert table.model_paths(Mist)["seed"] == "/frames/seed"
    assert table.defaults()["/frames/mist/colour"] == "blue"
    assert table.defaults()["/frames/model"] == "mist"
    assert table["/music/model"].arguments[0].choices == ("duet",)


def test_models_of_both_slots_may_share_a_parameter() -> None:
    class Plays(NotePad, NoteModel):
        name = "plays"

    class Paints(FramePad, FrameModel):
        name = "paints"

    table = Table(models=[Plays, Paints])
    for model in (Plays, Paints):
        assert table.model_paths(model)["pad_x"] == "/pad/x" and table.model_paths(model)["pad_y"] == "/pad/y"
    assert table.model_paths(Plays)["pad"] == "/pad/music" and table.model_paths(Paints)["pad"] == "/pad/frames"
    assert "/pad/x" not in Table(models=[Duet, Mist]).entries


@pytest.mark.parametrize(
    ("path", "given", "taken"),
    [
        ("/clock/tempo", 100, 100.0),
        ("/music/duet/echo", 3.0, 3),
        ("/music/listen", 0.0, False),
        ("/music/listen", True, True),
        ("/frames/mist/mirror", 1, True),
        ("/frames/mist/colour", "red", "red"),
    ],
)
def test_numbers_are_taken_in_the_form_that_the_host_has(table: Table, path: str, given: object, taken: object) -> None:
    (value,) = table[path].check((given,))
    assert value == taken
    assert type(value) is type(taken)


@pytest.mark.parametrize(
    ("path", "given", "words"),
    [
        ("/clock/tempo", 1000, "tempo must be in range 20..400, got 1000"),
        ("/clock/tempo", "fast", "tempo must be a number, got 'fast'"),
        ("/clock/tempo", math.nan, "tempo must be a finite number, got nan"),
        ("/clock/tempo", True, "tempo must be a number, got True"),
        ("/clock/tempo", None, "tempo must be a number, got None"),
        ("/clock/tempo", b"\0", "tempo must be a number"),
        ("/music/duet/echo", 2.5, "echo must be a whole number, got 2.5"),
        ("/music/listen", 2, "on must be 0 or 1, got 2"),
        ("/music/listen", "yes", "on must be 0 or 1, got 'yes'"),
        ("/frames/mist/colour", "green", "colour must be one of blue, red, got 'green'"),
        ("/frames/mist/colour", 1, "colour must be a string, got 1"),
    ],
)
def test_a_refusal_states_the_rule_and_the_value(table: Table, path: str, given: object, words: str) -> None:
    with pytest.raises(ArgumentError) as error:
        table[path].check((given,))
    assert words in str(error.value)


def test_the_number_of_arguments_is_checked_and_defaults_fill_in(table: Table) -> None:
    assert table["/subscribe"].check(("/clock/*",)) == ("/clock/*", 0, 60.0, 0.0)
    assert table["/ping"].check(()) == ()
    assert table["/ping"].check((1, "a", None)) == (1, "a", None)
    with pytest.raises(ArgumentError, match="velocity is missing"):
        table["/music/note/in"].check((1, 60))
    with pytest.raises(ArgumentError, match="takes no arguments, got 1"):
        table["/music/stop"].check((1,))


def test_every_entry_has_a_doc_or_speaks_for_itself(table: Table) -> None:
    for entry in Table().entries.values():
        assert entry.path.startswith("/")
        assert entry.doc or entry.kind == "event", entry.path


def test_a_model_is_chosen_at_the_start_by_its_declaration_not_its_name() -> None:
    class Aurora(FrameModel):
        name = "aurora"

    class Sunrise(FrameModel):
        name = "sunrise"
        default = True

    assert Table(models=[Aurora, Sunrise]).defaults()["/frames/model"] == "sunrise"
    assert Table(models=[Aurora, Mist]).defaults()["/frames/model"] == "aurora"


@pytest.mark.parametrize("slot", [NoteModel, FrameModel])
def test_one_model_of_each_slot_is_the_default_and_ships_its_weights(slot: type[Model]) -> None:
    (model,) = (model for model in Table().of_slot(slot) if model.default)
    assert model.weights and not model.extra


def test_actions_that_models_share_lie_at_the_slot() -> None:
    class Flute(NoteModel):
        name = "flute"
        trill = Action("Trills.", {"notes": Param(3, low=1, high=9)}, shared=True)
        breathe = Action("Breathes.")

    table = Table(models=[Duet, Flute])
    assert table.action_paths(Flute) == {"trill": "/music/trill", "breathe": "/music/flute/breathe"}
    assert table["/music/trill"].check(()) == (3,)
