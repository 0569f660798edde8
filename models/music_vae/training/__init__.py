"""Training of the embedded MusicVAE models (needs torch)."""
