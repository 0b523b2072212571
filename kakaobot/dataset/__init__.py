"""Messages → conversations that are worth learning."""
