"""The show's part of the table: presets, scenes, controllers and modulators."""

from bridge.address import Address, Argument

MODULATORS = 8
"""How many parameters can be moved at once."""

_PRESET = Argument("name", "string")
_BEATS = Argument("beats", "float", 0, 1024, "beats", default=0.0)
_INDEX = Argument("index", "int", 0, 999)
_TARGET = Argument("target", "string")
_RANGE = (
    Argument("low", "float", default=0.0),
    Argument("high", "float", default=0.0),
    Argument("curve", "float", 0.1, 10, default=1.0),
    Argument("pickup", "bool", default=False),
)
_CONTROL = Argument("control", "string")

_PRESETS = (
    Address("/preset/save", "action", (_PRESET,), "Keeps how it plays and looks (all but the stage's own) by a name."),
    Address("/preset/saved", "event", (_PRESET,), "A preset was saved."),
    Address(
        "/preset/recall",
        "action",
        (_PRESET, _BEATS),
        "Goes to a preset over so many beats: numbers glide, the rest changes halfway, and what you move is yours.",
    ),
    Address("/preset/recalled", "event", (_PRESET, _BEATS), "A preset is on its way."),
    Address(
        "/preset/between",
        "action",
        (Argument("one", "string"), Argument("other", "string"), Argument("share", "float", 0, 1)),
        "Goes between two presets, for a fader; the models stay.",
    ),
    Address("/preset/delete", "action", (_PRESET,), "Removes a preset."),
    Address("/preset/undo", "action", (), "Takes back the last recall."),
    Address("/preset/list", "action", (), "Answered by /preset/names."),
    Address("/preset/names", "event", (Argument("name", "string", repeats=True),), "Every preset's name."),
)
_SCENES = (
    Address("/scene/add", "action", (_PRESET, _BEATS), "Puts a preset at the end, and how long it takes to come."),
    Address("/scene/remove", "action", (_INDEX,), "Takes a scene out, counted from 0."),
    Address("/scene/clear", "action", (), "Removes every scene."),
    Address("/scene/go", "action", (_INDEX,), "Goes to a scene, counted from 0."),
    Address("/scene/next", "action", (), "Goes to the next scene."),
    Address("/scene/previous", "action", (), "Goes back a scene."),
    Address("/scene/now", "event", (_INDEX, _PRESET), "The show is at this scene."),
    Address("/scene/list", "action", (), "Answered by /scene/names."),
    Address("/scene/names", "event", (Argument("name", "string", repeats=True),), "Each scene's preset, in order."),
)
_MAPS = (
    Address(
        "/map/learn",
        "action",
        (_TARGET, *_RANGE),
        "The MIDI controller that is touched next moves this parameter, or does this action. Where low and high are"
        " equal, the parameter's own range counts.",
    ),
    Address("/map/learnt", "event", (_CONTROL, _TARGET), "A controller was touched, and moves this from now on."),
    Address("/map/cancel", "action", (), "Nothing is to be learnt any more."),
    Address(
        "/map/set",
        "action",
        (_CONTROL, _TARGET, *_RANGE),
        "Has a controller move a parameter: cc:1:74, cc14:1:20, note:10:36, bend:1, pressure:1 or program:1; channel 0"
        " is any. With @ and part of the name of a --midi-input behind it, only that device's.",
    ),
    Address("/map/remove", "action", (Argument("target", "string", default="*"),), "No controller moves it any more."),
    Address("/map/list", "action", (), "Answered by /map/links."),
    Address(
        "/map/links",
        "event",
        (Argument("part", "string", repeats=True),),
        "Each link's controller and target.",
    ),
)


def _modulator(number: int) -> tuple[Address, ...]:
    arguments = (
        (Argument("target", "string", default=""), "The address of the number that is moved; empty: none."),
        (
            Argument(
                "source", "string", choices=("off", "lfo", "walk", "envelope", "follow", "formula"), default="off"
            ),
            "What moves it: an LFO or a random walk about where it is set, an envelope with every note, what is"
            " followed, or a formula.",
        ),
        (
            Argument("depth", "float", -1, 1, default=0.25),
            "How far it is moved, of its whole range; below 0 the other way.",
        ),
        (Argument("beats", "float", 1 / 16, 256, "beats", default=4.0), "A period, or how long an envelope falls."),
        (
            Argument("shape", "string", choices=("sine", "triangle", "ramp", "saw", "square"), default="sine"),
            "The LFO's shape.",
        ),
        (Argument("phase", "float", 0, 1, "turn", default=0.0), "Where in its period it is on the first beat."),
        (
            Argument(
                "follow",
                "string",
                choices=("velocity", "pitch", "density", "low", "mid", "high", "loudness", "onset"),
                default="velocity",
            ),
            "What of the notes, or of the sound that comes in (from low on), is followed.",
        ),
        (Argument("smooth", "float", 0, 10, "s", default=0.0), "How slowly it follows."),
        (
            Argument("quantise", "string", choices=("frame", "beat", "bar"), default="frame"),
            "When it may change.",
        ),
        (
            Argument("formula", "string", default=""),
            "Such as sin(beat / 4) * velocity: + - * / %, sin cos tri saw (of turns) abs floor sqrt min max pow clip;"
            " beat, bar, time and what can be followed.",
        ),
    )
    return tuple(Address(f"/mod/{number}/{a.name}", "parameter", (a,), doc) for a, doc in arguments)


SHOW = (
    *_PRESETS,
    *_SCENES,
    *_MAPS,
    *(address for number in range(1, MODULATORS + 1) for address in _modulator(number)),
    Address(
        "/mod/value",
        "event",
        (Argument("number", "int", 1, MODULATORS), Argument("signal", "float", -1, 1)),
        "What a modulator says now.",
    ),
)
