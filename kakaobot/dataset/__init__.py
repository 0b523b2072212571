"""Builds the training dataset: room histories → rows with their targets."""
