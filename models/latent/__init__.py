"""The latent space that text-to-image and the GAN share: a fixed linear encoder, and a trained decoder."""
