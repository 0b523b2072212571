"""Numbers → HTML and SVG that stand alone, for the window and for report.html alike."""
