"""Antiphon seen from outside, as its clients see it: the server's process, OSC, the beat, MIDI and frames."""
