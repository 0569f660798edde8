"""Frames on their way from the models to those who look."""
