"""NDJSON (JSON Lines)."""
