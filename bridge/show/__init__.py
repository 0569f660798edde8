"""What remembers the show and moves it by itself: presets, scenes, controllers, modulation, the journal."""
