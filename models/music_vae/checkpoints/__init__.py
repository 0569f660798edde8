"""Checkpoints of MusicVAE in the formats they are found in, read without TensorFlow and without unpickling."""
