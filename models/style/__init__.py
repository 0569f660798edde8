"""Live style transfer: a picture repainted in the manner of another, frame by frame."""
