"""Streaming diffusion: Stable Diffusion and its fast descendants, a frame for each call of the network."""
