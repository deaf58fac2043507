"""Generate new group keys, and update everything that depends on them."""
