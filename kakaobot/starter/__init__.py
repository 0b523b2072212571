"""The bundled practice model: a very small Korean model that lets the whole way run offline."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "model"
"""Weights, tokenizer and model card, readable by `transformers`."""
