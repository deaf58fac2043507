"""Who can read what: the readers of each group, the groups of each value, and how it came to be so."""
