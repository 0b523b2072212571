"""Training runs on disk: status, metrics, log, checkpoints, and whether the worker is alive."""
