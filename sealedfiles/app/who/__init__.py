"""Access: the readers of each group, the groups of each value, and the access history."""
