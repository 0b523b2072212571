"""Base models: selection, download, tokenizer, loading, and what each `auto` setting means."""
