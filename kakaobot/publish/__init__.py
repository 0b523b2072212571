"""Folders in which a trained model leaves this program: for llama.cpp, Ollama, vLLM and others."""
