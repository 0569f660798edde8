"""Frames without a server: a frame model follows a MIDI file, and a film of it is written."""
