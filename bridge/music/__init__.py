"""Music in files, for the commands that play a model on them."""
