"""One module for each subcommand of ``antiphon``."""
