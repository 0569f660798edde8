"""Training of the embedded MusicVAE models; needs torch (`pip install 'antiphon[torch]'`)."""
