"""JSON, with or without comments."""
