"""How the decoder was trained, and the pictures that all models of this latent space were trained on; needs torch."""
