"""Sound that comes in, as numbers that pictures and answers can follow."""
