"""The bundled practice model: a tiny Korean model, so that everything works offline."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "model"
"""Weights, tokenizer and model card, readable by `transformers`."""
