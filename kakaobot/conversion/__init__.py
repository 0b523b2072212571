"""Converts a base model and an adapter to files of other programs, one tensor at a time.

    write_base_gguf(base, target, quant, progress)      a base for llama.cpp
    cached_base_gguf(base, quant, folder, progress)     the same, written once for all runs
    write_lora_gguf(adapter, base, target, progress)    an adapter for llama.cpp
    lora_blocker(adapter, base)                         why there can be none
    write_merged(base, adapter, folder, progress)       base and adapter as one model

A file appears under its name only once it is complete. A `progress` that raises stops the writing.
"""
