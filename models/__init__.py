"""Antiphon's models: tensors, notes and pixels; no sockets, no clocks, no configuration."""
