"""antiphon-notes.pd and antiphon-voice.pd: the answer on MIDI and on a small synthesizer."""

from bridge.hosts.puredata.canvas import ROW, Canvas

VOICES = 8


def notes() -> Canvas:
    """In: channel, pitch, velocity; 0 when the bridge is gone, which ends what sounds. Out: the sound."""
    pd = Canvas(620, 460)
    pd.comment(
        10, 5, "The answer's notes to MIDI and to a small synthesizer. What still sounds ends with the bridge.", 80
    )
    note, there = pd.obj(10, 40, "inlet"), pd.obj(400, 40, "inlet")
    sound = pd.obj(10, 420, "outlet~")
    # The channel first: what it is set for sounds as soon as the pitch comes.
    order = pd.obj(10, 40 + ROW, "t l l")
    pd.connect(note, order)
    first = pd.obj(300, 40 + 2 * ROW, "unpack f")
    pd.connect(order, first, 1)
    parts = pd.obj(10, 40 + 2 * ROW, "unpack f f f")
    pd.connect(order, parts)
    each = pd.obj(10, 40 + 5 * ROW, "pack f f")
    channel = pd.obj(300, 40 + 8 * ROW, "float 1")
    held = pd.obj(200, 40 + 4 * ROW, "bag")
    pitches = pd.obj(60, 40 + 3 * ROW, "t f f")
    pd.connect(first, channel, 0, 1)
    pd.connect(parts, pitches, 1)
    velocity = pd.obj(160, 40 + 3 * ROW, "t f f")
    pd.connect(parts, velocity, 2)
    pd.connect(velocity, each, 0, 1)
    pd.connect(velocity, held, 1, 1)
    pd.connect(pitches, each)
    pd.connect(pitches, held, 1)

    gone = pd.obj(400, 40 + ROW, "sel 0")
    pd.connect(there, gone)
    flush = pd.msg(400, 40 + 2 * ROW, "flush")
    pd.chain(gone, flush, held)
    ended = pd.obj(200, 40 + 5 * ROW, "t f b")
    pd.connect(held, ended)
    zero = pd.msg(260, 40 + 6 * ROW, "0")
    pd.connect(ended, zero, 1)
    pd.connect(zero, each, 0, 1)
    pd.connect(ended, each)

    out = pd.obj(10, 40 + 6 * ROW, "t l l b")
    pd.connect(each, out)
    pd.connect(out, channel, 2)
    midi = pd.obj(200, 40 + 10 * ROW, "noteout")
    pair = pd.obj(130, 40 + 8 * ROW, "unpack f f")
    pd.connect(out, pair, 1)
    pd.connect(pair, midi)
    pd.connect(pair, midi, 1, 1)
    pd.connect(channel, midi, 0, 2)

    split = pd.obj(10, 40 + 8 * ROW, "unpack f f")
    pd.connect(out, split)
    voices = pd.obj(10, 40 + 9 * ROW, f"poly {VOICES} 1")
    pd.connect(split, voices)
    pd.connect(split, voices, 1, 1)
    packed = pd.obj(10, 40 + 10 * ROW, "pack f f f")
    for outlet in range(3):
        pd.connect(voices, packed, outlet, outlet)
    pd.chain(packed, pd.obj(10, 40 + 11 * ROW, f"clone -s 1 antiphon-voice {VOICES}"), sound)
    return pd


def voice() -> Canvas:
    """In: pitch and velocity. Out: a sine that fades in and out."""
    pd = Canvas(360, 300)
    parts = pd.chain(pd.obj(10, 10, "inlet"), pd.obj(10, 10 + ROW, "unpack f f"))
    product = pd.obj(10, 10 + 8 * ROW, "*~")
    pd.chain(parts, pd.obj(10, 10 + 3 * ROW, "mtof"), pd.obj(10, 10 + 4 * ROW, "osc~"), product)
    level = pd.obj(120, 10 + 3 * ROW, "/ 1016")  # eight voices at velocity 127 make 1
    pd.connect(parts, level, 1)
    fade = pd.chain(level, pd.msg(120, 10 + 4 * ROW, "$1 20"), pd.obj(120, 10 + 5 * ROW, "line~"))
    pd.connect(fade, product, 0, 1)
    pd.connect(product, pd.obj(10, 10 + 9 * ROW, "outlet~"))
    return pd
