"""MusicVAE: Magenta's latent-space music model."""
