"""A training run is a folder: its layout, its log, its checkpoints, and who is alive in it."""
