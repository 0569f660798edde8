"""Antiphon's processes: OSC and MIDI in, notes and frames out."""
