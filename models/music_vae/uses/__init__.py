"""What the loaded models do with what was heard, one module a use."""
