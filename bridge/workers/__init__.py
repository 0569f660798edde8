"""The processes that own models."""
