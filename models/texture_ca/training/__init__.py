"""Training of the texture automata (torch; never imported at run time)."""
