"""View values → HTML, rendered by the templates in `templates/`."""
