"""Conversations → a LoRA adapter, in a separate process."""
