"""Drums by MusicVAE and GrooVAE; the networks and what is done with them are in models.music_vae."""
