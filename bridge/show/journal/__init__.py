"""The journal: all that happened in a show, appended as it happens, to be played again."""
