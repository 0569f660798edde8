"""Training the GAN, on a folder of pictures or on footage; needs torch."""
