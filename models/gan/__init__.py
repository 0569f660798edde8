"""A small StyleGAN in the latent space of models.latent: shipped, or trained on one's own pictures or footage."""
