"""Dataset reports as HTML: charts for the window, and the self-contained report page."""
