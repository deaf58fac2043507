"""JSON, also with comments."""
