"""``antiphon demo``: a melody played into the real server, and what came back, as pictures and sound."""
