"""View values → HTML, one module per card of the window."""
