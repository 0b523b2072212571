"""Installer used by `launch.py` (standard library, Python 3.8 syntax), and developer tools."""
