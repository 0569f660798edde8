"""The process that owns time: the clock, the MIDI ports and the ledger of sounding notes."""
