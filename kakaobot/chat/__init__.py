"""Talk with an adapter: trim the history, generate, stream."""
