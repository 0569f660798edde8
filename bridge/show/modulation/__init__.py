"""Parameters that move by themselves: with the beat, with the notes, with what is heard, at random, or by a formula."""
