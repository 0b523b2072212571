"""The base model: which one suits this machine (`choice`), and how it is loaded (`loading`)."""
