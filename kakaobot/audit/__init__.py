"""The audit: what an adapter has memorized of its room, in rates against its base."""
