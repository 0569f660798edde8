"""The part of the table that is the same whatever models, sinks and sources there are."""

from bridge.address import Address, Argument

_PITCH = Argument("pitch", "int", 0, 127)
_VELOCITY = Argument("velocity", "int", 0, 127)
_CHANNEL = Argument("channel", "int", 1, 16)

MIDI_OUTPUTS = 4
"""MIDI outputs that have addresses of their own."""


def _midi(number: int) -> tuple[Address, ...]:
    """How one MIDI output plays; bridge.midi_outputs makes a mapping of it."""
    path = f"/midi/{number}"
    return (
        Address(f"{path}/on", "parameter", (Argument("on", "bool", default=True),), "Whether this MIDI output plays."),
        Address(
            f"{path}/offset",
            "parameter",
            (Argument("offset", "float", -500, 500, "ms", default=0.0),),
            "How much later this MIDI output plays (below 0: earlier), to meet the picture or a slow instrument.",
        ),
        Address(
            f"{path}/only",
            "parameter",
            (Argument("channel", "int", 0, 16, default=0),),
            "The only channel that this MIDI output plays; 0: all.",
        ),
        Address(
            f"{path}/channel",
            "parameter",
            (Argument("channel", "int", 0, 16, default=0),),
            "The channel on which this MIDI output plays everything; 0: each note on its own.",
        ),
        Address(
            f"{path}/transpose",
            "parameter",
            (Argument("transpose", "int", -48, 48, "semitones", default=0),),
            "How much higher this MIDI output plays; drums (channel 10) stay.",
        ),
        Address(
            f"{path}/velocity",
            "parameter",
            (Argument("factor", "float", 0, 4, default=1.0),),
            "What velocities are multiplied by on this MIDI output.",
        ),
        Address(
            f"{path}/swing",
            "parameter",
            (Argument("swing", "float", 0.5, 0.75, default=0.5),),
            "Where the second of two eighths falls on this MIDI output: 0.5 is straight, 0.667 triplets.",
        ),
        Address(
            f"{path}/swing_sixteenths",
            "parameter",
            (Argument("on", "bool", default=False),),
            "Whether sixteenths swing in place of eighths.",
        ),
        Address(
            f"{path}/humanise",
            "parameter",
            (Argument("humanise", "float", 0, 20, "ms", default=0.0),),
            "How far notes stray from their time on this MIDI output, as a standard deviation.",
        ),
        Address(
            f"{path}/humanise_velocity",
            "parameter",
            (Argument("humanise", "float", 0, 40, default=0.0),),
            "Likewise for velocities.",
        ),
    )


FIXED = (
    Address("/ping", "action", (Argument("token", "any", repeats=True),), "Answered by /pong with the same arguments."),
    Address("/pong", "event", (Argument("token", "any", repeats=True),), "Answers /ping."),
    Address(
        "/info",
        "action",
        (Argument("topic", "string", default=""),),
        "Answered by one /info name value for each thing known about the running bridge.",
    ),
    Address(
        "/error",
        "event",
        (Argument("path", "string"), Argument("reason", "string")),
        "Why a message was refused or what went wrong; path is empty where no message caused it.",
    ),
    Address(
        "/panic",
        "action",
        (Argument("hard", "bool", default=False),),
        "Ends every sounding note at once and forgets every scheduled one; 1 also sends the controllers 123 and 120"
        " (all notes off, all sound off) on every channel of every MIDI output.",
    ),
    Address("/panicked", "event", (Argument("ended", "int"),), "Answers /panic: how many notes were ended."),
    Address(
        "/subscribe",
        "action",
        (
            Argument("pattern", "string"),
            Argument("port", "int", 0, 65535, default=0),
            Argument("lease", "float", 1, 86400, unit="s", default=60.0),
            Argument("rate", "float", 0, 1000, unit="Hz", default=0.0),
        ),
        "Sends what matches the address pattern to you, at that port (0: the one you send from), until the lease ends;"
        " send again to renew. Your replies go to that port, too. A TCP client's lease ends with its connection. With a"
        " rate, what parameters changed to comes at most so often, the newest values together in a bundle.",
    ),
    Address(
        "/unsubscribe",
        "action",
        (Argument("pattern", "string", default="*"), Argument("port", "int", 0, 65535, default=0)),
        "Ends your subscription to that pattern (* ends all of yours), at that port (0: the one that replies go to).",
    ),
    Address("/subscribed", "event", (Argument("pattern", "string"), Argument("lease", "float", unit="s"))),
    Address("/unsubscribed", "event", (Argument("pattern", "string"),), "A subscription has ended."),
    Address(
        "/clock/source",
        "parameter",
        (Argument("source", "string", choices=("internal", "midi", "link", "host"), default="internal"),),
        "Who leads the clock: itself, a MIDI clock that comes in, Ableton Link (antiphon[link]), or a host that sends"
        " /clock/host/…. It goes on from where it is, and glides to its source's beat.",
    ),
    Address(
        "/clock/tempo",
        "parameter",
        (Argument("tempo", "float", 20, 400, "bpm", default=120.0),),
        "Tempo; with another source than internal it tells that source's.",
    ),
    Address("/clock/beats_per_bar", "parameter", (Argument("beats", "int", 1, 16, default=4),), "Beats in a bar."),
    Address("/clock/downbeat", "action", (), "Now is the first beat of a bar."),
    Address("/clock/tap", "action", (), "Now is a beat: two taps and more set the tempo, and where its beats are."),
    Address(
        "/clock/ramp",
        "action",
        (Argument("tempo", "float", 20, 400, "bpm"), Argument("beats", "float", 0, 1024, "beats", default=16.0)),
        "Glides to a tempo, over so many beats.",
    ),
    Address("/clock/start", "action", (), "Plays from the first beat of the first bar, now."),
    Address("/clock/stop", "action", (), "The beat stands still, and what sounds ends."),
    Address("/clock/continue", "action", (), "Plays on from where the beat stands."),
    Address(
        "/clock/first_note",
        "parameter",
        (Argument("on", "bool", default=False),),
        "Whether the first note after a rest is the first beat of a bar: for players whose transport leads nothing.",
    ),
    Address(
        "/clock/coast",
        "parameter",
        (Argument("beats", "float", 0.25, 64, "beats", default=4.0),),
        "How long the clock goes on when no MIDI clock is heard any more, before it stops.",
    ),
    Address(
        "/clock/offset",
        "parameter",
        (Argument("offset", "float", -500, 500, "ms", default=0.0),),
        "How much earlier our beat comes than the source tells it.",
    ),
    Address(
        "/clock/out",
        "parameter",
        (Argument("ports", "string", default=""),),
        "The MIDI outputs that get a MIDI clock: parts of their names, separated by commas; * for all.",
    ),
    Address("/clock/host/tempo", "action", (Argument("tempo", "float", 20, 400, "bpm"),), "The host's tempo."),
    Address("/clock/host/playing", "action", (Argument("on", "bool"),), "Whether the host's transport plays."),
    Address(
        "/clock/host/beat",
        "action",
        (Argument("beat", "float", -1e6, 1e6, "beats"),),
        "Where the host's song is now, from its start; send it every beat, or more often.",
    ),
    Address(
        "/clock/link/start_stop",
        "parameter",
        (Argument("on", "bool", default=False),),
        "Whether Link's peers start and stop the clock, and it them.",
    ),
    Address("/clock/link/peers", "event", (Argument("peers", "int"),), "How many others Link has found."),
    Address(
        "/clock/beat",
        "event",
        (Argument("beat", "int"), Argument("bar", "int"), Argument("beat_in_bar", "int")),
        "Sent on every beat. All three count from 0; bars are the song's where the source has one.",
    ),
    Address(
        "/clock/bar",
        "event",
        (Argument("bar", "int"), Argument("beat", "int")),
        "Sent on the first beat of every bar.",
    ),
    Address("/clock/playing", "event", (Argument("on", "int", 0, 1),), "The beat goes on, or stands still."),
    Address(
        "/clock/state",
        "event",
        (Argument("state", "string", choices=("free", "following", "gliding", "coasting", "lost")),),
        "How the clock stands to its source: free of any, on its beat, on the way there, without it for a while.",
    ),
    Address(
        "/music/note/in",
        "action",
        (_CHANNEL, _PITCH, _VELOCITY),
        "A note that you play; velocity 0 ends it.",
    ),
    Address(
        "/music/note/heard",
        "event",
        (_CHANNEL, _PITCH, _VELOCITY),
        "A note that was heard, over OSC or MIDI; velocity 0 ends it.",
    ),
    Address(
        "/music/note/out",
        "event",
        (_CHANNEL, _PITCH, _VELOCITY),
        "A note of the answer, when it is to sound; velocity 0 ends it.",
    ),
    Address(
        "/music/note/length",
        "event",
        (_CHANNEL, _PITCH, _VELOCITY, Argument("beats", "float", unit="beats")),
        "A note of the answer with its duration, when it is to sound; nothing is sent at its end, unless it is cut"
        " short: then velocity and beats are 0.",
    ),
    Address(
        "/music/echo_window",
        "parameter",
        (Argument("window", "float", 0, 500, "ms", default=30.0),),
        "For so long after the bridge played a note, the same pitch as loud coming in is taken for its own, back"
        " through the host, and not heard; 0: everything is. /info music/echo tells how long such notes took.",
    ),
    Address("/music/listen", "parameter", (Argument("on", "bool", default=True),), "Whether calls are answered."),
    Address(
        "/music/call_bars", "parameter", (Argument("bars", "int", 1, 8, "bars", default=2),), "How long a call is."
    ),
    Address(
        "/music/answer_bars",
        "parameter",
        (Argument("bars", "int", 1, 32, "bars", default=2),),
        "How long an answer is.",
    ),
    Address(
        "/music/channel", "parameter", (Argument("channel", "int", 1, 16, default=1),), "The answer's MIDI channel."
    ),
    Address(
        "/music/mode",
        "parameter",
        (Argument("mode", "string", choices=("answer", "trade", "duet", "loop", "accompany"), default="answer"),),
        "What follows what: an answer each call; trading, your bars and the model's in turn; a duet, in which the model"
        " plays on and listens; an answer that loops and slowly varies; or playing under you, for as long as you do.",
    ),
    Address(
        "/music/launch",
        "parameter",
        (Argument("line", "string", choices=("beat", "bar", "phrase"), default="bar"),),
        "Where calls and answers begin: on a beat, a bar, or every /music/call_bars bars. What is late moves to the"
        " next beat or bar.",
    ),
    Address(
        "/music/hold",
        "parameter",
        (Argument("on", "bool", default=False),),
        "Whether the phrase that plays is repeated as it is, until this is 0 again.",
    ),
    Address(
        "/music/loop_passes",
        "parameter",
        (Argument("passes", "int", 1, 64, default=4),),
        "How many times a loop plays before it varies.",
    ),
    Address(
        "/music/loop_change",
        "parameter",
        (Argument("variation", "float", 0, 1, default=0.15),),
        "How far it varies then: the model's variation for that.",
    ),
    Address("/music/answer", "action", (), "Answers what was heard so far, from the next line of /music/launch on."),
    Address(
        "/music/cancel",
        "action",
        (),
        "Takes back the answer that has not begun, and the call; what sounds plays to its end, and nothing follows it.",
    ),
    Address("/music/stop", "action", (), "Ends the answer that is playing and forgets the call."),
    Address(
        "/music/state",
        "event",
        (Argument("state", "string", choices=("waiting", "listening", "thinking", "answering")),),
    ),
    Address(
        "/pad/keep",
        "action",
        (Argument("number", "int", 1, 4),),
        "Keeps the last two bars in which something was played as the melody of one of the pad's corners: 1 top left, 2"
        " top right, 3 bottom left, 4 bottom right.",
    ),
    *(address for number in range(1, MIDI_OUTPUTS + 1) for address in _midi(number)),
    Address("/frames/fps", "parameter", (Argument("fps", "float", 1, 120, "Hz", default=30.0),), "Frames a second."),
    Address("/frames/width", "parameter", (Argument("width", "int", 16, 4096, "px", default=256),), "Of the frames."),
    Address("/frames/height", "parameter", (Argument("height", "int", 16, 4096, "px", default=256),), "Of the frames."),
    Address(
        "/frames/quality",
        "parameter",
        (Argument("quality", "int", -1, 15, default=-1),),
        "How many steps below the best the frames are painted; -1: as many as it takes to hold the frame rate.",
    ),
    Address(
        "/frames/fade",
        "parameter",
        (Argument("fade", "float", 0, 60, "s", default=1.0),),
        "How long the next model, or size, takes to replace the last; 0 cuts.",
    ),
    Address(
        "/frames/fade_on",
        "parameter",
        (Argument("fade_on", "string", choices=("ready", "bar"), default="ready"),),
        "Whether it begins as soon as the next model is loaded, or on the bar line after that.",
    ),
    Address(
        "/frames/offset",
        "parameter",
        (Argument("offset", "float", -1000, 1000, "ms", default=0.0),),
        "How far ahead of the music frames are painted: what showing them takes, less what sound takes to be heard.",
    ),
    Address(
        "/frames/input",
        "parameter",
        (Argument("input", "string", choices=("source", "feedback", "none"), default="source"),),
        "What a model that takes frames in starts from: a source's, its own last one, or nothing.",
    ),
    Address(
        "/frames/feedback/amount",
        "parameter",
        (Argument("amount", "float", 0, 0.99, default=0.0),),
        "How much of the last frame shows through the next one.",
    ),
    Address(
        "/frames/feedback/zoom",
        "parameter",
        (Argument("zoom", "float", 0.25, 4, default=1.1),),
        "How much the last frame grows in a second.",
    ),
    Address(
        "/frames/feedback/rotate",
        "parameter",
        (Argument("rotate", "float", -360, 360, "deg", default=0.0),),
        "How far the last frame turns in a second.",
    ),
    Address(
        "/frames/feedback/shift_x",
        "parameter",
        (Argument("shift_x", "float", -2, 2, default=0.0),),
        "How far it moves to the right in a second, of its width.",
    ),
    Address(
        "/frames/feedback/shift_y",
        "parameter",
        (Argument("shift_y", "float", -2, 2, default=0.0),),
        "How far it moves down in a second, of its height.",
    ),
)
