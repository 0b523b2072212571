"""Base models: selection, download, tokenizer, loading, and the rules behind `auto` settings."""
