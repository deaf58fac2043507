"""Java properties."""
