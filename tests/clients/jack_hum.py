"""A JACK client of the name that is given, with one output port that hums at 800 Hz until it is ended."""

import sys

import jack
import numpy as np

client = jack.Client(sys.argv[1], no_start_server=True)
port = client.outports.register("out")
phase = 0


@client.set_process_callback
def process(frames: int) -> None:
    global phase
    time = (phase + np.arange(frames)) / client.samplerate
    port.get_array()[:] = 0.8 * np.sin(2 * np.pi * 800 * time)
    phase += frames


with client:
    sys.stdin.read()
