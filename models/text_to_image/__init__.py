"""Text to image in one or two steps, small enough for a laptop's processor."""
