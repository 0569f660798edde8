"""How the text-to-image model was trained; needs torch."""
