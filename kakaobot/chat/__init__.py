"""Chat inference: truncate the history, generate, stream."""
