"""New group keys, and what depends on them."""
